package segment

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/spool"
)

func inspected(t *testing.T, dir string, tail bool) Inspection {
	t.Helper()
	found, err := Inspect(t.Context(), Options{Dir: dir}, tail, nil)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestInspectFindsWhatOpenAndVerifyFind turns a bit somewhere, and compares.
func TestInspectFindsWhatOpenAndVerifyFind(t *testing.T) {
	clean := t.TempDir()
	o := Options{Dir: clean, SegmentSize: 32 << 10, Clock: time.Now}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	text := make([]byte, 700)
	for i := range 120 {
		for j := range text {
			text[j] = byte(rand.Uint32())
		}
		if _, err := s.Append(spool.KindClick, homing.Millis(1000+i), text); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	found := inspected(t, clean, false)
	if !found.Clean || found.First != 0 || found.Next != 120 || found.Newest != 1119 || len(found.Damage) > 0 || found.Segments < 2 {
		t.Fatalf("%+v", found)
	}
	names, err := filepath.Glob(filepath.Join(clean, "*.seg"))
	if err != nil {
		t.Fatal(err)
	}
	for round := range 40 {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(clean)); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, filepath.Base(names[rand.IntN(len(names)-1)]))
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		at := rand.IntN(len(data) / 2)
		data[at] ^= 1 << rand.IntN(8)
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		outside := inspected(t, dir, false)
		o.Dir = dir
		s, err := Open(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		inside := s.Damage()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		list := func(all []spool.Damage) (texts []string) {
			for _, d := range all {
				texts = append(texts, fmt.Sprint(d.File, d.Offset, d.First, d.Next, d.Cause))
			}
			slices.Sort(texts)
			return texts
		}
		if got, want := list(outside.Damage), list(inside); !slices.Equal(got, want) {
			t.Errorf("round %d, byte %d: from outside %q, from inside %q", round, at, got, want)
		}
	}
}

// TestInspectLooksAtAnUncleanEnd: what a recovery keeps is no damage, what it
// would leave behind is, and nothing is written.
func TestInspectLooksAtAnUncleanEnd(t *testing.T) {
	dir, killed := t.TempDir(), t.TempDir()
	s, err := Open(Options{Dir: dir, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if _, err := s.Append(spool.KindClick, homing.Millis(i), []byte("some click")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(killed, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if found := inspected(t, killed, true); found.Clean || found.Torn > 0 || found.Next != 20 {
		t.Errorf("%+v", found)
	}
	name := filepath.Join(killed, fileName(0))
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data[blocksAt+headerSize+4] ^= 1
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if found := inspected(t, killed, true); found.Torn != 1 || found.Next != 20 || found.Damage[0].First != 0 || found.Damage[0].Next != 1 {
		t.Errorf("%+v", found)
	}
	if after, err := os.ReadFile(name); err != nil || string(after) != string(data) {
		t.Error("the file was written to")
	}
	if _, err := Inspect(t.Context(), Options{Dir: filepath.Join(dir, "none")}, true, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
}
