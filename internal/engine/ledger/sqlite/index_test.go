package sqlite

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// A mapped file on a disk that hangs would stop the whole process: see
// inMemoryIndex.
func TestTheIndexOfTheLogIsInMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := openWith(t, Options{Path: path})
	if err := l.do(t.Context(), func(*writer) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-wal"); err != nil {
		t.Errorf("there is no log: %v", err)
	}
	if _, err := os.Stat(path + "-shm"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the log's index is a file: %v", err)
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Skip("no list of mapped files here:", err)
	}
	if bytes.Contains(maps, []byte(path)) {
		t.Error("something of the ledger is mapped into memory")
	}
}
