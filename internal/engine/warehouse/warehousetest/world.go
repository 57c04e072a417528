package warehousetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"
	_ "time/tzdata" // worlds are about zones, wherever the tests run

	"homing"
	"homing/internal/engine/warehouse"
)

// World is made-up traffic of a few days around a change of some clock, with
// few values and ugly ones, so that rows meet in groups.
type World struct {
	From, Until homing.Millis
	// Batches bring it all, in the order they are loaded.
	Batches []*warehouse.Batch
	Texts   [warehouse.FacetCount][]string // of each facet

	rng         *rand.Rand
	change      homing.Millis     // when a clock changes
	zone        string            // whose
	clicks      []warehouse.Click // by time
	postbacks   []warehouse.Postback
	conversions []warehouse.Conversion // of one number by version
	numbers     int64
}

// changes are moments at which a zone changes its offset, and one at which none
// does.
var changes = []struct{ at, zone string }{
	{"2026-03-29T01:00:00Z", "Europe/Berlin"},
	{"2026-10-25T01:00:00Z", "Europe/Berlin"},
	{"2026-03-08T07:00:00Z", "America/New_York"},
	{"2026-11-01T06:00:00Z", "America/New_York"},
	{"2026-04-04T14:00:00Z", "Pacific/Chatham"}, // an hour later Australia/Lord_Howe
	{"2026-04-04T15:00:00Z", "Australia/Lord_Howe"},
	{"2026-02-15T02:00:00Z", "Africa/Casablanca"},
	{"2025-12-31T23:59:59Z", "America/St_Johns"},
}

// Zones are those that random questions are asked in, but for UTC.
var Zones = []string{
	"Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Chatham",
	"Africa/Casablanca", "Asia/Tokyo", "Pacific/Kiritimati", "America/St_Johns",
}

var uglyTexts = []string{
	"plain", "PLAIN", "Plain", "plainer", "100%", "100x", "a_b", "aXb", `a\b`, `a\\b`, `\%`, "it's", `"quoted"`,
	"'; DROP TABLE clicks; --", "' OR '1'='1", "$1", "?", ":x", "{0}", "näh", "NÄH", "nÄh", "İstanbul", "istanbul", "K", "k",
	"ſ", "s", "👩‍👩‍👧", "👩", "日本", "\u0301combining", " leading", "trailing ", "tab\there", "new\nline", "\u007f", "0", "00", "1e3", "NULL",
	"null", "\uffff", "\U0010ffff", "a", "A", "b", "B", "%", "_", `\`,
}

// NewWorld makes a world with so many clicks up.
func NewWorld(rng *rand.Rand, clicks int) *World {
	w := &World{rng: rng}
	change := changes[rng.IntN(len(changes))]
	moment, err := time.Parse(time.RFC3339, change.at)
	if err != nil {
		panic(err) // the table above is wrong
	}
	w.change, w.zone = homing.MillisOf(moment), change.zone
	w.From = w.change - homing.Millis(1+rng.IntN(3))*day
	w.Until = w.change + homing.Millis(1+rng.IntN(3))*day
	for f := range w.Texts {
		w.Texts[f] = append(w.Texts[f], "")
		for range 2 + rng.IntN(6) {
			w.Texts[f] = append(w.Texts[f], uglyTexts[rng.IntN(len(uglyTexts))])
		}
	}
	w.Texts[warehouse.FacetCountry] = []string{"", "DE", "US", "NP", "AU"}
	w.Texts[warehouse.FacetDevice] = []string{"", "mobile", "desktop"}
	for i := range clicks {
		w.clicks = append(w.clicks, w.click(i))
	}
	slices.SortFunc(w.clicks, func(a, b warehouse.Click) int {
		return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Place().Number, b.Place().Number))
	})
	for _, c := range w.clicks {
		w.follow(&c)
	}
	for range clicks / 10 {
		w.refuse()
	}
	w.batches()
	return w
}

// batches tells the world in order of time: every click before what is about it.
func (w *World) batches() {
	slices.SortStableFunc(w.postbacks, func(a, b warehouse.Postback) int { return cmp.Compare(a.At, b.At) })
	const count = 7
	spool, books := uint64(0), uint64(0)
	for i := range count {
		from := w.From + (w.Until-w.From)*homing.Millis(i)/count
		until := w.From + (w.Until-w.From)*homing.Millis(i+1)/count
		within := func(at homing.Millis) bool {
			return at < until && at >= from || i == 0 && at < from || i == count-1 && at >= until
		}
		b := &warehouse.Batch{Source: "spool/1", First: spool, State: []byte{byte(i)}}
		for _, c := range w.clicks {
			if within(c.Time) {
				b.Clicks = append(b.Clicks, c)
			}
		}
		for _, p := range w.postbacks {
			if within(max(p.At, p.Origin.Time)) { // the click first, whatever its clock said
				b.Postbacks = append(b.Postbacks, p)
			}
		}
		spool += uint64(len(b.Clicks)+len(b.Postbacks)) + 1
		b.Next = spool
		ledger := &warehouse.Batch{Source: "ledger", First: books}
		for _, c := range w.conversions {
			if within(max(c.At, c.Click.Time)) {
				ledger.Conversions = append(ledger.Conversions, c)
			}
		}
		books += uint64(len(ledger.Conversions)) + 1
		ledger.Next = books
		w.Batches = append(w.Batches, b, ledger)
	}
}

// moment is some time in the world, often an edge of an hour, or a bit before.
func (w *World) moment() homing.Millis {
	at := w.From + homing.Millis(w.rng.Int64N(int64(w.Until-w.From)))
	switch w.rng.IntN(9) {
	case 0:
		at -= at % (15 * minute)
	case 1:
		at -= at%(30*minute) + 1
	case 2:
		at -= at % day
	case 3:
		at = w.change + hour*homing.Millis(w.rng.IntN(2)) // two zones change after the other
	case 4:
		at = w.change - 1 + homing.Millis(w.rng.IntN(3))
	}
	return at
}

// skewed is a number below n, small ones more often.
func (w *World) skewed(n int) int { return min(w.rng.IntN(n), w.rng.IntN(n), w.rng.IntN(n)) }

func (w *World) click(i int) warehouse.Click {
	campaign := homing.CampaignID(1 + w.skewed(6))
	if w.rng.IntN(40) == 0 {
		campaign = 4_000_000_000 // beyond 31 bits
	}
	c := warehouse.Click{
		Origin:  homing.Origin{Time: w.moment(), Node: homing.NodeID(w.rng.IntN(3)), Seq: uint16(i % homing.MaxSeq), Campaign: campaign},
		Account: homing.AccountID(1 + campaign%3),
		Class:   homing.Billable,
		Visitor: uint64(w.skewed(40)),
		Cost:    homing.Money(w.rng.Int64N(5) * 1_234_567),
		Addr:    []string{"", "192.0.2.0", "2001:db8::"}[w.rng.IntN(3)],
	}
	switch {
	case w.rng.IntN(20) == 0:
		c.Node, c.Class = homing.FirstTestNode+homing.NodeID(w.rng.IntN(3)), homing.TestClick
	case w.rng.IntN(6) == 0:
		c.Class = homing.BotClick + homing.ClickClass(w.rng.IntN(4))
	}
	for f, texts := range w.Texts {
		c.Facets[f] = texts[w.skewed(len(texts))]
	}
	if w.rng.IntN(3) == 0 {
		c.More = []warehouse.Param{{Param: homing.ParamKeywords, Text: uglyTexts[w.rng.IntN(len(uglyTexts))]}}
	}
	return c
}

// follow makes conversions of a click up, with their postbacks.
func (w *World) follow(click *warehouse.Click) {
	if click.Class != homing.Billable && click.Class != homing.TestClick || w.rng.IntN(4) > 0 {
		return
	}
	for range 1 + w.skewed(3) {
		at := click.Time + homing.Millis(w.rng.ExpFloat64()*float64(time.Hour.Milliseconds())*5)
		switch w.rng.IntN(5) {
		case 0:
			at = click.Time + homing.Millis(w.rng.IntN(4))*60_000
		case 1:
			at = click.Time - homing.Millis(w.rng.IntN(2000)) // a clock ahead of ours
		}
		w.convert(click, at)
	}
}

func (w *World) convert(click *warehouse.Click, at homing.Millis) {
	c := warehouse.Conversion{Conversion: homing.Conversion{
		ID: homing.ConversionID(1 + w.numbers), Click: click.Origin, Goal: homing.GoalID(w.skewed(4)),
		Account: click.Account, Campaign: click.Campaign, Status: homing.Status(1 + w.skewed(4)),
		Price: homing.Money(w.rng.Int64N(3) * 333_333), Currency: []string{"", "EUR"}[w.rng.IntN(2)],
		Flags: homing.Flags(w.rng.IntN(int(homing.AllFlags) + 1)), At: at,
	}}
	if w.rng.IntN(2) == 0 {
		c.Lead = uglyTexts[w.rng.IntN(len(uglyTexts))] + "\xff\x00"
	}
	if w.rng.IntN(5) > 0 {
		c.Value = homing.ValueOf(homing.Money(w.rng.Int64N(7) * 1_000_001))
	}
	first := w.call(click, &c, homing.Counted, homing.ReasonCounted)
	c.Request = first.Request
	for range 1 + w.skewed(3) {
		c.Version++
		w.conversions = append(w.conversions, c)
		c.Status = homing.Status(1 + w.rng.IntN(4))
	}
	for range w.skewed(3) {
		w.call(click, &c, homing.Duplicate, homing.ReasonDuplicate)
	}
	if w.rng.IntN(9) == 0 {
		w.call(click, &c, homing.Ignored, homing.ReasonErased)
	}
}

// call logs a postback about a click.
func (w *World) call(click *warehouse.Click, c *warehouse.Conversion, outcome homing.Outcome, reason homing.Reason) warehouse.Postback {
	w.numbers++
	p := warehouse.Postback{Number: w.numbers, Count: 1, Postback: homing.Postback{
		Request: homing.NewRequestID(c.At, 3, uint32(w.numbers)), At: c.At, Addr: netip.MustParseAddr("198.51.100.0"),
		HTTPS: true, Method: "GET", Target: "/api?x=" + uglyTexts[w.rng.IntN(len(uglyTexts))], UserAgent: "sender/1",
		Account: c.Account, Campaign: c.Campaign, Click: homing.ClickID{1, byte(w.numbers)}, Origin: click.Origin,
		Goal: c.Goal, Lead: c.Lead, Value: c.Value, Price: c.Price, Currency: c.Currency, Conversion: c.ID,
		Verdict: homing.Verdict{Outcome: outcome, Reason: reason, Flags: c.Flags},
	}}
	w.postbacks = append(w.postbacks, p)
	return p
}

// refuse logs a postback about no click, or a number of them.
func (w *World) refuse() {
	w.numbers++
	p := warehouse.Postback{Number: w.numbers, Count: 1, Postback: homing.Postback{
		At: w.moment(), Account: homing.AccountID(w.rng.IntN(3)),
		Verdict: homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonCodeEmpty + homing.Reason(w.skewed(5))},
	}}
	if w.rng.IntN(3) == 0 {
		p.Count = 1 + w.rng.Int64N(1000) // a tally
	} else {
		p.Request = homing.NewRequestID(p.At, 3, uint32(w.numbers))
		p.Method, p.Target = "POST", fmt.Sprintf("/api/%d", w.numbers)
	}
	w.postbacks = append(w.postbacks, p)
}
