// Package postgres is the ledger that many nodes share: tables on a PostgreSQL
// server, or on what speaks its protocol.
//
//	node 1   Decide ──► queue ──► writer ──┐                                    ┌─► primary ──► standby
//	node 2   Decide ──► queue ──► writer ──┼── BEGIN, turn, decide, COMMIT ─────┤   (synchronous)
//	node 3   Decide ──► queue ──► writer ──┘   one packet, one answer           │
//	settings, people, lists ──► pool ───────── short transactions ──────────────┘
//
// A COMMIT returns when the server's write-ahead log is on its disk, and on that
// of a synchronous standby if there is one. Open and Warnings tell by which of its
// settings the server promises less.
//
// # Order without gaps
//
// Conversions and changes are numbered without gaps, in the order of commits, and
// readers follow the numbers. The naive way, a sequence (bigserial), is a trap: its
// numbers are taken before the commit. A transaction that took 6 may commit after
// the one that took 7; a follower that reads in between sees 7, goes on from there,
// and never sees 6. One that is rolled back leaves a gap that looks the same.
//
// So whoever numbers first locks the one row of turn, and keeps it until the
// commit: the highest number plus one is then right, and nothing above a number
// that can be seen is still under way. Commits of claims are one after the other
// in the whole cluster. That is dear for single claims, and cheap for batches: see
// BenchmarkDecide. What keeps the turn short is that the statements of a batch go to
// the server in one packet, the claims before the lock, so that it is held for the
// server's own time (look-ups, inserts, the wait for disk and standby) and never for
// the round trip of a node that is far away.
//
// Rejected: a row with the last numbers, updated by each batch. Every update leaves
// a dead version behind for as long as anybody's snapshot is older (a backup takes
// hours), and each later one walks past them all. A row that is only locked leaves
// nothing. Numbering by a follower: Decide could not tell a conversion's number.
// Reading below pg_snapshot_xmin: one long transaction of anybody in the cluster
// stops all followers. Advisory locks: servers that only speak the protocol accept
// and ignore them.
//
// The lock of the row is written to the log, so that a batch of nothing but
// duplicates waits for disk and standby like any other. That is wanted: a row may
// be visible on the primary before the standby has it (after a crash or a cancelled
// wait), and a duplicate that was told of it would be told of what a promotion
// loses.
//
// # What is told
//
// A row may be visible and yet lost by a promotion: see assured.go. So whatever
// others build on (changes, erasures, settings, shared values) is told after the
// standby has it; lists are not.
//
// # Errors
//
// A connection that is lost in COMMIT leaves it unknown whether the batch was
// committed: everybody in it is told homing.ErrUnavailable, and whoever asks again
// is a duplicate, or first. A COMMIT that ended without the standby, which the
// server tells in a mere warning, is treated alike (see noteNotice). A server that
// only reads (a standby, or a primary that was demoted) is homing.ErrUnavailable;
// of several hosts in the connection string the one that writes is used.
//
// # Other servers
//
// Statements keep to what PostgreSQL 13 and later, CockroachDB, YugabyteDB and
// Citus understand. The exceptions, which do without if they must:
//
//   - LISTEN and NOTIFY (Watch): not in CockroachDB; settings are polled.
//   - set_config of a session's settings: each is skipped where it is not known.
//   - pg_stat_replication and most of pg_settings (Warnings): nothing is told of
//     servers that replicate in their own way.
//   - pg_total_relation_size (Size): of one server only on Citus.
//   - Where every transaction is SERIALIZABLE, and a lock may not make others wait,
//     two at the same numbers fail with 40001 or 23505 and are carried out again.
//   - Citus: all tables are reference or local tables of the coordinator, because
//     the unique (click, lead, goal) does not go with being spread by another key.
//
// Only PostgreSQL has been run. A pooler between homing and the server must keep
// sessions (PgBouncer: pool_mode = session).
package postgres
