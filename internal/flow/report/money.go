package report

import (
	"slices"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/catalog"
)

// purse knows of which rows amounts may be told, and in which currency: amounts
// of several currencies are never added up.
type purse struct {
	view     *catalog.View
	currency string // of all amounts
	mixed    bool   // there are several
	// Which key tells whose a row is; -1 if none does.
	account, campaign int
}

func newPurse(view *catalog.View, scope Scope, by []warehouse.Dimension, where []Condition) *purse {
	p := &purse{
		view:    view,
		account: slices.Index(by, warehouse.Account), campaign: slices.Index(by, warehouse.Campaign),
	}
	for _, a := range view.Accounts {
		if a.Erased || scope.Account != 0 && scope.Account != a.ID || !covers(view, where, a.ID) || leftOut(view, scope, where, a) {
			continue
		}
		switch p.currency {
		case "", a.Currency:
			p.currency = a.Currency
		default:
			p.currency, p.mixed = "", true
			return p
		}
	}
	return p
}

// covers tells whether the conditions can hold for rows of the account.
func covers(view *catalog.View, where []Condition, account homing.AccountID) bool {
	for _, c := range where {
		var ids []homing.AccountID
		for _, k := range c.Keys {
			switch c.Dimension {
			case warehouse.Account:
				ids = append(ids, homing.AccountID(k.Number))
			case warehouse.Campaign:
				if found := view.Campaign(homing.CampaignID(k.Number)); found != nil {
					ids = append(ids, found.Account)
				}
			}
		}
		switch {
		case c.Dimension != warehouse.Account && c.Dimension != warehouse.Campaign:
		case c.Op == warehouse.In && !slices.Contains(ids, account):
			return false
		case c.Op == warehouse.NotIn && c.Dimension == warehouse.Account && slices.Contains(ids, account):
			return false
		}
	}
	return true
}

// perRow tells whether rows have currencies of their own.
func (p *purse) perRow() bool { return p.mixed && (p.account >= 0 || p.campaign >= 0) }

// of is the currency of a row's amounts, and whether they may be told. Totals
// have no keys.
func (p *purse) of(keys []warehouse.Key) (currency string, told bool) {
	if !p.mixed {
		return p.currency, true
	}
	if keys == nil {
		return "", false
	}
	var owner *homing.Account
	switch {
	case p.account >= 0:
		owner = p.view.Account(homing.AccountID(keys[p.account].Number))
	case p.campaign >= 0:
		if c := p.view.Campaign(homing.CampaignID(keys[p.campaign].Number)); c != nil {
			owner = c.Owner
		}
	}
	if owner == nil || owner.Currency == "" {
		return "", false
	}
	return owner.Currency, true
}
