package segment

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"homing"
)

// TestRecoveryOnADiskFullToTheBrim is the same on a real disk: a small one in
// memory, filled up to the last byte by somebody else after the server was killed.
func TestRecoveryOnADiskFullToTheBrim(t *testing.T) {
	for _, damaged := range []bool{false, true} {
		opts := Options{FS: vfs.Default, Dir: filepath.Join(t.TempDir(), "spool"), SegmentSize: 256 << 10, Clock: testClock}
		s := mustOpen(t, opts)
		j := newJournal()
		for range 100 {
			if err := j.append(s, 1000); err != nil {
				t.Fatal(err)
			}
		}
		disk := t.TempDir()
		if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=768k"); err != nil {
			t.Skipf("it takes root to mount a small disk: %v", err)
		}
		t.Cleanup(func() { _ = syscall.Unmount(disk, 0) })
		killed := filepath.Join(disk, "spool")
		if err := os.Mkdir(killed, 0o700); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(opts.Dir, fileName(0)))
		if err != nil {
			t.Fatal(err)
		}
		mustClose(t, s)
		if damaged {
			copy(text[blocksAt+headerSize+100:], "xxxx")
			delete(j.acked, 0)
		}
		file := filepath.Join(killed, fileName(0))
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		filler := filepath.Join(disk, "filler")
		if err := os.WriteFile(filler, make([]byte, 1<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("the disk is not full: %v", err)
		}
		opts.Dir = killed
		s = mustOpen(t, opts)
		if got := readAll(t, s); len(got) != len(j.acked) {
			t.Errorf("damaged %v: %d records of %d", damaged, len(got), len(j.acked))
		}
		// What is empty room is given back, what somebody may read more of is not.
		info, err := os.Stat(file)
		if err != nil || (info.Size() == int64(len(text))) != damaged {
			t.Errorf("damaged %v: of %d bytes %d are left: %v", damaged, len(text), info.Size(), err)
		}
		if d := s.Damage(); len(d) > 0 != damaged {
			t.Errorf("damage %+v", d)
		}
		if damaged {
			if err := j.append(s, 10); !errors.Is(err, homing.ErrUnavailable) {
				t.Errorf("append: %v", err)
			}
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		appendsSoon(t, s, j)
		mustClose(t, s)
		s = mustOpen(t, opts)
		if got := readAll(t, s); len(got) != len(j.acked) {
			t.Errorf("damaged %v: after another start %d records of %d", damaged, len(got), len(j.acked))
		}
		mustClose(t, s)
	}
}
