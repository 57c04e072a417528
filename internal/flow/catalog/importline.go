package catalog

import (
	"errors"
	"fmt"

	"homing"
)

// ImportLine is one line of an import file: an account or a campaign, known by
// the operator's own reference. A line with a url or an account is a campaign's.
//
//	{"ref":"adv-17","name":"Acme","keys":["…present key…"],"multi_lead":true}
//	{"ref":"cmp-204","account":"adv-17","name":"Spring","url":"https://…{click_id}"}
//
// What a line leaves out, or gives as null, keeps its present value, or begins
// with the default. What it gives as "" is empty, which most fields may not be.
type ImportLine struct {
	Type     string  `json:"type"` // "account" or "campaign"; told from the fields if left out
	Ref      string  `json:"ref"`
	Name     *string `json:"name"`
	Currency *string `json:"currency"`

	// Of accounts.
	Key       *string       `json:"key"`  // one present key
	Keys      []string      `json:"keys"` // or several
	MultiLead *bool         `json:"multi_lead"`
	PriceMin  *homing.Money `json:"price_min"`
	PriceMax  *homing.Money `json:"price_max"`
	Senders   *[]string     `json:"senders"` // permitted networks; [] = from everywhere

	// Of campaigns.
	Account      string                 `json:"account"` // the account's ref
	URL          *string                `json:"url"`
	Window       *string                `json:"window"`
	DefaultValue *homing.Value          `json:"default_value"`
	Hold         *bool                  `json:"hold"`
	Status       *homing.CampaignStatus `json:"status"`
	Goals        []homing.Goal          `json:"goals"`
}

// kind is what the line is about.
func (l *ImportLine) kind() string {
	switch {
	case l.Type != "":
		return l.Type
	case l.URL != nil || l.Account != "":
		return "campaign"
	}
	return "account"
}

// campaignField names a field that is given and that accounts do not have.
// Passing over it in silence would be to lose it.
func (l *ImportLine) campaignField() string {
	switch {
	case l.Account != "":
		return "account"
	case l.URL != nil:
		return "url"
	case l.Window != nil:
		return "window"
	case l.DefaultValue != nil:
		return "default_value"
	case l.Hold != nil:
		return "hold"
	case l.Status != nil:
		return "status"
	case l.Goals != nil:
		return "goals"
	}
	return ""
}

// accountField names a field that is given and that campaigns do not have.
func (l *ImportLine) accountField() string {
	switch {
	case l.Currency != nil:
		return "currency"
	case l.Key != nil:
		return "key"
	case l.Keys != nil:
		return "keys"
	case l.MultiLead != nil:
		return "multi_lead"
	case l.PriceMin != nil:
		return "price_min"
	case l.PriceMax != nil:
		return "price_max"
	case l.Senders != nil:
		return "senders"
	}
	return ""
}

// parse reads the line.
func (l *ImportLine) parse(text []byte) error {
	err := ReadObject(text, l)
	if errors.Is(err, errNoObject) {
		return fmt.Errorf("%w a line", err)
	}
	return err
}
