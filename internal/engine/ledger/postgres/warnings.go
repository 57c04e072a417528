package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Warnings implements ledger.Warner: for start-up and doctor. Servers that do not
// know a setting are not asked about it.
func (l *Ledger) Warnings(ctx context.Context) []string {
	warnings, err := l.warnings(ctx)
	if err != nil {
		return []string{err.Error()}
	}
	return warnings
}

func (l *Ledger) warnings(ctx context.Context) (warnings []string, err error) {
	err = l.on(ctx, func(ctx context.Context, q *pgxpool.Conn) error {
		warnings = nil
		if l.isOpen(q.Conn().PgConn().Conn()) {
			warnings = append(warnings, "the connection is not encrypted, because the server offers no TLS: hashes of passwords and lead codes can be read "+
				"on the way; set ssl = on there and sslmode=verify-full in --ledger, or sslmode=disable if nobody else is on that network")
		}
		settings, err := serverSettings(ctx, q)
		if err != nil {
			return err
		}
		for _, c := range dangerous {
			if value, known := settings[c.name]; known && value == c.value {
				warnings = append(warnings, c.words)
			}
		}
		if _, known := settings["synchronous_standby_names"]; known {
			words, err := standbys(ctx, q, settings["synchronous_standby_names"])
			if err != nil {
				return err
			}
			warnings = append(warnings, words...)
		}
		return nil
	})
	return warnings, told("ask the ledger's server for its settings", err)
}

// isOpen tells whether a connection to another machine is in the clear though
// nobody chose so.
func (l *Ledger) isOpen(conn net.Conn) bool {
	if l.config.TLSConfig == nil { // sslmode=disable, or a socket of this machine
		return false
	}
	if _, secure := conn.(*tls.Conn); secure {
		return false
	}
	addr, ok := conn.RemoteAddr().(*net.TCPAddr)
	return ok && !addr.IP.IsLoopback()
}

// dangerous settings, and what they mean.
var dangerous = []struct{ name, value, words string }{
	{"fsync", "off", "fsync is off: a power cut may lose acknowledged conversions and leave the ledger damaged; set fsync = on in postgresql.conf"},
	{"full_page_writes", "off", "full_page_writes is off: a power cut may leave half-written pages; set full_page_writes = on in postgresql.conf"},
	{"synchronous_commit", "off", "synchronous_commit is off: a crash of the server loses acknowledged conversions of its last moments; " +
		"homing raises it to on in its own sessions, which a pooler between them may not keep; set synchronous_commit = on"},
	{"synchronous_commit", "local", "synchronous_commit is local: a commit does not wait for the synchronous standby, so that its promotion may lose " +
		"acknowledged conversions and lend node numbers twice; set synchronous_commit = on"},
	{"synchronous_commit", "remote_write", "synchronous_commit is remote_write: a commit waits until the standby has it in memory, not on its disk, so that " +
		"a power cut of both machines may lose acknowledged conversions; set synchronous_commit = on"},
	{"data_checksums", "off", "data_checksums is off: a flipped bit on the server's disk goes unnoticed; run pg_checksums --enable while the server is stopped"},
}

// serverSettings reads them as they are for whoever does not change them: reset_val
// is the session's before homing's own (see settle).
func serverSettings(ctx context.Context, q querier) (map[string]string, error) {
	names := []string{"synchronous_standby_names"}
	for _, c := range dangerous {
		names = append(names, c.name)
	}
	rows, err := q.Query(ctx, "SELECT name, coalesce(reset_val, setting, '') FROM pg_settings WHERE name = ANY($1)", names)
	if err != nil {
		return nil, err
	}
	settings := map[string]string{}
	var name, value string
	_, err = pgx.ForEachRow(rows, []any{&name, &value}, func() error {
		settings[name] = value
		return nil
	})
	return settings, err
}

// standbys tells whether a synchronous one answers.
func standbys(ctx context.Context, q querier, names string) ([]string, error) {
	if names == "" {
		return []string{"synchronous_standby_names is empty: acknowledged conversions lie on one machine only, and are lost with its disk; " +
			"set up a standby and name it there"}, nil
	}
	var all, seen, answering int
	err := q.QueryRow(ctx, `SELECT count(*), count(sync_state), count(*) FILTER (WHERE state = 'streaming' AND sync_state IN ('sync', 'quorum'))
		FROM pg_stat_replication`).Scan(&all, &seen, &answering)
	switch state := stateOf(err); {
	case state == undefinedTable || state == notSupported || state == syntaxError:
		return nil, nil // replicates in a way of its own
	case err != nil && !errors.Is(err, pgx.ErrNoRows):
		return nil, err
	case answering > 0:
		return nil, nil
	case all > 0 && seen == 0:
		return []string{"whether a synchronous standby answers cannot be seen by this user; GRANT pg_monitor TO it"}, nil
	}
	return []string{fmt.Sprintf("no synchronous standby answers (synchronous_standby_names = %q): commits wait for one, and postbacks are "+
		"answered 503; start it, or take it out of the list", names)}, nil
}
