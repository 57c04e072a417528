package control

import (
	"encoding/json"

	"homing"
)

// What goes over the control socket, as JSON. Money is decimal strings, times
// are RFC 3339 in UTC, lengths of time are written like "30d". The command line
// prints these as they are with --format json, so their fields are stable.

// Account is an account with, right after its creation, its first key.
type Account struct {
	ID        homing.AccountID `json:"id"`
	Name      string           `json:"name"`
	Key       string           `json:"key,omitempty"` // only when it was made just now
	PublicID  string           `json:"public_id"`
	Ref       string           `json:"ref,omitempty"`
	MultiLead bool             `json:"multi_lead"`
	PriceMin  homing.Money     `json:"price_min"`
	PriceMax  homing.Money     `json:"price_max"`
	Currency  string           `json:"currency"`
	Senders   []string         `json:"senders,omitempty"` // permitted networks; none = from everywhere
	Created   string           `json:"created"`
}

// Erasure tells that an account was erased.
type Erasure struct {
	ID     homing.AccountID `json:"id"`
	Erased bool             `json:"erased"`
}

// AccountEdit makes or changes an account; what is nil keeps its value or
// begins with the default.
type AccountEdit struct {
	Name      *string       `json:"name,omitempty"`
	Ref       *string       `json:"ref,omitempty"`
	MultiLead *bool         `json:"multi_lead,omitempty"`
	PriceMin  *homing.Money `json:"price_min,omitempty"`
	PriceMax  *homing.Money `json:"price_max,omitempty"`
	Currency  *string       `json:"currency,omitempty"`
	Senders   *[]string     `json:"senders,omitempty"`
}

// Key is a key, with its text only when it was made just now.
type Key struct {
	ID       homing.KeyID     `json:"id"`
	Key      string           `json:"key,omitempty"`
	Account  homing.AccountID `json:"account"`
	Name     string           `json:"name,omitempty"`
	State    string           `json:"state"`
	Created  string           `json:"created"`
	Expires  string           `json:"expires,omitempty"`
	Revoked  string           `json:"revoked,omitempty"`
	Uses     int64            `json:"uses"`
	LastUsed string           `json:"last_used,omitempty"`
	LastAddr string           `json:"last_addr,omitempty"`
	OverHTTP int64            `json:"over_http,omitempty"`
}

// Rotation asks for a new key.
type Rotation struct {
	Name    string `json:"name,omitempty"`
	Overlap string `json:"overlap,omitempty"` // how long the present keys go on; empty = 30d, "0" = not at all
}

// Campaign is a campaign with its click URL.
type Campaign struct {
	ID           homing.CampaignID     `json:"id"`
	ClickURL     string                `json:"click_url"`
	Account      homing.AccountID      `json:"account"`
	Name         string                `json:"name"`
	Ref          string                `json:"ref,omitempty"`
	URL          string                `json:"url"`
	Status       homing.CampaignStatus `json:"status"`
	Window       string                `json:"window"`
	DefaultValue homing.Value          `json:"default_value"`
	Hold         bool                  `json:"hold"`
	Goals        []homing.Goal         `json:"goals,omitempty"`
	Created      string                `json:"created"`
	Warnings     []string              `json:"warnings,omitempty"` // of the template's linter
}

// CampaignEdit makes or changes a campaign; what is nil keeps its value or
// begins with the default.
type CampaignEdit struct {
	Account      homing.AccountID       `json:"account,omitempty"` // when it is made
	Name         *string                `json:"name,omitempty"`
	Ref          *string                `json:"ref,omitempty"`
	URL          *string                `json:"url,omitempty"`
	Status       *homing.CampaignStatus `json:"status,omitempty"`
	Window       *string                `json:"window,omitempty"`
	DefaultValue *homing.Value          `json:"default_value,omitempty"`
	Hold         *bool                  `json:"hold,omitempty"`
	Goals        []homing.Goal          `json:"goals,omitempty"`
	// Clear names what an update empties: "default_value", "goals".
	Clear []string `json:"clear,omitempty"`
}

// User is a person who may sign in to the panel.
type User struct {
	ID       homing.UserID    `json:"id"`
	Email    string           `json:"email"`
	Role     homing.Role      `json:"role"`
	Account  homing.AccountID `json:"account,omitempty"`
	Level    homing.Level     `json:"level"`
	Created  string           `json:"created"`
	Invited  bool             `json:"invited,omitempty"` // has not chosen a password yet
	Disabled bool             `json:"disabled,omitempty"`
	// HideMoney: amounts are left out of all that the user sees.
	HideMoney    bool `json:"hide_money,omitempty"`
	SecondFactor bool `json:"second_factor,omitempty"`
}

// UserRequest makes a user, or asks for a new link for one. Without a role it
// is an advertiser's user if it has an account, else an operator; without a
// level an owner.
type UserRequest struct {
	Email     string           `json:"email"`
	Role      homing.Role      `json:"role,omitempty"`
	Account   homing.AccountID `json:"account,omitempty"`
	Level     homing.Level     `json:"level,omitempty"`
	HideMoney bool             `json:"hide_money,omitempty"`
	// SecondFactor takes the second factor away besides.
	SecondFactor bool `json:"second_factor,omitempty"`
}

// UserLink is a one-time link for a person.
type UserLink struct {
	Email   string `json:"email"`
	Link    string `json:"link"`
	Expires string `json:"expires"`
	// SecondFactorRemoved: there was one, and it is gone.
	SecondFactorRemoved bool `json:"second_factor_removed,omitempty"`
}

// Conversion is one line of homing conversions.
type Conversion struct {
	ID       homing.ConversionID `json:"id"`
	ClickID  homing.ClickID      `json:"click_id"`
	Account  homing.AccountID    `json:"account"`
	Campaign homing.CampaignID   `json:"campaign"`
	Goal     homing.GoalID       `json:"goal"`
	LeadCode string              `json:"lead_code"`
	Status   homing.Status       `json:"status"`
	Value    homing.Value        `json:"value"`
	Price    homing.Money        `json:"price"`
	Currency string              `json:"currency"`
	At       string              `json:"at"`
	ClickAt  string              `json:"click_at"`
	Test     bool                `json:"test"`
	Flags    []string            `json:"flags"`
	Request  homing.RequestID    `json:"request_id"`
}

// Postback is one line of homing postbacks.
type Postback struct {
	Request    string              `json:"request_id,omitempty"`
	At         string              `json:"at"`
	Addr       string              `json:"addr,omitempty"` // cut by policy
	HTTPS      bool                `json:"https"`
	Method     string              `json:"method,omitempty"`
	Target     string              `json:"target,omitempty"` // masked
	UserAgent  string              `json:"user_agent,omitempty"`
	Account    homing.AccountID    `json:"account,omitempty"`
	Campaign   homing.CampaignID   `json:"campaign,omitempty"`
	ClickID    string              `json:"click_id,omitempty"`
	Key        homing.KeyID        `json:"key_id,omitempty"`
	Goal       homing.GoalID       `json:"goal"`
	LeadCode   string              `json:"lead_code"`
	Value      homing.Value        `json:"value"`
	Price      homing.Money        `json:"price"`
	Currency   string              `json:"currency,omitempty"`
	Result     homing.Outcome      `json:"result"`
	Reason     homing.Reason       `json:"reason"`
	Status     int                 `json:"status"` // what the sender was answered
	Flags      []string            `json:"flags"`
	Conversion homing.ConversionID `json:"conversion,omitempty"`
	Count      uint64              `json:"count"` // more than 1: only counted
}

// Click is one line of homing clicks.
type Click struct {
	ClickID   homing.ClickID    `json:"click_id"`
	At        string            `json:"at"`
	Campaign  homing.CampaignID `json:"campaign"`
	Class     homing.ClickClass `json:"class"`
	Addr      string            `json:"addr,omitempty"` // cut by policy
	UserAgent string            `json:"user_agent,omitempty"`
	Referrer  string            `json:"referrer,omitempty"`
	Params    map[string]string `json:"params,omitempty"`
}

// Status tells what is running.
type Status struct {
	Version  string        `json:"version"`
	Node     homing.NodeID `json:"node"`
	Track    string        `json:"track"`               // http://127.0.0.1:8080
	TrackTLS string        `json:"track_tls,omitempty"` // https://127.0.0.1:8443
	Desk     string        `json:"desk,omitempty"`
	Public   string        `json:"public,omitempty"`
	Spool    SpoolStatus   `json:"spool"`
	Notices  []string      `json:"notices,omitempty"`
	// Warehouse is nil if this homing has none.
	Warehouse *WarehouseStatus `json:"warehouse,omitempty"`
}

// SpoolStatus tells how the spool is doing.
type SpoolStatus struct {
	Durable uint64   `json:"durable"`
	Oldest  uint64   `json:"oldest"`
	Damage  []string `json:"damage,omitempty"`
}

// Imported tells what an import did.
type Imported struct {
	Accounts  ImportCount `json:"accounts"`
	Campaigns ImportCount `json:"campaigns"`
	KeysAdded int         `json:"keys_added"`
	// ClickURLs lists the campaigns of the file, in its order.
	ClickURLs []ImportedCampaign `json:"click_urls"`
}

// ImportCount counts things of one sort.
type ImportCount struct {
	Created   int `json:"created"`
	Changed   int `json:"changed"`
	Unchanged int `json:"unchanged"`
}

// ImportedCampaign is a campaign of an import file with its click URL.
type ImportedCampaign struct {
	ID       homing.CampaignID `json:"id"`
	Account  homing.AccountID  `json:"account"`
	Ref      string            `json:"ref"`
	ClickURL string            `json:"click_url"`
}

// TraceRequest asks for the story of a click: a click id, or text that holds
// one, such as a URL.
type TraceRequest struct {
	Text string `json:"text"`
}

// Trace is the story of a click: as JSON for programs, in lines for people.
type Trace struct {
	Story json.RawMessage `json:"story"`
	Lines []string        `json:"lines"`
}

// Problem is what an error looks like.
type Problem struct {
	Kind    string `json:"kind"` // see kinds
	Message string `json:"message"`
}
