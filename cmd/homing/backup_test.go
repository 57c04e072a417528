package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"homing/internal/desk/control"
)

func TestBackup(t *testing.T) {
	made := &control.BackupMade{
		Dir: "/b/1", Begun: "2026-11-22T11:59:58.000Z", Made: "2026-11-22T12:00:00.000Z", Files: 7, Bytes: 3_200_000, Seconds: 1.6,
		Conversions: 12, Records: 345, Days: 6, Notes: []string{"the ledger was damaged before: x"},
	}
	s := open(t, map[string]any{"POST /v1/backup": lines{
		control.Backing{What: "sealed days", Done: 1, Total: 10}, control.Backing{What: "ledger", Done: 5, Total: 10}, control.Backing{Made: made},
	}})
	s.prints(`Backup made: /b/1 (3.2 MB in 7 files, 2 s)
It holds 12 conversions, 345 clicks and calls of the last days, and 6 archived days: all that was answered before 2026-11-22 11:59:58 UTC.
It holds the MASTER KEYS: whoever has it can make click ids. Keep it secret, and on another machine.
note: the ledger was damaged before: x
`, "backup", "/b/1")
	if got := s.err.String(); got != "sealed days\nledger\n" {
		t.Errorf("progress: %q", got)
	}
	if len(s.asked) != 1 || s.asked[0] != "POST /v1/backup?dir=%2Fb%2F1" {
		t.Errorf("asked %q", s.asked)
	}
	// The server works elsewhere, so it is told the whole path.
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	s.run("backup", "x")
	if !strings.Contains(s.asked[0], strings.ReplaceAll(filepath.Join(here, "x"), "/", "%2F")) {
		t.Errorf("asked %q", s.asked)
	}
}

// TestHalfABackupIsNone ends the answer before it says that the backup is whole.
func TestHalfABackupIsNone(t *testing.T) {
	s := open(t, map[string]any{"POST /v1/backup": lines{control.Backing{What: "ledger", Done: 5, Total: 10}}})
	if code := s.run("backup", "/b/1"); code != 1 || s.out.Len() > 0 || !strings.Contains(s.err.String(), "backup.json") {
		t.Errorf("exit status %d: %s%s", code, s.err.String(), s.out.String())
	}
}

// TestBackupsAreSecrets wants the help to say so.
func TestBackupsAreSecrets(t *testing.T) {
	s := open(t, nil)
	if s.run("backup", "--help"); !strings.Contains(s.out.String(), "MASTER KEYS") || !strings.Contains(s.out.String(), "secret") {
		t.Errorf("the help of backup does not say that it is a secret:\n%s", s.out.String())
	}
	if s.run("restore", "--help"); !strings.Contains(s.out.String(), "not in it") {
		t.Errorf("the help of restore does not say what is lost:\n%s", s.out.String())
	}
}

func TestEraseList(t *testing.T) {
	click := strings.Repeat("ab", 20)
	s := open(t, map[string]any{"GET /v1/erasures": lines{
		control.Erased{Number: 1, At: "2026-11-20T08:00:00.000Z", ClickID: click}, control.Erased{Number: 2, At: "2026-11-21T08:00:00.000Z", Account: 3},
	}})
	s.prints("NUMBER  AT (UTC)             WHAT\n     1  2026-11-20 08:00:00  click "+click+"\n     2  2026-11-21 08:00:00  advertiser 3\n", "erase", "list")
	s.prints(`{"number":1,"at":"2026-11-20T08:00:00.000Z","click_id":"`+click+`"}`+"\n"+
		`{"number":2,"at":"2026-11-21T08:00:00.000Z","account":3}`+"\n", "erase", "list", "--format", "jsonl")
}

func TestRestoreRefusesWhatIsNone(t *testing.T) {
	s := open(t, nil)
	dir := filepath.Join(t.TempDir(), "data")
	for backup, word := range map[string]string{t.TempDir(): "it is empty", filepath.Join(dir, "nowhere"): "there is no directory"} {
		if code := s.run("restore", backup, "--data-dir", dir); code != 1 || !strings.Contains(s.err.String(), word) {
			t.Errorf("exit status %d: %s", code, s.err.String())
		}
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the data directory was made")
	}
}
