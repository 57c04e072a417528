package app

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"homing"
)

// TestADirectoryStaysWhatItIs: a node's directory is never taken for one of a machine
// of its own, nor the other way round.
func TestADirectoryStaysWhatItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	open := func() *dataDir {
		t.Helper()
		d, err := openDataDir(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := open()
	if err := d.become(true); err != nil || d.node == 0 {
		t.Fatalf("node %d: %v", d.node, err)
	}
	node := d.node
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d = open()
	if err := d.become(true); err != nil || d.node != node {
		t.Errorf("it is node %x now, and was %x: %v", d.node, node, err)
	}
	if err := d.become(false); !errors.Is(err, homing.ErrInvalid) || !strings.Contains(err.Error(), "cluster") {
		t.Errorf("it becomes a machine of its own: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, nodeFile), []byte(`{"version":1,"node":"0000000000000000"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openDataDir(t.Context(), path); !errors.Is(err, homing.ErrDamaged) {
		t.Errorf("a node without a number: %v", err)
	}
	single := &dataDir{path: t.TempDir()}
	if err := os.WriteFile(single.file(ledgerFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := single.become(true); !errors.Is(err, homing.ErrInvalid) || !strings.Contains(err.Error(), "homing migrate") {
		t.Errorf("a ledger is left behind without a word: %v", err)
	}
}
