package duckdb_test

import (
	"testing"

	"homing"
	"homing/internal/engine/warehouse"
)

var sub1 = warehouse.OfFacet(warehouse.FacetSub1)

func TestABatchIsInOnceAndInOrder(t *testing.T) {
	w := open(t, t.TempDir())
	s := &source{w: w, name: "spool/1"}
	first := s.batch(clicksAt(noon, 250), nil, nil)
	first.State = []byte("state \x00 1")
	second := s.batch(clicksAt(noon+60_000, 50), nil, nil)
	wants(t, w.Load(t.Context(), second), homing.ErrConflict)
	must(t, w.Load(t.Context(), first))
	must(t, w.Load(t.Context(), first))
	must(t, w.Load(t.Context(), second))
	must(t, w.Load(t.Context(), first))
	mark, err := w.Mark(t.Context(), "spool/1")
	must(t, err)
	equal(t, "mark", mark.Next, second.Next)
	equal(t, "state", string(mark.State), "")
	equal(t, "clicks", totalOf(t, w, warehouse.Clicks), 300)
	equal(t, "clicks by row", rawOf(t, w, warehouse.Clicks, sub1), 300)
	equal(t, "cost", totalOf(t, w, warehouse.Cost), 300*1500)

	c := clickOf(t, w, second.Clicks[7].Origin)
	want := second.Clicks[7]
	equal(t, "facets", c.Facets, want.Facets)
	equal(t, "address", c.Addr, want.Addr)
	equal(t, "more", c.More[0], want.More[0])
	equal(t, "visitor", c.Visitor, 0)
	_, err = w.Click(t.Context(), origin(noon+1_000_000, 1))
	wants(t, err, homing.ErrNotFound)
}

func TestAVisitorIsUniqueOnceADay(t *testing.T) {
	w := open(t, t.TempDir())
	s := &source{w: w, name: "spool/1"}
	midnight := (today + 1).Start()
	s.load(t, []warehouse.Click{click(midnight-2, 1), click(midnight-1, 1), click(midnight-1, 2)}, nil, nil)
	equal(t, "in a batch", totalOf(t, w, warehouse.UniqueClicks), 2)
	s.load(t, []warehouse.Click{click(midnight-1, 4), click(midnight-3, 1), click(midnight, 1)}, nil, nil)
	equal(t, "over batches and midnight", totalOf(t, w, warehouse.UniqueClicks), 4)
	s.load(t, []warehouse.Click{click(midnight+5, 1)}, nil, nil)
	equal(t, "on the second day", totalOf(t, w, warehouse.UniqueClicks), 4)
	equal(t, "by row", rawOf(t, w, warehouse.UniqueClicks, sub1), 4)

	bot, test, nobody, other := click(midnight+6, 7), click(midnight+6, 8), click(midnight+6, 9), click(midnight+6, 10)
	bot.Class, test.Node, nobody.Visitor, other.Campaign, other.Visitor = homing.BotClick, homing.FirstTestNode, 0, 9, 2
	s.load(t, []warehouse.Click{bot, test, nobody, other}, nil, nil)
	equal(t, "of those that count", totalOf(t, w, warehouse.UniqueClicks), 5)
	billable := click(midnight+7, 7)
	s.load(t, []warehouse.Click{billable}, nil, nil)
	equal(t, "a bot does not use up a visitor", clickOf(t, w, billable.Origin).Unique, true)

	s.load(t, []warehouse.Click{click(midnight+3*24*3_600_000, 1)}, nil, nil)
	s.load(t, []warehouse.Click{click(midnight-5, 31)}, nil, nil) // its day's visitors may be forgotten
	equal(t, "later", totalOf(t, w, warehouse.UniqueClicks), 8)
}

func TestTheHighestVersionStands(t *testing.T) {
	w := open(t, t.TempDir())
	books := &source{w: w, name: "ledger"}
	(&source{w: w, name: "spool/1"}).load(t, clicksAt(noon, 10), nil, nil)
	c := click(noon, 3)
	one := conversion(1, &c)
	one.Version = 5
	rejected, pending := one, one
	rejected.Version, rejected.Status = 7, homing.Rejected
	pending.Version, pending.Status = 6, homing.Pending
	books.load(t, nil, nil, []warehouse.Conversion{one, rejected, pending, conversion(2, &c)})
	equal(t, "within a batch", totalOf(t, w, warehouse.Rejected), 1)
	books.load(t, nil, nil, []warehouse.Conversion{pending, one})
	equal(t, "lower ones", totalOf(t, w, warehouse.Rejected), 1)
	approved := one
	approved.Version, approved.Value = 9, homing.ValueOf(1)
	books.load(t, nil, nil, []warehouse.Conversion{approved, conversion(3, &c)})
	list := conversionsOf(t, w)
	equal(t, "conversions", len(list), 3)
	equal(t, "value", totalOf(t, w, warehouse.Value), 2*2_500_000+1)
	for _, got := range list {
		equal(t, "known", got.Known, true)
		equal(t, "facets", got.Facets, c.Facets)
		equal(t, "lead", got.Lead, "order")
		equal(t, "click", got.Click, c.Origin)
	}
}

func TestFacetsComeFromTheClickWheneverItComes(t *testing.T) {
	w := open(t, t.TempDir())
	s := &source{w: w, name: "spool/1"}
	old := clicksAt(noon, 300)
	s.load(t, old, nil, nil)
	now, later := click(noon+50_000, 1), click(noon+90_000, 2)
	stranger := later
	stranger.Campaign = 77 // same place, another campaign: a click that never was
	s.load(t, []warehouse.Click{now},
		[]warehouse.Postback{postback(1, &now, homing.Counted, homing.ReasonCounted), postback(2, &old[250], homing.Duplicate, homing.ReasonDuplicate),
			postback(3, &later, homing.Counted, homing.ReasonCounted)},
		[]warehouse.Conversion{conversion(1, &now), conversion(2, &old[120]), conversion(3, &later), conversion(4, &stranger)})
	known := func() (k [5]bool) {
		for _, c := range conversionsOf(t, w) {
			k[c.ID] = c.Known
		}
		return k
	}
	equal(t, "known", known(), [5]bool{1: true, 2: true})
	list := postbacksOf(t, w)
	equal(t, "postbacks", len(list), 3)
	equal(t, "postback of before", list[0].Facets, old[250].Facets)
	equal(t, "postback of now", list[1].Facets, now.Facets)
	equal(t, "target", list[1].Target, "/api/v1/cpa/action/x")
	equal(t, "unknown postback", list[2].Known, false)

	s.load(t, []warehouse.Click{later, click(noon+90_001, 9)}, nil, nil)
	equal(t, "after its click", known(), [5]bool{1: true, 2: true, 3: true})
	equal(t, "conversions", len(conversionsOf(t, w)), 4)
	equal(t, "by facet", rawOf(t, w, warehouse.Conversions, sub1), 4)
}

func TestTalliesAreCountedAndReadBack(t *testing.T) {
	w := open(t, t.TempDir())
	s := &source{w: w, name: "spool/1"}
	tally := warehouse.Postback{Number: 1 << 40, Count: 700, Postback: homing.Postback{At: noon, Account: 2,
		Verdict: homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonCodeFormat}}}
	s.load(t, nil, []warehouse.Postback{tally}, nil)
	equal(t, "refusals", totalOf(t, w, warehouse.Refusals), 700)
	equal(t, "refusals by row", rawOf(t, w, warehouse.Refusals, sub1), 700)
	list := postbacksOf(t, w)
	equal(t, "tally", list[0], tally)
}

func TestMergedTotalsAnswerTheSame(t *testing.T) {
	w := open(t, t.TempDir())
	s := &source{w: w, name: "spool/1"}
	for round := range 3 {
		clicks := make([]warehouse.Click, 21_000)
		for i := range clicks {
			clicks[i] = click(noon+homing.Millis(i/4000), i%4000)
			clicks[i].Node, clicks[i].Campaign, clicks[i].Account = homing.NodeID(round), homing.CampaignID(i+1), 1
		}
		s.load(t, clicks, nil, nil) // so many partial sums are merged at once
		equal(t, "clicks", totalOf(t, w, warehouse.Clicks), int64(21_000*(round+1)))
		answer := figures(t, w, noon, noon+900_000, warehouse.Campaign)
		equal(t, "campaigns", len(answer.Rows), 21_000)
		equal(t, "clicks of a campaign", answer.Rows[77].Measures[warehouse.Clicks], int64(round+1))
		equal(t, "cost of a campaign", answer.Rows[77].Measures[warehouse.Cost], int64(round+1)*1500)
	}
}
