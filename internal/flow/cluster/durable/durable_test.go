package durable_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"homing/internal/flow/cluster/durable"
)

func TestTheFileTellsItsOwnNumber(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	var told uint64
	for range 3 {
		if err := durable.Make(path, func(number uint64) ([]byte, error) {
			told = number
			return []byte("text"), nil
		}); err != nil {
			t.Fatal(err)
		}
		if number, err := durable.Number(path); err != nil || number != told || number == 0 {
			t.Errorf("number %d, %v; want %d", number, err, told)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(filepath.Dir(path), "copy")
	if err := os.WriteFile(other, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if number, err := durable.Number(other); err != nil || number == told {
		t.Errorf("a copy has the number %d of what it was copied from, %v", number, err)
	}
}

func TestWhatFailsLeavesTheOldFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := durable.Write(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	no := errors.New("no")
	if err := durable.Make(path, func(uint64) ([]byte, error) { return nil, no }); !errors.Is(err, no) {
		t.Errorf("%v, want %v", err, no)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "old" {
		t.Errorf("%q, %v", text, err)
	}
	if names, err := os.ReadDir(filepath.Dir(path)); err != nil || len(names) != 1 {
		t.Errorf("left over: %v, %v", names, err)
	}
}
