package segment

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"homing/internal/engine/spool"
	"homing/internal/engine/spool/spooltest"
)

func TestCopies(t *testing.T) {
	spooltest.RunCopies(t, func(testing.TB) spooltest.Opener {
		fs := vfs.NewMem()
		return func() (spool.Spool, error) { return Open(options(fs)) }
	}, func(t testing.TB, files map[string][]byte) spool.Spool { return opened(t, files) })
}

// opened makes a spool of the files of a copy. Nothing in it may have to be
// recovered.
func opened(t testing.TB, files map[string][]byte) *Spool {
	t.Helper()
	opts := options(vfs.NewMem())
	if err := opts.FS.MkdirAll(opts.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, data := range files {
		f, err := opts.FS.Create(opts.FS.PathJoin(opts.Dir, name), vfs.WriteCategoryUnspecified)
		if err == nil {
			_, err = f.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	found, err := Inspect(t.Context(), opts, false, nil)
	if err != nil || !found.Clean || len(found.Damage) > 0 {
		t.Fatalf("the copy is not clean: %+v, %v", found, err)
	}
	return mustOpen(t, opts)
}
