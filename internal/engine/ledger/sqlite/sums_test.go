package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/ledgertest"
)

func randomPage(r *rand.Rand, number int64) []byte {
	page := make([]byte, pageSize)
	for i := range page {
		page[i] = byte(r.Uint32())
	}
	seal(page, number)
	return page
}

// One bit that flips, in a page or in its sums, is turned back; more are told,
// and never taken for one.
func TestVerify(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 3000 {
		number := r.Int64N(1<<31) + 1
		page := randomPage(r, number)
		whole, flips := bytes.Clone(page), map[int]bool{}
		for len(flips) < n%9 {
			bit := r.IntN(8 * pageSize)
			if n%2 == 0 && len(flips) > 0 { // near each other
				bit = (8*(pageSize-64) + bit%512) % (8 * pageSize)
			}
			if !flips[bit] {
				flips[bit] = true
				page[bit/8] ^= 1 << (bit % 8)
			}
		}
		want := broken
		switch len(flips) {
		case 0:
			want = sound
		case 1:
			want = mended
		}
		if got := verify(page, number); got != want || got != broken && !bytes.Equal(page, whole) {
			t.Fatalf("bits %v of page %d: %d, want %d", flips, number, got, want)
		}
	}
	page := randomPage(r, 7)
	for bit := range 8 * pageSize { // each of one page
		if bit%97 != 0 && bit < 8*summable && bit > 64 {
			continue
		}
		spoilt := bytes.Clone(page)
		spoilt[bit/8] ^= 1 << (bit % 8)
		if got := verify(spoilt, 7); got != mended || !bytes.Equal(spoilt, page) {
			t.Fatalf("bit %d: %d", bit, got)
		}
	}
	if got := verify(page, 8); got != broken {
		t.Errorf("page 7 in the place of page 8: %d", got)
	}
}

// unsealed are the pages of a file that do not verify.
func unsealed(t testing.TB, path string) (pages []int64) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil || len(content) == 0 || len(content)%pageSize != 0 {
		t.Fatalf("%d bytes, %v", len(content), err)
	}
	for n := range len(content) / pageSize {
		if verify(content[n*pageSize:(n+1)*pageSize], int64(n)+1) != sound {
			pages = append(pages, int64(n)+1)
		}
	}
	return pages
}

// Every page carries its sums, also of a copy; see store for whatever else writes.
func TestEverythingIsSealed(t *testing.T) {
	path := filled(t)
	if pages := unsealed(t, path); len(pages) > 0 {
		t.Errorf("a large one: pages %v do not verify", pages)
	}
	l := openWith(t, Options{Path: path})
	to := filepath.Join(t.TempDir(), "copy.db")
	if _, err := l.Copy(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	if pages := unsealed(t, to); len(pages) > 0 {
		t.Errorf("a copy: pages %v do not verify", pages)
	}
}

// served is everything that a ledger says, a line for each, and whether it said
// that something is missing.
func served(t *testing.T, l *Ledger) (lines []string, short bool) {
	t.Helper()
	note := func(item any, err error) {
		if err == nil {
			lines = append(lines, fmt.Sprintf("%T %+v", item, item))
			return
		}
		if short = true; !errors.Is(err, homing.ErrDamaged) {
			t.Errorf("%T: %v", item, err)
		}
	}
	ctx := context.Background()
	for c, err := range l.Conversions(ctx, ledger.ConversionQuery{}) {
		note(c, err)
	}
	for p, err := range l.Receipts(ctx, ledger.ReceiptQuery{}) {
		note(p, err)
	}
	s, err := l.Snapshot(ctx)
	note(s, err)
	if err == nil {
		for _, a := range s.Accounts {
			note(a, nil)
		}
		for _, k := range s.Keys {
			note(k, nil)
		}
		for _, c := range s.Campaigns {
			note(c, nil)
		}
		lines = slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "*ledger.Snapshot") })
	}
	for after := int64(0); ; after += 100 {
		changes, err := l.Changes(ctx, after, 100)
		if err != nil {
			note(homing.Change{}, err)
		}
		for _, c := range changes {
			note(c, nil)
		}
		if err == nil && len(changes) < 100 || after > stored {
			break
		}
	}
	users, err := l.Users(ctx)
	note(users, err)
	tokens, err := l.Tokens(ctx)
	note(tokens, err)
	uses, err := l.KeyUses(ctx)
	note(uses, err)
	return lines, short
}

// furnished is a closed ledger that has something of everything.
func furnished(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	if err := copyFile(goldenV3, path); err != nil {
		t.Fatal(err)
	}
	if err := openWith(t, Options{Path: path}).Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// Rot in any page: nothing wrong is ever served, a single bit takes nothing at
// all, and what cannot be read is told.
func TestRot(t *testing.T) {
	path := furnished(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	l := openWith(t, Options{Path: path})
	truth, short := served(t, l)
	if short || len(truth) < 1000 {
		t.Fatalf("%d lines", len(truth))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	refused, mendings, losses := 0, 0, 0
	for n := range 2 * len(whole) / pageSize {
		page, bits := n/2, 1+n%2*(1+r.IntN(4))
		rotten := bytes.Clone(whole)
		sector := page*pageSize + 512*r.IntN(pageSize/512)
		for flipped := map[int]bool{}; len(flipped) < bits; {
			if bit := r.IntN(8 * 512); !flipped[bit] {
				flipped[bit] = true
				rotten[sector+bit/8] ^= 1 << (bit % 8)
			}
		}
		if err := os.WriteFile(path, rotten, 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := Open(Options{Path: path, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			if refused++; bits == 1 || !strings.Contains(err.Error(), "ledger.db") {
				t.Errorf("%d bits of page %d: %v", bits, page+1, err)
			}
			continue
		}
		got, short := served(t, l)
		rest := map[string]int{}
		for _, line := range truth {
			rest[line]++
		}
		for _, line := range got {
			if rest[line]--; rest[line] < 0 {
				t.Errorf("%d bits of page %d: %s was never there", bits, page+1, line)
			}
		}
		told := slices.ContainsFunc(l.Damage(), func(text string) bool {
			return strings.Contains(text, fmt.Sprintf("page %d of ledger.db", page+1))
		})
		switch lost := len(got) < len(truth); {
		case bits == 1 && (lost || short):
			t.Errorf("a bit of page %d took %d lines: %q", page+1, len(truth)-len(got), l.Damage())
		case lost && (!short || !told):
			t.Errorf("%d bits of page %d took %d lines, and told is %q", bits, page+1, len(truth)-len(got), l.Damage())
		case lost:
			losses++
		case bits == 1 && told:
			mendings++
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d opened not, %d lost something, %d single bits mended", refused, losses, mendings)
	if refused == 0 || losses == 0 || mendings < 20 {
		t.Error("too little became of it")
	}
}

// A claim whose page cannot be read is refused, and its neighbours are not.
func TestClaimOnRot(t *testing.T) {
	path := filled(t)
	page := leaf(t, path, "conversion_identity")
	change(t, path, func(b []byte) []byte { copy(b[(page-1)*pageSize+1000:], "rotten"); return b })
	l := openWith(t, Options{Path: path})
	answers := make(chan error)
	for i := range stored {
		go func() { answers <- claimOnce(t, l, i) }()
	}
	lost := 0
	for range stored {
		if err := <-answers; errors.Is(err, homing.ErrDamaged) {
			lost++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if lost == 0 || lost > 200 {
		t.Errorf("%d of %d claims are refused", lost, stored)
	}
	if err := claimOnce(t, l, stored+1); err != nil {
		t.Errorf("a claim elsewhere: %v", err)
	}
	if n := count(t, l); n != stored+1 {
		t.Errorf("%d conversions, want %d", n, stored+1)
	}
}

// goldenV3 is a file that the third version wrote, the last without checksums.
const goldenV3 = "testdata/ledger-v3.db"

// A file without checksums gets them, and everything else stays. A crash on the
// way leaves one beside it, which is begun anew.
func TestVersion3GetsItsSums(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	if err := copyFile(goldenV3, path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+"-new", randomPage(rand.New(rand.NewPCG(5, 6)), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	rows := func(uri string) (all []string) {
		conn, err := sqlite.OpenConn(uri, sqlite.OpenReadOnly|sqlite.OpenURI)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		tables, err := collect(conn, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name",
			func(row *sqlite.Stmt) (string, error) { return row.ColumnText(0), nil })
		for _, table := range tables {
			err = errors.Join(err, query(conn, "SELECT * FROM "+table, func(row *sqlite.Stmt) error {
				line := table
				for i := range row.ColumnCount() {
					line += fmt.Sprintf("|%v %q", row.ColumnType(i), bytesOf(row, i))
				}
				all = append(all, line)
				return nil
			}))
		}
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	before := rows(uriOf(path, "immutable", "1"))
	for range 2 { // once written anew, it stays as it is
		l := openWith(t, Options{Path: path, LeadHashes: ledgertest.HashLeads})
		if err := l.Check(t.Context()); err != nil || len(l.Damage()) > 0 {
			t.Error(err, l.Damage())
		}
		d, err := l.Decide(t.Context(), ledgertest.Claim(ledgertest.Origin(2), "lead"))
		if err != nil || d.First || d.Conversion != 2 || d.Status != homing.Rejected {
			t.Errorf("a repeat: %+v, %v", d, err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	after := rows(summedURI(path, "", "immutable", "1"))
	if len(before) < 1200 || !slices.Equal(before, after) {
		t.Errorf("%d rows before, %d after", len(before), len(after))
	}
	if pages := unsealed(t, path); len(pages) > 0 {
		t.Errorf("pages %v do not verify", pages)
	}
	if left, _ := filepath.Glob(path + "-*"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// One that was killed has commits in its log, which come along.
func TestVersion3WithALog(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "ledger.db")
	if err := copyFile(goldenV3, whole); err != nil {
		t.Fatal(err)
	}
	conn, err := connect(uriOf(whole, "vfs", inMemoryIndex), sqlite.OpenReadWrite, 0, writerPragmas)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := exec(conn, "UPDATE users SET email = 'other@example.com'"); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ledger.db")
	for _, suffix := range []string{"", "-wal"} {
		if err := copyFile(whole+suffix, path+suffix); err != nil {
			t.Fatal(err)
		}
	}
	users, err := openWith(t, Options{Path: path}).Users(t.Context())
	if err != nil || len(users) != 1 || users[0].Email != "other@example.com" {
		t.Errorf("%+v, %v", users, err)
	}
}

// Whoever has changed the file by other means says so by the number of the last
// format without checksums: the remedy that explained gives, and the way back.
func TestSumsThatAreVoid(t *testing.T) {
	path := filled(t)
	for _, sql := range []string{"REINDEX conversion_identity", fmt.Sprintf("PRAGMA user_version = %d", firstSummed-1)} {
		conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
		if err == nil {
			err = errors.Join(exec(conn, sql), conn.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
		l, err := Open(Options{Path: path, Logger: slog.New(slog.DiscardHandler)})
		if strings.HasPrefix(sql, "REINDEX") {
			wantKind(t, err, homing.ErrDamaged)
			if !strings.Contains(err.Error(), "page 1 of ledger.db") {
				t.Error(err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if n := count(t, l); n != stored {
			t.Errorf("%d conversions", n)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if pages := unsealed(t, path); len(pages) > 0 {
		t.Errorf("pages %v do not verify", pages)
	}
}
