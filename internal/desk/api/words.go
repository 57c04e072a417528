package api

import (
	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/flow/amend"
	"homing/internal/flow/catalog"
)

// What is said both ways, as JSON. Money is decimal strings with the currency
// beside it, times are RFC 3339 in UTC, lengths of time are written like "30d".
// Fields are added, never renamed.

// Account is an account as it is shown.
type Account struct {
	ID        homing.AccountID `json:"id"`
	Ref       string           `json:"ref,omitempty"` // the operator's own
	PublicID  string           `json:"public_id"`
	Name      string           `json:"name"`
	MultiLead bool             `json:"multi_lead"` // may send lead_code
	PriceMin  homing.Money     `json:"price_min"`
	PriceMax  homing.Money     `json:"price_max"`
	Currency  string           `json:"currency"`
	Senders   []string         `json:"senders,omitempty"` // networks that postbacks may come from; none = from everywhere
	Created   string           `json:"created"`
}

// AccountBody is what a PUT says of an account. What it leaves out keeps its
// value, or begins with the default.
type AccountBody struct {
	Name      *string       `json:"name,omitempty"`
	MultiLead *bool         `json:"multi_lead,omitempty"`
	PriceMin  *homing.Money `json:"price_min,omitempty"`
	PriceMax  *homing.Money `json:"price_max,omitempty"`
	Currency  *string       `json:"currency,omitempty"`
	Senders   *[]string     `json:"senders,omitempty"`
}

// Key is an account's key. Its text is in one answer only.
type Key struct {
	ID       homing.KeyID `json:"id"`
	Name     string       `json:"name"`
	Key      string       `json:"key,omitempty"` // only when it was made just now
	State    string       `json:"state"`
	Created  string       `json:"created"`
	Expires  string       `json:"expires,omitempty"`
	Revoked  string       `json:"revoked,omitempty"`
	Uses     int64        `json:"uses"`
	LastUsed string       `json:"last_used,omitempty"`
}

// KeyBody may bring the key that the account has at present.
type KeyBody struct {
	Key string `json:"key,omitempty"`
}

// Campaign is a campaign with its click URL.
type Campaign struct {
	ID           homing.CampaignID     `json:"id"`
	Ref          string                `json:"ref,omitempty"`
	Slug         string                `json:"slug"`
	Account      homing.AccountID      `json:"account"`
	AccountRef   string                `json:"account_ref,omitempty"`
	Name         string                `json:"name"`
	URL          string                `json:"url"`
	ClickURL     string                `json:"click_url"`
	Status       homing.CampaignStatus `json:"status"`
	Window       string                `json:"window"`
	DefaultValue homing.Value          `json:"default_value"`
	Currency     string                `json:"currency"` // the account's
	Hold         bool                  `json:"hold"`     // conversions begin pending
	Goals        []homing.Goal         `json:"goals"`
	Created      string                `json:"created"`
}

// CampaignBody is what a PUT says of a campaign; as AccountBody.
type CampaignBody struct {
	Name         *string                `json:"name,omitempty"`
	URL          *string                `json:"url,omitempty"`
	Status       *homing.CampaignStatus `json:"status,omitempty"`
	Window       *string                `json:"window,omitempty"`
	DefaultValue *homing.Value          `json:"default_value,omitempty"`
	Hold         *bool                  `json:"hold,omitempty"`
	Goals        []homing.Goal          `json:"goals,omitempty"`
}

// clear notes that a campaign is to have no default value, as GET shows it.
func (b *CampaignBody) clear(field string) bool {
	if field == "default_value" {
		b.DefaultValue = &homing.Value{}
	}
	return field == "default_value"
}

// Page is a part of a list.
type Page[T any] struct {
	Rows []T    `json:"rows"`
	Next string `json:"next,omitempty"` // the cursor to go on with; not there at the end
}

// Feed is a part of the feed of changes.
type Feed struct {
	Rows []FeedRow `json:"rows"`
	Next string    `json:"next"` // the cursor to go on with; always there
}

// FeedRow is a change, with the conversion as it stands now: later changes of it,
// which follow, are in it already.
type FeedRow struct {
	Cursor     string     `json:"cursor"` // to go on behind this row
	Change     Change     `json:"change"`
	Conversion Conversion `json:"conversion"`
}

// Change is one step in the life of a conversion.
type Change struct {
	From   *homing.Status `json:"from"` // null: this step made the conversion
	To     homing.Status  `json:"to"`
	At     string         `json:"at"`
	Actor  string         `json:"actor"` // postback, user, token, command line, …
	Reason string         `json:"reason"`
}

// Conversion is a conversion as the ledger has it.
type Conversion struct {
	ID          homing.ConversionID `json:"id"`
	ClickID     homing.ClickID      `json:"click_id"`
	ClickAt     string              `json:"click_at"`
	Account     homing.AccountID    `json:"account"`
	AccountRef  string              `json:"account_ref,omitempty"`
	Campaign    homing.CampaignID   `json:"campaign"`
	CampaignRef string              `json:"campaign_ref,omitempty"`
	Goal        homing.GoalID       `json:"goal"`
	LeadCode    string              `json:"lead_code"`
	Status      homing.Status       `json:"status"`
	Value       homing.Value        `json:"value"`
	Price       homing.Money        `json:"price"`
	Currency    string              `json:"currency"`
	At          string              `json:"at"`
	Test        bool                `json:"test"`
	Flags       []string            `json:"flags"`
	Request     homing.RequestID    `json:"request_id"`
}

// ChangeBody says where a conversion is to stand.
type ChangeBody struct {
	Status homing.Status `json:"status"`
	Reason string        `json:"reason,omitempty"` // the advertiser sees it
	From   homing.Status `json:"from,omitempty"`   // where it must stand now
}

// ChangeItem is a line of a list of changes. It names the conversion by id, or
// by click_id and, where the click has several, lead_code and goal.
type ChangeItem struct {
	ID       homing.ConversionID `json:"id,omitempty"`
	ClickID  string              `json:"click_id,omitempty"`
	LeadCode string              `json:"lead_code,omitempty"`
	Goal     *homing.GoalID      `json:"goal,omitempty"`
	Status   homing.Status       `json:"status"`
	Reason   string              `json:"reason,omitempty"`
	From     homing.Status       `json:"from,omitempty"`
}

// Changes tells what became of a list of changes.
type Changes struct {
	DryRun bool           `json:"dry_run"`
	Counts map[string]int `json:"counts"` // lines by result
	Rows   []ChangedRow   `json:"rows"`
}

// ChangedRow is what became of one line.
type ChangedRow struct {
	Line    int                 `json:"line"` // from 1
	ID      homing.ConversionID `json:"id,omitempty"`
	ClickID string              `json:"click_id,omitempty"`
	From    *homing.Status      `json:"from,omitempty"` // where it stood
	To      *homing.Status      `json:"to,omitempty"`
	Result  amend.Result        `json:"result"`
	Problem string              `json:"problem,omitempty"`
}

// ErasureBody names what is to be erased: one of the two.
type ErasureBody struct {
	ClickID string `json:"click_id,omitempty"`
	Account string `json:"account,omitempty"` // its ref, or its public_id if it has none
}

// Erasure tells what was erased.
type Erasure struct {
	ClickID string `json:"click_id,omitempty"`
	Account string `json:"account,omitempty"`
	Erased  string `json:"erased"` // when
}

// when writes a time; 0, which means never, is empty.
func when(m homing.Millis) string {
	if m == 0 {
		return ""
	}
	return m.String()
}

func accountOf(a *homing.Account) Account {
	return Account{
		ID: a.ID, Ref: a.Ref, PublicID: a.PublicID, Name: a.Name, MultiLead: a.MultiLead,
		PriceMin: a.PriceMin, PriceMax: a.PriceMax, Currency: a.Currency, Senders: catalog.SenderTexts(a.Senders), Created: when(a.Created),
	}
}

func keyOf(k *homing.Key, use ledger.KeyUse, now homing.Millis) Key {
	return Key{
		ID: k.ID, Name: k.Name, State: k.State(now).String(), Created: when(k.Created), Expires: when(k.Expires),
		Revoked: when(k.Revoked), Uses: use.Count, LastUsed: when(use.Last),
	}
}

func (c *call) campaignOf(p *homing.Campaign, owner *homing.Account) Campaign {
	goals := p.Goals
	if goals == nil {
		goals = []homing.Goal{}
	}
	return Campaign{
		ID: p.ID, Ref: p.Ref, Slug: p.Slug, Account: p.Account, AccountRef: owner.Ref, Name: p.Name, URL: p.URL,
		ClickURL: c.api.ClickBase() + "/c/" + p.Slug, Status: p.Status, Window: homing.FormatWindow(p.Window),
		DefaultValue: p.DefaultValue, Currency: owner.Currency, Hold: p.Hold, Goals: goals, Created: when(p.Created),
	}
}

func (c *call) conversion(v *homing.Conversion) Conversion {
	shown := Conversion{
		ID: v.ID, ClickID: c.api.Keyring().Seal(v.Click), ClickAt: when(v.Click.Time), Account: v.Account,
		Campaign: v.Campaign, Goal: v.Goal, LeadCode: c.api.Catalog.Masker().Text(v.Lead), Status: v.Status,
		Value: v.Value, Price: v.Price, Currency: v.Currency, At: when(v.At), Test: v.Click.Test(),
		Flags: v.Flags.Names(), Request: v.Request,
	}
	if a := c.view.Account(v.Account); a != nil {
		shown.AccountRef = a.Ref
		if shown.Currency == "" {
			shown.Currency = a.Currency
		}
	}
	if p := c.view.Campaign(v.Campaign); p != nil {
		shown.CampaignRef = p.Ref
	}
	return shown
}
