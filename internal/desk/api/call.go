package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"homing"
	"homing/internal/flow/catalog"
	"homing/internal/flow/report"
)

// call is one request on its way through a handler.
type call struct {
	api   *api
	w     http.ResponseWriter
	r     *http.Request
	ctx   context.Context
	route *route
	names map[string]string // of the path
	view  *catalog.View
	now   homing.Millis
	token homing.Token

	// What the path names, if it does.
	account  *homing.Account
	campaign *catalog.Campaign // nil: there is none yet
	key      *homing.Key       // nil: there is none yet
	click    homing.ClickID
	origin   homing.Origin
	// conversionID is of a conversion that is there.
	conversionID homing.ConversionID
}

// actor is how the token stands in the audit log.
func (c *call) actor() string { return fmt.Sprintf("token %d", c.token.ID) }

// scope is what of the reports the token may see.
func (c *call) scope() report.Scope { return report.Scope{Account: c.token.Account} }

// maySee tells whether what belongs to an account exists for the token.
func (c *call) maySee(account homing.AccountID) bool {
	return c.token.Account == 0 || c.token.Account == account
}

// admit checks that the token may use the route and see what the path names.
// What it may not see is looked for before what it may not do, so that nobody
// learns from a 403 that something exists.
func (c *call) admit() error {
	if c.route.who == anyone {
		return nil
	}
	if err := c.authenticate(); err != nil {
		return err
	}
	if !c.token.Scopes.Has(c.route.scope) {
		return wrongScope(c.route.scope)
	}
	for _, name := range []string{"account", "campaign", "key", "click_id", "conversion"} { // the account stands first
		value, ok := c.names[name]
		if !ok {
			continue
		}
		if err := named[name](c, value); err != nil {
			return err
		}
	}
	if c.route.who == operators && c.token.Account != 0 {
		return operatorsOnly
	}
	return nil
}

// named are the names in patterns. Each looks for what it stands for and refuses
// what the token may not see. What a PUT may make need not be there.
var named = map[string]func(*call, string) error{
	"account":    (*call).loadAccount,
	"campaign":   (*call).loadCampaign,
	"key":        (*call).loadKey,
	"click_id":   (*call).loadClick,
	"conversion": (*call).loadConversion,
}

func (c *call) loadAccount(name string) error {
	account := c.view.AccountNamed(name)
	if account != nil && c.maySee(account.ID) {
		c.account = account
		return nil
	}
	if account == nil && c.token.Account == 0 && c.makes("account") {
		return nil
	}
	return missing("account", "There is no account of this reference. An account is named by its ref, one without a ref by its public_id.")
}

func (c *call) loadCampaign(name string) error {
	c.campaign = c.view.CampaignNamed(c.account.ID, name)
	if c.campaign != nil || c.makes("campaign") {
		return nil
	}
	return missing("campaign", "The account has no campaign of this reference. A campaign is named by its ref, one without a ref by its slug.")
}

func (c *call) loadKey(name string) error {
	c.key = c.view.KeyNamed(c.account.ID, name, c.now)
	if c.key != nil || c.makes("key") {
		return nil
	}
	return missing("key", "The account has no key of this name.")
}

// loadClick opens the id. Whose the click is tells the campaign in it.
func (c *call) loadClick(text string) error {
	id, ok := homing.ParseClickID(text)
	if !ok {
		return missing("click", "A click id is 40 of 0-9 and a-f.")
	}
	origin, genuine := c.api.Keyring().Open(id)
	if !genuine {
		return missing("click", "This click id was not made by this installation.")
	}
	if campaign := c.view.Campaign(origin.Campaign); c.token.Account != 0 && (campaign == nil || campaign.Account != c.token.Account) {
		return missing("click", "This click id was not made by this installation.")
	}
	c.click, c.origin = id, origin
	return nil
}

// makes tells whether the route may make what the last segment names.
func (c *call) makes(name string) bool {
	return c.route.method == http.MethodPut && strings.HasSuffix(c.route.pattern, "/{"+name+"}")
}
