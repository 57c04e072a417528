package duckdb

import (
	"maps"
	"net/netip"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
)

// erased is what was erased: what is loaded after it is blanked, too, for the
// spool and the archive may bring it once more.
type erased struct {
	origins  map[homing.Origin]bool
	accounts map[homing.AccountID]bool
}

func readErasure(r *process.Rows) warehouse.Erasure {
	return warehouse.Erasure{Account: homing.AccountID(r.Int(0)), Click: homing.Origin{Time: homing.Millis(r.Int(1)),
		Node: homing.NodeID(r.Int(2)), Seq: uint16(r.Int(3)), Campaign: homing.CampaignID(r.Int(4))}}
}

func (e *erased) add(what warehouse.Erasure) {
	if e.origins == nil {
		e.origins, e.accounts = map[homing.Origin]bool{}, map[homing.AccountID]bool{}
	}
	if what.Account != 0 {
		e.accounts[what.Account] = true
		return
	}
	e.origins[what.Click] = true
}

// copied is a copy of the accounts, to be read while loads go on.
func (e *erased) copied() erased { return erased{accounts: maps.Clone(e.accounts)} }

func (e *erased) has(origin homing.Origin, account homing.AccountID) bool {
	return e.origins[origin] || e.accounts[account]
}

// blanked gives the list with what was erased blanked; the caller's stays what
// it is.
func blanked[T any](list []T, has func(*T) bool, blank func(*T)) []T {
	copied := false
	for i := range list {
		if !has(&list[i]) {
			continue
		}
		if !copied {
			list, copied = append([]T(nil), list...), true
		}
		blank(&list[i])
	}
	return list
}

func (e *erased) clicks(list []warehouse.Click) []warehouse.Click {
	if e.origins == nil {
		return list
	}
	return blanked(list, func(c *warehouse.Click) bool { return e.has(c.Origin, c.Account) }, func(c *warehouse.Click) {
		c.Addr, c.More, c.Facets = "", nil, blankFacets(c.Facets)
		if e.accounts[c.Account] {
			c.Cost = 0
		}
	})
}

func (e *erased) postbacks(list []warehouse.Postback) []warehouse.Postback {
	if e.origins == nil {
		return list
	}
	has := func(p *warehouse.Postback) bool {
		return genuine(p) && e.origins[p.Origin] || e.accounts[p.Account]
	}
	return blanked(list, has, func(p *warehouse.Postback) { blankPostback(&p.Postback, e.accounts[p.Account]) })
}

func (e *erased) conversions(list []warehouse.Conversion) []warehouse.Conversion {
	if e.origins == nil {
		return list
	}
	return blanked(list, func(c *warehouse.Conversion) bool { return e.has(c.Click, c.Account) }, func(c *warehouse.Conversion) {
		if !warehouse.IsErasedLead(c.Lead) {
			c.Lead = ""
		}
		if e.accounts[c.Account] {
			c.Value, c.Price, c.Currency, c.Request = homing.Value{}, 0, "", homing.RequestID{}
		}
	})
}

// facets blanks what a click of before the erasure would bring.
func (e *erased) facets(f *warehouse.Facets, origin homing.Origin, account homing.AccountID) *warehouse.Facets {
	if !e.has(origin, account) {
		return f
	}
	blank := blankFacets(*f)
	return &blank
}

// blankPostback clears what a call told of somebody, and its amounts and its
// request, too, if the account was erased.
func blankPostback(p *homing.Postback, account bool) {
	p.Target, p.UserAgent, p.Lead, p.Addr = "", "", "", netip.Addr{}
	if account {
		p.Value, p.Price, p.Currency = homing.Value{}, 0, ""
		if madeConversion(p) {
			p.Request = homing.RequestID{}
		}
	}
}

// madeConversion tells whether a call is one whose receipt is in the ledger, which
// forgets its request with the account.
func madeConversion(p *homing.Postback) bool {
	return p.Conversion != 0 && (p.Verdict.Outcome == homing.Counted || p.Verdict.Outcome == homing.Late)
}

func blankFacets(f warehouse.Facets) (rest warehouse.Facets) {
	for kept := range keptFacets {
		rest[kept] = f[kept]
	}
	return rest
}
