package rulebook

import (
	"fmt"
	"io/fs"
)

// Migrations reads the steps from nothing to the present format, in order: step n,
// counted from 1, makes format n, and lies in migrations/000n_name.sql. A step that
// was released is never changed. The files are part of the program, so it panics if
// they are out of order.
func Migrations(files fs.FS) (steps []string) {
	names, err := fs.Glob(files, "migrations/*.sql") // sorted
	if err != nil {
		panic(err) // the pattern is ours
	}
	for i, name := range names {
		var number int
		if _, err := fmt.Sscanf(name, "migrations/%d_", &number); err != nil || number != i+1 {
			panic("migration out of order: " + name)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			panic(err) // embedded
		}
		steps = append(steps, string(text))
	}
	return steps
}
