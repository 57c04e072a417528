package tryout

import (
	"net/http"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/rule/judge"
	"homing/internal/rule/target"
)

// verdict is one judged call, explained.
type verdict struct {
	homing.Postback
	Reason   homing.ReasonInfo
	Steps    []judge.Step
	Answer   judge.Answer
	Remarks  []homing.FlagInfo
	Currency string // of the value
	// Code is what stood in place of the click id, as it was sent.
	Code string
	// Hidden: amounts are left out for whoever looks.
	Hidden bool
}

// StatusText is what HTTP calls the answer's status.
func (d verdict) StatusText() string { return http.StatusText(d.Answer.Status) }

// Refused tells that there is something to mend.
func (d verdict) Refused() bool { return d.Verdict.Outcome == homing.Refused }

// Reached are the checks up to the one that ended it; Unreached names the others.
func (d verdict) Reached() (list []judge.Step) {
	for _, s := range d.Steps {
		if s.State != judge.Unreached {
			list = append(list, s)
		}
	}
	return list
}

func (d verdict) Unreached() string {
	var names []string
	for _, s := range d.Steps {
		if s.State == judge.Unreached {
			names = append(names, s.Name)
		}
	}
	return strings.Join(names, ", ")
}

// Whole tells that the call is in the log with a page of its own.
func (d verdict) Whole() bool { return d.Request != homing.RequestID{} }

func verdictOf(v *page.Visit, p *homing.Postback) verdict {
	account := v.View.Account(p.Account)
	d := verdict{
		Postback: *p, Reason: p.Verdict.Reason.Info(), Steps: judge.Steps(p), Answer: judge.Answered(p, account),
		Code: codeOf(p.Target), Currency: p.Currency,
	}
	for _, r := range p.Verdict.Flags.Infos() {
		if r.Flag != homing.FlagTest { // said by the page itself
			d.Remarks = append(d.Remarks, r)
		}
	}
	if account != nil && d.Currency == "" {
		d.Currency = account.Currency
	}
	if v.Who.HideMoney {
		d.hideMoney()
	}
	return d
}

// hideMoney leaves out what carries amounts: the query, and the answer to a
// wrong one.
func (d *verdict) hideMoney() {
	d.Hidden = true
	d.Target, _, _ = strings.Cut(d.Target, "?")
	d.Value, d.Price = homing.Value{}, 0
	if a := d.Reason.Answer; a == homing.AnswerInvalidPrice || a == homing.AnswerPriceRange {
		d.Answer.Body = "…"
	}
}

// codeOf is what a target has in place of a click id.
func codeOf(text string) string {
	split := target.Split([]byte(text), nil)
	if split.Door == target.Sibling {
		return string(target.PostbackParams(split.Query, true, nil).ClickID)
	}
	return string(split.Code)
}
