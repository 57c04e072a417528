package judge

import (
	"strings"
	"testing"

	"homing"
)

func stepsOf(reason homing.Reason, change func(*homing.Postback)) []Step {
	p := &homing.Postback{At: now, Method: "GET", Target: "/api/v1/cpa/action/x?value=1"}
	p.Verdict = homing.Verdict{Outcome: reason.Info().Outcome, Reason: reason}
	if change != nil {
		change(p)
	}
	return Steps(p)
}

// Every reason to refuse, repeat or set apart is found at one check: those before
// it went well, those behind it were not reached.
func TestEveryReasonHasItsStep(t *testing.T) {
	for _, reason := range homing.Reasons() {
		failed, ended := 0, false
		for _, s := range stepsOf(reason, nil) {
			switch {
			case s.State == Failed:
				failed++
				ended = true
				if s.Text != reason.Info().Title {
					t.Errorf("%s: %q says %q", reason, s.Name, s.Text)
				}
			case ended && s.State != Unreached:
				t.Errorf("%s: %q is %s behind the check that ended it", reason, s.Name, s.State)
			case s.State == Unreached:
				ended = true
			}
		}
		want := 1
		switch reason {
		case homing.ReasonCounted, homing.ReasonHold, homing.ReasonCurrency, homing.ReasonErased:
			want = 0
		}
		if failed != want {
			t.Errorf("%s: %d checks failed, want %d", reason, failed, want)
		}
	}
}

// The order is the contract's, and a sibling's code comes as a parameter.
func TestStepsStandInTheContractsOrder(t *testing.T) {
	names := func(steps []Step) string {
		var list []string
		for _, s := range steps {
			list = append(list, s.Name)
		}
		return strings.Join(list, ", ")
	}
	const rest = ", https, Sender, Key, Lead code, Value, Price, First of its kind, Window"
	if got, want := names(stepsOf(homing.ReasonCounted, nil)), "Path and method, Size, Click id, Query"+rest; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	sibling := func(p *homing.Postback) { p.Target = "/api/v1/cpa/action?clickid=x" }
	if got, want := names(stepsOf(homing.ReasonCounted, sibling)), "Path and method, Size, Query, Click id"+rest; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestStepsTellWhatTheLogKeeps(t *testing.T) {
	state := func(steps []Step, name string) Step {
		for _, s := range steps {
			if s.Name == name {
				return s
			}
		}
		return Step{}
	}
	full := stepsOf(homing.ReasonCounted, func(p *homing.Postback) {
		p.Target, p.HTTPS, p.Key, p.Lead = "/api/v1/cpa/action/x?value=1&lead_code=a&key=key:123456", true, 3, "a"
		p.Click, p.Origin = homing.ClickID{1}, homing.Origin{Time: now - 7_200_000}
	})
	for name, want := range map[string]StepState{"https": Passed, "Key": Passed, "Lead code": Passed, "Value": Passed, "Price": Skipped, "Window": Passed} {
		if s := state(full, name); s.State != want {
			t.Errorf("%s is %s, want %s", name, s.State, want)
		}
	}
	if s := state(full, "Window"); !strings.Contains(s.Text, "2 h after the click") {
		t.Errorf("the window says %q", s.Text)
	}
	bare := stepsOf(homing.ReasonCounted, func(p *homing.Postback) { p.Target = "/api/v1/cpa/action/x" })
	for _, name := range []string{"https", "Key", "Lead code", "Value", "Price"} {
		if s := state(bare, name); s.State != Skipped {
			t.Errorf("%s is %s, want skipped", name, s.State)
		}
	}
	replay := stepsOf(homing.ReasonCounted, func(p *homing.Postback) { p.Verdict.Flags = homing.FlagReplayed })
	for _, name := range []string{"https", "Sender", "Key"} {
		if s := state(replay, name); s.State != Skipped || !strings.Contains(s.Text, "authority") {
			t.Errorf("%s of a replay is %s: %s", name, s.State, s.Text)
		}
	}
}

func TestAKeyIsTakenForGrantedAndPermissionsAreNot(t *testing.T) {
	w := newWorld()
	call, parties := w.call("/genuine?lead_code=a&price=1")
	call.AnyKey = true
	if r := Judge(call, parties, now); r.Verdict.Outcome != homing.Counted || !r.KeyPassed || r.Key != 0 {
		t.Errorf("vouched for: %+v", r)
	}
	w.account.MultiLead = false
	if r := Judge(call, parties, now); r.Verdict.Reason != homing.ReasonMultiLeadForbidden {
		t.Errorf("without the permission: %s", r.Verdict.Reason)
	}
}
