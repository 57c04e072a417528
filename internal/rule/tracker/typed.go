package tracker

import (
	"regexp"
	"strings"
)

// Words are what an advertiser types in of a tracker that is not listed.
type Words struct {
	Param, Click, Value, Lead string
}

// Empty tells that nothing was typed.
func (w Words) Empty() bool { return w == Words{} }

// Fault is what is wrong with one of the words.
type Fault struct {
	Field string // param, click, value, lead
	Text  string
}

const maxWord = 100

var (
	paramName = regexp.MustCompile(`^[A-Za-z0-9_.~\-]+$`)
	// tokenText leaves out what would end a path segment or a parameter.
	tokenText = regexp.MustCompile(`^[!#$%(){}\[\]<>*+,\-.:=@A-Z^_a-z|~0-9]+$`)
)

// Template makes a template of them. With faults it is made all the same, of
// the words that have none.
func (w Words) Template() (*Template, []Fault) {
	var faults []Fault
	t := &Template{ID: "other", Name: "Your tracker", Kind: Own}
	t.Param = typed(w.Param)
	if t.Param.Known() && (!paramName.MatchString(t.Param.Text) || len(t.Param.Text) > maxWord) {
		faults = append(faults, Fault{"param", "write the parameter's name alone, such as external_id"})
		t.Param = Token{}
	}
	for _, one := range []struct {
		field, text string
		into        *Token
	}{{"click", w.Click, &t.Click}, {"value", w.Value, &t.Value}, {"lead", w.Lead, &t.Lead}} {
		*one.into = typed(one.text)
		if fault := tokenFault(one.into.Text); fault != "" {
			faults = append(faults, Fault{one.field, fault})
			*one.into = Token{}
			continue
		}
		one.into.Note = tokenNote(one.into.Text)
	}
	return t, faults
}

func typed(text string) Token { return Token{Text: strings.TrimSpace(text), Confidence: Typed} }

func tokenFault(text string) string {
	switch {
	case text == "":
		return ""
	case len(text) > maxWord:
		return "a macro has at most 100 characters"
	case !tokenText.MatchString(text):
		return "write the macro alone, with its brackets, such as {externalid}"
	}
	return ""
}

// tokenNote is what looks odd about a macro that may well be right.
func tokenNote(text string) string {
	switch {
	case text == "":
		return ""
	case text == ClickPlace:
		return "{click_id} is what we replace. In most trackers it is the tracker's own click id, and the one you need is called external id."
	case !isMacro(text):
		return "This has no brackets. Most trackers write macros in braces, and send a bare word as it is."
	}
	return ""
}

// General is the template of no tracker: our own place-holders, which the
// advertiser replaces.
func General() *Template {
	return &Template{
		ID: "general", Name: "your tracker", Kind: Own,
		Click: Token{Text: ClickPlace, Confidence: Verified},
		Value: Token{Text: ValuePlace, Confidence: Verified},
		Lead:  Token{Text: LeadPlace, Confidence: Verified},
	}
}
