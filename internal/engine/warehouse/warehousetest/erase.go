package warehousetest

import (
	"context"
	"net/netip"

	"homing"
	"homing/internal/engine/warehouse"
)

// Erase implements warehouse.Keeper.
func (m *Model) Erase(ctx context.Context, what warehouse.Erasure) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	meant := func(o homing.Origin, account homing.AccountID) bool {
		if what.Account != 0 {
			return account == what.Account
		}
		return o == what.Click
	}
	for id, c := range m.conversions {
		if meant(c.Click, c.Account) {
			m.conversions[id] = erasedConversion(c, what)
		}
	}
	eraseRows(m.clicks, m.postbacks, meant, what.Account != 0)
	for _, s := range m.seals {
		eraseRows(s.clicks, s.postbacks, meant, what.Account != 0)
	}
	return ctx.Err()
}

func eraseRows(clicks []warehouse.Click, postbacks []warehouse.Postback, meant func(homing.Origin, homing.AccountID) bool, money bool) {
	for i, c := range clicks {
		if meant(c.Origin, c.Account) {
			c.Facets, c.Addr, c.More = blank(c.Facets), "", nil
			if money {
				c.Cost = 0
			}
			clicks[i] = c
		}
	}
	for i, p := range postbacks {
		if meant(p.Origin, p.Account) {
			p.Facets, p.Lead, p.Target, p.UserAgent, p.Addr = blank(p.Facets), "", "", "", netip.Addr{}
			if money {
				p.Value, p.Price, p.Currency = homing.Value{}, 0, ""
				if p.Conversion != 0 && (p.Verdict.Outcome == homing.Counted || p.Verdict.Outcome == homing.Late) {
					p.Request = homing.RequestID{}
				}
			}
			postbacks[i] = p
		}
	}
}

func erasedConversion(c warehouse.Conversion, what warehouse.Erasure) warehouse.Conversion {
	c.Facets = blank(c.Facets)
	switch {
	case what.Lead == nil:
		c.Lead = ""
	case c.Lead != "" && !warehouse.IsErasedLead(c.Lead):
		c.Lead = what.Lead(c.Lead)
	}
	if what.Account != 0 {
		c.Value, c.Price, c.Currency, c.Request = homing.Value{}, 0, "", homing.RequestID{}
	}
	return c
}

// blank is what stays of facets.
func blank(f warehouse.Facets) (rest warehouse.Facets) {
	for _, kept := range []warehouse.Facet{warehouse.FacetCountry, warehouse.FacetDevice} {
		rest[kept] = f[kept]
	}
	return rest
}
