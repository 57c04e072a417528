package postbacks

import (
	"encoding/json"
	"fmt"
	"net/http"

	"homing"
	"homing/internal/rule/target"
)

// answer is what the sender of a postback was answered.
type answer struct {
	Status int
	Text   string // of the status
	Body   string
	Result string // the header Postback-Result
	// Today: the bounds in the body are the account's of today; they may have
	// been others then.
	Today bool
}

// answerTo puts the answer to a logged call together again. The log keeps the
// call and the reason; the answer follows from them.
func answerTo(p *homing.Postback, account *homing.Account) answer {
	info := p.Verdict.Reason.Info()
	a := answer{
		Status: info.Answer.Status(), Text: http.StatusText(info.Answer.Status()),
		Body: `{"ok":true}`, Result: resultOf(p, info),
	}
	if info.Answer == homing.AnswerOK {
		return a
	}
	a.Body = `{"error":{"msg":` + quoted(messageOf(p, info.Answer, account)) + `}}`
	a.Today = info.Answer == homing.AnswerPriceRange
	return a
}

// resultOf is the header's value. Whoever brought no valid key is told no more
// than the body says.
func resultOf(p *homing.Postback, info homing.ReasonInfo) string {
	outcome, reason := p.Verdict.Outcome.String(), info.Code
	switch {
	case p.Verdict.Outcome == homing.Refused && p.Key == 0:
		reason = info.Answer.Coarse()
	case p.Verdict.Outcome == homing.Refused, p.Verdict.Outcome == homing.Ignored:
	case p.Key == 0 || reason == outcome:
		return outcome
	}
	return outcome + "; reason=" + reason
}

// quoted is a JSON string as the door writes it, with <, > and & as \u003c, …
func quoted(text string) string {
	b, _ := json.Marshal(text) // strings always marshal
	return string(b)
}

// messageOf completes an answer's text from the logged request.
func messageOf(p *homing.Postback, a homing.Answer, account *homing.Account) string {
	split := target.Split([]byte(p.Target), nil)
	params := target.PostbackParams(split.Query, split.Door == target.Sibling, nil)
	switch a {
	case homing.AnswerInvalidPrice:
		text := params.Value
		if p.Verdict.Reason == homing.ReasonPriceSyntax {
			text = params.Price
		}
		_, err := homing.ParseDecimal(text)
		if err == nil {
			return fmt.Sprintf(a.Text(), "…")
		}
		return fmt.Sprintf(a.Text(), err)
	case homing.AnswerPriceRange:
		low, high := homing.DefaultPriceMin, homing.DefaultPriceMax
		if account != nil {
			low, high = account.PriceMin, account.PriceMax
		}
		if p.Verdict.Reason == homing.ReasonPriceRange {
			low = 0
		}
		return fmt.Sprintf(a.Text(), low.Thousandths(), high.Thousandths())
	case homing.AnswerRepeated:
		return fmt.Sprintf(a.Text(), params.RepeatedName)
	}
	return a.Text()
}
