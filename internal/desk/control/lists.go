package control

import (
	"context"
	"iter"
	"net/http"
	"net/netip"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
	"homing/internal/engine/warehouse"
	"homing/internal/rule/mask"
)

func (d desk) conversions(r *http.Request, out *lines) error {
	q := queryOf(r, "account", "campaign", "status", "since", "until", "limit", "demo")
	ask := ledger.ConversionQuery{
		Account:  queryNumber[homing.AccountID](q, "account"),
		Campaign: queryNumber[homing.CampaignID](q, "campaign"),
		Since:    q.moment("since"),
		Until:    q.moment("until"),
	}
	q.word("status", &ask.Status)
	limit := q.limit()
	if q.err != nil {
		return q.err
	}
	ring, masker := d.Keyring(), d.Catalog.Masker()
	for c, err := range newest(d.realConversions(r.Context(), ask, d.demosBeside(q, ask.Account, ask.Campaign)), limit) {
		if err != nil {
			return err
		}
		if c.Currency == "" {
			c.Currency = d.currencyOf(c.Account)
		}
		if err := out.write(conversionOf(&c, ring, masker)); err != nil {
			return err
		}
	}
	return nil
}

// realConversions are those of the ledger but for the demos'.
func (d desk) realConversions(ctx context.Context, ask ledger.ConversionQuery, demos demos) iter.Seq2[homing.Conversion, error] {
	return func(yield func(homing.Conversion, error) bool) {
		for c, err := range d.Books.Conversions(ctx, ask) {
			if err == nil && demos[c.Account] {
				continue
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

// currencyOf is the account's; none if the account is gone.
func (d desk) currencyOf(id homing.AccountID) string {
	if a := d.Catalog.View().Account(id); a != nil {
		return a.Currency
	}
	return ""
}

func conversionOf(c *homing.Conversion, ring *homing.Keyring, masker *mask.Masker) Conversion {
	return Conversion{
		ID: c.ID, ClickID: ring.Seal(c.Click), Account: c.Account, Campaign: c.Campaign,
		Goal: c.Goal, LeadCode: masker.Text(c.Lead), Status: c.Status, Value: c.Value, Price: c.Price,
		Currency: c.Currency, At: when(c.At), ClickAt: when(c.Click.Time), Test: c.Click.Test(),
		Flags: c.Flags.Names(), Request: c.Request,
	}
}

func (d desk) clicks(r *http.Request, out *lines) error {
	q := queryOf(r, "campaign", "since", "until", "limit", "demo")
	campaign := queryNumber[homing.CampaignID](q, "campaign")
	since, until := q.moment("since"), q.moment("until")
	limit := q.limit()
	if q.err != nil {
		return q.err
	}
	list, err := d.listClicks(r.Context(), campaign, d.demosBeside(q, 0, campaign), since, until, limit)
	if err != nil {
		return err
	}
	for c, err := range list {
		if err != nil {
			return err
		}
		if err := out.write(c); err != nil {
			return err
		}
	}
	return nil
}

// listClicks lists clicks from where they are.
func (d desk) listClicks(ctx context.Context, campaign homing.CampaignID, demos demos, since, until homing.Millis, limit int) (iter.Seq2[Click, error], error) {
	cut, err := d.spooled(ctx)
	if err != nil {
		return nil, err
	}
	erased, err := d.erasedClicks(ctx)
	if err != nil {
		return nil, err
	}
	recent := func(since homing.Millis) iter.Seq2[Click, error] {
		scan := spool.Query{Kinds: spool.SetOf(spool.KindClick), Since: since, Until: until}
		return d.scanClicks(ctx, scan, campaign, demos, erased)
	}
	old, any := olderThan(cut, since, until)
	if !any {
		return newest(recent(since), limit), nil
	}
	only(&old, warehouse.Campaign, campaign)
	demos.leaveOut(&old)
	return following(d.oldClicks(ctx, old), recent(cut), limit), nil
}

func (d desk) scanClicks(ctx context.Context, q spool.Query, campaign homing.CampaignID, demos demos, erased map[homing.Origin]bool) iter.Seq2[Click, error] {
	return func(yield func(Click, error) bool) {
		ring, masker := d.Keyring(), d.Catalog.Masker()
		var click homing.Click
		for record, err := range d.Spool.Scan(ctx, q) {
			if err == nil {
				err = homing.DecodeClick(&click, record.Data)
			}
			if err != nil {
				yield(Click{}, err)
				return
			}
			if campaign != 0 && click.Origin.Campaign != campaign || d.oneOf(demos, click.Origin.Campaign) || d.erasedCampaign(click.Origin.Campaign) || erased[click.Origin] {
				continue
			}
			masker.Click(&click, nil)
			if !yield(clickOf(&click, ring), nil) {
				return
			}
		}
	}
}

// oneOf tells whether a campaign is one of theirs.
func (d desk) oneOf(demos demos, id homing.CampaignID) bool {
	c := d.Catalog.View().Campaign(id)
	return c != nil && demos[c.Account]
}

func (d desk) erasedCampaign(id homing.CampaignID) bool {
	c := d.Catalog.View().Campaign(id)
	return c != nil && c.Owner.Erased
}

// clickOf copies a click out of its record.
func clickOf(c *homing.Click, ring *homing.Keyring) Click {
	shown := Click{
		ClickID: ring.Seal(c.Origin), At: when(c.Origin.Time), Campaign: c.Origin.Campaign,
		Class: c.Class, Addr: cutAddr(c.Addr),
		UserAgent: string(c.UserAgent), Referrer: string(c.Referrer),
	}
	for p, value := range c.Params {
		if value == nil {
			continue
		}
		if shown.Params == nil {
			shown.Params = map[string]string{}
		}
		shown.Params[homing.Param(p).String()] = string(value)
	}
	return shown
}

func cutAddr(addr netip.Addr) string {
	if addr = homing.CutAddr(addr); addr.IsValid() {
		return addr.String()
	}
	return ""
}
