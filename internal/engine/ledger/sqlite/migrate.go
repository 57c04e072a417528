package sqlite

import (
	"embed"
	"fmt"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"homing/internal/engine/ledger/rulebook"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrations are the steps from an empty file to the present format.
var migrations = rulebook.Migrations(migrationFiles)

// migrate brings the file up to a format. Each step is one transaction together
// with its number, so a crash leaves the file between two steps, never in one.
func migrate(conn *sqlite.Conn, format int) error {
	if err := checkHeader(conn); err != nil {
		return err
	}
	version, err := pragma(conn, "PRAGMA user_version")
	if err != nil {
		return err
	}
	if int(version) >= format {
		return nil
	}
	for n := int(version); n < format; n++ {
		if err := migrateTo(conn, n+1); err != nil {
			return fmt.Errorf("couldn't migrate to format %d: %w", n+1, err)
		}
	}
	// From here on an older program can tell by the header alone, without the
	// write-ahead log, that the file is not for it.
	_, err = checkpoint(conn, "TRUNCATE")
	return err
}

func migrateTo(conn *sqlite.Conn, version int) (err error) {
	end, err := sqlitex.ImmediateTransaction(conn)
	if err != nil {
		return err
	}
	defer end(&err)
	if err := sqlitex.ExecuteScript(conn, migrations[version-1], nil); err != nil {
		return err
	}
	header := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, version)
	return sqlitex.ExecuteScript(conn, header, nil)
}
