package judge

import (
	"fmt"
	"time"

	"homing"
	"homing/internal/rule/target"
)

// StepState tells how a check went.
type StepState uint8

const (
	Passed StepState = iota + 1
	Failed
	// Unreached: an earlier check ended it.
	Unreached
	// Skipped: there was nothing to check, such as a key that was not given.
	Skipped
)

func (s StepState) String() string {
	return [...]string{"", "passed", "failed", "unreached", "skipped"}[s]
}

// Step is one check of a call.
type Step struct {
	Name  string // "Click id", "https", "Key", …
	State StepState
	Text  string // what was found, in words
}

// check is one of the checks, in the order of the path form.
type check uint8

const (
	checkedMethod check = iota
	checkedSize
	checkedCode
	checkedQuery
	checkedHTTPS
	checkedSender
	checkedKey
	checkedLead
	checkedValue
	checkedPrice
	checkedFirst
	checkedWindow
	checks // how many there are
)

var checkNames = [checks]string{
	"Path and method", "Size", "Click id", "Query", "https", "Sender", "Key", "Lead code", "Value", "Price",
	"First of its kind", "Window",
}

// failedChecks tells which check a reason ends; those that count end none, and an
// erased account is found after the query.
var failedChecks = map[homing.Reason]check{
	homing.ReasonMethod: checkedMethod, homing.ReasonBody: checkedMethod, homing.ReasonTransferEncoding: checkedMethod,
	homing.ReasonQueryTooLong: checkedSize,

	homing.ReasonCodeEmpty: checkedCode, homing.ReasonCodeMacro: checkedCode, homing.ReasonCodePlaceholder: checkedCode,
	homing.ReasonCodeCut: checkedCode, homing.ReasonCodeLong: checkedCode, homing.ReasonCodeUpperCase: checkedCode,
	homing.ReasonCodeTrailing: checkedCode, homing.ReasonCodeSpaces: checkedCode, homing.ReasonCodeEncodedTwice: checkedCode,
	homing.ReasonCodeOtherTracker: checkedCode, homing.ReasonCodeFormat: checkedCode, homing.ReasonCodeNotMinted: checkedCode,

	homing.ReasonQuerySyntax: checkedQuery, homing.ReasonQueryHTML: checkedQuery, homing.ReasonQueryTooMany: checkedQuery,
	homing.ReasonRepeated: checkedQuery,

	homing.ReasonHTTPSRequired: checkedHTTPS, homing.ReasonHTTPSUntrustedProxy: checkedHTTPS,
	homing.ReasonSender: checkedSender,

	homing.ReasonKeyMissing: checkedKey, homing.ReasonKeyMissingForPrice: checkedKey, homing.ReasonKeyWrong: checkedKey,
	homing.ReasonKeyMacro: checkedKey, homing.ReasonKeyShape: checkedKey, homing.ReasonKeyOtherAccount: checkedKey,
	homing.ReasonKeyExpired: checkedKey, homing.ReasonKeyRevoked: checkedKey, homing.ReasonMultiLeadForbidden: checkedKey,

	homing.ReasonLeadTooLong: checkedLead, homing.ReasonLeadControl: checkedLead, homing.ReasonLeadEncoding: checkedLead,

	homing.ReasonValueMacro: checkedValue, homing.ReasonValueComma: checkedValue, homing.ReasonValueCurrency: checkedValue,
	homing.ReasonValueSpaces: checkedValue, homing.ReasonValueTooLong: checkedValue, homing.ReasonValueSyntax: checkedValue,
	homing.ReasonValueZero: checkedValue, homing.ReasonValueNegative: checkedValue, homing.ReasonValueBelow: checkedValue,
	homing.ReasonValueAbove: checkedValue,

	homing.ReasonPriceSyntax: checkedPrice, homing.ReasonPriceRange: checkedPrice,

	homing.ReasonDuplicate: checkedFirst, homing.ReasonDuplicateValue: checkedFirst,
	homing.ReasonLate: checkedWindow,
}

// Steps tells every check of a logged call in the order of the contract: path
// and method, size, click id, query, https, sender, key, lead code, value, price,
// then whether the conversion is the first and in its window. It works from what
// the log keeps, so it tells no more than that.
func Steps(p *homing.Postback) []Step {
	s := stepper{p: p, reason: p.Verdict.Reason, replay: p.Verdict.Flags.Has(homing.FlagReplayed)}
	_, text := Replayed(p)
	split := target.Split([]byte(text), nil)
	s.sibling = split.Door == target.Sibling
	s.params = target.PostbackParams(split.Query, s.sibling, nil)
	order := make([]check, checks)
	for i := range order {
		order[i] = check(i)
	}
	if s.sibling { // its code is a parameter
		order[checkedCode], order[checkedQuery] = checkedQuery, checkedCode
	}
	steps := make([]Step, 0, checks)
	for _, c := range order {
		steps = append(steps, s.step(c))
	}
	return steps
}

// stepper goes through the checks of a call.
type stepper struct {
	p       *homing.Postback
	params  target.Params
	reason  homing.Reason
	sibling bool
	replay  bool
	ended   bool // a check has failed
}

func (s *stepper) step(c check) Step {
	step := Step{Name: checkNames[c], State: Unreached}
	failed, ends := failedChecks[s.reason]
	switch {
	case s.ended:
		return step
	case ends && failed == c:
		s.ended = true
		step.State, step.Text = Failed, s.reason.Info().Title
		return step
	}
	step.State, step.Text = s.passed(c)
	if s.reason == homing.ReasonErased && (c == checkedQuery && !s.sibling || c == checkedCode && s.sibling) {
		s.ended = true
		step.Text += " The account it belongs to was erased."
	}
	return step
}

// passed tells of a check that did not end the call.
func (s *stepper) passed(c check) (StepState, string) {
	p := s.p
	switch c {
	case checkedMethod:
		return Passed, "A GET without a body, on the postback's path."
	case checkedSize:
		return Passed, fmt.Sprintf("At most %d bytes of query.", target.MaxPostbackQuery)
	case checkedCode:
		return Passed, s.codeText()
	case checkedQuery:
		return Passed, "It can be read, and has no parameter twice."
	case checkedHTTPS:
		return s.https()
	case checkedSender:
		if s.replay {
			return Skipped, "Not asked for, on the operator's authority."
		}
		return Passed, "Nothing speaks against where it came from."
	case checkedKey:
		return s.key()
	case checkedLead:
		if len(p.Lead) == 0 {
			return Skipped, "None was sent: the click converts once."
		}
		return Passed, "Text of at most 255 bytes."
	case checkedValue:
		return s.value()
	case checkedPrice:
		if len(s.params.Price) == 0 && p.Price == 0 {
			return Skipped, "None was sent."
		}
		return Passed, "A number in the advertiser's range."
	case checkedFirst:
		return Passed, "No call before it made this conversion."
	}
	if s.replay {
		return Passed, "When the first call came, the click was in the campaign's window."
	}
	return Passed, "It came " + span(p.Origin.Age(p.At)) + " after the click, in the campaign's window."
}

func (s *stepper) codeText() string {
	if s.p.Click == (homing.ClickID{}) || s.replay {
		return "A genuine id."
	}
	age := s.p.Origin.Age(s.p.At)
	if age < 0 {
		return "A genuine id, made by a clock " + span(-age) + " ahead."
	}
	return "A genuine id, made " + span(age) + " before the call."
}

func (s *stepper) https() (StepState, string) {
	switch {
	case s.replay:
		return Skipped, "Not asked for, on the operator's authority."
	case len(s.p.Lead) == 0 && s.p.HTTPS:
		return Passed, "It came over https, which it need not without a lead code."
	case len(s.p.Lead) == 0 && len(s.params.Lead) == 0:
		return Skipped, "Not needed: there is no lead code."
	}
	return Passed, "It came over https."
}

func (s *stepper) key() (StepState, string) {
	p := s.p
	switch {
	case s.replay:
		return Skipped, "Not asked for, on the operator's authority. The account may send what was sent."
	case p.Key != 0 && p.Verdict.Flags.Has(homing.FlagOldKey):
		return Passed, "An old key that will stop working."
	case p.Key != 0:
		return Passed, "A valid key of the advertiser."
	case len(s.params.Key) > 0: // masked, and taken for granted
		return Skipped, "The key is masked and could not be checked."
	}
	return Skipped, "None was sent, and none is needed."
}

// value: the syntax of both amounts is checked before the range of either.
func (s *stepper) value() (StepState, string) {
	sent := len(s.params.Value) > 0
	switch {
	case sent && s.reason == homing.ReasonPriceSyntax:
		return Passed, "A decimal number."
	case sent:
		return Passed, "A number in the advertiser's range."
	case s.p.Verdict.Flags.Has(homing.FlagDefaultValue):
		return Skipped, "None was sent; the campaign's default counts."
	case s.p.Value.Given: // what was sent stands beyond the end of what is kept
		return Passed, "A number in the advertiser's range."
	}
	return Skipped, "None was sent."
}

// span is a length of time in one or two figures.
func span(d time.Duration) string {
	switch {
	case d < 0:
		return "0 s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}
