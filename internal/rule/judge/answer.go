package judge

import (
	"fmt"
	"unicode/utf8"

	"homing"
	"homing/internal/rule/target"
)

// Answer is what the sender of a call is told.
type Answer struct {
	Status int
	Body   string
	Result string // the header Postback-Result
}

// OKBody is the body of every answer that is no error.
const OKBody = `{"ok":true}`

// Answer is the answer to a ruled call, with the final verdict on it.
func (r *Ruling) Answer(v homing.Verdict) Answer {
	a := Answer{Status: v.Reason.Info().Answer.Status(), Body: OKBody, Result: Result(v, r.KeyPassed)}
	if v.Outcome == homing.Refused {
		a.Body = string(ErrorBody(r.Message()))
	}
	return a
}

// Message is what a refusal says in words.
func (r *Ruling) Message() string {
	a := r.Verdict.Reason.Info().Answer
	switch a {
	case homing.AnswerInvalidPrice, homing.AnswerRepeated:
		return fmt.Sprintf(a.Text(), r.Detail[0])
	case homing.AnswerPriceRange:
		return fmt.Sprintf(a.Text(), r.Detail[0], r.Detail[1])
	}
	return a.Text()
}

// Answered puts the answer to a logged call together again. The log keeps the
// call and the reason; the answer follows from them, but for the bounds of an
// amount, which are the account's of today. account may be nil.
func Answered(p *homing.Postback, account *homing.Account) Answer {
	r := Ruling{Verdict: p.Verdict, KeyPassed: p.Key != 0}
	_, text := Replayed(p)
	split := target.Split([]byte(text), nil)
	params := target.PostbackParams(split.Query, split.Door == target.Sibling, nil)
	switch p.Verdict.Reason.Info().Answer {
	case homing.AnswerInvalidPrice:
		amount := params.Value
		if p.Verdict.Reason == homing.ReasonPriceSyntax {
			amount = params.Price
		}
		r.Detail[0] = "…" // it is not kept
		if _, err := homing.ParseDecimal(amount); err != nil && len(amount) > 0 {
			r.Detail[0] = err.Error()
		}
	case homing.AnswerPriceRange:
		low, high := homing.DefaultPriceMin, homing.DefaultPriceMax
		if account != nil {
			low, high = account.PriceMin, account.PriceMax
		}
		if p.Verdict.Reason == homing.ReasonPriceRange {
			low = 0
		}
		r.bounds(low, high)
	case homing.AnswerRepeated:
		r.Detail[0] = params.RepeatedName
	}
	return r.Answer(p.Verdict)
}

// Guesses tells whether a refusal is of a guess: a well-formed id that was not
// minted here, a wrong key. Too many of them from one address are answered 429.
// Macros and placeholders are none: they are mistakes in a set-up.
func Guesses(r homing.Reason) bool {
	switch r {
	case homing.ReasonCodeNotMinted, homing.ReasonKeyWrong, homing.ReasonKeyShape,
		homing.ReasonKeyOtherAccount, homing.ReasonKeyExpired, homing.ReasonKeyRevoked:
		return true
	}
	return false
}

// Told is the reason that a sender is told beside the outcome; empty if none. A
// stranger is told no more than the body says: the fine reason of a refusal, a
// hold or a differing value would let anybody with a click id look into the
// account. Whoever gave a valid key is told all of it.
func Told(v homing.Verdict, keyPassed bool) string {
	info := v.Reason.Info()
	switch {
	case v.Outcome == homing.Refused && !keyPassed:
		return info.Answer.Coarse()
	case v.Outcome == homing.Refused, v.Outcome == homing.Ignored:
		return info.Code
	case keyPassed && info.Code != v.Outcome.String():
		return info.Code
	}
	return ""
}

// Result is the header Postback-Result of a verdict.
func Result(v homing.Verdict, keyPassed bool) string {
	if told := Told(v, keyPassed); told != "" {
		return v.Outcome.String() + "; reason=" + told
	}
	return v.Outcome.String()
}

// ErrorBody is the body of every answer that is an error.
func ErrorBody(msg string) []byte {
	return append(AppendJSON([]byte(`{"error":{"msg":`), msg), "}}"...)
}

// AppendJSON appends text as a JSON string that is harmless in HTML and script,
// wherever somebody pastes it.
func AppendJSON(dst []byte, text string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(text); {
		c := text[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(text[i:])
			switch {
			case r == utf8.RuneError && size == 1:
				dst = append(dst, `\ufffd`...)
			case r == '\u2028' || r == '\u2029': // line ends in older JavaScript
				dst = append(dst, `\u202`...)
				dst = append(dst, hex[r&0xf])
			default:
				dst = append(dst, text[i:i+size]...)
			}
			i += size
			continue
		}
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ' || c == '<' || c == '>' || c == '&' || c == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
		default:
			dst = append(dst, c)
		}
		i++
	}
	return append(dst, '"')
}
