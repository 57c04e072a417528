package report

import (
	"net/netip"
	"strings"

	"homing"
	"homing/internal/engine/warehouse"
)

// lister turns stored rows into shown ones: with names, with click ids worked
// out, without what the scope hides, without keys, and without what is still
// stored of erased accounts.
type lister struct {
	engine *Engine
	scope  Scope
	ring   *homing.Keyring
	names  names
}

func (e *Engine) lister(scope Scope) *lister {
	return &lister{engine: e, scope: scope, ring: e.Keyring(), names: newNames(e.View(), scope, nil)}
}

func (l *lister) click(c *warehouse.Click) Click {
	if l.erased(c.Account) {
		c.Facets, c.Addr, c.More, c.Cost = bare(&c.Facets), "", nil, 0
	}
	shown := Click{
		ClickID: l.ring.Seal(c.Origin), At: c.Time.String(), at: c.Time, Account: c.Account, AccountName: l.names.ofAccount(c.Account),
		Campaign: c.Campaign, CampaignName: l.names.ofCampaign(c.Campaign), Class: c.Class, Unique: c.Unique, Test: c.Test(),
		Cost: l.money(c.Cost), Currency: l.currency(c.Account, ""), Addr: cutAddr(c.Addr), Facets: l.facets(&c.Facets),
	}
	for _, more := range c.More {
		if l.scope.HideMoney && moneyParams[more.Param] {
			continue
		}
		if shown.Params == nil {
			shown.Params = map[string]string{}
		}
		shown.Params[more.Param.String()] = l.text(more.Text)
	}
	return shown
}

// moneyParams are what an ad server tells of amounts.
var moneyParams = map[homing.Param]bool{homing.ParamCost: true, homing.ParamPrice: true, homing.ParamECPC: true}

func (l *lister) postback(p *warehouse.Postback) Postback {
	if l.engine.Masker != nil {
		l.engine.Masker.Postback(&p.Postback)
	}
	if l.erased(p.Account) && p.Verdict.Outcome != homing.Ignored {
		p.Facets = bare(&p.Facets)
		p.Target, p.UserAgent, p.Lead, p.Value, p.Price, p.Addr = "", "", "", homing.Value{}, 0, netip.Addr{}
	}
	if l.scope.HideMoney {
		p.Target, _, _ = strings.Cut(p.Target, "?")
		p.Value = homing.Value{}
	}
	shown := Postback{
		At: p.At.String(), at: p.At, HTTPS: p.HTTPS, Method: p.Method, Target: p.Target, UserAgent: p.UserAgent,
		Account: p.Account, AccountName: l.names.ofAccount(p.Account), Campaign: p.Campaign, CampaignName: l.names.ofCampaign(p.Campaign),
		Key: l.key(p.Key), Goal: p.Goal, GoalName: l.names.ofGoal(p.Goal, p.Campaign, p.Account), LeadCode: p.Lead,
		Value: p.Value, Price: l.money(p.Price), Currency: p.Currency, Result: p.Verdict.Outcome, Reason: p.Verdict.Reason,
		Status: p.Verdict.Reason.Info().Answer.Status(), Flags: p.Verdict.Flags.Names(), Conversion: p.Conversion, Count: p.Count,
		Facets: l.facets(&p.Facets),
	}
	if addr := homing.CutAddr(p.Addr); addr.IsValid() {
		shown.Addr = addr.String()
	}
	if p.Request != (homing.RequestID{}) {
		shown.Request = p.Request.String()
	}
	if p.Click != (homing.ClickID{}) {
		shown.ClickID, shown.ClickAt, shown.clickAt, shown.Test = p.Click.String(), p.Origin.Time.String(), p.Origin.Time, p.Origin.Test()
	}
	return shown
}

func (l *lister) conversion(c *warehouse.Conversion) Conversion {
	if l.erased(c.Account) {
		c.Facets, c.Lead, c.Value, c.Price = bare(&c.Facets), "", homing.Value{}, 0
	}
	if l.scope.HideMoney {
		c.Value = homing.Value{}
	}
	return Conversion{
		ID: c.ID, ClickID: l.ring.Seal(c.Click), Account: c.Account, AccountName: l.names.ofAccount(c.Account),
		Campaign: c.Campaign, CampaignName: l.names.ofCampaign(c.Campaign),
		Goal: c.Goal, GoalName: l.names.ofGoal(c.Goal, c.Campaign, c.Account), LeadCode: l.text(c.Lead), Status: c.Status,
		Value: c.Value, Price: l.money(c.Price), Currency: l.currency(c.Account, c.Currency),
		At: c.At.String(), at: c.At, ClickAt: c.Click.Time.String(), clickAt: c.Click.Time,
		Test: c.Click.Test(), Flags: c.Flags.Names(), Request: c.Request, Facets: l.facets(&c.Facets),
	}
}

// erased tells whether the account's rows are being erased; what they still
// hold is not shown any more.
func (l *lister) erased(id homing.AccountID) bool {
	a := l.names.view.Account(id)
	return a != nil && a.Erased
}

// bare is what an erasure leaves of facets.
func bare(f *warehouse.Facets) (kept warehouse.Facets) {
	kept[warehouse.FacetCountry], kept[warehouse.FacetDevice] = f[warehouse.FacetCountry], f[warehouse.FacetDevice]
	return kept
}

// text masks the keys in a text that came from outside.
func (l *lister) text(text string) string {
	if l.engine.Masker == nil || len(text) < homing.MinKeyLen {
		return text
	}
	return l.engine.Masker.Text(text)
}

func (l *lister) facets(stored *warehouse.Facets) (shown Facets) {
	for i, to := range shown.fields() {
		*to = l.text(stored[i])
	}
	return shown
}

// key is the number of the key that signed a call, where it is the asker's own.
func (l *lister) key(id homing.KeyID) homing.KeyID {
	if l.scope.Account == 0 {
		return id
	}
	if k := l.names.view.Key(id); k == nil || k.Account != l.scope.Account {
		return 0
	}
	return id
}

func (l *lister) money(m homing.Money) *homing.Money {
	if l.scope.HideMoney {
		return nil
	}
	return &m
}

// currency is the one that was sent, else the account's.
func (l *lister) currency(id homing.AccountID, sent string) string {
	if a := l.names.accountOf(id); sent == "" && a != nil {
		return a.Currency
	}
	return sent
}

// cutAddr cuts an address that was cut when it was stored once more; of one
// that cannot be read nothing is shown.
func cutAddr(text string) string {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return ""
	}
	return homing.CutAddr(addr).String()
}
