// Package clickhouse is the warehouse of many machines: tables on a ClickHouse
// server, or on a cluster of them with shards and replicas, which any number of
// homings load and ask at the same time.
//
//	Load ──► visitors ──► clicks, postbacks, conversions ──► mark
//	Ask  ──► notes (marks, epoch, …) ──► package statement ──► rows up to the marks
//	Drop ──► totals of the days ──► note ──► partitions go
//
// # Exactly once
//
// ClickHouse has no transactions. Three things stand in for them:
//
//   - A row has a key that only it has: the click's number; moment, number and
//     source of a postback; number and version of a conversion. The tables are
//     ReplacingMergeTree by these keys and are read with FINAL, so that a row
//     that was written twice, or ten times, is there once.
//   - A row says from which source it came, and at which position its batch
//     began. Rows count once the source's mark, a note that is written last, is
//     above that position. So a batch comes into sight as a whole, in all tables.
//   - A question says in its own text up to which marks it looks. It is of one
//     moment, though it takes several looks.
//
// What follows from them:
//
//   - Crash between rows and mark: the rows are waste that nobody sees. The batch
//     is loaded again, cut in other places if it likes, and writes the same keys.
//   - The answer is lost: the same batch comes again. If its mark is there,
//     nothing happens; else the same keys are written.
//   - A statement of a loader that is dead arrives late, or a zombie goes on
//     loading: it writes keys that are there, with positions below the mark, or
//     such as the next loader will write. Its mark, whose version is its position,
//     cannot go back.
//   - A replica is killed: rows and marks are on a quorum (insert_quorum) before a
//     batch is acknowledged, so what a mark promises survives. A replica that
//     lags may show less for a while, though never less than this process has seen
//     if it catches up within two seconds; a loader that asks it where it was loads
//     again what is there.
//   - Shards: the shard is worked out from the key, so all copies of a row meet.
//
// ClickHouse's own deduplication of inserts is off. It remembers blocks for a
// while, and then not; and what was deleted and is loaded again it would swallow.
//
// # What each promise means here
//
// Seal: rows below a mark are on a quorum, or in fsynced files of a single server,
// before their mark is written; a seal only notes how many there are, and the
// marks. Whoever runs a single server must have copies of its disk, as with any
// database.
//
// Reset begins a new epoch, and puts nothing aside: rows of sealed days stay where
// they are, all others are deleted.
//
// Unique: which click is the first of its visitor is decided when it is loaded,
// against all that were loaded before, by whomever. Of several that are loaded by as
// many edges at the same moment one is; see contest.
//
// Damage is ClickHouse's to mend, by fetching from another replica, or the operator's;
// see damage.go for what is told of it. A Reset does not help.
//
// Known: conversions and postbacks that are loaded before their click are written
// once more when it has come; see mendOn.
//
// Totals are worked out from rows as long as there are any; quarter-hour totals
// exist of days that were given up. Sums beyond 64 bits wrap around.
//
// One process at a time should be the one that seals, drops, erases and resets.
//
// # Versions
//
// ClickHouse 21.3 and newer are for use. Statements keep to what 18.16 knows, too,
// which is what replication is tested on; it has no fsync of parts, and no
// compressing of columns but LZ4.
package clickhouse
