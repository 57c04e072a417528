package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"testing"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
	"zombiezen.com/go/sqlite"
)

// Commits write into room that is there: once there is some, the log's file does not
// become longer with every commit, and what is not written yet is zero.
func TestLogHasRoom(t *testing.T) {
	l := openWith(t, Options{})
	l.writer.log.mu.Lock() // the keeper stays out
	defer l.writer.log.mu.Unlock()
	lengths := map[int64]int{}
	const claims = 300
	for i := range claims {
		if err := claimOnce(t, l, i); err != nil {
			t.Fatal(err)
		}
		lengths[logSize(t, l)]++
	}
	if len(lengths) > claims/10 {
		t.Errorf("the log had %d lengths in %d commits", len(lengths), claims)
	}
	log, err := os.ReadFile(l.path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	end := logEnd(log)
	if room := log[end:]; len(room) == 0 || len(room) > mostAhead || !bytes.Equal(room, make([]byte, len(room))) {
		t.Errorf("%d bytes of room behind %d of frames, or not only zeros", len(room), end)
	}
}

// A transaction that is larger than the cache of pages finds what it has written, in the
// log before it is committed, takes a part of it back, and all of it.
func TestTransactionBeyondTheCache(t *testing.T) {
	l := openWith(t, Options{Cache: 64 << 10})
	const rows, kept = 5000, 3000
	bad := errors.New("thought better of it")
	fill := func(fails bool) error {
		return l.do(t.Context(), func(w *writer) error {
			add := func(from, to int) error {
				for i := from; i < to; i++ {
					number := i * 2741 % rows // here and there, so that pages are written over and over
					if err := exec(w.conn, "INSERT INTO receipts (conversion, record) VALUES (?1, ?2)", number, bytes.Repeat([]byte{byte(i)}, 300)); err != nil {
						return err
					}
				}
				return nil
			}
			has := func(want int64) error {
				n, _, err := queryInt(w.conn, "SELECT count(*) FROM receipts WHERE length(record) = 300 AND substr(record, 300) = substr(record, 1, 1)")
				if err == nil && n != want {
					err = fmt.Errorf("%d rows, want %d", n, want)
				}
				return err
			}
			err := add(1, kept+1)
			if err == nil {
				err = exec(w.conn, "SAVEPOINT part")
			}
			err = errors.Join(err, add(kept+1, rows+1), has(rows), exec(w.conn, "ROLLBACK TO part"), exec(w.conn, "RELEASE part"), has(kept))
			if fails {
				err = errors.Join(err, bad)
			}
			return err
		})
	}
	if err := fill(true); !errors.Is(err, bad) || err.Error() != "thought better of it" {
		t.Fatal(err)
	}
	count := func(want int64) {
		t.Helper()
		if err := l.read(t.Context(), func(conn *sqlite.Conn) error {
			n, _, err := queryInt(conn, "SELECT count(*) FROM receipts WHERE length(record) = 300")
			if n != want {
				t.Errorf("%d rows, want %d", n, want)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	}
	count(0)
	if err := fill(false); err != nil {
		t.Fatal(err)
	}
	count(kept)
	if damage := openWith(t, Options{Path: crashNow(t, l)}).Damage(); len(damage) > 0 {
		t.Errorf("%q", damage)
	}
}

// The cache's highest number is put back after the number that no page has, and
// after no other.
func TestRekeyIsQuiet(t *testing.T) {
	if rekeyBelow == nil {
		t.Fatal("SQLite was used before it was told")
	}
	real := rekeyBelow
	defer func() { rekeyBelow = real }()
	tls := libc.NewTLS()
	defer tls.Close()
	cache, address := forever[lib.TPCache1](tls)
	rekeyBelow = func(_ *libc.TLS, _, _ uintptr, _, to uint32) { cache.FiMaxKey = max(cache.FiMaxKey, to) }
	cache.FiMaxKey = 70
	for _, step := range []struct{ to, want uint32 }{{unusedPage, 70}, {60, 70}, {80, 80}, {unusedPage, 80}} {
		if rekey(tls, address, 0, 1, step.to); cache.FiMaxKey != step.want {
			t.Errorf("after %d the highest is %d, want %d", step.to, cache.FiMaxKey, step.want)
		}
	}
}
