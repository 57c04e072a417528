package catalog_test

import (
	"errors"
	"strings"
	"testing"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/flow/catalog"
)

// TestCurrencyStaysWithConversions, whichever way it is to be changed.
func TestCurrencyStaysWithConversions(t *testing.T) {
	s := open(t)
	const lines = `{"ref":"a","name":"A","currency":"USD"}
{"ref":"b","name":"B","currency":"USD"}
`
	if _, err := s.Import(s.ctx, "test", strings.NewReader(lines)); err != nil {
		t.Fatal(err)
	}
	a, b := s.View().AccountNamed("a"), s.View().AccountNamed("b")
	changes := map[string]func(*homing.Account, string) error{
		"update": func(a *homing.Account, currency string) error {
			_, err := s.UpdateAccount(s.ctx, "test", a.ID, func(a *homing.Account) { a.Currency = currency })
			return err
		},
		"put": func(a *homing.Account, currency string) error {
			_, _, err := s.PutAccount(s.ctx, "test", &catalog.ImportLine{Ref: a.Ref, Currency: &currency})
			return err
		},
		"import": func(a *homing.Account, currency string) error {
			_, err := s.Import(s.ctx, "test", strings.NewReader(`{"ref":"`+a.Ref+`","currency":"`+currency+`"}`))
			return err
		},
	}
	for how, change := range changes { // nothing has come yet
		for _, currency := range []string{"EUR", "USD"} {
			if err := change(a, currency); err != nil || s.View().Account(a.ID).Currency != currency {
				t.Errorf("%s to %s: %v", how, currency, err)
			}
		}
	}
	_, err := s.ledger.Decide(s.ctx, &ledger.Claim{
		Click: homing.Origin{Time: start, Node: 1, Campaign: 9}, Account: a.ID, Campaign: 9, Status: homing.LateStatus, At: start,
		Request: homing.NewRequestID(start, 1, 1), Value: homing.ValueOf(homing.Unit),
	})
	if err != nil {
		t.Fatal(err)
	}
	for how, change := range changes {
		if err := change(a, "EUR"); !errors.Is(err, homing.ErrConflict) || !strings.Contains(err.Error(), "has conversions in USD") || s.View().Account(a.ID).Currency != "USD" {
			t.Errorf("%s: %v", how, err)
		}
		if err := change(a, "USD"); err != nil {
			t.Errorf("%s to what it is: %v", how, err)
		}
		for _, currency := range []string{"EUR", "USD"} {
			if err := change(b, currency); err != nil {
				t.Errorf("%s of another account: %v", how, err)
			}
		}
	}
}
