package api

import (
	"net/http"
	"strconv"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/flow/catalog"
)

const (
	defaultPage = 100
	maxPage     = 1000
)

// pageOf takes a page out of things in the order of their numbers. Cursors are
// the number of the last one.
func pageOf[T, U any](c *call, all []T, number func(T) int64, show func(T) U) error {
	p, err := c.params()
	if err != nil {
		return err
	}
	after := p.number("cursor", 0, 0, 1<<32)
	limit := int(p.number("limit", defaultPage, 1, maxPage))
	if err := p.err(); err != nil {
		return err
	}
	page := Page[U]{Rows: []U{}}
	last := after
	for _, thing := range all {
		if number(thing) <= after {
			continue
		}
		if len(page.Rows) == limit {
			page.Next = strconv.FormatInt(last, 10)
			break
		}
		page.Rows = append(page.Rows, show(thing))
		last = number(thing)
	}
	c.linkNext("cursor", page.Next)
	return c.write(http.StatusOK, page)
}

func listAccounts(c *call) error {
	var seen []*homing.Account
	for _, a := range c.view.Accounts {
		if !a.Erased && c.maySee(a.ID) {
			seen = append(seen, a)
		}
	}
	return pageOf(c, seen, func(a *homing.Account) int64 { return int64(a.ID) }, accountOf)
}

func showAccount(c *call) error { return c.write(http.StatusOK, accountOf(c.account)) }

// made is the status of a PUT.
func made(created bool) int {
	if created {
		return http.StatusCreated
	}
	return http.StatusOK
}

func putAccount(c *call) error {
	body, err := read[AccountBody](c)
	if err != nil {
		return err
	}
	account, created, err := c.api.Catalog.PutAccount(c.ctx, c.actor(), &catalog.ImportLine{
		Ref: c.names["account"], Name: body.Name, MultiLead: body.MultiLead, PriceMin: body.PriceMin,
		PriceMax: body.PriceMax, Currency: body.Currency, Senders: body.Senders,
	})
	if err != nil {
		return err
	}
	return c.write(made(created), accountOf(&account))
}

func listCampaigns(c *call) error {
	return pageOf(c, c.view.CampaignsOf(c.account.ID), func(p *catalog.Campaign) int64 { return int64(p.ID) },
		func(p *catalog.Campaign) Campaign { return c.campaignOf(&p.Campaign, p.Owner) })
}

func showCampaign(c *call) error {
	return c.write(http.StatusOK, c.campaignOf(&c.campaign.Campaign, c.account))
}

func putCampaign(c *call) error {
	body, err := read[CampaignBody](c)
	if err != nil {
		return err
	}
	campaign, created, err := c.api.Catalog.PutCampaign(c.ctx, c.actor(), &catalog.ImportLine{
		Account: c.names["account"], Ref: c.names["campaign"], Name: body.Name, URL: body.URL, Status: body.Status,
		Window: body.Window, DefaultValue: body.DefaultValue, Hold: body.Hold, Goals: body.Goals,
	})
	if err != nil {
		return err
	}
	return c.write(made(created), c.campaignOf(&campaign, c.account))
}

func listKeys(c *call) error {
	uses, err := c.api.Catalog.KeyUses(c.ctx)
	if err != nil {
		return err
	}
	return pageOf(c, c.view.KeysOf(c.account.ID), func(k *homing.Key) int64 { return int64(k.ID) },
		func(k *homing.Key) Key { return keyOf(k, uses[k.ID], c.now) })
}

func showKey(c *call) error {
	uses, err := c.api.Catalog.KeyUses(c.ctx)
	if err != nil {
		return err
	}
	return c.write(http.StatusOK, keyOf(c.key, uses[c.key.ID], c.now))
}

func putKey(c *call) error {
	body, err := read[KeyBody](c)
	if err != nil {
		return err
	}
	var present homing.Secret
	if body.Key != "" {
		if present, err = homing.ParseSecret(body.Key); err != nil {
			return wrongField("key", err.Error())
		}
	}
	key, text, created, err := c.api.Catalog.PutKey(c.ctx, c.actor(), c.account.ID, c.names["key"], present)
	if err != nil {
		return err
	}
	shown := keyOf(&key, ledger.KeyUse{}, c.now)
	if !created {
		uses, err := c.api.Catalog.KeyUses(c.ctx)
		if err != nil {
			return err
		}
		shown = keyOf(&key, uses[key.ID], c.now)
	}
	if text != "" {
		shown.Key = text.Reveal() // the one time
	}
	return c.write(made(created), shown)
}

// revokeKey ends the key of a name. Doing it again changes nothing.
func revokeKey(c *call) error {
	if err := c.api.Catalog.RevokeKey(c.ctx, c.actor(), c.account.ID, c.key.ID); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// erase forgets a click or an account in the ledger. Whatever else holds
// something of it follows.
func erase(c *call) error {
	body, err := read[ErasureBody](c)
	if err != nil {
		return err
	}
	done := Erasure{ClickID: body.ClickID, Account: body.Account, Erased: when(c.now)}
	switch {
	case (body.ClickID == "") == (body.Account == ""):
		return wrongField("click_id", "give click_id or account, one of the two")
	case body.ClickID != "":
		if err := c.loadClick(body.ClickID); err != nil {
			return wrongField("click_id", "this click id was not made by this installation")
		}
		err = c.api.Catalog.EraseClick(c.ctx, c.actor(), c.origin)
	default:
		account := c.view.AccountNamed(body.Account)
		if account == nil {
			return wrongField("account", "there is no account of this reference")
		}
		err = c.api.Catalog.EraseAccount(c.ctx, c.actor(), account.ID)
	}
	if err != nil {
		return err
	}
	return c.write(http.StatusAccepted, done)
}
