package postgres

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/ledgertest"
	"homing/internal/engine/ledger/postgres/pgtest"
)

func wantKind(t testing.TB, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("error %v, want %v", err, kind)
	}
}

// insideTurn begins a transaction that holds the turn, as a node between its
// look and its commit.
func insideTurn(t *testing.T, l *Ledger) (*pgx.Conn, pgx.Tx) {
	t.Helper()
	conn, err := l.connect(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	tx, err := conn.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err == nil {
		_, err = tx.Exec(t.Context(), lockTurn)
	}
	if err != nil {
		t.Fatal(err)
	}
	return conn, tx
}

// decideIn carries a claim out in somebody's transaction.
func decideIn(t *testing.T, conn *pgx.Conn, n int) answer {
	t.Helper()
	if _, err := conn.PgConn().Prepare(t.Context(), "homing_decide", decideSQL, decideOIDs); err != nil {
		t.Fatal(err)
	}
	j := &job{}
	j.claim.remember(ledgertest.Claim(ledgertest.Origin(n), ""))
	a := newAsked()
	a.gather([]*job{j})
	result := conn.PgConn().ExecPrepared(t.Context(), "homing_decide", a.params[:], binaryFormat, binaryFormat)
	for result.NextRow() {
		if err := a.take(result.Values()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := result.Close(); err != nil {
		t.Fatal(err)
	}
	return a.answers[0]
}

// The trap that the turn is for: numbers of a sequence are taken before the
// commit, so a follower sees 2, goes on from there, and never sees 1.
func TestSequencesAreMissed(t *testing.T) {
	l := openWith(t, Options{})
	exec := func(q querier, sql string) {
		t.Helper()
		if _, err := q.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	exec(l.pool, "CREATE TABLE naive (number BIGSERIAL PRIMARY KEY)")
	slow, err := l.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	exec(slow, "INSERT INTO naive DEFAULT VALUES")   // takes 1
	exec(l.pool, "INSERT INTO naive DEFAULT VALUES") // takes 2 and commits
	var seen int
	if err := l.pool.QueryRow(t.Context(), "SELECT max(number) FROM naive").Scan(&seen); err != nil || seen != 2 {
		t.Fatalf("a follower sees %d, %v", seen, err)
	}
	exec(slow, "COMMIT")
	var later int
	if err := l.pool.QueryRow(t.Context(), "SELECT count(*) FROM naive WHERE number > $1", seen).Scan(&later); err != nil || later != 0 {
		t.Fatalf("the follower finds %d more, %v: the trap is not one", later, err)
	}
	_ = slow.Rollback(t.Context())
	exec(l.pool, "DROP TABLE naive")
}

// Two transactions at once: the second waits for the first, so no number can be
// seen above one that cannot.
func TestChangesAreInOrderOfCommits(t *testing.T) {
	l := openWith(t, Options{})
	conn, tx := insideTurn(t, l)
	if a := decideIn(t, conn, 1); !a.fresh || a.id != 1 {
		t.Fatalf("%+v", a)
	}
	second := make(chan ledger.Decision, 1)
	go func() {
		d, err := claimOnce(t, l, 2)
		if err != nil {
			t.Error(err)
		}
		second <- d
	}()
	time.Sleep(300 * time.Millisecond)
	select {
	case d := <-second:
		t.Fatalf("%+v was told while an earlier number was not committed", d)
	default:
	}
	if changes, err := l.Changes(t.Context(), 0, 10); err != nil || len(changes) != 0 {
		t.Fatalf("a follower sees %+v, %v", changes, err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := <-second; !d.First || d.Conversion != 2 {
		t.Errorf("the second is %+v", d)
	}
	if changes, err := l.Changes(t.Context(), 0, 10); err != nil || len(changes) != 2 || changes[1].Conversion != 2 {
		t.Errorf("changes %+v, %v", changes, err)
	}
}

// A transaction that is rolled back leaves no gap, and its claim is first again.
func TestRolledBackLeavesNoGap(t *testing.T) {
	l := openWith(t, Options{})
	conn, tx := insideTurn(t, l)
	decideIn(t, conn, 1)
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n, id := range []homing.ConversionID{1, 2} {
		if d, err := claimOnce(t, l, n); err != nil || !d.First || d.Conversion != id {
			t.Errorf("click %d: %+v, %v", n, d, err)
		}
	}
	if err := l.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// Somebody holds the turn for longer than a claim is patient.
func TestTurnHeldTooLong(t *testing.T) {
	l := openWith(t, Options{Patience: 400 * time.Millisecond})
	if _, err := claimOnce(t, l, 0); err != nil {
		t.Fatal(err)
	}
	_, tx := insideTurn(t, l)
	began := time.Now()
	_, err := claimOnce(t, l, 1)
	wantKind(t, err, homing.ErrUnavailable)
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it was told after %v", took)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d, err := claimOnce(t, l, 1); err != nil {
		t.Errorf("after it: %+v, %v", d, err)
	}
	if n := count(t, l); n != 2 {
		t.Errorf("%d conversions", n)
	}
}

// One claim that the server takes offence at fails alone.
func TestOffendingClaimFailsAlone(t *testing.T) {
	l := openWith(t, Options{})
	if _, err := l.pool.Exec(t.Context(), "ALTER TABLE conversions ADD CONSTRAINT odd CHECK (price <> 666)"); err != nil {
		t.Fatal(err)
	}
	_, tx := insideTurn(t, l) // so that the claims gather in one batch
	var calls sync.WaitGroup
	for n := range 20 {
		calls.Go(func() {
			c := ledgertest.Claim(ledgertest.Origin(n), "")
			if n == 7 {
				c.Price = 666
			}
			_, err := l.Decide(context.Background(), c)
			if (err != nil) != (n == 7) {
				t.Errorf("claim %d: %v", n, err)
			}
		})
	}
	time.Sleep(100 * time.Millisecond)
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	calls.Wait()
	if n := count(t, l); n != 19 {
		t.Errorf("%d conversions", n)
	}
}

// What no column of text can hold is stored nearly so, and fails nobody.
func TestOddTextsAreStored(t *testing.T) {
	l := openWith(t, Options{})
	c := ledgertest.Claim(ledgertest.Origin(1), "\xff\x00")
	c.Currency, c.Actor, c.Reason = "E\x00R", "\xff", "a\x00\xfe"
	if _, err := l.Decide(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	found, err := l.ConversionsOf(t.Context(), c.Click)
	if err != nil || len(found) != 1 || found[0].Lead != "\xff\x00" || found[0].Currency != "E\uFFFDR" {
		t.Errorf("%+v, %v", found, err)
	}
	u := homing.User{Email: "a@example.org", Role: homing.RoleOperator}
	if err := l.PutUser(t.Context(), ledger.Actor{}, &u); err != nil {
		t.Fatal(err)
	}
	if err := l.PutSession(t.Context(), ledger.Session{Token: ledger.TokenHash{1}, User: u.ID, UserAgent: "\xfe\x00"}); err != nil {
		t.Error(err)
	}
}

// A password is in no error and no log, whatever is wrong with the connection.
func TestPasswordIsNotTold(t *testing.T) {
	c := pgtest.Shared(t)
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	c.Exec(t, "CREATE USER "+pgtest.Careful+" PASSWORD 'another'")
	defer c.Exec(t, "DROP USER "+pgtest.Careful)
	for _, url := range []string{
		"postgres://homing:" + pgtest.Password + "@127.0.0.1:1/homing",
		"postgres://homing:" + pgtest.Password + "@127.0.0.1:notaport/homing",
		"postgres://homing:" + pgtest.Password + "%zz@127.0.0.1/homing",
		"host=127.0.0.1 port=1 user=homing password=" + pgtest.Password,
		"host=127.0.0.1 port='1 user=homing password=" + pgtest.Password,
		"postgres://homing@127.0.0.1:1/homing?password=" + pgtest.Password + "&sslmode=nonsense",
		"postgres://" + pgtest.Careful + ":" + pgtest.Password + "@" + c.Address() + "/postgres",
		c.URL("nosuchdatabase"),
	} {
		_, err := Open(t.Context(), Options{URL: url, Logger: logger, Patience: time.Second})
		if err == nil {
			t.Fatal("it opened")
		}
		if !errors.Is(err, homing.ErrUnavailable) && !errors.Is(err, homing.ErrInvalid) {
			t.Errorf("an error without a kind: %v", err)
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			if strings.Contains(e.Error(), pgtest.Password) {
				t.Errorf("the password is told: %v", e)
			}
		}
	}
	if strings.Contains(log.String(), pgtest.Password) {
		t.Errorf("the password is logged: %s", log.String())
	}
}

// Word of settings comes at once, by whichever node they are changed.
func TestWatch(t *testing.T) {
	url := pgtest.Shared(t).Schema()
	one, two := openURL(t, url), openURL(t, url)
	other := openWith(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	changed := two.Watch(ctx)
	await := func(what string) {
		t.Helper()
		select {
		case <-changed:
		case <-time.After(5 * time.Second):
			t.Fatalf("no word %s", what)
		}
	}
	await("at first")
	put := func(l *Ledger) {
		t.Helper()
		if err := l.Apply(t.Context(), ledger.Actor{}, ledger.PutInstallation{Installation: homing.Installation{Name: "x"}}); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	put(one)
	await("of a change")
	if took := time.Since(began); took > time.Second {
		t.Errorf("word came %v after the change began", took)
	}
	if version, err := two.Version(t.Context()); err != nil || version != 1 {
		t.Errorf("with the word, the version is %d, %v", version, err)
	}
	put(other)
	select {
	case <-changed:
		t.Error("word of another ledger's settings")
	case <-time.After(200 * time.Millisecond):
	}
	// A connection that is lost may have missed some.
	if _, err := one.pool.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"); err != nil {
		t.Fatal(err)
	}
	await("after the connection was lost")
	put(one)
	await("of a change after that")
	cancel()
	for range changed { // until it is closed
	}
	if _, open := <-openWith(t, Options{}).Watch(ctx); open {
		t.Error("a watch that was over before it began gives a signal")
	}
}
