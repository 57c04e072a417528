// Package tracker knows the trackers and networks that advertisers use: where
// each takes up our click id, and with which of its own macros it gives the id
// back. From that come the two lines that connect it:
//
//	campaign's URL ──► Template.Fit ──► …?external_id={click_id}, or what to write in the tracker
//	our base URL ──► Template.Postback ──► …/api/v1/cpa/action/{externalid}?value={payout}&account=…
//
// What is known of them stands in one file, trackers.json, each with the pages
// it was read on and how sure it is. [Repair] reads a postback URL that somebody
// has made by hand, and mends it. Everything here is pure: texts in, texts out.
package tracker

import (
	"bytes"
	_ "embed" // trackers.json
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"homing"
)

// Confidence tells how sure something is. The less sure is the smaller.
type Confidence uint8

const (
	// Guide: nobody has confirmed it; it tells what to look for.
	Guide Confidence = iota + 1
	// Partly: others' guides say so, or a page that could be read in part only.
	Partly
	// Typed: the advertiser says so.
	Typed
	// Verified: the tracker's own documentation says so.
	Verified
)

var confidences = [...]string{Guide: "guide", Partly: "partly", Typed: "typed", Verified: "verified"}

func (c Confidence) String() string { return confidences[c] }

// UnmarshalText reads a confidence's name.
func (c *Confidence) UnmarshalText(text []byte) error {
	for i, name := range confidences {
		if name == string(text) && name != "" {
			*c = Confidence(i)
			return nil
		}
	}
	return fmt.Errorf("%w confidence %q", homing.ErrInvalid, text)
}

// Token is a macro of a tracker, or the name of a parameter that it takes.
type Token struct {
	// Text is as it is written, with its brackets; empty if it is not known, or
	// there is none.
	Text       string     `json:"text"`
	Confidence Confidence `json:"confidence"`
	Note       string     `json:"note,omitempty"`
}

// Known tells whether there is one to write down.
func (t Token) Known() bool { return t.Text != "" }

// Kind tells what sort of system a template is about.
type Kind string

// Kinds, in the order in which they are listed.
const (
	Tracker Kind = "tracker" // an advertiser's tracker
	Network Kind = "network" // an affiliate network's platform
	App     Kind = "app"     // app attribution
	Own     Kind = "own"     // one's own server
)

// Kinds lists them with their titles.
func Kinds() []struct {
	Kind  Kind
	Title string
} {
	return []struct {
		Kind  Kind
		Title string
	}{{Tracker, "Trackers"}, {Network, "Affiliate networks"}, {App, "App attribution"}, {Own, "Your own"}}
}

// Template is what is known of one tracker.
type Template struct {
	ID   string `json:"id"` // in URLs
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
	// Param is the name of the parameter in which it takes our click id up.
	Param Token `json:"param"`
	// Free is where the tracker is told that name, if any will do; empty if it
	// takes Param only, or that is not known.
	Free string `json:"free,omitempty"`
	// Click, Value, Lead and Status are its macros for the id it took up, the
	// payout, a number that each conversion has of its own, and its status.
	Click  Token `json:"click"`
	Value  Token `json:"value"`
	Lead   Token `json:"lead"`
	Status Token `json:"status"`
	// Tick says which statuses to have sent.
	Tick string `json:"tick"`
	// Steps are what to do there, in the words of its menus; see StepsWith.
	Steps []string `json:"steps"`
	Notes []string `json:"notes,omitempty"`
	// Sources are the pages that this was read on, CheckedOn the day.
	Sources   []string `json:"sources"`
	CheckedOn string   `json:"checked_on"`
}

// Guide tells that the template only tells what to look for: the macro that
// everything hangs on is not known, or not confirmed.
func (t *Template) Guide() bool { return !t.Click.Known() || t.Click.Confidence == Guide }

// Line is what to append to the campaign's URL.
func (t *Template) Line() string {
	if !t.Param.Known() {
		return ""
	}
	return t.Param.Text + "=" + ClickPlace
}

// Our own place-holders: ClickPlace is the macro that campaigns' URLs have, and
// like the others stands for what the advertiser puts in where no tracker is
// known.
const (
	ClickPlace = "{click_id}"
	ValuePlace = "{price}"
	LeadPlace  = "{unique_lead_code}"
	KeyPlace   = "{secret_key}"
)

//go:embed trackers.json
var file []byte

// templates are read once. The file is a part of the program, so a fault in it
// is one of the program.
var templates = sync.OnceValue(func() []*Template {
	list, err := parse(file)
	if err != nil {
		panic("trackers.json: " + err.Error())
	}
	return list
})

func parse(file []byte) (list []*Template, err error) {
	d := json.NewDecoder(bytes.NewReader(file))
	d.DisallowUnknownFields()
	return list, d.Decode(&list)
}

// All lists the templates in the order of the file: by kind, the most common
// first. They are not to be changed.
func All() []*Template { return slices.Clone(templates()) }

// ByID finds a template; nil if there is none.
func ByID(id string) *Template {
	for _, t := range templates() {
		if t.ID == id {
			return t
		}
	}
	return nil
}

// named lists the templates whose macro for the click id this is.
func named(click string) (list []*Template) {
	for _, t := range templates() {
		if t.Kind != Own && t.Click.Text == click {
			list = append(list, t)
		}
	}
	return list
}

// namesOf lists templates' names: "Voluum, Binom or ClickFlare".
func namesOf(list []*Template) string {
	var names []string
	for _, t := range list {
		names = append(names, t.Name)
	}
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " or " + names[n-1]
	}
	return strings.Join(names, "")
}
