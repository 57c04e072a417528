package amend_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/sqlite"
	"homing/internal/flow/amend"
	"homing/internal/flow/catalog"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// stage is an amender on a real ledger.
type stage struct {
	*amend.Amender
	t        *testing.T
	ledger   *sqlite.Ledger
	catalog  *catalog.Catalog
	ring     *homing.Keyring
	campaign homing.Campaign
	now      atomic.Int64
	n        int
}

func open(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t}
	s.now.Store(noon.UnixMilli())
	clock := func() time.Time { return time.UnixMilli(s.now.Load()) }
	var err error
	s.ring, err = homing.NewKeyring(homing.MasterKey{ID: "00000001", Secret: [32]byte{1}})
	s.must(err)
	s.ledger, err = sqlite.Open(sqlite.Options{Path: filepath.Join(t.TempDir(), "ledger.db"), Logger: slog.New(slog.DiscardHandler), LeadHashes: s.ring.HashLeads})
	s.must(err)
	t.Cleanup(func() { s.must(s.ledger.Close()) })
	keyring := func() *homing.Keyring { return s.ring }
	s.catalog, err = catalog.Open(t.Context(), catalog.Options{Ledger: s.ledger, Clock: clock, Keyring: keyring})
	s.must(err)
	account, _, _, err := s.catalog.CreateAccount(t.Context(), "test", catalog.NewAccount{Name: "Northwind", MultiLead: true})
	s.must(err)
	s.campaign, err = s.catalog.CreateCampaign(t.Context(), "test", catalog.NewCampaign{Account: account.ID, Name: "Spring", URL: "https://shop.example/?c={click_id}"})
	s.must(err)
	s.Amender = &amend.Amender{
		Books: s.ledger, Decider: s.ledger, View: s.catalog.View, Keyring: keyring, Masker: s.catalog.Masker, Clock: clock,
	}
	return s
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) click() homing.Origin {
	s.n++
	return homing.Origin{Time: homing.MillisOf(noon) - 1000 - homing.Millis(s.n), Node: 1, Campaign: s.campaign.ID}
}

// convert makes a conversion.
func (s *stage) convert(o homing.Origin, lead string, goal homing.GoalID, status homing.Status) homing.ConversionID {
	s.t.Helper()
	d, err := s.ledger.Decide(context.Background(), &ledger.Claim{
		Click: o, Lead: []byte(lead), Goal: goal, Account: s.campaign.Account, Campaign: s.campaign.ID, Status: status,
		Value: homing.ValueOf(homing.Unit), At: homing.MillisOf(noon), Request: homing.NewRequestID(1, 1, uint32(s.n)),
	})
	s.must(err)
	return d.Conversion
}

func (s *stage) id(o homing.Origin) string { return s.ring.Seal(o).String() }

func (s *stage) status(id homing.ConversionID) homing.Status {
	s.t.Helper()
	c, err := s.Find(s.t.Context(), id)
	s.must(err)
	return c.Status
}

// plan plans a list that must be readable.
func (s *stage) plan(t amend.Task, text string) []amend.Line {
	s.t.Helper()
	list, err := amend.Parse([]byte(text))
	s.must(err)
	lines, err := s.Plan(s.t.Context(), t, list.Orders)
	s.must(err)
	return lines
}

// brief is lines as "line result: problem".
func brief(lines []amend.Line) (list []string) {
	for _, l := range lines {
		text := fmt.Sprintf("%d %s", l.Order.Line, l.Result)
		if l.Problem != "" {
			text += ": " + l.Problem
		}
		list = append(list, text)
	}
	return list
}
