package sqlite

import (
	"embed"
	"fmt"
	"io/fs"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrations are the steps from an empty file to the present format, in order:
// step n makes version n. A step that was released is never changed.
var migrations = func() (steps []string) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql") // sorted
	if err != nil {
		panic(err) // the pattern is ours
	}
	for i, name := range names {
		var number int
		if _, err := fmt.Sscanf(name, "migrations/%d_", &number); err != nil || number != i+1 {
			panic("migration out of order: " + name)
		}
		text, err := migrationFiles.ReadFile(name)
		if err != nil {
			panic(err) // embedded
		}
		steps = append(steps, string(text))
	}
	return steps
}()

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
