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
	q := queryOf(r, "account", "campaign", "status", "since", "until", "limit")
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
	for c, err := range newest(d.Books.Conversions(r.Context(), ask), limit) {
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
	q := queryOf(r, "campaign", "since", "until", "limit")
	campaign := queryNumber[homing.CampaignID](q, "campaign")
	since, until := q.moment("since"), q.moment("until")
	limit := q.limit()
	if q.err != nil {
		return q.err
	}
	list, err := d.listClicks(r.Context(), campaign, since, until, limit)
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
func (d desk) listClicks(ctx context.Context, campaign homing.CampaignID, since, until homing.Millis, limit int) (iter.Seq2[Click, error], error) {
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
		return d.scanClicks(ctx, scan, campaign, erased)
	}
	old, any := olderThan(cut, since, until)
	if !any {
		return newest(recent(since), limit), nil
	}
	only(&old, warehouse.Campaign, campaign)
	return following(d.oldClicks(ctx, old), recent(cut), limit), nil
}

func (d desk) scanClicks(ctx context.Context, q spool.Query, campaign homing.CampaignID, erased map[homing.Origin]bool) iter.Seq2[Click, error] {
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
			if campaign != 0 && click.Origin.Campaign != campaign || d.erasedCampaign(click.Origin.Campaign) || erased[click.Origin] {
				continue
			}
			masker.Click(&click, nil)
			if !yield(clickOf(&click, ring), nil) {
				return
			}
		}
	}
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
