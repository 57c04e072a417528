package edge

import (
	"fmt"

	"homing"
	"homing/internal/rule/judge"
)

// told are the ready-made pieces of what a sender is told of a verdict. A
// stranger is told no more than the body says: the fine reason of a refusal,
// a hold or a differing value would let anybody with a click id look into the
// account. Whoever gave a valid key is told all of it.
type told struct {
	// plain is the Postback-Result of an outcome without a reason.
	plain [homing.Refused + 1][]byte
	// fine is the Postback-Result with the reason's own code.
	fine [256][]byte
	// coarse and its link are of refusals before a key has passed.
	coarse, coarseLink [homing.AnswerTooLong + 1][]byte
	fineLink           [256][]byte // of refusals
	// bodies are those of the answers that are not completed.
	bodies [homing.AnswerTooLong + 1][]byte

	tooMany []byte
}

// newTold makes them. Link headers are nil without a help page.
func newTold(help string) (t told) {
	link := func(reason string) []byte {
		if help == "" {
			return nil
		}
		return fmt.Appendf(nil, "<%s#%s>; rel=\"help\"", help, reason)
	}
	for o := homing.Counted; o <= homing.Refused; o++ {
		t.plain[o] = []byte(o.String())
	}
	for _, r := range homing.Reasons() {
		info := r.Info()
		t.fine[r] = result(info.Outcome, info.Code)
		if info.Outcome == homing.Refused {
			t.fineLink[r] = link(info.Code)
		}
	}
	for a := homing.AnswerInvalidCode; a <= homing.AnswerTooLong; a++ {
		t.coarse[a] = result(homing.Refused, a.Coarse())
		t.coarseLink[a] = link(a.Coarse())
		t.bodies[a] = errorBody(a.Text())
	}
	t.bodies[homing.AnswerOK] = bodyOK
	t.tooMany = result(homing.Refused, "too_many_requests")
	return t
}

func result(o homing.Outcome, reason string) []byte {
	return fmt.Appendf(nil, "%s; reason=%s", o, reason)
}

// of returns the headers about a verdict; link may be nil.
func (t *told) of(v homing.Verdict, keyPassed bool) (result, link []byte) {
	switch {
	case v.Outcome == homing.Refused && !keyPassed:
		a := v.Reason.Info().Answer
		return t.coarse[a], t.coarseLink[a]
	case v.Outcome == homing.Refused:
		return t.fine[v.Reason], t.fineLink[v.Reason]
	case v.Outcome == homing.Ignored:
		return t.fine[v.Reason], nil
	case keyPassed && v.Reason != homing.ReasonCounted && v.Reason != homing.ReasonDuplicate && v.Reason != homing.ReasonLate:
		return t.fine[v.Reason], nil
	}
	return t.plain[v.Outcome], nil
}

// body returns the answer's body, completed if it must be.
func (t *told) body(r *judge.Ruling) []byte {
	a := r.Verdict.Reason.Info().Answer
	switch a {
	case homing.AnswerInvalidPrice, homing.AnswerRepeated:
		return errorBody(fmt.Sprintf(a.Text(), r.Detail[0]))
	case homing.AnswerPriceRange:
		return errorBody(fmt.Sprintf(a.Text(), r.Detail[0], r.Detail[1]))
	}
	return t.bodies[a]
}
