package migrate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/ledgertest"
	"homing/internal/engine/ledger/sqlite"
)

// pages is a notebook that takes so many notes.
type pages struct {
	text []byte
	left int
}

var errFull = errors.New("the notebook is full")

func (p *pages) Read(context.Context) ([]byte, error) { return p.text, nil }

func (p *pages) Note(_ context.Context, text []byte) error {
	if p.left--; p.left < 0 {
		return errFull
	}
	p.text = text
	return nil
}

func openLedger(t *testing.T) *sqlite.Ledger {
	t.Helper()
	l, err := sqlite.Open(sqlite.Options{Path: filepath.Join(t.TempDir(), "ledger.db"), Logger: slog.New(slog.DiscardHandler), LeadHashes: ledgertest.HashLeads})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var by = ledger.Actor{Name: "user 1", At: ledgertest.Noon}

// fill leaves something of everything in a ledger.
func fill(t *testing.T, l ledger.Ledger) {
	t.Helper()
	ctx := t.Context()
	for n := range 3 {
		a := &homing.Account{Name: fmt.Sprintf("Acme %d", n), PublicID: homing.RandomText(12), Currency: "EUR", PriceMax: homing.Unit, Created: ledgertest.Noon}
		secret := homing.NewSecret()
		k := &homing.Key{Hash: secret.Hash(), Sealed: []byte{1, 2, 3}, Created: ledgertest.Noon}
		c := &homing.Campaign{Name: "Spring", Slug: homing.RandomText(12), URL: "https://adv.example/{click_id}", Status: homing.CampaignActive, Window: homing.DefaultWindow, Created: ledgertest.Noon}
		must(t, l.Apply(ctx, by, ledger.PutAccount{Account: a}, ledger.PutKey{Key: k, Owner: a}, ledger.PutCampaign{Campaign: c, Owner: a}))
		must(t, l.NoteKeyUse(ctx, []ledger.KeyUse{{Key: k.ID, Count: 3, Last: ledgertest.Noon, Addr: "192.0.2.0"}}))
	}
	u := &homing.User{Email: "ada@example.com", Role: homing.RoleOperator, Level: homing.Owner, Created: ledgertest.Noon}
	must(t, l.PutUser(ctx, by, u))
	must(t, l.PutToken(ctx, by, &homing.Token{Name: "scraper", Hash: homing.HashKey([]byte("x")), Created: ledgertest.Noon}))
	for n := range 2500 {
		claim := ledgertest.Claim(ledgertest.Origin(n), "")
		claim.Status = []homing.Status{homing.Approved, homing.Pending, homing.LateStatus}[n%3]
		if n%7 == 0 {
			claim.Value = homing.Value{} // which is not 0
		}
		_, err := l.Decide(ctx, claim)
		must(t, err)
	}
	must(t, l.Amend(ctx, ledger.Amendment{Conversion: 2, From: homing.Pending, To: homing.Rejected, At: ledgertest.Noon + 5, Actor: "user 1", Reason: "fraud"}))
	must(t, l.Apply(ctx, by, ledger.EraseClick{Click: ledgertest.Origin(9), Lead: ledgertest.HashLead}))
	must(t, l.Apply(ctx, by, ledger.EraseAccount{Account: 3, Lead: ledgertest.HashLead}))
	_, err := l.Lease(ctx, ledgertest.Noon, ledgertest.Noon+1000, false)
	must(t, err)
	must(t, l.PutNotice(ctx, ledger.Notice{Kind: "silence", Object: "account 1", Since: ledgertest.Noon, Detail: "nothing came"}))
}

// TestTheSameLedgerAfterBreaks moves a ledger, is cut short again and again, and
// wants every row on the other side.
func TestTheSameLedgerAfterBreaks(t *testing.T) {
	from, to := openLedger(t), openLedger(t)
	fill(t, from)
	book := &pages{}
	breaks := 0
	for ; ; breaks++ {
		book.left = 3
		err := Ledger(t.Context(), from, to, book, quiet)
		if err == nil {
			break
		}
		if !errors.Is(err, errFull) || breaks > 50 {
			t.Fatalf("after %d breaks: %v", breaks, err)
		}
	}
	if breaks < 4 {
		t.Errorf("only %d breaks", breaks)
	}
	here, err := Count(t.Context(), from, quiet)
	must(t, err)
	there, err := Count(t.Context(), to, quiet)
	must(t, err)
	if differ := here.Differences(there); len(differ) > 0 {
		t.Errorf("they differ: %v", differ)
	}
	for _, part := range ledger.Parts {
		if here.Rows[part.Name] == 0 && part.Name != "erasures" { // none is under way
			t.Errorf("nothing of %s was moved: the test says nothing of it", part.Name)
		}
	}
	if len(here.Money) != 4 || here.Money[0].Value == 0 {
		t.Errorf("the sums are %+v", here.Money)
	}
	if text := string(book.text); strings.Contains(text, "Acme") || !strings.Contains(text, `"done":true`) {
		t.Errorf("noted was %s", text)
	}
	must(t, to.Check(t.Context()))
	goesOn(t, from, to)
}

// goesOn wants the moved ledger to go on where the old one stands.
func goesOn(t *testing.T, from, to ledger.Ledger) {
	t.Helper()
	again, err := to.Decide(t.Context(), ledgertest.Claim(ledgertest.Origin(1), ""))
	must(t, err)
	if again.First {
		t.Error("what was counted before counted again")
	}
	for _, l := range []ledger.Ledger{from, to} {
		next, err := l.Decide(t.Context(), ledgertest.Claim(ledgertest.Origin(6000), ""))
		must(t, err)
		a := &homing.Account{Name: "Later", PublicID: homing.RandomText(12), Currency: "EUR", Created: ledgertest.Noon}
		must(t, l.Apply(t.Context(), by, ledger.PutAccount{Account: a}))
		if !next.First || next.Conversion != 2501 || a.ID != 4 {
			t.Errorf("it goes on with conversion %d and account %d", next.Conversion, a.ID)
		}
	}
	lease, err := to.Lease(t.Context(), ledgertest.Noon+500, ledgertest.Noon+2000, false)
	must(t, err)
	if lease.Node == 1 {
		t.Error("a node number is lent again before its mark")
	}
}

// TestADifferenceIsFound: verification must be able to fail.
func TestADifferenceIsFound(t *testing.T) {
	from, to := openLedger(t), openLedger(t)
	fill(t, from)
	must(t, Ledger(t.Context(), from, to, &pages{left: 1000}, quiet))
	must(t, to.Amend(t.Context(), ledger.Amendment{Conversion: 1, From: homing.Approved, To: homing.Pending, At: ledgertest.Noon, Actor: "user 1"}))
	here, err := Count(t.Context(), from, quiet)
	must(t, err)
	there, err := Count(t.Context(), to, quiet)
	must(t, err)
	differ := strings.Join(here.Differences(there), "\n")
	for _, want := range []string{"conversions: 2500 on both sides, but not the same", "changes:"} {
		if !strings.Contains(differ, want) {
			t.Errorf("no %q in %q", want, differ)
		}
	}
}
