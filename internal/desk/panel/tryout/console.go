package tryout

import (
	"errors"
	"net/http"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/catalog"
	"homing/internal/rule/judge"
)

// consolePage takes any URL and tells what the door would make of it.
type consolePage struct {
	Head
	Form    *page.Form
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
		Head: headOf(v, true), Form: f, Finding: found,
		Example: v.Addresses().Plain() + page.PostbackPath + "{click_id}?value=2.10&account=" + v.Account.PublicID,
	})
}

// rehearse judges what was pasted, as a dry run. What was typed is not shown
// again: it may hold a key. What is shown is the call as the log would keep it.
func (s *screen) rehearse(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	text := f.Get("call")
	f.Set("call", "")
	if text == "" {
		f.Fail("call", errors.New("paste a URL first"))
		return renderConsole(v, page.FormStatus(f), f, nil)
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
		return renderConsole(v, http.StatusOK, f, told)
	}
	told.verdict = verdictOf(v, p)
	told.Steps, told.Campaign = found.Steps, v.View.Campaign(p.Campaign)
	if !told.Hidden {
		told.Answer = judge.Answer{Status: found.Status, Body: found.Body, Result: found.Result}
	}
	return renderConsole(v, http.StatusOK, f, told)
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
