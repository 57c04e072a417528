package suite

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// result is the Postback-Result of a call, up to its reason.
func (s *server) result(id, query string) string {
	s.t.Helper()
	a := s.get(true, postbackPath+id+query)
	word, _, _ := strings.Cut(a.header.Get("Postback-Result"), ";")
	return strings.TrimSpace(fmt.Sprint(a.status, " ", word))
}

// restored restores a backup into a new directory.
func restored(t *testing.T, backup string, args ...string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "restored")
	_, stderr, code := run(t, append([]string{"restore", backup, "--data-dir", dir}, args...)...)
	if code != 0 {
		t.Fatalf("restore: exit status %d: %s", code, stderr)
	}
	return dir
}

// listed is a list of the command line, line by line.
func listed(t *testing.T, dir string, args ...string) []string {
	t.Helper()
	out, stderr, code := run(t, append(args, "--format", "jsonl", "--data-dir", dir)...)
	if code != 0 {
		t.Fatalf("%v: exit status %d: %s", args, code, stderr)
	}
	return strings.Split(strings.TrimSuffix(out, "\n"), "\n")
}

func field(t *testing.T, line, name string) string {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(line), &v); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return fmt.Sprint(v[name])
}

// TestBackupUnderLoad makes backups while everybody is served, loses the disk, and
// goes on from a backup.
func TestBackupUnderLoad(t *testing.T) {
	s := start(t, data(t))
	a := s.newAccount("--multi-lead")
	c := s.newCampaign(a)
	p := play(s, c)
	// What the books say was answered before the backup.
	var converted, waiting []string
	for n := range 20 {
		id := s.click(c, "")
		if n%2 == 0 {
			waiting = append(waiting, id)
		} else if got := s.result(id, "?value=2&lead_code=lead-1&key="+a.Key); got != "200 counted" {
			t.Fatal(got)
		} else {
			converted = append(converted, id)
		}
	}
	time.Sleep(500 * time.Millisecond)
	clicks, postbacks := p.clicks.Load(), p.postbacks.Load()
	backup := filepath.Join(t.TempDir(), "backup")
	var made struct{ Conversions, Records, Bytes int64 }
	s.object(&made, "backup", backup)
	if made.Conversions < postbacks+10 || made.Records < clicks+20 {
		t.Errorf("the backup has %+v, of %d conversions and %d clicks that were answered before", made, postbacks+10, clicks+20)
	}
	_, told, _ := strings.Cut(s.exchangeDesk("/metrics"), "\nhoming_backup_last_seconds ")
	told, _, _ = strings.Cut(told, "\n")
	if at, err := strconv.ParseFloat(told, 64); err != nil || time.Since(time.Unix(int64(at), 0)).Abs() > time.Minute {
		t.Errorf("the metric says that the last backup was at %q: %v", told, err)
	}
	s.object(&made, "backup", backup+"-2")

	// After the backup: all of this is lost with the disk.
	gone := s.newCampaign(a)
	lostClick, goneClick := s.click(c, ""), s.click(gone, "")
	if got := s.result(lostClick, "?value=3"); got != "200 counted" {
		t.Error(got)
	}
	erased := converted[0]
	s.homing("erase", "click", erased, "--yes")
	erasures := filepath.Join(t.TempDir(), "erasures.jsonl")
	if err := os.WriteFile(erasures, []byte(s.homing("erase", "list", "--format", "jsonl")), 0o600); err != nil {
		t.Fatal(err)
	}
	p.end()
	if len(p.failed) > 0 || p.slowest > 3*time.Second {
		t.Errorf("beside the backup %d failed, such as %q; the slowest took %s", len(p.failed), p.failed, p.slowest)
	}
	t.Logf("%d clicks, %d postbacks, the slowest took %s", p.clicks.Load(), p.postbacks.Load(), p.slowest)
	s.kill()

	dir := restored(t, backup, "--erasures", erasures)
	conversions, kept := listed(t, dir, "conversions"), listed(t, dir, "clicks")
	if int64(len(conversions)) < postbacks+10 || int64(len(kept)) < clicks+20 {
		t.Errorf("%d conversions and %d clicks, answered were %d and %d", len(conversions), len(kept), postbacks+10, clicks+20)
	}
	clicksThere := map[string]bool{}
	for _, line := range kept {
		clicksThere[field(t, line, "click_id")] = true
	}
	byClick := map[string]string{}
	for _, line := range conversions {
		id := field(t, line, "click_id")
		if byClick[id] = line; clicksThere[id] == (id == erased) {
			t.Errorf("the click of conversion %s is not there, or was erased and is", line)
		}
	}
	for _, id := range converted {
		lead := field(t, byClick[id], "lead_code")
		if id == erased != strings.HasPrefix(lead, "~") || id != erased && lead != "lead-1" {
			t.Errorf("the lead code of %s is %q", id, lead)
		}
	}

	r := start(t, dir)
	for _, id := range converted {
		if got := r.result(id, "?value=2&lead_code=lead-1&key="+a.Key); got != "200 duplicate" {
			t.Errorf("a repeat of a conversion in the backup: %s", got)
		}
	}
	for _, id := range append(waiting, lostClick) {
		if got := r.result(id, "?value=2"); got != "200 counted" {
			t.Errorf("a click from before: %s", got)
		}
	}
	if got := r.result(goneClick, "?value=2"); got != "503" {
		t.Errorf("a click of a campaign that is not in the backup: %s", got)
	}
	next := r.newCampaign(a)
	if next.ID <= gone.ID {
		t.Errorf("campaign %d is given again, as %d", gone.ID, next.ID)
	}
	r.click(next, "")
	if id := r.click(c, ""); clicksThere[id] {
		t.Errorf("click id %s was made twice", id)
	}
	r.agrees(len(conversions)+len(waiting)+1, len(kept)+3) // the erased one counts, too
	r.kill()
}

// agrees waits until the report says what the lists say.
func (s *server) agrees(conversions, clicks int) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		var report struct {
			Totals struct{ Clicks, Conversions int }
			Notes  []string
		}
		out, stderr, code := s.try("report", "--by", "day", "--metrics", "clicks,conversions", "--range", "last_7_days", "--format", "json")
		if code == 0 {
			if err := json.Unmarshal([]byte(out), &report); err != nil {
				s.t.Fatalf("%v: %s", err, out)
			}
			if report.Totals.Clicks == clicks && report.Totals.Conversions == conversions && len(report.Notes) == 0 {
				return
			}
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("the report says %+v, want %d clicks and %d conversions: %s", report, clicks, conversions, stderr)
		}
	}
}

// TestRestoreIsTheSame compares all that can be listed, byte by byte, of a house
// that stands still and of its restored backup. Then it does what must be refused.
func TestRestoreIsTheSame(t *testing.T) {
	s := start(t, data(t))
	a := s.newAccount("--multi-lead")
	c := s.newCampaign(a)
	for n := range 30 {
		id := s.click(c, "?sub1=x&cost=0.5")
		s.get(true, postbackPath+id+"?value="+strconv.Itoa(n%3)+"&lead_code=x&key="+a.Key)
		s.get(true, postbackPath+id+"?value=nonsense")
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(t.TempDir(), "backup")
	s.homing("backup", backup) // without a server
	dir := restored(t, backup)
	for _, args := range [][]string{{"conversions"}, {"clicks"}, {"postbacks"}, {"account", "list"}, {"campaign", "list"}, {"key", "list", "1"}, {"masterkey", "list"}} {
		was, is := listed(t, s.dir, args...), listed(t, dir, args...)
		if strings.Join(was, "\n") != strings.Join(is, "\n") || len(was) == 0 {
			t.Errorf("%v: %d lines were, %d are, or others", args, len(was), len(is))
		}
	}
	out := func(dir string) string {
		text, stderr, code := run(t, "report", "--by", "campaign", "--format", "csv", "--data-dir", dir)
		if code != 0 {
			t.Fatal(stderr)
		}
		return text
	}
	if was, is := out(s.dir), out(dir); was != is || was == "" {
		t.Errorf("the report was\n%s\nand is\n%s", was, is)
	}
	refusals(t, s, backup, dir)
}

func refusals(t *testing.T, s *server, backup, full string) {
	t.Helper()
	new := filepath.Join(t.TempDir(), "new")
	refuse := func(what string, words []string, args ...string) {
		t.Helper()
		_, stderr, code := run(t, args...)
		for _, word := range words {
			if code != 1 || !strings.Contains(stderr, word) {
				t.Errorf("%s: exit status %d: %s\nwant %q", what, code, stderr, word)
			}
		}
		if _, err := os.Stat(new); err == nil {
			t.Errorf("%s: %s was made", what, new)
		}
	}
	refuse("a directory that is not empty", []string{"not empty", "LOCK", "move it away"}, "restore", backup, "--data-dir", full)
	refuse("a backup over a backup", []string{"holds a backup already"}, "backup", backup, "--data-dir", s.dir)
	refuse("no backup", []string{"no whole backup"}, "restore", full, "--data-dir", new)

	segments, err := filepath.Glob(filepath.Join(backup, "spool", "*.seg"))
	if err != nil || len(segments) == 0 {
		t.Fatal(segments, err)
	}
	f, err := os.OpenFile(segments[0], os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte{0xff}, 16384+77); err != nil {
		t.Fatal(err)
	}
	f.Close()
	place := []string{"damaged", "spool/" + filepath.Base(segments[0]), "at byte 0"}
	refuse("a damaged backup", place, "restore", backup, "--data-dir", new)
	refuse("a damaged backup, verified", place, "restore", backup, "--verify")

	// A restore that was cut short is no first start.
	if err := os.MkdirAll(new, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(new, "RESTORING"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"serve", "--data-dir", new}, {"account", "create", "--name", "x", "--data-dir", new}, {"restore", backup + "-x", "--data-dir", new}} {
		if _, stderr, code := run(t, args...); code != 1 || strings.Contains(stderr, "panic") {
			t.Errorf("%v on half a restore: exit status %d: %s", args, code, stderr)
		}
	}
	if entries, _ := os.ReadDir(new); len(entries) != 1 {
		t.Errorf("half a restore was touched: %v", entries)
	}
}

// TestInterruptedBackup ends the command while the server copies: nothing that
// could be taken for a backup may stay, and the server goes on.
func TestInterruptedBackup(t *testing.T) {
	s := start(t, data(t))
	c := s.newCampaign(s.newAccount())
	for range 50 {
		s.click(c, "")
	}
	// A large sealed day, so that it takes a while.
	archive := filepath.Join(s.dir, "warehouse", "archive")
	if err := os.WriteFile(filepath.Join(archive, "clicks-2026-01-01.1.parquet"), make([]byte, 96<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "backup")
	cmd := exec.Command(program, "backup", dir, "--data-dir", s.dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(dir, "warehouse", "archive")); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the backup does not begin")
		}
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(dir); os.IsNotExist(err) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("what was made stays")
		}
	}
	s.click(c, "")
	s.homing("backup", dir) // the next one
	if _, stderr, code := run(t, "restore", dir, "--verify"); code != 0 {
		t.Error(stderr)
	}
}
