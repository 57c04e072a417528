package sqlite

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/ledgertest"
)

// foreign writes an SQLite file with the given header.
func foreign(t *testing.T, applicationID, version int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite|sqlite.OpenCreate|sqlite.OpenWAL)
	if err == nil {
		err = sqlitex.ExecuteScript(conn, fmt.Sprintf(
			"CREATE TABLE a (b); PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, version), nil)
	}
	if err == nil {
		err = conn.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRefusedFiles(t *testing.T) {
	text := filepath.Join(t.TempDir(), "ledger.db")
	if err := os.WriteFile(text, bytes.Repeat([]byte("no database at all. "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path, words string
		kind              error
	}{
		{"not SQLite", text, "not an SQLite database", homing.ErrInvalid},
		{"another program's", foreign(t, 77, 1), "not a ledger of homing", homing.ErrInvalid},
		{"without application id", foreign(t, 0, 1), "not a ledger of homing", homing.ErrInvalid},
		{"newer", foreign(t, applicationID, len(migrations)+1), "knows up to", homing.ErrNewer},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, err := os.ReadFile(c.path)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Open(Options{Path: c.path})
			wantKind(t, err, c.kind)
			if !strings.Contains(err.Error(), c.words) {
				t.Errorf("%q does not say %q", err, c.words)
			}
			after, err := os.ReadFile(c.path)
			if err != nil || !bytes.Equal(before, after) {
				t.Errorf("the file was touched (%v)", err)
			}
			left, err := filepath.Glob(c.path + "-*")
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v %v", left, err)
			}
		})
	}
}

// A newer file that crashed has its header in the log, too.
func TestNewerFileWithLog(t *testing.T) {
	whole := foreign(t, applicationID, len(migrations))
	conn, err := sqlite.OpenConn(whole, sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := sqlitex.ExecuteScript(conn, fmt.Sprintf("PRAGMA user_version = %d", len(migrations)+1), nil); err != nil {
		t.Fatal(err)
	}
	crashed := filepath.Join(t.TempDir(), "ledger.db")
	for _, suffix := range []string{"", "-wal"} {
		if err := copyFile(whole+suffix, crashed+suffix); err != nil {
			t.Fatal(err)
		}
	}
	_, err = Open(Options{Path: crashed})
	wantKind(t, err, homing.ErrNewer)
	for _, suffix := range []string{"", "-wal"} {
		before, _ := os.ReadFile(whole + suffix)
		if after, err := os.ReadFile(crashed + suffix); err != nil || !bytes.Equal(before, after) {
			t.Errorf("ledger.db%s was touched (%v)", suffix, err)
		}
	}
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o600)
}

func TestNewFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a #%?dir", "ledger.db")
	if _, err := Open(Options{Path: path}); err == nil {
		t.Fatal("opened a ledger in a directory that does not exist")
	}
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil { // its making was cut short
		t.Fatal(err)
	}
	for range 2 {
		l := openWith(t, Options{Path: path})
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	left, _ := filepath.Glob(filepath.Dir(path) + "/*-*")
	if len(left) > 0 {
		t.Errorf("Close left %v", left)
	}
}

// What durability rests on is in force on every connection that writes.
func TestDurablePragmas(t *testing.T) {
	l := openWith(t, Options{})
	for sql, want := range map[string]int64{
		"PRAGMA synchronous": 2, "PRAGMA foreign_keys": 1, "PRAGMA wal_autocheckpoint": 0,
		"SELECT journal_mode = 'wal' FROM pragma_journal_mode": 1,
	} {
		check := func(name string, conn *sqlite.Conn) error {
			got, err := pragma(conn, sql)
			if err != nil || got != want {
				t.Errorf("%s on the %s's connection is %d (%v), want %d", sql, name, got, err, want)
			}
			return nil
		}
		_ = l.do(t.Context(), func(w *writer) error { return check("writer", w.conn) })
		l.writer.log.mu.Lock()
		_ = check("keeper", l.keeper.conn)
		l.writer.log.mu.Unlock()
	}
}

var update = flag.Bool("update", false, "write testdata/ledger-v1.db anew")

const golden = "testdata/ledger-v1.db"

// TestGolden opens a file that the first version wrote, migrates it, and finds
// everything. The file is never written anew once the format was released.
func TestGolden(t *testing.T) {
	if *update {
		os.Remove(golden)
		writeGolden(t)
	}
	path := filepath.Join(t.TempDir(), "ledger.db")
	if err := copyFile(golden, path); err != nil {
		t.Fatal(err)
	}
	l := openWith(t, Options{Path: path})
	if err := l.Check(t.Context()); err != nil {
		t.Error(err)
	}
	c := ledgertest.Claim(ledgertest.Origin(2), "lead")
	d, err := l.Decide(t.Context(), c)
	if want := (ledger.Decision{Conversion: 2, Status: homing.Rejected, Value: c.Value}); err != nil || d != want {
		t.Errorf("got %+v, %v, want %+v", d, err, want)
	}
	for p, err := range l.Receipts(t.Context(), ledger.ReceiptQuery{After: 1, Limit: 1}) {
		if err != nil || p.Lead != "lead" || p.Conversion != 2 {
			t.Errorf("%+v, %v", p, err)
		}
	}
	s, err := l.Snapshot(t.Context())
	if err != nil || len(s.Accounts) != 1 || s.Accounts[0].Name != "Golden" || len(s.Campaigns) != 1 || s.Campaigns[0].Goals[0].Name != "sale" {
		t.Errorf("%+v, %v", s, err)
	}
	history, err := l.History(t.Context(), 2)
	if err != nil || len(history) != 2 || history[1].Reason != "chargeback" {
		t.Errorf("%+v, %v", history, err)
	}
}

func writeGolden(t *testing.T) {
	l := openWith(t, Options{Path: golden})
	ctx, by := t.Context(), ledger.Actor{Name: "command line", At: ledgertest.Noon}
	account := homing.Account{PublicID: "AbCdEfGhIjKl", Name: "Golden", MultiLead: true, PriceMin: homing.DefaultPriceMin,
		PriceMax: homing.DefaultPriceMax, Currency: "USD", Created: ledgertest.Noon}
	campaign := homing.Campaign{Account: 1, Name: "Spring", Slug: "slug", URL: "https://shop.example/?c={click_id}",
		Status: homing.CampaignActive, Window: homing.DefaultWindow, Goals: []homing.Goal{{ID: 1, Name: "sale"}}}
	for _, write := range []func() error{
		func() error {
			return l.Apply(ctx, by, ledger.PutAccount{Account: &account}, ledger.PutCampaign{Campaign: &campaign})
		},
		func() error { return claimOnce(t, l, 1) },
		func() error {
			_, err := l.Decide(ctx, ledgertest.Claim(ledgertest.Origin(2), "lead"))
			return err
		},
		func() error {
			return l.Amend(ctx, ledger.Amendment{Conversion: 2, From: homing.Approved, To: homing.Rejected,
				At: ledgertest.Noon, Actor: "user 1", Reason: "chargeback"})
		},
		l.Close,
	} {
		if err := write(); err != nil {
			t.Fatal(err)
		}
	}
}

var parameter = regexp.MustCompile(`\?\d?`)

// The questions that are asked often, or of much, go by an index.
func TestQueryPlans(t *testing.T) {
	l := openWith(t, Options{})
	byClick, byAccount := newList(conversionColumns, 0, true, 9), newList(conversionColumns, 0, true, 9)
	narrow(byClick, "c.click = ?", "x")
	narrow(byAccount, "c.account = ?", "x")
	narrow(byAccount, "c.at >= ?", "x")
	for _, c := range []struct{ sql, want string }{
		{"SELECT id, status, value FROM conversions WHERE click = ?1 AND lead = ?2 AND goal = ?3", "conversion_identity (click=? AND lead=? AND goal=?)"},
		{"SELECT 1 FROM conversions WHERE click = ?1 AND lead > x'' LIMIT 1", "COVERING INDEX conversion_identity (click=? AND lead>?)"},
		{byClick.sql(), "conversion_identity (click=?"},
		{byAccount.sql(), "conversion_account (account=? AND rowid>? AND rowid<?)"},
		{newList(conversionColumns, 0, true, 9).sql(), "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"},
		{changeColumns + " WHERE conversion = ?1 AND from_status <> 0 ORDER BY number", "change_moves (conversion=?)"},
	} {
		var plan string
		err := l.read(t.Context(), func(conn *sqlite.Conn) error {
			return query(conn, "EXPLAIN QUERY PLAN "+parameter.ReplaceAllString(c.sql, "1"), func(row *sqlite.Stmt) error {
				plan += row.ColumnText(3) + "\n"
				return nil
			})
		})
		if err != nil || !strings.Contains(plan, c.want) {
			t.Errorf("%s\ngoes by %q (%v), want %q", c.sql, plan, err, c.want)
		}
	}
}

// The log starts over under a steady load, and goes when there is none.
func TestLogIsBounded(t *testing.T) {
	l := openWith(t, Options{})
	done := make(chan error)
	for w := range 4 {
		go func() {
			for i := range 50 {
				if err := claimOnce(t, l, w*1000+i); err != nil {
					done <- err
					return
				}
				if i%10 == 9 {
					l.writer.tidy.Store(tidyRestart) // as the keeper asks beyond walLimit
				}
			}
			done <- nil
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(l.path + "-wal")
	if err != nil || info.Size() > 1<<20 {
		t.Errorf("the log has %d bytes, %v", info.Size(), err)
	}
	k := &keeper{ledger: l, writer: l.writer, seen: l.writer.log.batches(), idle: idleRounds - 1}
	if err := k.round(); err != nil {
		t.Error(err)
	}
	time.Sleep(50 * time.Millisecond) // the log is cut after the empty batch was answered
	if info, err = os.Stat(l.path + "-wal"); err != nil || info.Size() > 0 {
		t.Errorf("the log of an idle ledger has %d bytes, %v", info.Size(), err)
	}
	if n := count(t, l); n != 200 {
		t.Errorf("%d conversions, want 200", n)
	}
}

// A checkpoint beside the writer must not begin on a log that may be wholly
// folded: see keeper.
func TestCheckpointOnlyWhatIsUnfolded(t *testing.T) {
	l := openWith(t, Options{})
	log := &l.writer.log
	quiet := func(what string) {
		t.Helper()
		if log.due() {
			t.Errorf("a checkpoint is due after %s", what)
		}
	}
	write := func(n int) {
		t.Helper()
		if err := claimOnce(t, l, n); err != nil || !log.due() {
			t.Fatalf("no checkpoint is due after a write (%v)", err)
		}
	}
	log.mu.Lock() // the ledger's own keeper stays out
	quiet("opening")
	write(1)
	log.ended()
	quiet("a checkpoint")
	if err := claimOnce(t, l, 1); err != nil {
		t.Fatal(err)
	}
	quiet("a duplicate")
	_ = l.PutUser(t.Context(), ledger.Actor{}, &homing.User{ID: 99})
	quiet("a refused write")
	_ = l.do(t.Context(), func(w *writer) error {
		_, _ = w.putUserNamed("a")
		return errors.New("thought better of it")
	})
	quiet("a write taken back")
	_ = l.do(t.Context(), func(w *writer) error { return nil })
	quiet("an empty batch")
	write(2)
	log.ended()
	if _, err := l.Lease(t.Context(), 1, 2, false); err != nil || !log.due() {
		t.Errorf("no checkpoint is due after a lease (%v)", err)
	}
	batch := log.begin() // under way when the checkpoint ends: it may be folded
	log.ended()
	log.wrote(batch)
	quiet("a batch that began before the checkpoint ended")
	log.mu.Unlock()
}
