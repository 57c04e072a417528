package sqlite

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/ledgertest"
)

// crashed is a ledger as a kill -9 after n commits leaves it, none of them
// folded.
func crashed(t *testing.T, n int) (path string) {
	t.Helper()
	l := openWith(t, Options{})
	l.writer.log.mu.Lock() // the keeper stays out
	defer l.writer.log.mu.Unlock()
	for i := range n {
		if err := claimOnce(t, l, i); err != nil {
			t.Fatal(err)
		}
	}
	return crashNow(t, l)
}

func crashNow(t *testing.T, l *Ledger) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "ledger.db")
	for _, suffix := range []string{"", "-wal"} {
		if err := copyFile(l.path+suffix, path+suffix); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// change writes to a file in place.
func change(t *testing.T, path string, with func(content []byte) []byte) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, with(content), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

const frameLen = frameHeaderLen + pageSize

// logEnd is where the frames of a log end, and its room begins.
func logEnd(log []byte) int {
	end := walHeaderLen
	for end+frameLen <= len(log) && binary.BigEndian.Uint32(log[end:]) > 0 {
		end += frameLen
	}
	return end
}

func TestDamagedLog(t *testing.T) {
	const claims = 30
	flip := func(at func(size int) int) func([]byte) []byte {
		return func(b []byte) []byte {
			b[at(len(b))] ^= 4
			return b
		}
	}
	frames := func(size int) int { return (size - walHeaderLen) / frameLen }
	// What is behind the last frame is room. Some want to know where it begins.
	cutOffRoom := func(with func([]byte) []byte) func([]byte) []byte {
		return func(b []byte) []byte { return with(b[:logEnd(b)]) }
	}
	for _, c := range []struct {
		name    string
		with    func([]byte) []byte
		damaged bool
		least   int // conversions still there
		most    int
	}{
		{"whole", func(b []byte) []byte { return b }, false, claims, claims},
		{"without room", cutOffRoom(func(b []byte) []byte { return b }), false, claims, claims},
		{"bit in the room", flip(func(n int) int { return n - 99 }), false, claims, claims},
		{"bit in a page", cutOffRoom(flip(func(n int) int { return walHeaderLen + frames(n)/2*frameLen + 99 })), true, 1, claims - 2},
		{"bit in a salt", cutOffRoom(flip(func(n int) int { return walHeaderLen + frames(n)/2*frameLen + 9 })), true, 1, claims - 2},
		{"bit in a page number", cutOffRoom(flip(func(n int) int { return walHeaderLen + frames(n)/2*frameLen + 3 })), true, 1, claims - 2},
		{"bit in the first frame", flip(func(int) int { return walHeaderLen + 50 }), true, 0, 0},
		{"bit in the header's salt", flip(func(int) int { return 17 }), true, 0, 0},
		{"bit in the magic", flip(func(int) int { return 1 }), true, 0, 0},
		{"torn tail", cutOffRoom(func(b []byte) []byte { return b[:len(b)-2000] }), false, claims - 1, claims - 1},
		{"tail of zeros", func(b []byte) []byte { clear(b[logEnd(b)-frameLen:]); return b }, false, claims - 1, claims - 1},
		{"frames of an earlier round behind", cutOffRoom(func(b []byte) []byte {
			old := bytes.Clone(b[walHeaderLen:])
			for i := 0; i < len(old); i += frameLen {
				old[i+8] ^= 1
			}
			return append(b, old...)
		}), false, claims, claims},
		{"cut off header", func(b []byte) []byte { return b[:20] }, false, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := crashed(t, claims)
			change(t, path+"-wal", c.with)
			broken, err := os.ReadFile(path + "-wal")
			if err != nil {
				t.Fatal(err)
			}
			l := openWith(t, Options{Path: path})
			if n := count(t, l); n < c.least || n > c.most {
				t.Errorf("%d conversions, want %d to %d", n, c.least, c.most)
			}
			damage := l.Damage()
			if told := len(damage) > 0; told != c.damaged {
				t.Fatalf("damage: %q", damage)
			}
			kept, err := os.ReadFile(path + "-wal.damaged-1")
			if c.damaged && !bytes.Equal(kept, broken) || !c.damaged && err == nil {
				t.Errorf("%d bytes kept (%v)", len(kept), err)
			}
			t.Log(damage)
			// What recovery left out is not found again behind new frames.
			l.writer.log.mu.Lock()
			err = claimOnce(t, l, 1000)
			again := crashNow(t, l)
			l.writer.log.mu.Unlock()
			if err != nil {
				t.Fatal(err)
			}
			if damage := openWith(t, Options{Path: again}).Damage(); len(damage) > 0 {
				t.Errorf("told again: %q", damage)
			}
		})
	}
}

// A damaged log that was kept is told until somebody removes it.
func TestKeptLogIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	if err := os.WriteFile(path+"-wal.damaged-2", []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if damage := openWith(t, Options{Path: path}).Damage(); len(damage) != 1 || !strings.Contains(damage[0], "damaged-2") {
		t.Errorf("%q", damage)
	}
}

const stored = 3000

// filled is a closed ledger of many conversions of two accounts.
func filled(t *testing.T) (path string) {
	t.Helper()
	l := openWith(t, Options{})
	answers := make(chan error)
	for i := range stored {
		go func() {
			c := ledgertest.Claim(ledgertest.Origin(i), "")
			c.Account = homing.AccountID(i%2 + 1)
			_, err := l.Decide(context.Background(), c)
			answers <- err
		}()
	}
	for range stored {
		if err := <-answers; err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.path
}

// leaf is a leaf page in the middle of a table or index.
func leaf(t *testing.T, path, tree string) (page int64) {
	t.Helper()
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	page, _, err = queryInt(conn, `SELECT pageno FROM dbstat WHERE name = ?1 AND pagetype = 'leaf' ORDER BY path
		LIMIT 1 OFFSET (SELECT count(*) / 2 FROM dbstat WHERE name = ?1 AND pagetype = 'leaf')`, tree)
	if err != nil || page == 0 {
		t.Fatal(page, err)
	}
	return page
}

// surveyed waits for damage to be told that contains words.
func surveyed(t *testing.T, l *Ledger, words string) {
	t.Helper()
	for range 500 {
		for _, text := range l.Damage() {
			if strings.Contains(text, words) {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%q is not told, but %q", words, l.Damage())
}

// A page that cannot be read: the survey tells, and lists give the rest.
func TestDamagedPage(t *testing.T) {
	for _, tree := range []string{"conversions", "receipts", "conversion_account", "conversion_identity"} {
		t.Run(tree, func(t *testing.T) {
			path := filled(t)
			page := leaf(t, path, tree)
			change(t, path, func(b []byte) []byte {
				clear(b[(page-1)*pageSize : page*pageSize])
				return b
			})
			l := openWith(t, Options{Path: path})
			surveyed(t, l, "malformed")
			lost := 0
			if tree == "conversions" || tree == "receipts" {
				lost = 100 // at most, on a page
			}
			for _, q := range []ledger.ConversionQuery{{}, {Newest: true}, {Account: 1}, {Account: 2, Newest: true}} {
				want := stored
				if q.Account > 0 {
					want = stored / 2
				}
				wantRest(t, fmt.Sprintf("%+v", q), want, lost, tree == "conversions", func(yield func(int64, error) bool) {
					for c, err := range l.Conversions(t.Context(), q) {
						if !yield(int64(c.ID), err) {
							return
						}
					}
				}, q.Newest)
			}
			for _, q := range []ledger.ReceiptQuery{{}, {Newest: true}, {Account: 1}} {
				want := stored
				if q.Account > 0 {
					want = stored / 2
				}
				wantRest(t, fmt.Sprintf("%+v", q), want, lost, lost > 0, func(yield func(int64, error) bool) {
					for p, err := range l.Receipts(t.Context(), q) {
						if !yield(int64(p.Conversion), err) {
							return
						}
					}
				}, q.Newest)
			}
			if err := l.Check(t.Context()); err == nil {
				t.Error("Check finds nothing")
			}
			t.Log(strings.Join(l.Damage(), "\n"))
		})
	}
}

// wantRest reads a list that is to lack a few rows, each given once, in order.
func wantRest(t *testing.T, what string, want, lost int, broken bool, list func(func(int64, error) bool), newest bool) {
	t.Helper()
	n, last := 0, int64(0)
	var end error
	for id, err := range list {
		if end != nil {
			t.Fatalf("%s: it goes on after its error", what)
		}
		if end = err; err != nil {
			continue
		}
		if last != 0 && (id > last) == newest || id == last {
			t.Fatalf("%s: %d after %d", what, id, last)
		}
		n, last = n+1, id
	}
	if broken && (n >= want || n < want-lost || !errors.Is(end, homing.ErrDamaged)) {
		t.Errorf("%s: %d of %d, then %v", what, n, want, end)
	}
	if !broken && (n != want || end != nil) {
		t.Errorf("%s: %d of %d, then %v", what, n, want, end)
	}
}

// resealed is a change that SQLite made, by a fault of its own: the page verifies.
func resealed(page int64, with func(page []byte)) func([]byte) []byte {
	return func(b []byte) []byte {
		b = bytes.Clone(b)
		p := b[(page-1)*pageSize : page*pageSize]
		with(p)
		seal(p, page)
		return b
	}
}

// An index that has lost a row is told, with the remedy: a repeat is counted.
func TestIndexThatMisses(t *testing.T) {
	path := filled(t)
	page := leaf(t, path, "conversion_identity")
	change(t, path, resealed(page, func(p []byte) {
		cell := p[binary.BigEndian.Uint16(p[8:]):] // the first: payload length, header, click
		cell[2+int(cell[1])] ^= 1                  // the type of Pack's first byte does not matter: it sorts elsewhere
	}))
	l := openWith(t, Options{Path: path})
	surveyed(t, l, "missing from index conversion_identity")
	surveyed(t, l, "REINDEX conversion_identity")
	surveyed(t, l, "of conversions 1 to 3000") // by the windows, too
}

// The last page of the table: its end is not known.
func TestDamagedEnd(t *testing.T) {
	path := filled(t)
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	page, _, err := queryInt(conn, "SELECT pageno FROM dbstat WHERE name = 'conversions' AND pagetype = 'leaf' ORDER BY path DESC LIMIT 1")
	if err = errors.Join(err, conn.Close()); err != nil {
		t.Fatal(err)
	}
	change(t, path, func(b []byte) []byte { clear(b[(page-1)*pageSize : page*pageSize]); return b })
	l := openWith(t, Options{Path: path})
	for _, newest := range []bool{false, true} {
		wantRest(t, fmt.Sprint(newest), stored, 100, true, func(yield func(int64, error) bool) {
			for c, err := range l.Conversions(t.Context(), ledger.ConversionQuery{Newest: newest}) {
				if !yield(int64(c.ID), err) {
					return
				}
			}
		}, newest)
	}
	wantKind(t, claimOnce(t, l, stored+1), homing.ErrDamaged)
	surveyed(t, l, "writing the ledger met damage")
}

// A file that is too large to be checked whole has its small tables checked.
func TestSmallTables(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := openWith(t, Options{Path: path})
	for i := range 300 {
		u := homing.User{Email: fmt.Sprintf("%d@example.org", i), Role: homing.RoleOperator}
		if err := l.PutUser(t.Context(), ledger.Actor{Name: "user 3", At: ledgertest.Noon}, &u); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	page := leaf(t, path, "users")
	change(t, path, func(b []byte) []byte { clear(b[(page-1)*pageSize : page*pageSize]); return b })
	l = openWith(t, Options{Path: path})
	for _, table := range smallTables {
		var found []string
		err := l.read(t.Context(), func(conn *sqlite.Conn) (err error) {
			found, err = findBrokenIn(conn, table)
			return err
		})
		if broken := len(found) > 0; broken != (table == "users") || !broken && err != nil {
			t.Errorf("%s: %q, %v", table, found, err)
		}
	}
}

// Close does not wait for the survey.
func TestSurveyEnds(t *testing.T) {
	l := openWith(t, Options{Path: filled(t)})
	begin := time.Now()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("Close took %v", took)
	}
	if damage := l.Damage(); len(damage) > 0 {
		t.Errorf("%q", damage)
	}
}
