package postbacks

import (
	"testing"

	"homing"
)

// The header must be what the door tells: see package edge.
func TestTheResultSaysNoMoreThanTheDoor(t *testing.T) {
	for _, c := range []struct {
		reason homing.Reason
		key    homing.KeyID
		want   string
	}{
		{homing.ReasonCounted, 0, "counted"}, {homing.ReasonCounted, 4, "counted"}, {homing.ReasonHold, 0, "counted"},
		{homing.ReasonHold, 4, "counted; reason=hold"}, {homing.ReasonDuplicateValue, 4, "duplicate; reason=duplicate_value_differs"},
		{homing.ReasonLate, 4, "late"}, {homing.ReasonKeyExpired, 0, "refused; reason=invalid_key"},
		{homing.ReasonValueComma, 4, "refused; reason=value_comma"},
	} {
		p := &homing.Postback{Key: c.key}
		p.Verdict = homing.Verdict{Outcome: c.reason.Info().Outcome, Reason: c.reason}
		if got := answerTo(p, nil).Result; got != c.want {
			t.Errorf("%s with key %s: %q, want %q", c.reason, c.key, got, c.want)
		}
	}
}

// The answer shown is put together again; it must be what the contract says.
func TestTheAnswerIsTheContracts(t *testing.T) {
	account := &homing.Account{PriceMin: homing.Unit / 100, PriceMax: 200 * homing.Unit}
	for reason, want := range map[homing.Reason]struct{ target, body string }{
		homing.ReasonCounted:       {"/api/v1/cpa/action/x", `{"ok":true}`},
		homing.ReasonCodeCut:       {"/api/v1/cpa/action/x", `{"error":{"msg":"invalid code"}}`},
		homing.ReasonValueAbove:    {"/api/v1/cpa/action/x?value=201", `{"error":{"msg":"the price should be between 0.010 and 200.000"}}`},
		homing.ReasonPriceRange:    {"/api/v1/cpa/action/x?price=201", `{"error":{"msg":"the price should be between 0.000 and 200.000"}}`},
		homing.ReasonRepeated:      {"/api/v1/cpa/action/x?value=1&value[]=2", `{"error":{"msg":"duplicate parameter: value"}}`},
		homing.ReasonHTTPSRequired: {"/api/v1/cpa/action/x", `{"error":{"msg":"The transfer of the lead_code is possible only with the https protocol"}}`},
		homing.ReasonValueSyntax:   {"/api/v1/cpa/action/x?value=<b>", `{"error":{"msg":"invalid price value: 'parsing \"\u003cb\u003e\": invalid syntax'"}}`},
	} {
		p := &homing.Postback{Target: want.target}
		p.Verdict = homing.Verdict{Outcome: reason.Info().Outcome, Reason: reason}
		if got := answerTo(p, account).Body; got != want.body {
			t.Errorf("%s: %s, want %s", reason, got, want.body)
		}
	}
}

func TestEveryFlagHasWords(t *testing.T) {
	all := homing.Flags(1<<32 - 1)
	if got, want := len(remarks(all)), len(all.Names()); got != want {
		t.Errorf("%d of %d flags have words", got, want)
	}
}
