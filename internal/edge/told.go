package edge

import (
	"fmt"

	"homing"
	"homing/internal/rule/judge"
)

// told are the ready-made pieces of what a sender is told of a verdict, see
// judge.Told: by whether a valid key came with the call, and by the reason.
type told struct {
	results [2][256][]byte // the header Postback-Result
	links   [2][256][]byte // the header Link, of refusals; nil without a help page
	// bodies are those of the answers that are not completed.
	bodies [homing.AnswerTooLong + 1][]byte

	tooMany []byte
}

const (
	noKey = iota // no key has passed
	withKey
)

// newTold makes them.
func newTold(help string) (t told) {
	for _, r := range homing.Reasons() {
		v := homing.Verdict{Outcome: r.Info().Outcome, Reason: r}
		for who, passed := range [...]bool{noKey: false, withKey: true} {
			t.results[who][r] = []byte(judge.Result(v, passed))
			if v.Outcome == homing.Refused && help != "" {
				t.links[who][r] = fmt.Appendf(nil, "<%s#%s>; rel=\"help\"", help, judge.Told(v, passed))
			}
		}
	}
	for a := homing.AnswerInvalidCode; a <= homing.AnswerTooLong; a++ {
		t.bodies[a] = judge.ErrorBody(a.Text())
	}
	t.tooMany = []byte(homing.Refused.String() + "; reason=too_many_requests")
	return t
}

// of returns the headers about a verdict; link may be nil.
func (t *told) of(v homing.Verdict, keyPassed bool) (result, link []byte) {
	who := noKey
	if keyPassed {
		who = withKey
	}
	return t.results[who][v.Reason], t.links[who][v.Reason]
}

// body returns the answer's body to a refusal, completed if it must be.
func (t *told) body(r *judge.Ruling) []byte {
	switch a := r.Verdict.Reason.Info().Answer; a {
	case homing.AnswerInvalidPrice, homing.AnswerRepeated, homing.AnswerPriceRange:
		return judge.ErrorBody(r.Message())
	default:
		return t.bodies[a]
	}
}
