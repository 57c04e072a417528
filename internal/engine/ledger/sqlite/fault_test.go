package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/ledgertest"
)

func openWith(t testing.TB, o Options) *Ledger {
	t.Helper()
	if o.Path == "" {
		o.Path = filepath.Join(t.TempDir(), "ledger.db")
	}
	o.Logger = slog.New(slog.DiscardHandler)
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// sabotage replaces COMMIT from the next batch on.
func sabotage(t testing.TB, l *Ledger, with func(commit func() error) func() error) {
	t.Helper()
	err := l.do(t.Context(), func(w *writer) error {
		commit := w.commit
		w.commit = func() error { // this batch's
			w.commit = with(commit)
			return commit()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func claimOnce(t testing.TB, l *Ledger, n int) error {
	_, err := l.Decide(t.Context(), ledgertest.Claim(ledgertest.Origin(n), ""))
	return err
}

func wantKind(t testing.TB, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("error %v, want %v", err, kind)
	}
}

func count(t testing.TB, l *Ledger) (n int) {
	t.Helper()
	for _, err := range l.Conversions(t.Context(), ledger.ConversionQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// A disk that hangs: calls are answered in time, those that were only waiting
// are dropped, and the queue is bounded.
func TestHangingDisk(t *testing.T) {
	const patience = 320 * time.Millisecond
	l := openWith(t, Options{Patience: patience, MaxQueue: 3, MaxBatch: 1})
	hung, resume := make(chan struct{}), make(chan struct{})
	sabotage(t, l, func(commit func() error) func() error {
		return func() error {
			close(hung)
			<-resume
			l.writer.commit = commit
			return commit()
		}
	})
	begin := time.Now()
	answers := make(chan error, 10)
	go func() { answers <- claimOnce(t, l, 0) }()
	<-hung
	for i := range 3 {
		go func() { answers <- claimOnce(t, l, i+1) }()
	}
	for waiting := 0; waiting < 3; time.Sleep(time.Millisecond) {
		l.queue.mu.Lock()
		waiting = len(l.queue.waiting)
		l.queue.mu.Unlock()
	}
	wantKind(t, claimOnce(t, l, 9), homing.ErrOverloaded)
	if n := count(t, l); n != 0 { // readers do not wait for the writer
		t.Errorf("%d conversions before the commit", n)
	}
	for range 4 {
		wantKind(t, <-answers, homing.ErrUnavailable)
	}
	if took := time.Since(begin); took < patience {
		t.Errorf("gave up after %v, want at least %v", took, patience)
	}
	close(resume)
	for i := range 5 {
		if err := claimOnce(t, l, 10+i); err != nil {
			t.Error(err)
		}
	}
	// The one in the writer's hands was committed after all; those dropped
	// were not.
	if n := count(t, l); n != 6 {
		t.Errorf("%d conversions, want 6", n)
	}
}

// A caller whose context ends leaves at once; its job's memory is not used
// again before the writer is done with it.
func TestImpatientCallers(t *testing.T) {
	l := openWith(t, Options{})
	for i := range 300 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%20)*50*time.Microsecond)
		c := ledgertest.Claim(ledgertest.Origin(i), "lead")
		_, err := l.Decide(ctx, c)
		clear(c.Lead)
		clear(c.Receipt)
		if err != nil {
			wantKind(t, err, homing.ErrUnavailable)
		}
		cancel()
		if _, err := l.Decide(t.Context(), ledgertest.Claim(ledgertest.Origin(i), "lead")); err != nil {
			t.Fatal(err)
		}
		if n := count1(t, l, i); n != 1 {
			t.Fatalf("click %d has %d conversions", i, n)
		}
	}
	if err := l.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func count1(t testing.TB, l *Ledger, n int) int {
	t.Helper()
	found, err := l.ConversionsOf(t.Context(), ledgertest.Origin(n))
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

// What a commit can do but succeed: each loses the batch only.
func TestPassingFaults(t *testing.T) {
	for _, code := range []sqlite.ResultCode{sqlite.ResultFull, sqlite.ResultIOErrWrite, sqlite.ResultBusy, sqlite.ResultReadOnly} {
		t.Run(code.String(), func(t *testing.T) {
			l := openWith(t, Options{Fatal: func(err error) { t.Error("fatal:", err) }})
			if err := claimOnce(t, l, 0); err != nil {
				t.Fatal(err)
			}
			sabotage(t, l, func(commit func() error) func() error {
				return func() error {
					l.writer.commit = commit
					return fmt.Errorf("commit: %w", code.ToError())
				}
			})
			wantKind(t, claimOnce(t, l, 1), homing.ErrUnavailable)
			for i := range 3 {
				if err := claimOnce(t, l, i); err != nil {
					t.Fatal(err)
				}
			}
			if n := count(t, l); n != 3 {
				t.Errorf("%d conversions, want 3", n)
			}
			if err := l.Check(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFailedFsyncIsTheEnd(t *testing.T) {
	var told atomic.Int32
	l := openWith(t, Options{Fatal: func(err error) {
		wantKind(t, err, homing.ErrUnavailable)
		told.Add(1)
	}})
	sabotage(t, l, func(func() error) func() error {
		return func() error { return fmt.Errorf("commit: %w", sqlite.ResultIOErrFsync.ToError()) }
	})
	for i := range 5 {
		wantKind(t, claimOnce(t, l, i), homing.ErrUnavailable)
	}
	_, err := l.Snapshot(t.Context())
	wantKind(t, err, homing.ErrUnavailable)
	wantKind(t, l.PutSession(t.Context(), ledger.Session{}), homing.ErrUnavailable)
	for range 100 {
		if told.Load() > 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if n := told.Load(); n != 1 {
		t.Errorf("Fatal was told %d times", n)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// A write that fails, or panics, takes none of its batch along.
func TestFailingJobs(t *testing.T) {
	l := openWith(t, Options{})
	if err := claimOnce(t, l, 0); err != nil {
		t.Fatal(err)
	}
	hung, resume := make(chan struct{}), make(chan struct{})
	go l.do(context.Background(), func(*writer) error { close(hung); <-resume; return nil })
	<-hung // what comes now is one batch
	bad := errors.New("bad")
	answers := map[string]chan error{}
	run := func(name string, call func() error) {
		answer := make(chan error, 1)
		answers[name] = answer
		go func() { answer <- call() }()
	}
	write := func(w *writer, n int) error {
		_, err := w.putUserNamed(fmt.Sprint(n))
		return err
	}
	run("claim", func() error { return claimOnce(t, l, 1) })
	run("fails", func() error {
		return l.do(t.Context(), func(w *writer) error { return errors.Join(write(w, 1), bad) })
	})
	run("fails after a change", func() error {
		return l.do(t.Context(), func(w *writer) error {
			a := ledger.Amendment{Conversion: 1, From: homing.Approved, To: homing.Rejected}
			return errors.Join(w.amend(a), bad)
		})
	})
	run("panics", func() error {
		return l.do(t.Context(), func(w *writer) error { _ = write(w, 2); panic("oops") })
	})
	run("breaks a constraint", func() error {
		return l.do(t.Context(), func(w *writer) error { return exec(w.conn, "INSERT INTO settings VALUES (1, 1)") })
	})
	run("good", func() error { return l.do(t.Context(), func(w *writer) error { return write(w, 3) }) })
	run("other claim", func() error { return claimOnce(t, l, 2) })
	time.Sleep(50 * time.Millisecond)
	close(resume)
	for name, answer := range answers {
		err := <-answer
		if fine := name == "claim" || name == "other claim" || name == "good"; fine != (err == nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
	users, err := l.Users(t.Context())
	if err != nil || len(users) != 1 || users[0].Email != "3" {
		t.Errorf("users %+v, %v", users, err)
	}
	if err := claimOnce(t, l, 3); err != nil {
		t.Error(err)
	}
	if err := l.Check(t.Context()); err != nil || count(t, l) != 4 { // changes have no gap
		t.Errorf("%d conversions, %v", count(t, l), err)
	}
}

func (w *writer) putUserNamed(email string) (homing.UserID, error) {
	id, _, err := w.putUser(homing.User{Email: email, Role: homing.RoleOperator})
	return id, err
}

// A claim that cannot be stored fails alone: the batch is carried out again.
func TestPoisonedClaim(t *testing.T) {
	l := openWith(t, Options{})
	if err := l.do(t.Context(), func(w *writer) error {
		return exec(w.conn, `CREATE TEMP TRIGGER poison BEFORE INSERT ON main.receipts WHEN NEW.conversion = 2
			AND (SELECT goal FROM main.conversions WHERE id = 2) = 7 BEGIN SELECT RAISE(ABORT, 'poison'); END`)
	}); err != nil {
		t.Fatal(err)
	}
	hung, resume := make(chan struct{}), make(chan struct{})
	go l.do(context.Background(), func(*writer) error { close(hung); <-resume; return nil })
	<-hung
	answers := make([]chan error, 4)
	for i := range answers {
		answers[i] = make(chan error, 1)
		go func() {
			c := ledgertest.Claim(ledgertest.Origin(i), "")
			if i == 1 {
				c.Goal = 7
			}
			_, err := l.Decide(t.Context(), c)
			answers[i] <- err
		}()
		for waiting := 0; waiting <= i; time.Sleep(time.Millisecond) {
			l.queue.mu.Lock()
			waiting = len(l.queue.waiting)
			l.queue.mu.Unlock()
		}
	}
	close(resume)
	for i, answer := range answers {
		if err := <-answer; (err == nil) != (i != 1) {
			t.Errorf("claim %d: %v", i, err)
		}
	}
	if err := l.Check(t.Context()); err != nil || count(t, l) != 3 {
		t.Errorf("%d conversions, %v", count(t, l), err)
	}
}
