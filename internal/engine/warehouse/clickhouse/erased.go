package clickhouse

import (
	"encoding/json"
	"fmt"
	"net/netip"

	"homing"
	"homing/internal/engine/warehouse"
)

// erased is what was erased: what is loaded after it is blanked, too, for a
// spool may bring it once more.
type erased struct {
	origins  map[homing.Origin]bool
	accounts map[homing.AccountID]bool
}

// erasure is a note of one.
type erasure struct {
	Account homing.AccountID `json:"account,omitempty"`
	Click   homing.Origin    `json:"click,omitzero"`
	Done    bool             `json:"done"`
}

func erasureOf(what warehouse.Erasure) erasure {
	if what.Account != 0 {
		return erasure{Account: what.Account}
	}
	return erasure{Click: what.Click}
}

func (e erasure) name() string {
	return fmt.Sprintf("%d/%d/%d/%d/%d", e.Account, e.Click.Time, e.Click.Node, e.Click.Seq, e.Click.Campaign)
}

func (e *erased) take(value string) error {
	var one erasure
	if err := json.Unmarshal([]byte(value), &one); err != nil {
		return err
	}
	if e.origins == nil {
		e.origins, e.accounts = map[homing.Origin]bool{}, map[homing.AccountID]bool{}
	}
	if one.Account != 0 {
		e.accounts[one.Account] = true
	} else {
		e.origins[one.Click] = true
	}
	return nil
}

func (e *erased) count() int { return len(e.origins) + len(e.accounts) }

// Levels of a row's erasure: what is blanked grows with them.
const (
	whole = iota
	erasedClick
	erasedAccount
)

// level tells what must be blanked.
func (e *erased) level(origin homing.Origin, account homing.AccountID) int {
	switch {
	case e.accounts[account]:
		return erasedAccount
	case e.origins[origin]:
		return erasedClick
	}
	return whole
}

// rank puts the versions of one row in order: those of a later epoch above all,
// erased ones above whole ones, and of these such as know their click.
func rank(epoch uint32, level int, known bool) int64 {
	n := int64(epoch)*8 + int64(level)*2
	if known {
		n++
	}
	return n
}

func blankClick(c *warehouse.Click, level int) {
	if level == whole {
		return
	}
	c.Addr, c.More, c.Facets = "", nil, blankFacets(c.Facets)
	if level == erasedAccount {
		c.Cost = 0
	}
}

// blankPostback clears what a call told of somebody, and its amounts, too, if
// the account was erased; then also the request of a call whose receipt is in
// the ledger, which forgets it with the account.
func blankPostback(p *warehouse.Postback, level int) {
	if level == whole {
		return
	}
	p.Target, p.UserAgent, p.Lead, p.Addr, p.Facets = "", "", "", netip.Addr{}, blankFacets(p.Facets)
	if level == erasedAccount {
		p.Value, p.Price, p.Currency = homing.Value{}, 0, ""
		if p.Conversion != 0 && (p.Verdict.Outcome == homing.Counted || p.Verdict.Outcome == homing.Late) {
			p.Request = homing.RequestID{}
		}
	}
}

// blankConversion puts what lead makes of a lead code in its place; nothing if
// lead is nil.
func blankConversion(c *warehouse.Conversion, level int, lead func(string) string) {
	if level == whole {
		return
	}
	c.Facets = blankFacets(c.Facets)
	switch {
	case c.Lead == "" || warehouse.IsErasedLead(c.Lead):
	case lead == nil:
		c.Lead = ""
	default:
		c.Lead = lead(c.Lead)
	}
	if level == erasedAccount {
		c.Value, c.Price, c.Currency, c.Request = homing.Value{}, 0, "", homing.RequestID{}
	}
}

// keptFacets survive an erasure: they are too coarse to tell anybody by, and
// totals are kept by them.
var keptFacets = map[warehouse.Facet]bool{warehouse.FacetCountry: true, warehouse.FacetDevice: true}

func blankFacets(f warehouse.Facets) (rest warehouse.Facets) {
	for kept := range keptFacets {
		rest[kept] = f[kept]
	}
	return rest
}
