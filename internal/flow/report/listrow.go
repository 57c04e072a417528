package report

import (
	"homing"
	"homing/internal/engine/warehouse"
)

// Page is a part of a list.
type Page[T Click | Postback | Conversion] struct {
	Rows  []T      `json:"rows"`
	Next  string   `json:"next,omitempty"` // the cursor to go on with; empty at the end
	Notes []string `json:"notes"`
	AsOf  Moment   `json:"as_of"`
}

// Moment is a time as JSON shows it: RFC 3339 in UTC; null if there is none.
type Moment homing.Millis

// MarshalJSON writes the moment.
func (m Moment) MarshalJSON() ([]byte, error) {
	if m == 0 {
		return []byte("null"), nil
	}
	return []byte(`"` + homing.Millis(m).String() + `"`), nil
}

// Facets is what is known of a click's visitor and placement.
type Facets struct {
	Creative string `json:"creative,omitempty"`
	Site     string `json:"site,omitempty"`
	Adspot   string `json:"adspot,omitempty"`
	Source   string `json:"source,omitempty"`
	Sub1     string `json:"sub1,omitempty"`
	Sub2     string `json:"sub2,omitempty"`
	Sub3     string `json:"sub3,omitempty"`
	Sub4     string `json:"sub4,omitempty"`
	Sub5     string `json:"sub5,omitempty"`
	Sub6     string `json:"sub6,omitempty"`
	Sub7     string `json:"sub7,omitempty"`
	Sub8     string `json:"sub8,omitempty"`
	Sub9     string `json:"sub9,omitempty"`
	Sub10    string `json:"sub10,omitempty"`
	Referrer string `json:"referrer,omitempty"` // host
	Country  string `json:"country,omitempty"`
	Region   string `json:"region,omitempty"`
	City     string `json:"city,omitempty"`
	Carrier  string `json:"carrier,omitempty"`
	ISP      string `json:"isp,omitempty"`
	Device   string `json:"device,omitempty"`
	OS       string `json:"os,omitempty"`
	Browser  string `json:"browser,omitempty"`
	Language string `json:"language,omitempty"`
}

// fields are the facets in the warehouse's order.
func (f *Facets) fields() [warehouse.FacetCount]*string {
	return [...]*string{
		&f.Creative, &f.Site, &f.Adspot, &f.Source,
		&f.Sub1, &f.Sub2, &f.Sub3, &f.Sub4, &f.Sub5, &f.Sub6, &f.Sub7, &f.Sub8, &f.Sub9, &f.Sub10,
		&f.Referrer, &f.Country, &f.Region, &f.City, &f.Carrier, &f.ISP, &f.Device, &f.OS, &f.Browser, &f.Language,
	}
}

// Click is a row of the list of clicks. Money that the scope hides is null.
type Click struct {
	ClickID      homing.ClickID    `json:"click_id"`
	At           string            `json:"at"`
	Account      homing.AccountID  `json:"account"`
	AccountName  string            `json:"account_name"`
	Campaign     homing.CampaignID `json:"campaign"`
	CampaignName string            `json:"campaign_name"`
	Class        homing.ClickClass `json:"class"`
	Unique       bool              `json:"unique"`
	Test         bool              `json:"test"`
	Cost         *homing.Money     `json:"cost"`
	Currency     string            `json:"currency"`
	Addr         string            `json:"addr,omitempty"` // cut by policy
	Facets
	Params map[string]string `json:"params,omitempty"` // what else the ad server told

	at homing.Millis
}

// Postback is a row of the postback log.
type Postback struct {
	Request      string              `json:"request_id,omitempty"` // none of those that were only counted
	At           string              `json:"at"`
	Addr         string              `json:"addr,omitempty"` // cut by policy
	HTTPS        bool                `json:"https"`
	Method       string              `json:"method,omitempty"`
	Target       string              `json:"target,omitempty"` // masked
	UserAgent    string              `json:"user_agent,omitempty"`
	Account      homing.AccountID    `json:"account,omitempty"`
	AccountName  string              `json:"account_name,omitempty"`
	Campaign     homing.CampaignID   `json:"campaign,omitempty"`
	CampaignName string              `json:"campaign_name,omitempty"`
	ClickID      string              `json:"click_id,omitempty"`
	ClickAt      string              `json:"click_at,omitempty"`
	Key          homing.KeyID        `json:"key_id,omitempty"`
	Goal         homing.GoalID       `json:"goal"`
	GoalName     string              `json:"goal_name,omitempty"`
	LeadCode     string              `json:"lead_code"`
	Value        homing.Value        `json:"value"`
	Price        *homing.Money       `json:"price"`
	Currency     string              `json:"currency,omitempty"` // as sent
	Result       homing.Outcome      `json:"result"`
	Reason       homing.Reason       `json:"reason"`
	Status       int                 `json:"status"` // what the sender was answered
	Flags        []string            `json:"flags"`
	Conversion   homing.ConversionID `json:"conversion,omitempty"`
	Count        int64               `json:"count"` // more than 1: only counted
	Test         bool                `json:"test"`
	Facets

	at, clickAt homing.Millis
}

// Conversion is a row of the list of conversions.
type Conversion struct {
	ID           homing.ConversionID `json:"id"`
	ClickID      homing.ClickID      `json:"click_id"`
	Account      homing.AccountID    `json:"account"`
	AccountName  string              `json:"account_name"`
	Campaign     homing.CampaignID   `json:"campaign"`
	CampaignName string              `json:"campaign_name"`
	Goal         homing.GoalID       `json:"goal"`
	GoalName     string              `json:"goal_name,omitempty"`
	LeadCode     string              `json:"lead_code"`
	Status       homing.Status       `json:"status"`
	Value        homing.Value        `json:"value"`
	Price        *homing.Money       `json:"price"`
	Currency     string              `json:"currency"` // as sent, else the account's
	At           string              `json:"at"`
	ClickAt      string              `json:"click_at"`
	Test         bool                `json:"test"`
	Flags        []string            `json:"flags"`
	Request      homing.RequestID    `json:"request_id"`
	Facets

	at, clickAt homing.Millis
}

// Time is when the call arrived.
func (p *Postback) Time() homing.Millis { return p.at }
