package rehearse_test

import (
	"log/slog"
	"net/netip"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/sqlite"
	"homing/internal/engine/spool"
	"homing/internal/engine/spool/segment"
	"homing/internal/engine/warehouse/warehousetest"
	"homing/internal/flow/catalog"
	"homing/internal/flow/journal"
	"homing/internal/flow/loader"
	"homing/internal/flow/rehearse"
)

const start homing.Millis = 1_800_000_000_000

// stage is a court over real engines, with two accounts and a clock to move.
type stage struct {
	*rehearse.Court
	t         *testing.T
	now       atomic.Int64
	ring      *homing.Keyring
	books     *sqlite.Ledger
	spool     spool.Spool
	catalog   *catalog.Catalog
	journal   *journal.Journal
	warehouse *warehousetest.Model
	loader    *loader.Loader

	account, other homing.Account // may send multiple leads
	plain          homing.Account // may not
	key, otherKey  string
	plainKey       string
	campaign       homing.Campaign // of account
	paused         homing.Campaign
	ofOther        homing.Campaign
	ofPlain        homing.Campaign
	n              uint32
}

func open(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t}
	s.now.Store(int64(start))
	var err error
	s.ring, err = homing.NewKeyring(homing.MasterKey{ID: "0badcafe", Secret: [32]byte{7}})
	s.must(err)
	s.books, err = sqlite.Open(sqlite.Options{Path: filepath.Join(t.TempDir(), "ledger.db"), LeadHashes: s.ring.HashLeads})
	s.must(err)
	t.Cleanup(func() { s.books.Close() })
	s.spool, err = segment.Open(segment.Options{Dir: filepath.Join(t.TempDir(), "spool"), SegmentSize: 1 << 20, Clock: s.clock})
	s.must(err)
	t.Cleanup(func() { s.spool.Close() })
	keyring := func() *homing.Keyring { return s.ring }
	s.catalog, err = catalog.Open(t.Context(), catalog.Options{Ledger: s.books, Clock: s.clock, Keyring: keyring})
	s.must(err)
	s.journal = journal.Open(journal.Options{Spool: s.spool, Books: s.books, Clock: s.clock, Whole: 1000, Mask: s.catalog.Masker().Postback})
	s.warehouse = warehousetest.NewModel()
	s.loader = loader.Open(loader.Options{
		Spool: s.spool, Books: s.books, Warehouse: s.warehouse, View: s.catalog.View, Keyring: keyring, Clock: s.clock, Every: 10 * time.Millisecond,
		Log: slog.New(slog.DiscardHandler),
	})
	s.Court = &rehearse.Court{
		View: s.catalog.View, Keyring: keyring, Books: s.books, Decider: s.books, Journal: s.journal, Masker: s.catalog.Masker(), Clock: s.clock,
	}
	s.account, s.key = s.newAccount("Main", true)
	s.other, s.otherKey = s.newAccount("Other", true)
	s.plain, s.plainKey = s.newAccount("Plain", false)
	s.campaign, s.paused = s.newCampaign(s.account.ID), s.newCampaign(s.account.ID)
	s.ofOther, s.ofPlain = s.newCampaign(s.other.ID), s.newCampaign(s.plain.ID)
	_, err = s.catalog.UpdateCampaign(t.Context(), "test", s.paused.ID, func(c *homing.Campaign) { c.Status = homing.CampaignPaused })
	s.must(err)
	return s
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) clock() time.Time          { return time.UnixMilli(s.now.Load()) }
func (s *stage) millis() homing.Millis     { return homing.Millis(s.now.Load()) }
func (s *stage) pass(d time.Duration)      { s.now.Add(d.Milliseconds()) }
func (s *stage) id(o homing.Origin) string { return s.ring.Seal(o).String() }

func (s *stage) newAccount(name string, multi bool) (homing.Account, string) {
	s.t.Helper()
	a, _, key, err := s.catalog.CreateAccount(s.t.Context(), "test", catalog.NewAccount{Name: name, MultiLead: multi})
	s.must(err)
	return a, key.Reveal()
}

func (s *stage) newCampaign(account homing.AccountID) homing.Campaign {
	s.t.Helper()
	c, err := s.catalog.CreateCampaign(s.t.Context(), "test", catalog.NewCampaign{Account: account, Name: "C", URL: "https://a.example/?c={click_id}"})
	s.must(err)
	return c
}

// click is a click of a campaign, some time ago.
func (s *stage) click(c homing.Campaign, ago time.Duration) homing.Origin {
	s.n++
	return homing.Origin{Time: s.millis() - homing.Millis(ago.Milliseconds()), Node: 3, Seq: uint16(s.n), Campaign: c.ID}
}

// refused logs a call that was refused, as the door does, and gives its entry
// back from the stores.
func (s *stage) refused(o homing.Origin, query string, reason homing.Reason, change func(*homing.Postback)) *journal.Entry {
	s.t.Helper()
	s.n++
	p := homing.Postback{
		Request: homing.NewRequestID(s.millis(), 3, s.n), At: s.millis(), Addr: netip.MustParseAddr("203.0.113.0"), Method: "GET",
		UserAgent: "Java/17", Account: s.View().Campaign(o.Campaign).Account, Campaign: o.Campaign, Click: s.ring.Seal(o), Origin: o,
	}
	p.Target = "/api/v1/cpa/action/" + p.Click.String() + query
	p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: reason}
	if change != nil {
		change(&p)
	}
	s.catalog.Masker().Postback(&p)
	s.journal.Refused(&p)
	return &journal.Entry{Postback: p, Count: 1}
}

// convert makes a conversion, as the door does.
func (s *stage) convert(o homing.Origin, lead string, value homing.Money) {
	s.t.Helper()
	s.n++
	campaign := s.View().Campaign(o.Campaign)
	p := homing.Postback{Request: homing.NewRequestID(s.millis(), 3, s.n), At: s.millis(), Method: "GET", Account: campaign.Account,
		Campaign: o.Campaign, Click: s.ring.Seal(o), Origin: o, Lead: lead, Value: homing.ValueOf(value), Target: "/api/v1/cpa/action/x"}
	p.Verdict = homing.Verdict{Outcome: homing.Counted, Reason: homing.ReasonCounted}
	_, err := s.books.Decide(s.t.Context(), &ledger.Claim{
		Click: o, Lead: []byte(lead), Account: p.Account, Campaign: p.Campaign, Status: homing.Approved, Value: p.Value, At: p.At, Request: p.Request,
		Receipt: homing.AppendPostback(nil, &p),
	})
	s.must(err)
	s.journal.Counted(&p)
}

func (s *stage) conversions() (all []homing.Conversion) {
	s.t.Helper()
	for c, err := range s.books.Conversions(s.t.Context(), ledger.ConversionQuery{}) {
		s.must(err)
		all = append(all, c)
	}
	return all
}
