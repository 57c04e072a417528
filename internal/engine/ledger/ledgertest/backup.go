package ledgertest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"homing"
	"homing/internal/engine/ledger"
)

// Copied opens a copy that Copy wrote to a path.
type Copied func(t testing.TB, path string) ledger.Ledger

// RunCopies asks an implementation what the contract promises of copies. open
// opens one.
func RunCopies(t *testing.T, store Store, open Copied) {
	t.Run("copy", func(t *testing.T) { copyAll(t, fresh(t, store), open) })
	t.Run("copy while claims come", func(t *testing.T) { copyUnderLoad(t, fresh(t, store), open) })
	t.Run("copy given up", func(t *testing.T) { copyGivenUp(t, fresh(t, store)) })
	t.Run("restored", func(t *testing.T) { restored(t, fresh(t, store), open) })
	t.Run("restored again and again", func(t *testing.T) { restoredOften(t, fresh(t, store), open) })
}

func copyOf(t testing.TB, l ledger.Ledger) (path string, c ledger.Copied) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "copy.db")
	c, err := l.Copy(ctx(t), path)
	must(t, err)
	return path, c
}

// opened opens a copy, checks it and closes it at the end.
func opened(t testing.TB, open Copied, path string) ledger.Ledger {
	t.Helper()
	l := open(t, path)
	t.Cleanup(func() { must(t, l.Close()) })
	must(t, l.Check(ctx(t)))
	return l
}

func copyAll(t *testing.T, l ledger.Ledger, open Copied) {
	for n := range 20 {
		_, err := l.Decide(ctx(t), Claim(Origin(n), ""))
		must(t, err)
	}
	must(t, l.Apply(ctx(t), by, ledger.EraseClick{Click: Origin(3), Lead: HashLead}))
	path, c := copyOf(t, l)
	equal(t, "copied", fmt.Sprint(c), fmt.Sprint(ledger.Copied{Change: 20, Conversions: 20, Erasure: 1}))
	info, err := os.Stat(path)
	must(t, err)
	equal(t, "mode", info.Mode().Perm(), os.FileMode(0o600))

	_, err = l.Decide(ctx(t), Claim(Origin(20), "")) // is not in it
	must(t, err)
	same := opened(t, open, path)
	for n := range 21 {
		d, err := same.Decide(ctx(t), Claim(Origin(n), ""))
		must(t, err)
		equal(t, fmt.Sprintf("click %d is first", n), d.First, n == 20)
	}
	_, err = l.Copy(ctx(t), path)
	if err == nil {
		t.Error("a copy was written over what is there")
	}
	must(t, l.Check(ctx(t)))
}

// copyUnderLoad wants a copy of one moment: conversions without gaps, each with
// its change and receipt.
func copyUnderLoad(t *testing.T, l ledger.Ledger, open Copied) {
	var players sync.WaitGroup
	stop := make(chan struct{})
	for p := range 4 {
		players.Go(func() {
			for n := p; ; n += 4 {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := l.Decide(context.Background(), Claim(Origin(n), "")); err != nil {
					t.Errorf("a claim beside a copy: %v", err)
					return
				}
			}
		})
	}
	for range 3 {
		path, c := copyOf(t, l)
		same := opened(t, open, path)
		n := int64(0)
		for _, err := range same.Conversions(ctx(t), ledger.ConversionQuery{}) {
			must(t, err)
			n++
		}
		equal(t, "conversions", n, c.Conversions)
		equal(t, "changes", c.Change, c.Conversions)
	}
	close(stop)
	players.Wait()
}

func copyGivenUp(t *testing.T, l ledger.Ledger) {
	_, err := l.Decide(ctx(t), Claim(Origin(1), ""))
	must(t, err)
	gone, cancel := context.WithCancel(ctx(t))
	cancel()
	_, err = l.Copy(gone, filepath.Join(t.TempDir(), "copy.db"))
	mustBe(t, err, homing.ErrUnavailable)
	_, err = l.Copy(ctx(t), filepath.Join(t.TempDir(), "nowhere", "copy.db"))
	if err == nil {
		t.Error("a copy was written to a directory that is not there")
	}
	_, err = l.Decide(ctx(t), Claim(Origin(2), ""))
	must(t, err)
}

func restored(t *testing.T, l ledger.Ledger, open Copied) {
	a := homing.Account{PublicID: "pub", Name: "one", Currency: "USD"}
	must(t, l.Apply(ctx(t), by, ledger.PutAccount{Account: &a}))
	c := homing.Campaign{Account: a.ID, Name: "spring", Slug: "slug", URL: "https://x.example/{click_id}", Status: homing.CampaignActive}
	must(t, l.Apply(ctx(t), by, ledger.PutCampaign{Campaign: &c}))
	u := homing.User{Email: "a@example.com", Role: homing.RoleOperator}
	must(t, l.PutUser(ctx(t), by, &u))
	must(t, l.PutSession(ctx(t), ledger.Session{Token: ledger.TokenHash{1}, User: u.ID, Expires: Noon + 1000}))
	must(t, l.PutLink(ctx(t), ledger.Link{Token: ledger.TokenHash{2}, Purpose: ledger.LinkPassword, User: u.ID, Expires: Noon + 1000}))
	_, err := l.Decide(ctx(t), Claim(Origin(1), "lead"))
	must(t, err)
	before := lease(t, l, Noon, Noon+100, false)
	path, _ := copyOf(t, l)
	later := lease(t, l, Noon, Noon+100, false) // of the house that is lost

	r := opened(t, open, path)
	must(t, r.Restored(ctx(t), ledger.Actor{Name: "restore", At: Noon - 50}, "of a test"))
	_, err = r.SessionBy(ctx(t), ledger.TokenHash{1})
	mustBe(t, err, homing.ErrNotFound)
	_, err = r.LinkBy(ctx(t), ledger.TokenHash{2})
	mustBe(t, err, homing.ErrNotFound)
	log, err := r.Audit(ctx(t), ledger.AuditQuery{Action: "backup", Limit: 9})
	must(t, err)
	equal(t, "audit", fmt.Sprintln(len(log), log[0].Action, log[0].Detail), "1 backup.restore of a test\n")

	d, err := r.Decide(ctx(t), Claim(Origin(1), "lead"))
	must(t, err)
	equal(t, "first again", d.First, false)
	a2, c2, u2 := a, c, u
	a2.ID, a2.PublicID, c2.ID, c2.Slug, u2.ID, u2.Email = 0, "pub2", 0, "slug2", 0, "b@example.com"
	must(t, r.Apply(ctx(t), by, ledger.PutAccount{Account: &a2}))
	must(t, r.Apply(ctx(t), by, ledger.PutCampaign{Campaign: &c2}))
	must(t, r.PutUser(ctx(t), by, &u2))
	if a2.ID < a.ID+10_000 || c2.ID < c.ID+10_000 || u2.ID < u.ID+10_000 {
		t.Errorf("after a restore come account %d, campaign %d and user %d: the lost house may have given these numbers", a2.ID, c2.ID, u2.ID)
	}
	// A clock that is behind must not meet the lost house again.
	for range 60 {
		if n := lease(t, r, Noon-50, Noon+100, false).Node; n == before.Node || n == later.Node || n < 100 || n >= homing.DemoNode {
			t.Fatalf("node number %d is lent, which the lost house used or would have", n)
		}
	}
	equal(t, "test number", lease(t, r, Noon-50, Noon+100, true).Node, homing.FirstTestNode)
	mustBe(t, r.Extend(ctx(t), before, Noon+500), homing.ErrConflict)
}

// restoredOften restores a house, its restored house and so on: none may lend what
// one before it lent, as long as there are blocks.
func restoredOften(t *testing.T, l ledger.Ledger, open Copied) {
	lent := map[homing.NodeID]bool{lease(t, l, Noon, Noon+100, false).Node: true}
	for range 5 {
		path, _ := copyOf(t, l)
		l = opened(t, open, path)
		must(t, l.Restored(ctx(t), by, ""))
		n := lease(t, l, Noon, Noon+100, false).Node
		if lent[n] {
			t.Errorf("node number %d was lent by a house before", n)
		}
		lent[n] = true
	}
}
