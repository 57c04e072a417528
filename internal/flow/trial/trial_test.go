package trial_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger/sqlite"
	"homing/internal/engine/spool"
	"homing/internal/engine/spool/segment"
	"homing/internal/flow/catalog"
	"homing/internal/flow/mint"
	"homing/internal/flow/trial"
)

// stage is what a trial needs, on real engines.
type stage struct {
	t        *testing.T
	trials   *trial.Trials
	catalog  *catalog.Catalog
	keyring  *homing.Keyring
	spool    spool.Spool
	campaign *catalog.Campaign
	key      homing.Secret
}

func open(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t}
	clock := func() time.Time { return time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC) }
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	var err error
	s.keyring, err = homing.NewKeyring(homing.MasterKey{ID: "0badcafe", Secret: [32]byte{1}})
	s.must(err)
	keyring := func() *homing.Keyring { return s.keyring }
	books, err := sqlite.Open(sqlite.Options{Path: filepath.Join(t.TempDir(), "ledger.db"), Logger: log})
	s.must(err)
	t.Cleanup(func() { books.Close() })
	s.spool, err = segment.Open(segment.Options{Dir: filepath.Join(t.TempDir(), "spool"), SegmentSize: 1 << 20, Clock: clock})
	s.must(err)
	t.Cleanup(func() { s.spool.Close() })
	s.catalog, err = catalog.Open(t.Context(), catalog.Options{Ledger: books, Clock: clock, Keyring: keyring})
	s.must(err)
	minter, err := mint.Open(t.Context(), mint.Options{Lessor: books, Clock: clock, Keyring: keyring, Log: log, Test: true})
	s.must(err)
	s.trials = &trial.Trials{Minter: minter, Spool: s.spool, Masker: s.catalog.Masker()}
	var a homing.Account
	a, _, s.key, err = s.catalog.CreateAccount(t.Context(), "test", catalog.NewAccount{Name: "Northwind"})
	s.must(err)
	c, err := s.catalog.CreateCampaign(t.Context(), "test", catalog.NewCampaign{
		Account: a.ID, Name: "Spring", URL: "https://shop.example/?c={click_id}&s={sub1}&n={random}",
	})
	s.must(err)
	s.campaign = s.catalog.View().Campaign(c.ID)
	return s
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) recorded() (clicks []homing.Click) {
	for record, err := range s.spool.Scan(context.Background(), spool.Query{}) {
		s.must(err)
		var c homing.Click
		s.must(homing.DecodeClick(&c, append([]byte(nil), record.Data...)))
		clicks = append(clicks, c)
	}
	return clicks
}

func TestATrialIsRecordedBeforeItIsTold(t *testing.T) {
	s := open(t)
	made, err := s.trials.Begin(t.Context(), s.campaign, map[string]string{"sub1": "a b"})
	s.must(err)
	if !made.Click.Origin.Test() || made.Click.Class != homing.TestClick {
		t.Errorf("the click is no test: %+v", made.Click.Origin)
	}
	if o, genuine := s.keyring.Open(made.Click.ID); !genuine || o != made.Click.Origin {
		t.Error("the id is not genuine")
	}
	if want := "https://shop.example/?c=" + made.Click.ID.String() + "&s=a%20b&n="; !strings.HasPrefix(made.Destination, want) {
		t.Errorf("the destination is %s", made.Destination)
	}
	clicks := s.recorded()
	if len(clicks) != 1 || clicks[0].Origin != made.Click.Origin || string(clicks[0].Params[homing.ParamSub1]) != "a b" {
		t.Errorf("recorded: %+v", clicks)
	}
	found, err := s.trials.Find(t.Context(), s.campaign, made.Click.ID, made.Click.Origin)
	s.must(err)
	if found.Destination != made.Destination {
		t.Errorf("found again it leads to %s, not %s", found.Destination, made.Destination)
	}
}

func TestATrialThatTheSpoolGaveUpIsWorkedOutFromItsID(t *testing.T) {
	s := open(t)
	o := homing.Origin{Time: homing.Epoch + 5, Node: homing.FirstTestNode, Campaign: s.campaign.ID}
	found, err := s.trials.Find(t.Context(), s.campaign, s.keyring.Seal(o), o)
	s.must(err)
	if !strings.Contains(found.Destination, s.keyring.Seal(o).String()) {
		t.Errorf("the destination is %s", found.Destination)
	}
	o.Node = homing.FirstTestNode - 1
	if _, err := s.trials.Find(t.Context(), s.campaign, s.keyring.Seal(o), o); !errors.Is(err, homing.ErrNotFound) {
		t.Errorf("a visitor's click is found as a trial: %v", err)
	}
}

func TestAKeyInAParameterIsNotRecorded(t *testing.T) {
	s := open(t)
	_, err := s.trials.Begin(t.Context(), s.campaign, map[string]string{"sub1": s.key.Reveal()})
	s.must(err)
	if got := string(s.recorded()[0].Params[homing.ParamSub1]); got == s.key.Reveal() || got == "" {
		t.Error("the key is recorded, or the parameter is not")
	}
}

func TestAnUnknownParameterIsRefused(t *testing.T) {
	s := open(t)
	if _, err := s.trials.Begin(t.Context(), s.campaign, map[string]string{"sub99": "x"}); !errors.Is(err, homing.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	if n := len(s.recorded()); n != 0 {
		t.Errorf("%d clicks are recorded", n)
	}
}

func TestASpoolThatIsAwayBeginsNoTrial(t *testing.T) {
	s := open(t)
	s.trials.Spool = away{s.spool}
	if _, err := s.trials.Begin(t.Context(), s.campaign, nil); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

type away struct{ spool.Spool }

func (away) Append(spool.Kind, homing.Millis, []byte) (spool.Position, error) {
	return 0, homing.ErrUnavailable
}
