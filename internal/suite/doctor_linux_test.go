package suite

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// checkup is what homing doctor --format json prints.
type checkup struct {
	Healthy  bool
	Findings []struct {
		Kind, Severity, Where, What, Means, Do string
		Repairable                             bool
	}
	Checked, Repaired, Failed []string
}

// kinds are the findings, but for this machine's disk.
func (c *checkup) kinds() (kinds []string) {
	for _, f := range c.Findings {
		if f.Kind != "disk.low" && f.Severity != "note" {
			kinds = append(kinds, f.Kind)
		}
	}
	return kinds
}

// examine runs homing doctor and wants the findings, and the exit status that
// belongs to them.
func examine(t *testing.T, dir string, want string, args ...string) checkup {
	t.Helper()
	out, stderr, code := run(t, append([]string{"doctor", "--data-dir", dir, "--format", "json"}, args...)...)
	var c checkup
	if err := json.Unmarshal([]byte(out), &c); err != nil {
		t.Fatalf("exit status %d: %v: %s %s", code, err, out, stderr)
	}
	if got := strings.Join(c.kinds(), " "); got != want {
		t.Errorf("found %q, want %q: %+v", got, want, c.Findings)
	}
	if c.Healthy != (code == 0) || code > 1 || want != "" && code != 1 {
		t.Errorf("healthy: %v, exit status %d: %s", c.Healthy, code, stderr)
	}
	return c
}

// TestDoctor examines a house that works, one that stands still, and damaged
// ones, and has repaired what can be.
func TestDoctor(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := start(t, dir)
	c := s.newCampaign(s.newAccount())
	traffic := play(s, c)
	time.Sleep(time.Second)
	healthy := examine(t, dir, "") // while clicks and postbacks come
	if text := strings.Join(healthy.Checked, "\n"); !strings.Contains(text, "every block was read") || !strings.Contains(text, "agreement of ledger and warehouse") {
		t.Errorf("looked at too little: %s", text)
	}
	examine(t, dir, "", "--quick")
	key := filepath.Join(dir, "master-keys.json")
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	if f := examine(t, dir, "file.permissions").Findings[0]; !f.Repairable || !strings.Contains(f.Where, "master-keys.json") {
		t.Errorf("%+v", f)
	}
	if repaired := examine(t, dir, "", "--repair").Repaired; len(repaired) != 1 {
		t.Errorf("repaired %q", repaired)
	}
	traffic.unharmed()
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}

	examine(t, dir, "")
	text, _, code := run(t, "doctor", "--data-dir", dir)
	if code == 0 && !strings.Contains(text, "The house is healthy.") {
		t.Errorf("exit status %d: %s", code, text)
	}
	damageWarehouse(t, dir)
	examine(t, dir, "warehouse.damaged")
	examine(t, dir, "", "--repair")

	spool := spoolFile(t, dir)
	before, err := os.ReadFile(spool)
	if err != nil {
		t.Fatal(err)
	}
	broken := append([]byte{}, before...)
	broken[16384+64+8] ^= 1
	if err := os.WriteFile(spool, broken, 0o600); err != nil {
		t.Fatal(err)
	}
	found := examine(t, dir, "spool.damaged", "--repair")
	if f := found.Findings[0]; f.Repairable || f.Kind != "spool.damaged" || !strings.Contains(f.Where, filepath.Base(spool)+", byte 16384") || !strings.Contains(f.Do, "backup") {
		t.Errorf("%+v", f)
	}
	if after, err := os.ReadFile(spool); err != nil || string(after) != string(broken) {
		t.Errorf("a record of the spool was touched: %v", err)
	}

	if err := os.Rename(key, key+".kept"); err != nil {
		t.Fatal(err)
	}
	examine(t, dir, "house.missing spool.damaged")
	if _, stderr, code := run(t, "doctor", "--data-dir", dir+"/none"); code != 2 || !strings.Contains(stderr, "there is none") {
		t.Errorf("no directory: exit status %d: %s", code, stderr)
	}
}

func damageWarehouse(t *testing.T, dir string) {
	t.Helper()
	name := filepath.Join(dir, "warehouse", "warehouse.duckdb")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(text); at += 512 {
		text[at] ^= 0x5a
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// spoolFile is the first file of the spool that has a block.
func spoolFile(t *testing.T, dir string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "spool", "*.seg"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%q: %v", names, err)
	}
	return names[0]
}
