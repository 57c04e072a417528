package control_test

import (
	"errors"
	"testing"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/engine/ledger"
	"homing/internal/flow/catalog"
	"homing/internal/flow/rehearse"
)

func TestARefusedCallIsReplayed(t *testing.T) {
	s := open(t, func(d *control.Desk) {
		d.Court = &rehearse.Court{
			View: d.Catalog.View, Keyring: d.Keyring, Books: d.Books, Decider: d.Books.(ledger.Decider), Journal: d.Journal,
			Masker: d.Catalog.Masker(), Clock: d.Clock,
		}
	})
	a, _, _, err := s.desk.Catalog.CreateAccount(s.ctx, "test", catalog.NewAccount{Name: "A"})
	must(t, err)
	c, err := s.desk.Catalog.CreateCampaign(s.ctx, "test", catalog.NewCampaign{Account: a.ID, Name: "C", URL: "https://a.example/?c={click_id}"})
	must(t, err)
	p := homing.Postback{
		Request: homing.NewRequestID(s.now, 3, 1), At: s.now, Method: "GET", Account: a.ID, Campaign: c.ID,
		Origin: homing.Origin{Time: s.now - 1000, Node: 3, Campaign: c.ID},
	}
	p.Click = s.ring.Seal(p.Origin)
	p.Target = "/api/v1/cpa/action/" + p.Click.String() + "?price=1"
	p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonKeyMissingForPrice}
	s.journal.Refused(&p)

	told, err := s.Replay(s.ctx, control.ReplayRequest{Request: p.Request})
	if err != nil || told.Committed || told.Result != homing.Counted || told.Was != p.Verdict.Reason || len(told.Steps) == 0 {
		t.Fatalf("foretold %+v, %v", told, err)
	}
	if _, err := s.Replay(s.ctx, control.ReplayRequest{Request: p.Request, Commit: true}); !errors.Is(err, homing.ErrInvalid) {
		t.Errorf("without a reason: %v", err)
	}
	told, err = s.Replay(s.ctx, control.ReplayRequest{Request: p.Request, Commit: true, Reason: "the network asked"})
	if err != nil || !told.Committed || told.Conversion != 1 || told.Replay == "" {
		t.Errorf("committed %+v, %v", told, err)
	}
	if _, err = s.Replay(s.ctx, control.ReplayRequest{Request: p.Request, Commit: true, Reason: "again"}); !errors.Is(err, homing.ErrConflict) {
		t.Errorf("twice: %v", err)
	}
	if _, err = s.Replay(s.ctx, control.ReplayRequest{Request: homing.NewRequestID(s.now, 9, 9)}); !errors.Is(err, homing.ErrNotFound) {
		t.Errorf("an unknown one: %v", err)
	}
}
