package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"homing"
	"homing/internal/engine/ledger/rulebook"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrations are the steps from an empty schema to the present format.
var migrations = rulebook.Migrations(migrationFiles)

// format is the one row that tells the version. Several nodes may start at once:
// who migrates locks it.
const createFormat = `CREATE TABLE IF NOT EXISTS format (one BIGINT PRIMARY KEY CHECK (one = 1), version BIGINT NOT NULL)`

// migrate brings the schema up to date. Each step is one transaction together
// with its number, so a crash leaves the schema between two steps, never in one.
func migrate(ctx context.Context, conn *pgx.Conn, schema string) (err error) {
	for range mostAttempts {
		// Two that make the same thing at once are in each other's way in ways of
		// their own: one of them finds it made, the next time it looks.
		if err = migrateOnce(ctx, conn, schema, len(migrations)); err == nil || !raced(err) {
			return err
		}
	}
	return err
}

func raced(err error) bool {
	switch stateOf(err) {
	case uniqueViolation, "42P07", "42P06", "42710", "XX000": // … table, schema, object exists; "tuple concurrently updated"
		return true
	}
	return faultOf(err) == contested
}

func migrateOnce(ctx context.Context, conn *pgx.Conn, schema string, target int) error {
	version, err := versionOf(ctx, conn)
	if err != nil || version == target {
		return err
	}
	if version == 0 {
		if err := prepareSchema(ctx, conn, schema); err != nil {
			return err
		}
	}
	for n := version; n < target; n++ {
		if err := migrateTo(ctx, conn, n+1); err != nil {
			return fmt.Errorf("couldn't migrate to format %d: %w", n+1, err)
		}
	}
	return nil
}

// versionOf reads the version, 0 if there is none, and refuses one that is newer.
// It changes nothing.
func versionOf(ctx context.Context, conn *pgx.Conn) (version int, err error) {
	err = conn.QueryRow(ctx, "SELECT version FROM format WHERE one = 1").Scan(&version)
	switch state := stateOf(err); {
	case state == undefinedTable, state == undefinedSchema, errors.Is(err, pgx.ErrNoRows):
		return 0, nil
	case err != nil:
		return 0, err
	case version > len(migrations):
		return 0, fmt.Errorf("%w: its format is %d, this version knows %d", homing.ErrNewer, version, len(migrations))
	}
	return version, nil
}

// prepareSchema makes the schema and the version's table, unless the schema holds
// what is not ours.
func prepareSchema(ctx context.Context, conn *pgx.Conn, schema string) error {
	tables, err := collect(ctx, conn, "SELECT table_name::text FROM information_schema.tables WHERE table_schema = $1", pgx.RowTo[string], schema)
	if err != nil {
		return err
	}
	// With a version's table another node is making the ledger at this moment: that table
	// comes first.
	if len(tables) > 0 && !slices.Contains(tables, "format") {
		return fmt.Errorf("%w: schema %q holds tables already, but no ledger of homing; name an empty one by search_path", homing.ErrInvalid, schema)
	}
	var there bool
	if err := conn.QueryRow(ctx, "SELECT count(*) > 0 FROM pg_namespace WHERE nspname = $1", schema).Scan(&there); err != nil {
		return err
	}
	if !there { // else the role needs no right to make schemas
		if err := exec(ctx, conn, "CREATE SCHEMA IF NOT EXISTS "+pgx.Identifier{schema}.Sanitize()); err != nil {
			return err
		}
	}
	if err := exec(ctx, conn, createFormat); err != nil {
		return err
	}
	return exec(ctx, conn, "INSERT INTO format (one, version) VALUES (1, 0) ON CONFLICT (one) DO NOTHING")
}

func migrateTo(ctx context.Context, conn *pgx.Conn, version int) error {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }() // does nothing after Commit
	var present int
	if err := tx.QueryRow(ctx, "SELECT version FROM format WHERE one = 1 FOR UPDATE").Scan(&present); err != nil {
		return err
	}
	if present >= version {
		return nil // another node was faster
	}
	// Several statements at once only go by the simple protocol.
	if _, err := tx.Conn().PgConn().Exec(ctx, migrations[version-1]).ReadAll(); err != nil {
		return err
	}
	if err := exec(ctx, tx, "UPDATE format SET version = $1 WHERE one = 1", version); err != nil {
		return err
	}
	return tx.Commit(ctx)
}
