package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/spool"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func atNoon() time.Time { return noon }

// aBackup is the backup of a small house, without a server.
func aBackup(t *testing.T) string {
	t.Helper()
	h, err := openHouse(t.Context(), &Config{DataDir: filepath.Join(t.TempDir(), "data")}, atNoon, slog.New(slog.DiscardHandler), func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}()
	for range 10 {
		if _, err := h.spool.Append(spool.KindTally, 1, make([]byte, 32<<10)); err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(t.TempDir(), "backup")
	if _, err := (backupKeeper{house: h}).Make(t.Context(), "test", dir, nil); err != nil {
		t.Fatal(err)
	}
	if last := h.lastBackup(t.Context()); last == nil || last.at != homing.MillisOf(noon) || !strings.Contains(last.what, dir) {
		t.Errorf("the last backup is %+v", last)
	}
	h.backups.last.Store(nil) // as after a restart
	if last := h.lastBackup(t.Context()); last == nil || last.at != homing.MillisOf(noon) || !strings.Contains(last.what, dir) {
		t.Errorf("by the audit log the last backup is %+v", last)
	}
	return dir
}

func restoration(backup, dir string) Restoration {
	return Restoration{Backup: backup, DataDir: dir, Clock: atNoon, Progress: func(string, int64, int64) {}}
}

// untouched wants a directory as it was: not there, or there and empty.
func untouched(t *testing.T, dir string, there bool) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if there != (err == nil) || len(entries) > 0 {
		t.Errorf("%s: %v, %v", dir, entries, err)
	}
}

func TestRestoreRefuses(t *testing.T) {
	backup, dir := aBackup(t), filepath.Join(t.TempDir(), "data")
	for what, change := range map[string]func(*Restoration){
		"clock says": func(r *Restoration) { r.Clock = func() time.Time { return time.Unix(0, 0) } },
		"line 2: it is no line": func(r *Restoration) {
			r.Erasures = strings.NewReader(`{"number":1,"account":7}` + "\n" + `{"number":2}`)
		},
		"line 1: it is no line":                func(r *Restoration) { r.Erasures = strings.NewReader("click 1") },
		`line 1: "abc" is no click id`:         func(r *Restoration) { r.Erasures = strings.NewReader(`{"click_id":"abc"}`) },
		"there is no directory /nonexistent/x": func(r *Restoration) { r.Backup = "/nonexistent/x" },
	} {
		r := restoration(backup, dir)
		change(&r)
		if _, err := Restore(t.Context(), r); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%v, want %q", err, what)
		}
		untouched(t, dir, false)
	}
}

// TestRestoreUnderAClockBehind puts a backup back that was made under a clock a year
// ahead: it works, is told, and no node number that may have been used under
// that clock is lent, neither now nor when that moment has come.
func TestRestoreUnderAClockBehind(t *testing.T) {
	dir, now := filepath.Join(t.TempDir(), "data"), noon.AddDate(-1, 0, 0)
	r := restoration(aBackup(t), dir)
	r.Clock = func() time.Time { return now }
	done, err := Restore(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(done.Notes, " "); !strings.Contains(text, "later than this machine's clock") {
		t.Errorf("told %q", text)
	}
	h, err := openHouse(t.Context(), &Config{DataDir: dir}, r.Clock, slog.New(slog.DiscardHandler), func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	of := func(at time.Time) homing.NodeID {
		lease, err := h.ledger.Lease(t.Context(), homing.MillisOf(at), homing.MillisOf(at)+1000, false)
		if err != nil {
			t.Fatal(err)
		}
		return lease.Node
	}
	first := of(now)
	if first == 1 {
		t.Error("number 1 is lent, with which every house begins")
	}
	for _, later := range []int{1, 364, 366, 700} { // days
		if node := of(now.AddDate(0, 0, later)); node < first || node >= first+128 {
			t.Errorf("after %d days number %d is lent, at first it was %d", later, node, first)
		}
	}
}

// TestRestoreCutShort ends restores at every step: what was written goes, and
// nothing but a whole directory has a VERSION.
func TestRestoreCutShort(t *testing.T) {
	backup := aBackup(t)
	for _, there := range []bool{false, true} {
		for _, step := range []string{"verifying", "copying"} {
			dir := filepath.Join(t.TempDir(), "data")
			if there {
				if err := os.Mkdir(dir, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithCancel(t.Context())
			r := restoration(backup, dir)
			r.Progress = func(what string, done, _ int64) {
				if _, err := os.Stat(filepath.Join(dir, versionFile)); err == nil {
					t.Errorf("%s, and VERSION is there", what)
				}
				if what != "verifying" {
					if _, err := checkLayout(dir); err == nil || !strings.Contains(err.Error(), "cut short") {
						t.Errorf("%s, and the directory passes: %v", what, err)
					}
				}
				if what == step && done > 1000 {
					cancel()
				}
			}
			if _, err := Restore(ctx, r); !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled while %s: %v", step, err)
			}
			untouched(t, dir, there)
		}
	}
}

// TestRestoredOpens opens what was restored, and erases again.
func TestRestoredOpens(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	r := restoration(aBackup(t), dir)
	r.Erasures = strings.NewReader(`{"number":1,"account":7}` + "\n\n" + `{"number":2,"click_id":"` + strings.Repeat("ab", 20) + `"}` + "\n")
	done, err := Restore(t.Context(), r)
	if err != nil || done.Unknown != 2 || done.Erased != 0 || done.Records != 10 {
		t.Fatalf("%+v, %v", done, err)
	}
	h, err := openHouse(t.Context(), &Config{DataDir: dir}, atNoon, slog.New(slog.DiscardHandler), func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	if h.spool.Durable() != 10 || len(h.spool.Damage())+len(h.ledger.Damage()) > 0 {
		t.Errorf("the spool ends at %s, damage %v %v", h.spool.Durable(), h.spool.Damage(), h.ledger.Damage())
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, restoringFile)); err == nil {
		t.Error("the mark of a restore that is cut short stays")
	}
}

// TestRestoreLeavesAloneWhatCameMeanwhile has somebody else take the directory
// while the backup is read through: a server that was started too early, or a
// second restore. It is refused, and nothing of theirs is touched.
func TestRestoreLeavesAloneWhatCameMeanwhile(t *testing.T) {
	backup := aBackup(t)
	for _, ended := range []bool{true, false} {
		dir := filepath.Join(t.TempDir(), "data")
		var h *house
		r := restoration(backup, dir)
		r.Progress = func(what string, _, _ int64) {
			if h != nil || what != "verifying" {
				return
			}
			var err error
			if h, err = openHouse(t.Context(), &Config{DataDir: dir}, atNoon, slog.New(slog.DiscardHandler), func(err error) { t.Error(err) }); err != nil {
				t.Fatal(err)
			}
			if ended {
				if err := h.Close(); err != nil {
					t.Error(err)
				}
			}
		}
		if _, err := Restore(t.Context(), r); err == nil || !strings.Contains(err.Error(), "nothing is written over") {
			t.Errorf("with ended = %v: %v", ended, err)
		}
		if !ended {
			if err := h.Close(); err != nil {
				t.Error(err)
			}
		}
		for _, name := range []string{versionFile, masterKeyFile, ledgerFile, spoolDir} {
			if !isThere(filepath.Join(dir, name)) {
				t.Errorf("with ended = %v, %s has gone", ended, name)
			}
		}
		if isThere(filepath.Join(dir, restoringFile)) {
			t.Errorf("with ended = %v, the mark stays", ended)
		}
	}
}
