package judge

import (
	"testing"

	"homing"
)

// The header must be what the door tells.
func TestTheResultSaysNoMoreThanTheKeyAllows(t *testing.T) {
	for _, c := range []struct {
		reason homing.Reason
		key    homing.KeyID
		want   string
	}{
		{homing.ReasonCounted, 0, "counted"}, {homing.ReasonCounted, 4, "counted"}, {homing.ReasonHold, 0, "counted"},
		{homing.ReasonHold, 4, "counted; reason=hold"}, {homing.ReasonDuplicateValue, 4, "duplicate; reason=duplicate_value_differs"},
		{homing.ReasonDuplicateValue, 0, "duplicate"}, {homing.ReasonErased, 0, "ignored; reason=account_erased"},
		{homing.ReasonLate, 4, "late"}, {homing.ReasonKeyExpired, 0, "refused; reason=invalid_key"},
		{homing.ReasonValueComma, 4, "refused; reason=value_comma"},
	} {
		p := &homing.Postback{Key: c.key}
		p.Verdict = homing.Verdict{Outcome: c.reason.Info().Outcome, Reason: c.reason}
		if got := Answered(p, nil).Result; got != c.want {
			t.Errorf("%s with key %s: %q, want %q", c.reason, c.key, got, c.want)
		}
	}
}

// The answer to a logged call is put together again; it must be what the
// contract says.
func TestTheAnswerToALoggedCallIsTheContracts(t *testing.T) {
	account := &homing.Account{PriceMin: homing.Unit / 100, PriceMax: 200 * homing.Unit}
	for reason, want := range map[homing.Reason]struct{ target, body string }{
		homing.ReasonCounted:       {"/api/v1/cpa/action/x", `{"ok":true}`},
		homing.ReasonCodeCut:       {"/api/v1/cpa/action/x", `{"error":{"msg":"invalid code"}}`},
		homing.ReasonValueAbove:    {"/api/v1/cpa/action/x?value=201", `{"error":{"msg":"the price should be between 0.010 and 200.000"}}`},
		homing.ReasonPriceRange:    {"/api/v1/cpa/action/x?price=201", `{"error":{"msg":"the price should be between 0.000 and 200.000"}}`},
		homing.ReasonRepeated:      {"/api/v1/cpa/action/x?value=1&value[]=2", `{"error":{"msg":"duplicate parameter: value"}}`},
		homing.ReasonHTTPSRequired: {"/api/v1/cpa/action/x", `{"error":{"msg":"The transfer of the lead_code is possible only with the https protocol"}}`},
		homing.ReasonValueSyntax:   {"/api/v1/cpa/action/x?value=<b>", `{"error":{"msg":"invalid price value: 'parsing \"\u003cb\u003e\": invalid syntax'"}}`},
		homing.ReasonValueComma:    {"/api/v1/cpa/action/x", `{"error":{"msg":"invalid price value: '…'"}}`},
	} {
		p := &homing.Postback{Target: want.target}
		p.Verdict = homing.Verdict{Outcome: reason.Info().Outcome, Reason: reason}
		if got := Answered(p, account).Body; got != want.body {
			t.Errorf("%s: %s, want %s", reason, got, want.body)
		}
	}
}

// What the log keeps is enough to tell again what was answered.
func TestTheAnswerToldAgainIsTheAnswer(t *testing.T) {
	for _, c := range rulings {
		w := newWorld()
		if c.with != nil {
			c.with(w)
		}
		r := w.judge(c.raw)
		p := &homing.Postback{Target: "/api/v1/cpa/action" + c.raw, Key: r.Key, Verdict: r.Verdict}
		if got, want := Answered(p, &w.account), r.Answer(r.Verdict); got != want {
			t.Errorf("%s: %+v, was %+v", c.why, got, want)
		}
	}
}

func TestAReplaySaysWhatItReplays(t *testing.T) {
	first := homing.Postback{Request: homing.NewRequestID(1_800_000_000_000, 3, 7), Target: "/api/v1/cpa/action/x?value=201"}
	replay := homing.Postback{Target: ReplayTarget(&first), Verdict: homing.Verdict{Flags: homing.FlagReplayed}}
	if of, target := Replayed(&replay); of != first.Request || target != first.Target {
		t.Errorf("a replay of %s of %q", of, target)
	}
	for _, p := range []homing.Postback{
		first,
		{Target: replay.Target}, // somebody sent that
		{Target: "/replay/short", Verdict: replay.Verdict},
		{Target: "/replay/" + "zzzzzzzzzzzzzzzzzzzzzzzz/x", Verdict: replay.Verdict},
	} {
		if of, target := Replayed(&p); of != (homing.RequestID{}) || target != p.Target {
			t.Errorf("%q is taken for a replay of %s", p.Target, of)
		}
	}
}
