package app

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homing"
)

const started homing.Millis = 1_800_000_000_000

func TestMasterKeysAreRenewedYearlyAndKept(t *testing.T) {
	dir := t.TempDir()
	load := func(now homing.Millis) *homing.Keyring {
		t.Helper()
		ring, err := loadMasterKeys(dir, now)
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
	if got := renewMasterKeys(keys, started+1000+kept); len(got) < 3 || got[0].ID != "a" {
		t.Errorf("%d keys at the end of its time, the first is %s", len(got), got[0].ID)
	}
	if got := renewMasterKeys(keys, started+1001+kept); got[0].ID != "b" {
		t.Errorf("the first is still %s", got[0].ID)
	}
}

func TestDamagedMasterKeysAreRefusedUntouched(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":     "x",
		"none":        `{"version":1,"keys":[]}`,
		"cut secret":  `{"version":1,"keys":[{"id":"a","from":1,"secret":"00"}]}`,
		"long secret": `{"version":1,"keys":[{"id":"a","from":1,"secret":"` + strings.Repeat("00", 33) + `"}]}`,
		"newer":       `{"version":2,"keys":[]}`,
	} {
		path := filepath.Join(t.TempDir(), masterKeyFile)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := loadMasterKeys(filepath.Dir(path), started)
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
