// Package hearing is what every judged call has in common, whether it came by a
// door or is rehearsed:
//
//	target ──► Read ──► PartiesOf, Attribute ──► judge.Judge ──► Note ──► Claim ──► ledger
//
// It decides nothing and stores nothing. Nothing in it allocates.
package hearing

import (
	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/flow/catalog"
	"homing/internal/rule/judge"
	"homing/internal/rule/target"
)

// Read reads a postback's target as a call; how it was sent is left to the
// caller. The call points into the target and into buf, which has the room of
// its query.
func Read(c *judge.Call, t *target.Target, ring *homing.Keyring, buf []byte) {
	sibling := t.Door == target.Sibling
	*c = judge.Call{
		Sibling: sibling, Code: t.Code, RawCode: t.RawCode,
		Params: target.PostbackParams(t.Query, sibling, buf),
	}
	if sibling {
		c.Code = c.Params.ClickID
	}
	if id, ok := homing.ParseClickID(c.Code); ok {
		if origin, ok := ring.Open(id); ok {
			c.Click, c.Origin, c.Genuine = id, origin, true
		}
	}
}

// PartiesOf finds whom a call concerns. The campaign of a genuine id is nil if
// it is not known here: another node's setting that has not come through.
func PartiesOf(view *catalog.View, c *judge.Call) (p judge.Parties, campaign *catalog.Campaign) {
	if n := len(c.Params.Key); n >= homing.MinKeyLen && n <= homing.MaxKeyLen {
		p.Key = view.KeyByHash(homing.HashKey(c.Params.Key))
	}
	if !c.Genuine {
		return p, nil
	}
	if campaign = view.Campaign(c.Origin.Campaign); campaign != nil {
		p.Campaign, p.Account = &campaign.Campaign, campaign.Owner
	}
	return p, campaign
}

// Attribute begins the record of a call that arrived at a moment: what click it
// named, and whose it is. That is a genuine click's account; else a valid key's;
// else the one that the account parameter names, which proves nothing; else
// nobody's.
func Attribute(p *homing.Postback, view *catalog.View, c *judge.Call, parties judge.Parties, at homing.Millis) {
	*p = homing.Postback{}
	if c.Genuine {
		p.Click, p.Origin = c.Click, c.Origin
	}
	switch campaign, key := parties.Campaign, parties.Key; {
	case campaign != nil:
		p.Account, p.Campaign = campaign.Account, campaign.ID
	case key != nil && key.State(at) == homing.KeyActive:
		p.Account, p.Key = key.Account, key.ID
	case len(c.Params.Account) > 0:
		if account := view.AccountByPublicID(c.Params.Account); account != nil {
			p.Account, p.Verdict.Flags = account.ID, homing.FlagAccountUnverified
		}
	}
}

// Note fills in what the judge said; the ruling learns the remarks that were
// there already.
func Note(p *homing.Postback, r *judge.Ruling) {
	if r.Key != 0 {
		p.Key = r.Key
	}
	p.Goal, p.Value, p.Price, p.Currency = r.Goal, r.Value, r.Price, r.Currency
	r.Verdict.Flags |= p.Verdict.Flags
	p.Verdict = r.Verdict
}

// Claim is what a good call asks of the ledger. lead is its lead code as it is
// kept, receipt the record of p.
func Claim(p *homing.Postback, r *judge.Ruling, lead, receipt []byte) ledger.Claim {
	return ledger.Claim{
		Click: p.Origin, Goal: r.Goal, Lead: lead, Account: p.Account, Campaign: p.Campaign,
		Status: r.Status, Value: r.Value, Price: r.Price, Currency: r.Currency, Flags: r.Verdict.Flags,
		At: p.At, Request: p.Request, Receipt: receipt,
	}
}

// Standing is what the ledger's decision says of a claim.
func Standing(d *ledger.Decision) judge.Standing {
	return judge.Standing{First: d.First, Value: d.Value, Mixed: d.Mixed}
}
