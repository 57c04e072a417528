package rehearse_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/flow/rehearse"
	"homing/internal/rule/judge"
)

func (s *stage) url(text string, ours ...string) *rehearse.Finding {
	s.t.Helper()
	f, err := s.URL(s.t.Context(), text, ours...)
	s.must(err)
	return f
}

func stateOf(f *rehearse.Finding, name string) judge.StepState {
	for _, step := range f.Steps {
		if step.Name == name {
			return step.State
		}
	}
	return 0
}

func noted(f *rehearse.Finding, part string) bool {
	return strings.Contains(strings.Join(f.Notes, "\n"), part)
}

func TestWhatAPastedURLLeavesOpenIsSaid(t *testing.T) {
	s := open(t)
	target := "/api/v1/cpa/action/" + s.id(s.click(s.campaign, time.Minute)) + "?value=1"
	ours := []string{"https://t.example", "http://t.example:8080"}
	if f := s.url("https://T.EXAMPLE:443"+target, ours...); len(f.Notes) != 0 || f.Postback.Verdict.Outcome != homing.Counted {
		t.Errorf("our own URL: %q, %s", f.Notes, f.Postback.Verdict.Reason)
	}
	if f := s.url("https://u.example"+target, ours...); !noted(f, "not one of ours") || f.Status != 200 {
		t.Errorf("another host: %q", f.Notes)
	}
	if f := s.url("http://t.example:8080"+target, ours...); !noted(f, "plain http") || noted(f, "ours") {
		t.Errorf("plain http: %q", f.Notes)
	}
	if f := s.url(target, ours...); !noted(f, "does not say whether") {
		t.Errorf("a path: %q", f.Notes)
	}
	_, err := s.catalog.UpdateAccount(t.Context(), "test", s.account.ID, func(a *homing.Account) {
		a.Senders = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	})
	s.must(err)
	if f := s.url("https://t.example"+target, ours...); !noted(f, "permitted senders were not checked") || f.Status != 200 {
		t.Errorf("with permitted senders: %q, %d", f.Notes, f.Status)
	}
}

func TestAMaskedKeyIsTakenForAGoodOne(t *testing.T) {
	s := open(t)
	target := "https://t.example/api/v1/cpa/action/" + s.id(s.click(s.campaign, time.Minute)) + "?lead_code=a&key="
	f := s.url(target + "key:3fa9c1")
	if f.Status != 200 || !noted(f, "could not be checked") || stateOf(f, "Key") != judge.Skipped {
		t.Errorf("%d %s, %q, %s", f.Status, f.Body, f.Notes, stateOf(f, "Key"))
	}
	if f := s.url(target + "key:3fa9c"); f.Status != 403 || len(f.Notes) != 0 {
		t.Errorf("what is no mask: %d, %q", f.Status, f.Notes)
	}
	if f := s.url(target + s.key); f.Status != 200 || strings.Contains(f.Postback.Target, s.key) || f.Postback.Key == 0 {
		t.Errorf("the key itself: %d, %q", f.Status, f.Postback.Target)
	}
}

func TestADryRunSeesWhatIsThere(t *testing.T) {
	s := open(t)
	o := s.click(s.campaign, time.Hour)
	s.convert(o, "", 2*homing.Unit)
	target := "https://t.example/api/v1/cpa/action/" + s.id(o)
	for query, want := range map[string]homing.Reason{
		"": homing.ReasonDuplicate, "?value=2": homing.ReasonDuplicate, "?value=3": homing.ReasonDuplicateValue,
		"?lead_code=a&key=" + s.key: homing.ReasonCounted,
	} {
		f := s.url(target + query)
		if got := f.Postback.Verdict; got.Reason != want || f.Status != 200 || got.Flags.Has(homing.FlagSimpleAndLead) != strings.Contains(query, "lead") {
			t.Errorf("%q: %s %v, want %s", query, got.Reason, got.Flags.Names(), want)
		}
	}
	if f := s.url(target); f.Postback.Conversion != 1 {
		t.Errorf("it repeats conversion %s", f.Postback.Conversion)
	}
	// Of an erased click the hash of the lead code is there.
	s.convert(o, "order-1", homing.Unit)
	s.must(s.catalog.EraseClick(t.Context(), "test", o))
	if f := s.url(target + "?lead_code=order-1&key=" + s.key); f.Postback.Verdict.Outcome != homing.Duplicate {
		t.Errorf("after the erasure it is %s", f.Postback.Verdict.Outcome)
	}
}

// What a dry run foretells of a claim, the ledger does.
func TestADryRunForetellsTheLedger(t *testing.T) {
	s := open(t)
	o := s.click(s.campaign, time.Hour)
	leads := []string{"", "a", "b", "", "a", "~" + strings.Repeat("0", 32), "a"}
	for i, lead := range leads {
		query := "?value=1"
		if lead != "" {
			query += "&lead_code=" + lead + "&key=" + s.key
		}
		f := s.url("https://t.example/api/v1/cpa/action/" + s.id(o) + query)
		b := &f.Postback
		d, err := s.books.Decide(t.Context(), &ledger.Claim{
			Click: o, Lead: []byte(b.Lead), Account: b.Account, Campaign: b.Campaign, Status: homing.Approved, Value: b.Value, At: b.At,
		})
		s.must(err)
		if d.First != (b.Verdict.Outcome == homing.Counted) || d.Mixed != b.Verdict.Flags.Has(homing.FlagSimpleAndLead) || !d.First && d.Conversion != b.Conversion {
			t.Errorf("call %d (%q): foretold %s, mixed %v; decided %+v", i, lead, b.Verdict.Outcome, b.Verdict.Flags.Names(), d)
		}
	}
}

func TestWhatIsNoPostbackIsToldApart(t *testing.T) {
	s := open(t)
	for text, part := range map[string]string{
		"https://t.example/c/abc": "click URL", "https://t.example/api/v2/x": "none of ours", "https://t.example/": "none of ours",
		"/api/v1/cpa//action/x": "none of ours", "hello": "no URL",
	} {
		if _, err := s.URL(t.Context(), text); !errors.Is(err, homing.ErrInvalid) || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: %v", text, err)
		}
	}
	unknown := homing.Origin{Time: s.millis() - 1000, Node: 3, Campaign: 4711}
	if _, err := s.URL(t.Context(), "/api/v1/cpa/action/"+s.id(unknown)); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("an unknown campaign: %v", err)
	}
}
