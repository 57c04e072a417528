package tracker

import (
	"fmt"
	"strings"

	"homing"
)

// Form is one of the forms of the postback.
type Form uint8

const (
	// Simple: one conversion per click.
	Simple Form = iota + 1
	// WithValue: the same, with what it is worth.
	WithValue
	// MultiLead: several conversions per click, each with a code of its own.
	MultiLead
)

var forms = [...]string{Simple: "simple", WithValue: "value", MultiLead: "leads"}

func (f Form) String() string { return forms[f] }

// UnmarshalText reads a form's name.
func (f *Form) UnmarshalText(text []byte) error {
	for _, known := range Forms() {
		if known.String() == string(text) {
			*f = known
			return nil
		}
	}
	return fmt.Errorf("%w form of the postback %q", homing.ErrInvalid, text)
}

// Forms lists them.
func Forms() []Form { return []Form{Simple, WithValue, MultiLead} }

// Options are what a postback URL is made of beside a template.
type Options struct {
	// Base and SecureBase are where postbacks go, as URLs without a slash at the
	// end; SecureBase is https, or empty if there is none. Base may be https, too.
	Base, SecureBase string
	Account          string // public id
	// Key stands in the URL where a key belongs; empty = KeyPlace.
	Key string
	// MultiLead: the account may send several leads for a click.
	MultiLead bool
}

// Missing tells why there is no URL of a form.
type Missing uint8

const (
	Nothing Missing = iota
	// NoClick: the tracker's macro for the click id is not known.
	NoClick
	// NoValue: its macro for the payout is not known.
	NoValue
	// NoLead: it has no number for each conversion, or none that is known.
	NoLead
	// LeadsOff: the account may not send several leads.
	LeadsOff
	// NoHTTPS: several leads need https, and there is no such address.
	NoHTTPS
)

// Role is what a macro in a postback stands for.
type Role uint8

const (
	ClickRole Role = iota + 1
	ValueRole
	LeadRole
)

func (r Role) String() string { return [...]string{"", "click", "value", "lead"}[r] }

// Use is a macro that a postback has in it.
type Use struct {
	Role Role
	Token
}

// Piece is a part of a postback URL.
type Piece struct {
	Text string
	// Macro: somebody replaces it.
	Macro bool
}

// Postback is a postback URL of a template.
type Postback struct {
	Form    Form
	Pieces  []Piece // of the URL; none if something is missing
	Missing Missing
	Uses    []Use
	// Confidence is that of the least sure macro in it.
	Confidence Confidence
}

// URL is the whole; empty if something is missing.
func (p *Postback) URL() string {
	var b strings.Builder
	for _, piece := range p.Pieces {
		b.WriteString(piece.Text)
	}
	return b.String()
}

// Ready tells whether the URL may be given away without a warning.
func (p *Postback) Ready() bool { return len(p.Pieces) > 0 && p.Confidence > Guide }

// Path is where postbacks go, see package target.
const Path = "/api/v1/cpa/action/"

// Postback makes the URL that the tracker is to call.
func (t *Template) Postback(form Form, o Options) Postback {
	p := Postback{Form: form, Missing: t.missing(form, o), Confidence: Verified}
	p.use(ClickRole, t.Click)
	if form != Simple {
		p.use(ValueRole, t.Value)
	}
	if form == MultiLead {
		p.use(LeadRole, t.Lead)
	}
	if p.Missing == Nothing {
		p.write(t, o)
	}
	return p
}

func (p *Postback) use(role Role, token Token) {
	if !token.Known() {
		return
	}
	p.Uses = append(p.Uses, Use{role, token})
	p.Confidence = min(p.Confidence, token.Confidence)
}

// missing is the first thing that the form lacks. What can be mended here is
// told before what the tracker lacks.
func (t *Template) missing(form Form, o Options) Missing {
	switch {
	case form == MultiLead && !o.MultiLead:
		return LeadsOff
	case form == MultiLead && o.SecureBase == "":
		return NoHTTPS
	case !t.Click.Known():
		return NoClick
	case form == WithValue && !t.Value.Known():
		return NoValue
	case form == MultiLead && !t.Lead.Known():
		return NoLead
	}
	return Nothing
}

// write puts the URL together. The account stands last: it is the part that is
// the same in all of an advertiser's URLs.
func (p *Postback) write(t *Template, o Options) {
	base := o.Base
	if p.Form == MultiLead {
		base = o.SecureBase
	}
	literal := func(text string) { p.Pieces = append(p.Pieces, Piece{Text: text}) }
	literal(base + Path)
	p.Pieces = append(p.Pieces, Piece{t.Click.Text, true})
	separator := "?"
	param := func(name string) { literal(separator + name + "="); separator = "&" }
	if p.Form != Simple && t.Value.Known() {
		param("value")
		p.Pieces = append(p.Pieces, Piece{t.Value.Text, true})
	}
	if p.Form == MultiLead {
		param("lead_code")
		p.Pieces = append(p.Pieces, Piece{t.Lead.Text, true})
		param("key")
		key := o.key()
		p.Pieces = append(p.Pieces, Piece{key, key == KeyPlace})
	}
	if o.Account != "" {
		param("account")
		literal(o.Account)
	}
}

func (o Options) key() string {
	if o.Key == "" {
		return KeyPlace
	}
	return o.Key
}
