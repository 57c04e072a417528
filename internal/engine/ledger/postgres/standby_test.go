package postgres

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/ledgertest"
	"homing/internal/engine/ledger/postgres/pgtest"
)

// The standby is away, and nodes give up waiting: what they wrote is visible on the
// primary, and on the standby it is not. Nobody is told of it, by whichever way;
// when the standby is promoted nothing has been built on what it lacks.
func TestUnreplicatedIsNotBuiltOn(t *testing.T) {
	if testing.Short() {
		t.Skip("copies a server")
	}
	primary := pgtest.Start(t, pgtest.Options{})
	openURL(t, primary.URL("postgres")).Close()
	standby := primary.Standby(t, "second")
	url := strings.Replace(primary.URL("postgres"), primary.Address(), primary.Address()+","+standby.Address(), 1)
	const patience = 250 * time.Millisecond
	l, other := openWith(t, Options{URL: url, Patience: patience}), openWith(t, Options{URL: url, Patience: patience})
	if _, err := claimOnce(t, l, 1); err != nil {
		t.Fatal(err)
	}
	standby.Kill(t)
	name := func(name string) ledger.Edit {
		return ledger.PutInstallation{Installation: homing.Installation{Name: name}}
	}
	lost := ledgertest.Origin(2)
	for what, write := range map[string]func() error{
		"a claim":   func() error { _, err := claimOnce(t, l, 2); return err },
		"a setting": func() error { return l.Apply(t.Context(), ledger.Actor{}, name("lost")) },
		"a value":   func() error { return l.PutCommon(t.Context(), "keys", nil, []byte("lost")) },
		"an erasure": func() error {
			return l.Apply(t.Context(), ledger.Actor{}, ledger.EraseClick{Click: ledgertest.Origin(77), Lead: ledgertest.HashLead})
		},
	} {
		if err := write(); !errors.Is(err, homing.ErrUnavailable) {
			t.Errorf("%s that is on no standby was acknowledged: %v", what, err)
		}
		giveUpWaiting(t, primary)
	}
	// The trap is one: all of it can be seen.
	seen := primary.Value(t, "postgres", `SELECT (SELECT count(*) FROM homing.conversions) || ' ' || (SELECT version FROM homing.settings)
		|| ' ' || (SELECT count(*) FROM homing.commons) || ' ' || (SELECT count(*) FROM homing.erased)`)
	if seen != "2 2 1 1" {
		t.Fatalf("there are %s", seen)
	}
	for what, ask := range map[string]func() error{
		"a duplicate":  func() error { _, err := claimOnce(t, other, 2); return err },
		"the changes":  func() error { _, err := other.Changes(t.Context(), 1, 10); return err },
		"the settings": func() error { _, err := other.Snapshot(t.Context()); return err },
		"a value":      func() error { _, err := other.Common(t.Context(), "keys"); return err },
		"the erasures": func() error { _, err := other.Erasures(t.Context(), 0, 10); return err },
	} {
		if err := ask(); !errors.Is(err, homing.ErrUnavailable) {
			t.Errorf("%s were told: %v", what, err)
		}
	}
	primary.Kill(t)
	standby.Restart(t)
	standby.Promote(t)
	var d ledger.Decision
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		var err error
		if d, err = other.Decide(context.Background(), ledgertest.Claim(ledgertest.Origin(3), "")); err == nil {
			break
		} else if time.Since(began) > 20*time.Second {
			t.Fatal(err)
		}
	}
	if !d.First || d.Conversion != 2 {
		t.Errorf("the next claim is %+v", d)
	}
	changes, err := other.Changes(t.Context(), 1, 10)
	if err != nil || len(changes) != 1 || changes[0].Conversion != 2 {
		t.Errorf("changes %+v, %v", changes, err)
	}
	if d, err := l.Decide(t.Context(), ledgertest.Claim(lost, "")); err != nil || !d.First || d.Conversion != 3 {
		t.Errorf("the claim that was lost, asked again: %+v, %v", d, err)
	}
	s, err := l.Snapshot(t.Context())
	if err != nil || s.Installation.Name != "" || s.Version != 0 {
		t.Errorf("the settings are %+v, %v", s, err)
	}
	if err := l.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// giveUpWaiting ends all waiting for a standby, as an operator would who restarts the
// primary, or as a driver does that is cut off: the transactions end all the same.
func giveUpWaiting(t *testing.T, c *pgtest.Cluster) {
	t.Helper()
	const waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
	for c.Value(t, "postgres", "SELECT count(*) "+waiting) != "0" {
		c.Value(t, "postgres", "SELECT count(pg_cancel_backend(pid)) "+waiting)
		time.Sleep(10 * time.Millisecond)
	}
}

// A server that only reads takes nothing, and is taken up again when it writes; one
// that is a standby is not opened.
func TestServerThatOnlyReads(t *testing.T) {
	c := pgtest.Start(t, pgtest.Options{})
	l := openWith(t, Options{URL: c.URL("postgres"), Patience: time.Second})
	if _, err := claimOnce(t, l, 0); err != nil {
		t.Fatal(err)
	}
	lease, err := l.Lease(t.Context(), ledgertest.Noon, ledgertest.Noon+1000, false)
	if err != nil {
		t.Fatal(err)
	}
	set := func(value string) {
		t.Helper()
		c.Exec(t, "ALTER SYSTEM SET default_transaction_read_only = "+value)
		c.Exec(t, "SELECT pg_reload_conf()")
		time.Sleep(200 * time.Millisecond) // until the backends have heard
	}
	set("on")
	for what, write := range map[string]func() error{
		"a claim":    func() error { _, err := claimOnce(t, l, 1); return err },
		"a setting":  func() error { return l.Apply(t.Context(), ledger.Actor{}, ledger.PutInstallation{}) },
		"a lease":    func() error { return l.Extend(t.Context(), lease, ledgertest.Noon+2000) },
		"a duty":     func() error { return l.Hold(t.Context(), "loader", 1, 1, 60_000) },
		"one opened": func() error { _, err := Open(t.Context(), Options{URL: c.URL("postgres")}); return err },
	} {
		if err := write(); !errors.Is(err, homing.ErrUnavailable) {
			t.Errorf("%s: %v", what, err)
		}
	}
	set("off")
	if d, err := claimOnce(t, l, 1); err != nil || !d.First || d.Conversion != 2 {
		t.Errorf("after it: %+v, %v", d, err)
	}
	if err := l.Extend(t.Context(), lease, ledgertest.Noon+2000); err != nil {
		t.Error(err)
	}
}
