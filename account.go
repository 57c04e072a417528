package homing

import (
	"net/netip"
	"time"
)

// Account is an advertiser, a client of the operator. In the panel it is called
// Advertiser.
type Account struct {
	ID        AccountID `json:"id"`
	PublicID  string    `json:"public_id"` // 12 of [0-9A-Za-z]; no secret, authorizes nothing
	Ref       string    `json:"ref,omitempty"`
	Name      string    `json:"name"`
	MultiLead bool      `json:"multi_lead"` // may send lead_code
	PriceMin  Money     `json:"price_min"`
	PriceMax  Money     `json:"price_max"`
	Currency  string    `json:"currency"` // ISO 4217
	Created   Millis    `json:"created"`
	// Senders are the networks that postbacks may come from; a call from
	// elsewhere is refused. None = from everywhere.
	Senders []netip.Prefix `json:"senders,omitempty"`
	// Demo accounts were filled with made-up traffic, and can be taken away.
	Demo bool `json:"demo,omitempty"`
	// Notices are what its people want to be told of.
	Notices Notices `json:"-"`
	// Erased accounts keep their number and nothing else.
	Erased bool `json:"erased,omitempty"`
}

// The price range of a new account, from the public text.
const (
	DefaultPriceMin = Unit / 100
	DefaultPriceMax = 200 * Unit
	DefaultCurrency = "USD"
)

// Key is an account's secret for postbacks, as it is stored: a hash to check
// by, and a sealed copy to show to its owner. Several may be active.
type Key struct {
	ID      KeyID     `json:"id"`
	Account AccountID `json:"account"`
	Name    string    `json:"name,omitempty"`
	Hash    KeyHash   `json:"-"`
	Sealed  []byte    `json:"-"` // see Keyring.SealSecret
	Created Millis    `json:"created"`
	Expires Millis    `json:"expires,omitempty"` // end of the overlap after a rotation; 0 = never
	Revoked Millis    `json:"revoked,omitempty"` // 0 = not
}

// KeyState tells whether a key opens the door.
type KeyState uint8

const (
	KeyActive KeyState = iota
	KeyExpired
	KeyRevoked
)

func (s KeyState) String() string { return [...]string{"active", "expired", "revoked"}[s] }

// State tells whether the key is active at now.
func (k *Key) State(now Millis) KeyState {
	switch {
	case k.Revoked != 0:
		return KeyRevoked
	case k.Expires != 0 && now >= k.Expires:
		return KeyExpired
	}
	return KeyActive
}

// CampaignStatus tells whether a campaign takes clicks.
type CampaignStatus uint8

const (
	CampaignActive CampaignStatus = iota + 1
	// CampaignPaused takes no clicks; postbacks for its clicks still count.
	CampaignPaused
)

var campaignStatuses = map[string]CampaignStatus{"active": CampaignActive, "paused": CampaignPaused}

func (s CampaignStatus) String() string { return nameOf(campaignStatuses, s) }

// MarshalText writes the status' name.
func (s CampaignStatus) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a status' name.
func (s *CampaignStatus) UnmarshalText(text []byte) (err error) {
	*s, err = valueOf(campaignStatuses, "campaign status", string(text))
	return err
}

// Campaign is an account's destination with its limits. Its click URL is
// /c/{Slug}.
type Campaign struct {
	ID      CampaignID     `json:"id"`
	Account AccountID      `json:"account"`
	Ref     string         `json:"ref,omitempty"`
	Name    string         `json:"name"`
	Slug    string         `json:"slug"` // opaque, random
	URL     string         `json:"url"`  // template, see package macro
	Status  CampaignStatus `json:"status"`
	// Window is how long after the click a postback counts.
	Window time.Duration `json:"-"`
	// DefaultValue is copied to a conversion that brings no value.
	DefaultValue Value  `json:"default_value"`
	Hold         bool   `json:"hold"` // conversions begin pending
	Goals        []Goal `json:"goals,omitempty"`
	Created      Millis `json:"created"`
}

// DefaultWindow is the window of a new campaign.
const DefaultWindow = 30 * 24 * time.Hour

// Goal is a kind of conversion that a campaign tells apart by goalid.
type Goal struct {
	ID   GoalID `json:"id"`
	Name string `json:"name"`
}

// HasGoal tells whether the campaign defines the goal.
func (c *Campaign) HasGoal(id GoalID) bool {
	for i := range c.Goals {
		if c.Goals[i].ID == id {
			return true
		}
	}
	return false
}
