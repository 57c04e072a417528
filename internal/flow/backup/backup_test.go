package backup_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/flow/backup"
)

// TestOrder wants what points at something before what it points at.
func TestOrder(t *testing.T) {
	h := newHouse(t)
	made(t, h)
	if want := []string{"hold", "archive", "ledger", "spool", "keys", "release"}; !slices.Equal(h.order, want) {
		t.Errorf("%v, want %v", h.order, want)
	}
}

func TestBackupHoldsEverything(t *testing.T) {
	h := newHouse(t)
	dir := made(t, h)
	must(t, verify(dir))
	got := files(t, dir)
	delete(got, backup.ManifestName)
	want := map[string]string{"ledger.db": h.books, "master-keys.json": "the master keys", "tls/cert.pem": "certificate"}
	for name, text := range h.spool {
		want["spool/"+name] = text
	}
	for name, text := range h.days {
		want["warehouse/archive/"+name] = text
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("it holds %d files, want %d, or others", len(got), len(want))
	}
	b, err := backup.Open(dir, layout)
	must(t, err)
	m := b.Manifest
	if m.Ledger.Conversions != 8 || m.Spool.Next != 701 || m.Archive.Days != 1 || m.MadeAt() != homing.MillisOf(noon) ||
		m.Homing != "0.5.0" || len(m.Notes) != 1 || len(m.Files) != len(want) {
		t.Errorf("%+v", m)
	}
	must(t, filepath.WalkDir(dir, func(path string, e os.DirEntry, failed error) error {
		must(t, failed)
		info, err := e.Info()
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others may read %s: %v", path, info.Mode())
		}
		return err
	}))

	to := t.TempDir()
	must(t, b.CopyTo(t.Context(), to, backup.CopyOptions{Clock: func() time.Time { return noon }, Progress: func(string, int64, int64) {}}))
	if fmt.Sprint(files(t, to)) != fmt.Sprint(want) {
		t.Error("what was put back differs")
	}
}

func TestTargetMustBeEmpty(t *testing.T) {
	h := newHouse(t)
	whole := made(t, h)
	before := files(t, whole)
	full := t.TempDir()
	must(t, os.WriteFile(filepath.Join(full, "letter.txt"), []byte("x"), 0o600))
	inside := filepath.Join(h.dir, "backup")
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(h.dir, link))
	for dir, word := range map[string]string{
		whole: "holds a backup already", full: `"letter.txt"`, inside: "in the data directory", h.dir: "in the data directory",
		filepath.Join(link, "x"): "in the data directory", filepath.Join(full, "a", "b"): "there is no", "relative": "absolute",
	} {
		if _, err := h.make(dir); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v, want %q", dir, err, word)
		}
	}
	if fmt.Sprint(files(t, whole)) != fmt.Sprint(before) {
		t.Error("the backup that was there is another one now")
	}
	if _, err := os.Stat(inside); err == nil {
		t.Error("something was made in the data directory")
	}
	empty := t.TempDir()
	if _, err := h.make(empty); err != nil {
		t.Error(err)
	}
}

// TestFailuresLeaveNothing breaks each part, and cancels in each.
func TestFailuresLeaveNothing(t *testing.T) {
	for _, part := range []string{"hold", "archive", "ledger", "spool", "keys"} {
		for _, mine := range []bool{true, false} {
			h := newHouse(t)
			dir := filepath.Join(t.TempDir(), "backup")
			if !mine {
				must(t, os.Mkdir(dir, 0o700))
			}
			h.hook = func(p string) error {
				if p == part {
					return errSome
				}
				return nil
			}
			if _, err := h.make(dir); !errors.Is(err, errSome) {
				t.Errorf("%s: %v", part, err)
			}
			left, err := os.ReadDir(dir)
			if mine != errors.Is(err, os.ErrNotExist) || len(left) > 0 {
				t.Errorf("after trouble with %s: %v, %v", part, left, err)
			}
			if h.order[0] == "hold" && part != "hold" && h.order[len(h.order)-1] != "release" {
				t.Errorf("after trouble with %s the spool is held", part)
			}
		}
	}
	h := newHouse(t)
	ctx, cancel := context.WithCancel(t.Context())
	h.hook = func(part string) error {
		if part == "keys" {
			cancel()
		}
		return nil
	}
	dir := filepath.Join(t.TempDir(), "backup")
	if _, err := backup.Make(ctx, h.source(), dir, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a cancelled backup is there: %v", err)
	}
}

// TestUnfinished wants a backup that was cut short by a crash to be refused at
// every moment.
func TestUnfinished(t *testing.T) {
	h := newHouse(t)
	dir := filepath.Join(t.TempDir(), "backup")
	h.hook = func(string) error {
		if _, err := os.Stat(dir); err != nil {
			return nil // not begun
		}
		if err := verify(dir); err == nil || !strings.Contains(err.Error(), "not finished") {
			t.Errorf("while it is made: %v", err)
		}
		return nil
	}
	_, err := h.make(dir)
	must(t, err)
	must(t, os.Remove(filepath.Join(dir, backup.ManifestName)))
	if err := verify(dir); err == nil || !strings.Contains(err.Error(), backup.ManifestName) {
		t.Errorf("without its manifest: %v", err)
	}
	if err := verify(t.TempDir()); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("an empty directory: %v", err)
	}
	if err := verify(filepath.Join(dir, "nowhere")); !errors.Is(err, homing.ErrNotFound) {
		t.Errorf("no directory: %v", err)
	}
}

// TestTheServersDiskIsNotFilled wants room left: found out before, and on the way.
func TestTheServersDiskIsNotFilled(t *testing.T) {
	h := newHouse(t)
	h.free = 1<<30 + 1<<20
	dir := filepath.Join(t.TempDir(), "backup")
	if _, err := h.make(dir); !errors.Is(err, homing.ErrUnavailable) || !strings.Contains(err.Error(), "too little room") || len(h.order) != 2 {
		t.Errorf("%v, %v", err, h.order)
	}
	h = newHouse(t)
	h.spool["00000000000000000800.seg"] = strings.Repeat("x", 20<<20)
	h.hook = func(part string) error {
		if part == "spool" {
			h.free = 1 << 30
		}
		return nil
	}
	if _, err := h.make(dir); !errors.Is(err, homing.ErrUnavailable) || !strings.Contains(err.Error(), "too little room") {
		t.Errorf("on the way: %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was made is there: %v", err)
	}
}

// TestDamageIsPlaced flips a bit in each file, at its ends and anywhere, cuts it,
// lengthens it and removes it.
func TestDamageIsPlaced(t *testing.T) {
	dir := made(t, newHouse(t))
	for name, text := range files(t, dir) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		size := int64(len(text))
		for _, at := range []int64{0, size - 1, size / 2, rand.Int64N(size), rand.Int64N(size), rand.Int64N(size)} {
			bit := uint(rand.IntN(8))
			flip(t, path, at, bit)
			words := []string{name}
			if name != backup.ManifestName {
				words = append(words, fmt.Sprintf("at byte %d:", at/(256<<10)*(256<<10)))
			}
			refused(t, fmt.Sprintf("%s, byte %d, bit %d", name, at, bit), verify(dir), words...)
			flip(t, path, at, bit)
		}
		must(t, os.Truncate(path, size-1))
		if name == backup.ManifestName {
			refused(t, "cut manifest", verify(dir), name)
		} else {
			refused(t, "cut "+name, verify(dir), name, fmt.Sprintf("at byte %d: it is cut short", size-1))
		}
		must(t, os.WriteFile(path, []byte(text+"x"), 0o600))
		if name != backup.ManifestName {
			refused(t, "longer "+name, verify(dir), name, fmt.Sprintf("at byte %d: it is longer", size))
		} else {
			refused(t, "longer "+name, verify(dir), name)
		}
		must(t, os.Remove(path))
		if name != backup.ManifestName {
			refused(t, "missing "+name, verify(dir), name, "missing")
		}
		must(t, os.WriteFile(path, []byte(text), 0o600))
	}
	must(t, verify(dir))
}

func TestStrangersAreRefused(t *testing.T) {
	dir := made(t, newHouse(t))
	for _, name := range []string{"ledger.db-wal", "spool/00000000000000000001.seg", "LOCK", "warehouse/warehouse.duckdb", "notes"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		must(t, os.WriteFile(path, nil, 0o600))
		refused(t, name, verify(dir), name)
		must(t, os.Remove(path))
	}
	must(t, os.WriteFile(filepath.Join(dir, ".directory"), nil, 0o600))
	must(t, verify(dir))
	path := filepath.Join(dir, "ledger.db")
	must(t, os.Rename(path, filepath.Join(t.TempDir(), "ledger.db")))
	must(t, os.Symlink("/dev/null", path))
	refused(t, "a link", verify(dir), "ledger.db", "no file")
}

// TestManyPlaces are told up to a number.
func TestManyPlaces(t *testing.T) {
	h := newHouse(t)
	for n := range 30 {
		h.spool[fmt.Sprintf("%020d.seg", 10_000+n)] = "clicks"
	}
	dir := made(t, h)
	for name := range files(t, dir) {
		if name != backup.ManifestName {
			flip(t, filepath.Join(dir, filepath.FromSlash(name)), 0, 0)
		}
	}
	refused(t, "all", verify(dir), "and 17 more")
}
