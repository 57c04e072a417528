package backup_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/backup"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

var layout = backup.Layout{Version: 1, Keys: "master-keys.json", Ledger: "ledger.db", Spool: "spool", Archive: "warehouse/archive", Certificates: "tls"}

// house is what a backup is made of, with files that are made up. Each part notes
// when it is copied.
type house struct {
	t     *testing.T
	dir   string
	order []string
	spool map[string]string
	days  map[string]string
	books string
	free  int64 // of the target's disk
	// hook is called before each part.
	hook func(part string) error
}

func newHouse(t *testing.T) *house {
	h := &house{
		t: t, dir: t.TempDir(), books: strings.Repeat("ledger ", 100_000), free: 1 << 40,
		spool: map[string]string{"00000000000000000000.seg": strings.Repeat("clicks", 200_000), "00000000000000000700.seg": "more"},
		days:  map[string]string{"2026-11-20.json": "{}", "clicks-2026-11-20.1.parquet": strings.Repeat("p", 300<<10)},
		hook:  func(string) error { return nil },
	}
	must(t, os.Mkdir(filepath.Join(h.dir, "tls"), 0o700))
	must(t, os.WriteFile(filepath.Join(h.dir, "tls", "cert.pem"), []byte("certificate"), 0o600))
	return h
}

func (h *house) note(part string) error {
	h.order = append(h.order, part)
	return h.hook(part)
}

func (h *house) source() backup.Source {
	return backup.Source{
		Dir: h.dir, Layout: layout, Homing: "0.5.0", Archive: archive{h}, Ledger: books{h}, Spool: log{house: h},
		LedgerBytes: func() (int64, error) { return int64(len(h.books)), nil },
		Keys: func() ([]byte, error) {
			return []byte("the master keys"), h.note("keys")
		},
		Damage: func() []string { return []string{"a note"} },
		Clock:  func() time.Time { return noon },
		Space:  func(string) (free, total int64, err error) { return h.free, 1 << 40, nil },
	}
}

func (h *house) make(dir string) (backup.Made, error) {
	return backup.Make(h.t.Context(), h.source(), dir, nil)
}

func putAll(files map[string]string, put func(string, int64, io.Reader) error) error {
	for name, text := range files {
		if err := put(name, int64(len(text)), strings.NewReader(text)); err != nil {
			return err
		}
	}
	return nil
}

type archive struct{ *house }

func (a archive) Bytes() (int64, error) { return 300 << 10, nil }

func (a archive) Copy(_ context.Context, put warehouse.Put) (int, error) {
	if err := a.note("archive"); err != nil {
		return 0, err
	}
	return 1, putAll(a.days, put)
}

type books struct{ *house }

func (b books) Copy(_ context.Context, path string) (ledger.Copied, error) {
	if err := b.note("ledger"); err != nil {
		return ledger.Copied{}, err
	}
	return ledger.Copied{Change: 9, Conversions: 8}, os.WriteFile(path, []byte(b.books), 0o600)
}

func (b books) Restored(context.Context, ledger.Actor, string) error { return nil }

type log struct {
	*house
	spool.Spool
}

func (l log) Hold() (spool.Hold, error) { return held{l.house}, l.note("hold") }

type held struct{ *house }

func (h held) Bytes() (int64, error) { return 1_200_000, nil }
func (h held) First() spool.Position { return 0 }
func (h held) Release()              { h.order = append(h.order, "release") }

func (h held) Copy(_ context.Context, put spool.Put) (spool.Position, error) {
	if err := h.note("spool"); err != nil {
		return 0, err
	}
	return 701, putAll(h.spool, put)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// made makes a backup.
func made(t *testing.T, h *house) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "backup")
	_, err := h.make(dir)
	must(t, err)
	return dir
}

func verify(dir string) error {
	b, err := backup.Open(dir, layout)
	if err != nil {
		return err
	}
	return b.Verify(context.Background(), func(string, int64, int64) {})
}

// files are those of a backup, by name.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		text, err := os.ReadFile(path)
		found[filepath.ToSlash(name)] = string(text)
		return err
	}))
	return found
}

// refused wants homing.ErrDamaged and words.
func refused(t *testing.T, what string, err error, words ...string) {
	t.Helper()
	if !errors.Is(err, homing.ErrDamaged) {
		t.Errorf("%s: %v", what, err)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v, which does not tell %q", what, err, word)
		}
	}
}

func flip(t *testing.T, path string, at int64, bit uint) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	b := make([]byte, 1)
	_, err = f.ReadAt(b, at)
	must(t, err)
	b[0] ^= 1 << bit
	_, err = f.WriteAt(b, at)
	must(t, err)
}

var errSome = fmt.Errorf("some trouble")
