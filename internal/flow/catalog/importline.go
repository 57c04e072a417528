package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

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
	}
	return ""
}

// parse reads the line.
func (l *ImportLine) parse(text []byte) error { return ReadObject(text, l) }

// ReadObject reads one JSON object into a struct. It refuses what encoding/json
// would mend or pass over in silence: text that is not UTF-8, unknown fields,
// fields given twice, and anything behind the object. Its errors do not quote
// values, which may be keys.
func ReadObject(text []byte, into any) error {
	if !utf8.Valid(text) {
		return fmt.Errorf("it is not UTF-8, from byte %d on", validUntil(text)+1)
	}
	if !bytes.HasPrefix(bytes.TrimLeft(text, " \t"), []byte("{")) {
		return errNoObject
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return plainJSON(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("something follows the object: %w", errNoObject)
	}
	return checkValue(json.NewDecoder(bytes.NewReader(text)))
}

var errNoObject = errors.New("want one JSON object a line")

// validUntil is how many bytes are UTF-8.
func validUntil(text []byte) (n int) {
	for {
		r, size := utf8.DecodeRune(text[n:])
		if r == utf8.RuneError && size <= 1 {
			return n
		}
		n += size
	}
}

// plainJSON says what is wrong with JSON without quoting it.
func plainJSON(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("it ends in the middle: %w", errNoObject)
	case errors.As(err, &syntax):
		return fmt.Errorf("it is not JSON, from byte %d on", syntax.Offset)
	case errors.As(err, &kind):
		return fmt.Errorf("field %s: want %s, not a %s", kind.Field, kind.Type, kind.Value)
	}
	return err
}

// checkValue walks through the next value, which is known to be JSON of no great
// depth. Of a field that is given twice the last would count. Text with U+FFFD
// has been mended already: by us, if half a surrogate pair is written with \u.
func checkValue(d *json.Decoder) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	switch token := token.(type) {
	case string:
		if strings.ContainsRune(token, utf8.RuneError) {
			return errors.New("it holds U+FFFD, which stands for text that was lost")
		}
	case json.Delim:
		return checkMembers(d, token == '{')
	}
	return nil
}

// checkMembers walks through an object or a list that has been begun.
func checkMembers(d *json.Decoder, object bool) error {
	seen := map[string]bool{}
	for d.More() {
		if object {
			token, err := d.Token()
			if err != nil {
				return err
			}
			name := token.(string)
			if seen[folded(name)] {
				return fmt.Errorf("field %s stands in it twice", strings.ToLower(name))
			}
			seen[folded(name)] = true
		}
		if err := checkValue(d); err != nil {
			return err
		}
	}
	_, err := d.Token() // the end of it
	return err
}

// folded is the same for all names that encoding/json takes for one.
func folded(name string) string { return strings.ToLower(strings.ToUpper(name)) }
