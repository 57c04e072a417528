package tryout

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/catalog"
	"homing/internal/rule/judge"
)

// consolePage takes any URL and tells what the door would make of it.
type consolePage struct {
	Head
	Form    *page.Form
	Keyed   bool // the call in the form has a masked key
	Example string
	// Finding is what was found of the last one, nil if none was pasted.
	Finding *finding
}

// finding is a dry run, explained.
type finding struct {
	verdict
	Notes    []string
	Campaign *catalog.Campaign // nil if the call names no click
	// Foreign: the click is not this advertiser's. Whoever is no operator is told
	// no more than that.
	Foreign bool
	// Told: there is more than Foreign.
	Told bool
}

func showConsole(v *page.Visit) error {
	return renderConsole(v, http.StatusOK, page.NewForm(), nil)
}

func renderConsole(v *page.Visit, status int, f *page.Form, found *finding) error {
	return v.Show(status, "console", "Console", consolePage{
		Head: headOf(v, true), Form: f, Keyed: maskedKey.MatchString(f.Get("call")), Finding: found,
		Example: v.Addresses().Plain() + page.PostbackPath + "{click_id}?value=2.10&account=" + v.Account.PublicID,
	})
}

// rehearse judges what was pasted, as a dry run. It stands in the field again, to
// be corrected, as the log would keep it: with its key masked.
func (s *screen) rehearse(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	text, key := f.Get("call"), f.Get("key")
	f.Set("key", "")
	f.Set("call", again(v, text))
	if text == "" {
		f.Fail("call", errors.New("paste a URL first"))
		return renderConsole(v, page.FormStatus(f), f, nil)
	}
	if key != "" {
		if !maskedKey.MatchString(text) {
			f.Fail("call", errors.New("there is no masked key in it to be replaced; write key= into the call itself"))
			return renderConsole(v, page.FormStatus(f), f, nil)
		}
		text = maskedKey.ReplaceAllLiteralString(text, "key="+url.QueryEscape(key))
	}
	at := v.Addresses()
	found, err := s.Court.URL(v.R.Context(), text, bases(at)...)
	if errors.Is(err, homing.ErrInvalid) {
		f.Fail("call", err)
		return renderConsole(v, page.FormStatus(f), f, nil)
	}
	if err != nil {
		return err
	}
	p := &found.Postback
	told := &finding{Notes: found.Notes, Told: true}
	if told.Foreign = p.Account != 0 && p.Account != v.Account.ID; told.Foreign && !v.Who.Operator() {
		told.Notes, told.Told = nil, false
		f.Set("call", "") // nor what the masker knows of it
		return renderConsole(v, http.StatusOK, f, told)
	}
	told.verdict = verdictOf(v, p)
	told.Steps, told.Campaign = found.Steps, v.View.Campaign(p.Campaign)
	if !told.Hidden {
		told.Answer = judge.Answer{Status: found.Status, Body: found.Body, Result: found.Result}
	}
	return renderConsole(v, http.StatusOK, f, told)
}

// maskedKey is a key in a call that was shown again.
var maskedKey = regexp.MustCompile(`\bkey=key:[0-9a-f]{6}\b`)

// parts are the words of a pasted command or line, quotes aside.
var parts = regexp.MustCompile(`[^\s'"]+`)

// again is what was pasted, with keys masked wherever they stand, and without
// characters that are not to be seen.
func again(v *page.Visit, text string) string {
	masker := v.Rooms.Catalog.Masker()
	return page.Plain(parts.ReplaceAllStringFunc(strings.ReplaceAll(text, "\r\n", "\n"), func(part string) string {
		return string(masker.AppendTarget(nil, []byte(part)))
	}))
}

// bases are the base URLs that lead here.
func bases(at page.Addresses) (list []string) {
	for _, base := range []string{at.Public, at.Track, at.TrackTLS} {
		if base != "" {
			list = append(list, base)
		}
	}
	return list
}
