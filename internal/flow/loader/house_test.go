package loader

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/sqlite"
	"homing/internal/engine/spool"
	"homing/internal/engine/spool/segment"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/warehousetest"
	"homing/internal/flow/catalog"
)

const agentText = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36"

// noon is a day's middle, so that tests choose when they cross midnight.
var noon = homing.MillisOf(time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC))

// flaky is a warehouse that fails as it is told, before or after it did what it
// was asked.
type flaky struct {
	*warehousetest.Model
	mu     sync.Mutex
	before func() error // guarded by mu; asked before each call
	after  func() error // guarded by mu; asked after each Load
	refuse func(*warehouse.Batch) error
	resets int
	erased []warehouse.Erasure
	sealed []warehouse.Day
}

func (f *flaky) ask(what *func() error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if *what == nil {
		return nil
	}
	return (*what)()
}

func (f *flaky) set(before, after func() error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before, f.after = before, after
}

func (f *flaky) Load(ctx context.Context, b *warehouse.Batch) error {
	if err := f.ask(&f.before); err != nil {
		return err
	}
	f.mu.Lock()
	refuse := f.refuse
	f.mu.Unlock()
	if refuse != nil {
		if err := refuse(b); err != nil {
			return err
		}
	}
	if err := f.Model.Load(ctx, b); err != nil {
		return err
	}
	return f.ask(&f.after)
}

func (f *flaky) Mark(ctx context.Context, source string) (warehouse.Mark, error) {
	if err := f.ask(&f.before); err != nil {
		return warehouse.Mark{}, err
	}
	return f.Model.Mark(ctx, source)
}

func (f *flaky) Reset(ctx context.Context, progress warehouse.Progress) error {
	f.mu.Lock()
	f.resets++
	f.mu.Unlock()
	return f.Model.Reset(ctx, progress)
}

func (f *flaky) Erase(ctx context.Context, what warehouse.Erasure) error {
	f.mu.Lock()
	f.erased = append(f.erased, what)
	f.mu.Unlock()
	return f.Model.Erase(ctx, what)
}

func (f *flaky) Seal(ctx context.Context, day warehouse.Day) error {
	f.mu.Lock()
	f.sealed = append(f.sealed, day)
	f.mu.Unlock()
	return f.Model.Seal(ctx, day)
}

// house is a loader with a real spool and a real ledger.
type house struct {
	t         testing.TB
	spool     *segment.Spool
	ledger    *sqlite.Ledger
	catalog   *catalog.Catalog
	keyring   *homing.Keyring
	spoolDir  string
	warehouse *flaky
	account   *homing.Account
	campaign  *homing.Campaign
	clock     atomic.Int64
	seq       atomic.Int64
	options   Options
	*Loader
	stop func()
}

func newHouse(t testing.TB, change func(*Options)) *house {
	t.Helper()
	h := &house{t: t, warehouse: &flaky{Model: warehousetest.NewModel()}}
	h.set(noon)
	quiet := slog.New(slog.DiscardHandler)
	dir := t.TempDir()
	var err error
	h.spoolDir = filepath.Join(dir, "spool")
	if h.spool, err = segment.Open(segment.Options{Dir: h.spoolDir, SegmentSize: 64 << 10, Logger: quiet}); err != nil {
		t.Fatal(err)
	}
	if h.ledger, err = sqlite.Open(sqlite.Options{Path: filepath.Join(dir, "ledger.db"), Logger: quiet}); err != nil {
		t.Fatal(err)
	}
	h.keyring, _ = homing.NewKeyring(homing.MasterKey{ID: "00000001", Secret: [32]byte{1, 2, 3}})
	keyring := func() *homing.Keyring { return h.keyring }
	if h.catalog, err = catalog.Open(t.Context(), catalog.Options{Ledger: h.ledger, Clock: h.now, Keyring: keyring}); err != nil {
		t.Fatal(err)
	}
	h.account, h.campaign = h.newCampaign("one")
	h.options = Options{
		Spool: h.spool, Books: h.ledger, Warehouse: h.warehouse, View: h.catalog.View, Refresh: h.catalog.Reload,
		Masker: h.catalog.Masker(), Keyring: keyring, Clock: h.now, Every: 2 * time.Millisecond,
	}
	if change != nil {
		change(&h.options)
	}
	t.Cleanup(func() {
		if h.stop != nil {
			h.stop()
		}
		_ = h.spool.Close()
		_ = h.ledger.Close()
	})
	h.Loader = Open(h.options)
	h.believe()
	return h
}

func (h *house) now() time.Time       { return time.UnixMilli(h.clock.Load()).UTC() }
func (h *house) set(at homing.Millis) { h.clock.Store(int64(at)) }
func (h *house) pass(d time.Duration) { h.clock.Add(d.Milliseconds()) }
func (h *house) at() homing.Millis    { return homing.Millis(h.clock.Load()) }
func (h *house) must(err error)       { h.t.Helper(); must(h.t, err) }
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (h *house) newCampaign(name string) (*homing.Account, *homing.Campaign) {
	h.t.Helper()
	a := &homing.Account{PublicID: "public" + name, Name: name, Currency: "USD", PriceMax: 200 * homing.Unit, Created: noon}
	c := &homing.Campaign{Name: name, Slug: "slug" + name, URL: "https://adv.example/?c={click_id}", Status: homing.CampaignActive,
		Window: homing.DefaultWindow, Created: noon}
	h.must(h.ledger.Apply(h.t.Context(), ledger.Actor{Name: "test", At: noon}, ledger.PutAccount{Account: a}, ledger.PutCampaign{Campaign: c, Owner: a}))
	h.must(h.catalog.Reload(h.t.Context()))
	return a, c
}

// click appends a click of now.
func (h *house) click(change func(*homing.Click)) homing.Origin {
	h.t.Helper()
	c := homing.Click{
		Origin: homing.Origin{Time: h.at(), Node: 3, Seq: uint16(h.seq.Add(1) % homing.MaxSeq), Campaign: h.campaign.ID},
		Addr:   netip.MustParseAddr("203.0.113.9"), UserAgent: []byte(agentText),
	}
	if change != nil {
		change(&c)
	}
	_, err := h.spool.Append(spool.KindClick, c.Origin.Time, homing.AppendClick(nil, &c))
	h.must(err)
	return c.Origin
}

// convert sends a postback that is the first.
func (h *house) convert(click homing.Origin, lead string) homing.ConversionID {
	h.t.Helper()
	p := homing.Postback{Request: homing.NewRequestID(h.at(), 3, uint32(h.seq.Add(1))), At: h.at(), Method: "GET", Target: "/t",
		Account: h.account.ID, Campaign: click.Campaign, Click: h.keyring.Seal(click), Origin: click, Lead: lead,
		Value: homing.ValueOf(2 * homing.Unit), Verdict: homing.Verdict{Outcome: homing.Counted, Reason: homing.ReasonCounted}}
	d, err := h.ledger.Decide(h.t.Context(), &ledger.Claim{Click: click, Lead: []byte(lead), Account: h.account.ID, Campaign: click.Campaign,
		Status: homing.Approved, Value: p.Value, At: p.At, Request: p.Request, Receipt: homing.AppendPostback(nil, &p)})
	h.must(err)
	return d.Conversion
}

// refuse records a refused postback.
func (h *house) refuse() {
	h.t.Helper()
	p := homing.Postback{At: h.at(), Method: "GET", Target: "/x", Verdict: homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonKeyWrong}}
	_, err := h.spool.Append(spool.KindPostback, p.At, homing.AppendPostback(nil, &p))
	h.must(err)
}

func (h *house) tally(count uint64) {
	h.t.Helper()
	tally := homing.Tally{At: h.at(), Outcome: homing.Refused, Reason: homing.ReasonKeyWrong, Count: count}
	_, err := h.spool.Append(spool.KindTally, tally.At, homing.AppendTally(nil, &tally))
	h.must(err)
}

// believe has the clock, wherever the test has put it, have stood there for long.
func (h *house) believe() {
	h.steady.mu.Lock()
	defer h.steady.mu.Unlock()
	h.steady.at, h.steady.ran, h.steady.step = h.at(), steadyFor, ""
}

// run starts the loader; stop ends it.
func (h *house) run() *house {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func(l *Loader) { defer close(done); l.rounds(ctx); l.reader.close() }(h.Loader)
	h.stop = func() { cancel(); <-done; h.stop = nil }
	return h
}

// again is a loader of a process that was started anew.
func (h *house) again() {
	if h.stop != nil {
		h.stop()
	}
	h.Loader = Open(h.options)
	h.run()
}

func (h *house) catchUp() {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 20*time.Second)
	defer cancel()
	h.must(h.CatchUp(ctx))
}

// contents are the rows in the warehouse.
type contents struct {
	clicks      []warehouse.Click
	postbacks   []warehouse.Postback
	conversions []warehouse.Conversion
}

func (h *house) contents() (c contents) {
	h.t.Helper()
	all := &warehouse.List{Until: homing.MaxOriginTime}
	for row, err := range h.warehouse.Clicks(h.t.Context(), all) {
		h.must(err)
		c.clicks = append(c.clicks, row)
	}
	for row, err := range h.warehouse.Postbacks(h.t.Context(), all) {
		h.must(err)
		c.postbacks = append(c.postbacks, row)
	}
	for row, err := range h.warehouse.Conversions(h.t.Context(), all) {
		h.must(err)
		c.conversions = append(c.conversions, row)
	}
	return c
}

// counts is what must come out exactly, in one line.
func (c *contents) counts() string {
	origins, numbers := map[homing.Origin]bool{}, map[int64]bool{}
	unique, calls := 0, int64(0)
	known := 0
	for _, row := range c.clicks {
		origins[row.Origin] = true
		if row.Unique {
			unique++
		}
	}
	for _, row := range c.postbacks {
		numbers[row.Number] = true
		calls += row.Count
	}
	for _, row := range c.conversions {
		if row.Known {
			known++
		}
	}
	return fmt.Sprintf("%d clicks (%d origins, %d unique), %d postbacks (%d numbers, %d calls), %d conversions (%d known)",
		len(c.clicks), len(origins), unique, len(c.postbacks), len(numbers), calls, len(c.conversions), known)
}

func (h *house) want(counts string) {
	h.t.Helper()
	c := h.contents()
	if got := c.counts(); got != counts {
		h.t.Errorf("\n got %s\nwant %s", got, counts)
	}
}

func failing(one int, kinds ...error) func() error {
	return func() error {
		if rand.IntN(one) > 0 {
			return nil
		}
		return fmt.Errorf("the test says so: %w", kinds[rand.IntN(len(kinds))])
	}
}
