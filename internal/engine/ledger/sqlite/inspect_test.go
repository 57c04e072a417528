package sqlite

import (
	"os"
	"path/filepath"
	"testing"
)

// TestInspectPaths looks at a ledger under names that a URI could take for
// something else.
func TestInspectPaths(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, dir := range []string{"data", "./data dir", "50%20", "a?b#c", `ü "x"`, "..data", "/" + t.TempDir()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "ledger.db")
		l, err := Open(Options{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if err := Inspect(t.Context(), path, false); err != nil {
			t.Errorf("%q: %v", dir, err)
		}
	}
}
