package postgres

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"homing"
)

// defaultSchema holds the tables if the connection string names no other.
const defaultSchema = "homing"

// configure reads the connection string. Nothing of it is in an error: it may
// hold a password, and what cannot be read cannot be masked.
func configure(o *Options) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("%w: the ledger's connection string cannot be read (it is not shown, as it may hold a password); "+
			"it looks like postgres://user:password@host:5432/database", homing.ErrInvalid)
	}
	conn := cfg.ConnConfig
	if conn.RuntimeParams["search_path"] == "" {
		conn.RuntimeParams["search_path"] = defaultSchema
	}
	if conn.RuntimeParams["application_name"] == "" {
		conn.RuntimeParams["application_name"] = "homing"
	}
	if conn.ValidateConnect == nil { // of several hosts the one that takes writes
		conn.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	if conn.ConnectTimeout == 0 {
		conn.ConnectTimeout = o.Patience
	}
	// The driver's own keep-alive waits minutes.
	dialer := &net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3}}
	conn.DialFunc = dialer.DialContext
	conn.OnNotice = noteNotice
	cfg.MaxConns = int32(o.Connections)
	cfg.MinConns = 0
	return cfg, nil
}

// schemaOf is the schema that tables are made in: the first of the search path.
func schemaOf(conn *pgx.ConnConfig) string {
	first, _, _ := strings.Cut(conn.RuntimeParams["search_path"], ",")
	return strings.Trim(strings.TrimSpace(first), `"`)
}

// placeOf tells where a ledger is, without secrets.
func placeOf(conn *pgx.ConnConfig) string {
	hosts := []string{net.JoinHostPort(conn.Host, strconv.Itoa(int(conn.Port)))}
	for _, f := range conn.Fallbacks {
		if host := net.JoinHostPort(f.Host, strconv.Itoa(int(f.Port))); host != hosts[len(hosts)-1] {
			hosts = append(hosts, host)
		}
	}
	return fmt.Sprintf("%s on %s", conn.Database, strings.Join(hosts, ", "))
}

// setting is one of a session's, which a server that does not know it is spared.
type setting struct{ name, value string }

// sessionSettings are those of every connection.
func sessionSettings(patience time.Duration) []setting {
	ms := strconv.FormatInt(patience.Milliseconds(), 10)
	return []setting{
		{"synchronous_commit", "on"}, // only where it is off: see settle
		{"lock_timeout", ms},
		{"idle_in_transaction_session_timeout", strconv.FormatInt(2*patience.Milliseconds(), 10)},
		// A node that is cut off in the middle of a transaction holds the turn
		// until the server notices: after five seconds, not two hours.
		{"tcp_keepalives_idle", "2"},
		{"tcp_keepalives_interval", "1"},
		{"tcp_keepalives_count", "3"},
		{"tcp_user_timeout", "5000"},
		{"client_connection_check_interval", "1000"},
	}
}

// writerSettings are those of a writer's besides. A plan for decideSQL that was
// made while the tables were small must do when they are large, so it may only
// use indexes; what that is thought to cost must not wake the compiler of plans.
func writerSettings(patience time.Duration) []setting {
	return append(sessionSettings(patience),
		setting{"transaction_timeout", strconv.FormatInt(2*patience.Milliseconds(), 10)},
		setting{"plan_cache_mode", "force_generic_plan"},
		setting{"enable_seqscan", "off"},
		setting{"enable_bitmapscan", "off"},
		setting{"enable_hashjoin", "off"},
		setting{"enable_mergejoin", "off"},
		setting{"jit", "off"},
	)
}

// settle applies settings to a connection, in one statement. synchronous_commit
// is only raised from off, which would acknowledge what is on no disk; whoever
// chose remote_apply or local has chosen.
func (l *Ledger) settle(ctx context.Context, conn *pgx.Conn, settings []setting) error {
	names, values := []string{}, []string{}
	for _, s := range settings {
		names, values = append(names, s.name), append(values, s.value)
	}
	_, err := conn.Exec(ctx, `SELECT set_config(w.name, w.value, FALSE) FROM unnest($1::text[], $2::text[]) AS w (name, value)
		JOIN pg_settings s ON s.name = w.name WHERE w.name <> 'synchronous_commit' OR s.setting = 'off'`, names, values)
	if err != nil && faultOf(err) != passing {
		l.log.Warn("the ledger's server does not take homing's settings for its session", "err", err)
		return nil
	}
	return err
}

// connect makes a connection of its own.
func (l *Ledger) connect(ctx context.Context, settings []setting) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, l.config.Copy())
	if err != nil {
		return nil, l.connecting(err)
	}
	if err := l.settle(ctx, conn, settings); err != nil {
		_ = conn.Close(ctx) // nothing was begun on it
		return nil, err
	}
	return conn, nil
}

// connecting is an error of connecting, without secrets. Whatever it is, a later
// attempt may succeed: even a refused password may be one that is being changed.
func (l *Ledger) connecting(err error) error {
	return fmt.Errorf("%w: %w", homing.ErrUnavailable, withoutSecrets(err, l.config.Password))
}

// unreplicated is the mark on a connection whose COMMIT ended without the standby.
const unreplicated = "homing: unreplicated"

// noteNotice marks a connection when the server gives up waiting for a
// synchronous standby. The trap: it then says, in a mere warning, that the
// transaction "has already committed locally, but might not have been
// replicated", and COMMIT succeeds.
func noteNotice(conn *pgconn.PgConn, n *pgconn.Notice) {
	if n.Routine == "SyncRepWaitForLSN" {
		conn.CustomData()[unreplicated] = true
	}
}

func forgetNotice(conn *pgconn.PgConn) { delete(conn.CustomData(), unreplicated) }

// noticed is the error of a COMMIT that did not reach the standby.
func noticed(conn *pgconn.PgConn) error {
	if conn.CustomData()[unreplicated] == true {
		return errUnreplicated
	}
	return nil
}
