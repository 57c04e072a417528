package duckdb_test

import (
	"bytes"
	"os"
	"testing"

	"homing"
	"homing/internal/engine/warehouse"
)

// blankOf is what an erasure leaves of a test click's facets.
func blankOf(f warehouse.Facets) (rest warehouse.Facets) {
	rest[warehouse.FacetCountry], rest[warehouse.FacetDevice] = f[warehouse.FacetCountry], f[warehouse.FacetDevice]
	return rest
}

func checkErasedClick(t *testing.T, w warehouse.Warehouse, h *history) {
	t.Helper()
	c := clickOf(t, w, h.click.Origin)
	equal(t, "facets", c.Facets, blankOf(h.click.Facets))
	equal(t, "address", c.Addr, "")
	equal(t, "more", len(c.More), 0)
	for _, v := range conversionsOf(t, w) {
		if v.Click == h.click.Origin {
			equal(t, "lead", v.Lead, "")
			equal(t, "facets of its conversion", v.Facets, blankOf(h.click.Facets))
			equal(t, "value of its conversion", v.Value, homing.ValueOf(2_500_000))
		} else {
			equal(t, "another lead", v.Lead, "order")
		}
	}
	for _, p := range postbacksOf(t, w) {
		if p.Origin == h.click.Origin {
			equal(t, "target and sender", p.Target+p.UserAgent, "")
			equal(t, "address of the sender", p.Addr.IsValid(), false)
			equal(t, "facets of its postback", p.Facets, blankOf(h.click.Facets))
			equal(t, "verdict of its postback", p.Verdict.Outcome, homing.Counted)
		}
	}
}

func TestAnErasedClickStaysBlankOverReplaysAndResets(t *testing.T) {
	dir := t.TempDir()
	w, h := open(t, dir), makeHistory()
	must(t, w.Load(t.Context(), h.spool[0]))
	must(t, w.Load(t.Context(), h.spool[1]))
	must(t, w.Load(t.Context(), h.ledger[0]))
	must(t, w.Seal(t.Context(), today))
	what, unsealed := warehouse.Erasure{Click: h.click.Origin}, h.spool[0].Clicks[50]
	must(t, w.Erase(t.Context(), what))
	must(t, w.Erase(t.Context(), warehouse.Erasure{Click: unsealed.Origin}))
	equal(t, "sealed days", len(sealedDays(t, w)), 1)
	must(t, w.Load(t.Context(), h.ledger[1])) // its conversion comes after the erasure
	checkErasedClick(t, w, h)
	h.check(t, w)
	before := readAll(t, dir)
	must(t, w.Erase(t.Context(), what))
	equal(t, "files change when it is done again", bytes.Equal(before, readAll(t, dir)), true)

	must(t, w.Reset(t.Context(), nil))
	c := clickOf(t, w, h.click.Origin)
	equal(t, "facets in the archive", c.Facets, blankOf(h.click.Facets))
	must(t, w.Erase(t.Context(), what)) // the loader begins anew with the ledger's erasures
	equal(t, "put aside", len(glob(t, dir, "warehouse.duckdb.old-*")), 0)
	h.load(t, w)
	checkErasedClick(t, w, h)
	h.check(t, w)
	c = clickOf(t, w, unsealed.Origin)
	equal(t, "facets of a click that the spool brought again", c.Facets, blankOf(unsealed.Facets))
	equal(t, "address of a click that the spool brought again", c.Addr, "")
}

func TestAnErasedAccountKeepsItsNumbersAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	w, h := open(t, dir), makeHistory()
	h.load(t, w)
	must(t, w.Seal(t.Context(), today-1))
	must(t, w.Seal(t.Context(), today))
	must(t, w.Drop(t.Context(), warehouse.ClickTable, today))
	cost := totalOf(t, w, warehouse.Cost)
	account := h.click.Account
	must(t, w.Erase(t.Context(), warehouse.Erasure{Account: account}))
	check := func() {
		t.Helper()
		equal(t, "clicks", totalOf(t, w, warehouse.Clicks), h.clicks)
		of := func(m warehouse.Measure) int64 {
			return figures(t, w, (today - 1).Start(), (today + 1).Start(), warehouse.Account).Rows[account-1].Measures[m]
		}
		equal(t, "costs of the account", of(warehouse.Cost), 0)
		for _, v := range conversionsOf(t, w) {
			equal(t, "value and price", v.Value.Given || v.Price != 0, false)
		}
		for _, p := range postbacksOf(t, w) {
			if p.Count == 1 { // a tally never had a target
				equal(t, "blank", p.Target == "", p.Account == account)
			}
		}
	}
	check()
	if now := totalOf(t, w, warehouse.Cost); now >= cost || now == 0 {
		t.Fatalf("costs were %d and are %d", cost, now)
	}
	now := totalOf(t, w, warehouse.Cost)
	must(t, w.Reset(t.Context(), nil))
	must(t, w.Erase(t.Context(), warehouse.Erasure{Account: account}))
	h.load(t, w)
	check()
	equal(t, "costs after a reset", totalOf(t, w, warehouse.Cost), now)
}

// readAll is the content of the archive.
func readAll(t testing.TB, dir string) (content []byte) {
	t.Helper()
	for _, name := range glob(t, dir, "archive/*") {
		data, err := os.ReadFile(name)
		must(t, err)
		content = append(append(content, name...), data...)
	}
	return content
}
