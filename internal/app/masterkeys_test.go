package app

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

const started homing.Millis = 1_800_000_000_000

func TestMasterKeysAreRenewedYearlyAndKept(t *testing.T) {
	dir := t.TempDir()
	load := func(now homing.Millis) *homing.Keyring {
		t.Helper()
		ring, err := loadMasterKeys(dir, now, now+homing.MillisIn(masterKeyNotice))
		if err != nil {
			t.Fatal(err)
		}
		return ring
	}
	origin := homing.Origin{Time: started, Node: 1, Campaign: 7}
	id := load(started).Seal(origin)
	if again := load(started + 1).Seal(origin); again != id {
		t.Error("a restart seals differently")
	}
	year := homing.MillisIn(masterKeyAge)
	for now := started; now < started+4*year; now += year / 4 {
		ring := load(now)
		if opened, ok := ring.Open(id); !ok || opened != origin {
			t.Fatalf("after %s the first id does not open", time.Duration(now-started)*time.Millisecond)
		}
		if ring.Seal(origin) != id {
			t.Fatal("an id cannot be worked out again from its origin")
		}
	}
	keys, err := readMasterKeys(filepath.Join(dir, masterKeyFile))
	if err != nil || len(keys) != 4 {
		t.Errorf("%d keys after four years: %v", len(keys), err)
	}
	// A new key serves from a moment ahead, so that every node has it by then.
	now := keys[3].From - 1
	fresh := homing.Origin{Time: now, Node: 1, Campaign: 7}
	older, err := homing.NewKeyring(keys[:3]...)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := older.Open(load(now).Seal(fresh)); !ok {
		t.Error("the new key is used before its time")
	}
}

func TestMasterKeysGoLongAfterTheirLastClick(t *testing.T) {
	keys := []homing.MasterKey{{ID: "a", From: started}, {ID: "b", From: started + 1000}}
	kept := homing.MillisIn(masterKeyKept)
	if got := goodKeys(keys, started+1000+kept); len(got) != 2 {
		t.Errorf("%d keys at the end of the first one's time", len(got))
	}
	if got := goodKeys(keys, started+1001+kept); len(got) != 1 || got[0].ID != "b" {
		t.Errorf("the first is still good: %d keys", len(got))
	}
	for i := range 40 {
		keys = append(keys, homing.MasterKey{ID: fmt.Sprint(i), From: started + 2000 + homing.Millis(i)})
	}
	if got := renewMasterKeys(keys, started+2020+kept, started+2021+kept); len(got) != 42+1-21 || got[0].ID != "19" {
		t.Errorf("%d keys, from %s on: not all those whose time is over are gone", len(got), got[0].ID)
	}
}

// TestAClockYearsAheadForgetsNoKey: it deletes none, even if it is believed after
// some days, and makes none before.
func TestAClockYearsAheadForgetsNoKey(t *testing.T) {
	dir := t.TempDir()
	origin := homing.Origin{Time: started, Node: 1, Campaign: 7}
	var id homing.ClickID
	year := homing.MillisIn(masterKeyAge)
	for i, now := range []homing.Millis{started, started + 10*year, started + 13*year, started + 16*year, started + 1} {
		if _, err := loadMasterKeys(dir, now, 0); err != nil {
			t.Fatal(err)
		}
		if keys, err := readMasterKeys(filepath.Join(dir, masterKeyFile)); err != nil || len(keys) != max(1, min(i, 4)) {
			t.Errorf("%d keys at start %d: %v", len(keys), i, err)
		}
		ring, err := loadMasterKeys(dir, now, now+1)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			id = ring.Seal(origin)
		}
		if _, ok := ring.Open(id); !ok && now == started+1 {
			t.Error("an id of before is disowned now that the clock is right again")
		}
	}
}

// TestAMasterKeyBeginsBehindEveryId: an id of later than a new key's first moment
// would be looked for under that key, which did not make it.
func TestAMasterKeyBeginsBehindEveryId(t *testing.T) {
	dir := t.TempDir()
	ring, err := loadMasterKeys(dir, started, 0)
	if err != nil {
		t.Fatal(err)
	}
	now := started + homing.MillisIn(masterKeyAge) + 1
	ahead := homing.Origin{Time: now + 2*homing.MillisIn(masterKeyNotice), Node: 3, Campaign: 7} // by a loan of two hours
	id := ring.Seal(ahead)
	loans := []ledger.Loan{{Node: 1, Mark: now - 5}, {Node: 3, Mark: ahead.Time}, {Node: 4, Mark: now + 20_000}}
	from, waits := keyBehind(loans, now)
	if from <= ahead.Time || waits != "" {
		t.Fatalf("from %s on, and it waits %q", from, waits)
	}
	if ring, err = loadMasterKeys(dir, now, from); err != nil {
		t.Fatal(err)
	}
	if opened, ok := ring.Open(id); !ok || opened != ahead {
		t.Error("an id that a clock ahead has made is disowned")
	}
	if keys, err := readMasterKeys(filepath.Join(dir, masterKeyFile)); err != nil || len(keys) != 2 {
		t.Errorf("%d keys: %v", len(keys), err)
	}
	if from, waits = keyBehind(append(loans, ledger.Loan{Node: 9, Mark: now + homing.MillisIn(renewAhead)}), now); from != 0 || waits == "" {
		t.Errorf("behind a clock that was a day ahead: from %s on, and it waits %q", from, waits)
	}
	if from, _ = keyBehind(loans[:1], now); from != now+homing.MillisIn(masterKeyNotice) {
		t.Errorf("from %s on, without notice", from)
	}
}

// TestMasterKeysHaveAChecksum: a digit that became another is noticed, wherever
// it stands, and a file of before is given its sum.
func TestMasterKeysHaveAChecksum(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, masterKeyFile)
	if _, err := loadMasterKeys(dir, started, 0); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := readMasterKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 8 * len(whole) {
		text := bytes.Clone(whole)
		text[i/8] ^= 1 << (i % 8)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readMasterKeys(path)
		if err == nil && !slices.Equal(got, want) {
			t.Fatalf("bit %d of byte %d makes another key, and nobody notices: %q", i%8, i/8, text)
		}
		if err != nil && !errors.Is(err, homing.ErrDamaged) && !errors.Is(err, homing.ErrNewer) {
			t.Fatal(err)
		}
	}
	old := regexp.MustCompile(`,\s*"sum": "[0-9a-f]*"`).ReplaceAll(whole, nil)
	if err := os.WriteFile(path, old, 0o600); err != nil || bytes.Equal(old, whole) {
		t.Fatal("the sum is not where it was", err)
	}
	if _, err := loadMasterKeys(dir, started, 0); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, whole) {
		t.Errorf("a file of before became %q (%v)", got, err)
	}
}

func TestDamagedMasterKeysAreRefusedUntouched(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":     "x",
		"none":        `{"version":1,"keys":[]}`,
		"cut secret":  `{"version":1,"keys":[{"id":"a","from":1,"secret":"00"}]}`,
		"long secret": `{"version":1,"keys":[{"id":"a","from":1,"secret":"` + strings.Repeat("00", 33) + `"}]}`,
		"newer":       `{"version":2,"keys":[]}`,
		"version 0":   `{"version":0,"keys":[]}`,
		"other names": `{"version":1,"keys":[],"sun":"00"}`,
	} {
		path := filepath.Join(t.TempDir(), masterKeyFile)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := loadMasterKeys(filepath.Dir(path), started, 0)
		if !errors.Is(err, homing.ErrDamaged) && !errors.Is(err, homing.ErrNewer) {
			t.Fatalf("%s: %v", name, err)
		}
		if strings.Contains(err.Error(), "0000") {
			t.Errorf("%s: the error quotes the file", name)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%s: the file was touched", name)
		}
	}
}

func TestDataDirIsOursAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	d, err := openDataDir(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	waited := make(chan *dataDir)
	go func() {
		second, err := openDataDir(t.Context(), path)
		if err != nil {
			t.Error(err)
		}
		waited <- second
	}()
	select {
	case <-waited:
		t.Fatal("two have the directory")
	case <-time.After(100 * time.Millisecond):
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if second := <-waited; second != nil {
		if err := second.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestWholeDirectoryMissesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	d, err := openDataDir(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{masterKeyFile, ledgerFile} {
		if err := os.WriteFile(d.file(name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Mkdir(d.file(spoolDir), 0o700), d.complete(), d.Close()); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(path, ledgerFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := openDataDir(t.Context(), path); !errors.Is(err, homing.ErrDamaged) || !strings.Contains(err.Error(), ledgerFile) {
		t.Errorf("without its ledger: %v", err)
	}
}
