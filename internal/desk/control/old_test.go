package control_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/warehousetest"
)

// trimmed is a spool that has given up what lies below a position.
type trimmed struct {
	spool.Spool
	below spool.Position
}

func (s *trimmed) Oldest() spool.Position { return s.below }

func (s *trimmed) Scan(ctx context.Context, q spool.Query) iter.Seq2[spool.Record, error] {
	q.From = max(q.From, s.below)
	return s.Spool.Scan(ctx, q)
}

// counting counts what it is asked for, and may be away.
type counting struct {
	*warehousetest.Model
	asked int
	away  error
}

func (c *counting) Clicks(ctx context.Context, l *warehouse.List) iter.Seq2[warehouse.Click, error] {
	c.asked++
	if c.away != nil {
		return func(yield func(warehouse.Click, error) bool) { yield(warehouse.Click{}, c.away) }
	}
	return c.Model.Clicks(ctx, l)
}

// aged is a stage whose spool has given up all but what came in the last minutes.
func aged(t *testing.T) (s *stage, log *trimmed, store *counting) {
	log, store = &trimmed{}, &counting{Model: warehousetest.NewModel()}
	s = open(t, func(d *control.Desk) {
		log.Spool = d.Spool
		d.Spool, d.Warehouse = log, store
	})
	return s, log, store
}

func TestClicksOlderThanTheSpool(t *testing.T) {
	s, log, store := aged(t)
	_, one := s.account("One")
	gone, two := s.account("Two")
	var batch warehouse.Batch
	batch.Source, batch.Next = "spool/3", 1
	for i := range 8 {
		if i == 4 || i == 6 {
			s.now += 600_000 // beyond what may be out of order
		}
		o := s.click([]homing.CampaignID{one.ID, two.ID}[i%2])
		c := warehouse.Click{Origin: o, Account: one.Account, Addr: "198.51.100.0", Cost: homing.Unit / 2}
		if i%2 == 1 {
			c.Account = gone.ID
		}
		c.Facets[warehouse.FacetSub1], c.Facets[warehouse.FacetCreative] = "abc", fmt.Sprint(i)
		c.More = []warehouse.Param{{Param: homing.ParamKeywords, Text: "shoes"}}
		batch.Clicks = append(batch.Clicks, c)
	}
	must(t, store.Load(s.ctx, &batch))
	numbers := func(f control.ClickFilter) (n []int) {
		for _, c := range all(t, s.Clicks(s.ctx, f)) {
			o, _ := s.ring.Open(c.ClickID)
			n = append(n, slices.IndexFunc(batch.Clicks, func(c warehouse.Click) bool { return c.Origin == o }))
		}
		return n
	}
	at := func(i int) homing.Millis { return batch.Clicks[i].Time }
	for _, below := range []spool.Position{0, 5, 8} {
		log.below = below
		for _, c := range []struct {
			filter control.ClickFilter
			want   []int
		}{
			{control.ClickFilter{}, []int{0, 1, 2, 3, 4, 5, 6, 7}},
			{control.ClickFilter{Campaign: two.ID}, []int{1, 3, 5, 7}},
			{control.ClickFilter{Limit: 3}, []int{5, 6, 7}},
			{control.ClickFilter{Limit: 7}, []int{1, 2, 3, 4, 5, 6, 7}},
			{control.ClickFilter{Limit: 50}, []int{0, 1, 2, 3, 4, 5, 6, 7}},
			{control.ClickFilter{Since: at(2), Until: at(5)}, []int{2, 3, 4}},
			{control.ClickFilter{Until: at(2)}, []int{0, 1}},
			{control.ClickFilter{Since: at(7)}, []int{7}},
		} {
			if got := numbers(c.filter); !slices.Equal(got, c.want) {
				t.Errorf("below %d, %+v: %v, want %v", below, c.filter, got, c.want)
			}
		}
	}
	first := all(t, s.Clicks(s.ctx, control.ClickFilter{Until: at(1)}))[0]
	if first.ClickID != s.ring.Seal(batch.Clicks[0].Origin) || first.Addr != "198.51.100.0" || first.Params["sub1"] != "abc" ||
		first.Params["creative_id"] != "0" || first.Params["keywords"] != "shoes" || first.Params["cost"] != "0.50" {
		t.Errorf("first: %+v", first)
	}

	log.below, store.asked = 5, 0
	numbers(control.ClickFilter{Since: at(7)})
	if store.asked != 0 {
		t.Error("the warehouse was asked for what the spool has")
	}
	store.away = fmt.Errorf("%w: it is starting", homing.ErrUnavailable)
	if _, err := gather(s.Clicks(s.ctx, control.ClickFilter{})); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("with the warehouse away: %v", err)
	}
	store.away = nil

	_, err := s.EraseAccount(s.ctx, gone.ID)
	must(t, err)
	if got := numbers(control.ClickFilter{Limit: 3}); !slices.Equal(got, []int{2, 4, 6}) {
		t.Errorf("after an erasure: %v", got)
	}
}

// TestClicksOfANodeWhoseClockIsAhead: a desk of several machines lists them at once.
func TestClicksOfANodeWhoseClockIsAhead(t *testing.T) {
	store := &counting{Model: warehousetest.NewModel()}
	s := open(t, func(d *control.Desk) { d.Warehouse, d.Shared = store, true })
	account, campaign := s.account("One")
	batch := warehouse.Batch{Source: "spool/3", Next: 1}
	for _, ahead := range []homing.Millis{-180_000, 0, 180_000} {
		batch.Clicks = append(batch.Clicks, warehouse.Click{
			Origin: homing.Origin{Time: s.now + ahead, Node: 3, Campaign: campaign.ID}, Account: account.ID,
		})
	}
	must(t, store.Load(s.ctx, &batch))
	if got := all(t, s.Clicks(s.ctx, control.ClickFilter{})); len(got) != len(batch.Clicks) {
		t.Errorf("%d of %d clicks are listed", len(got), len(batch.Clicks))
	}
}

func TestPostbacksOlderThanTheSpool(t *testing.T) {
	s, log, store := aged(t)
	a, one := s.account("One")
	batch := warehouse.Batch{Source: "spool/3", Next: 1}
	click := s.click(one.ID)
	loaded := func(p *homing.Postback, count int64) {
		batch.Postbacks = append(batch.Postbacks, warehouse.Postback{Postback: *p, Number: int64(len(batch.Postbacks)), Count: count})
	}
	for i := range 3 {
		if i == 2 {
			s.now += 600_000
			log.below = s.spool.Durable()
			s.click(one.ID) // where the spool begins
			s.now += 600_000
		}
		loaded(s.convert(a.ID, click, fmt.Sprint(i), homing.Approved), 1)
		loaded(s.duplicate(a.ID, click), 1)
	}
	tally := homing.Postback{At: began + 1, Account: a.ID, Verdict: homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonKeyWrong}}
	loaded(&tally, 40)
	must(t, store.Load(s.ctx, &batch))
	results := func(f control.PostbackFilter) (n []string) {
		return pick(all(t, s.Postbacks(s.ctx, f)), func(p control.Postback) string { return fmt.Sprintf("%s×%d", p.Result, p.Count) })
	}
	const c, d = "counted×1", "duplicate×1"
	for _, test := range []struct {
		filter control.PostbackFilter
		want   []string
	}{
		{control.PostbackFilter{}, []string{"refused×40", c, d, c, d, c, d}},
		{control.PostbackFilter{Result: homing.Duplicate}, []string{d, d, d}},
		{control.PostbackFilter{Account: a.ID, Limit: 3}, []string{d, c, d}},
		{control.PostbackFilter{Account: 77}, nil},
		{control.PostbackFilter{Until: began + 10}, []string{"refused×40"}},
	} {
		if got := results(test.filter); !slices.Equal(got, test.want) {
			t.Errorf("%+v: %v, want %v", test.filter, got, test.want)
		}
	}
}

func TestErasedClicksAreNotListed(t *testing.T) {
	books := &erasing{}
	s := open(t, func(d *control.Desk) { books.Books = d.Books; d.Books = books })
	a, one := s.account("One")
	kept, gone := s.click(one.ID), s.click(one.ID)
	s.duplicate(a.ID, kept)
	s.duplicate(a.ID, gone)
	books.gone = append(books.gone, ledger.Erasure{Number: 1, Click: gone})
	if got := all(t, s.Clicks(s.ctx, control.ClickFilter{})); len(got) != 1 || got[0].ClickID != s.ring.Seal(kept) {
		t.Errorf("clicks: %+v", got)
	}
	if got := all(t, s.Postbacks(s.ctx, control.PostbackFilter{})); len(got) != 1 || got[0].ClickID != s.ring.Seal(kept).String() {
		t.Errorf("postbacks: %+v", got)
	}
}

// erasing are books that tell of erasures.
type erasing struct {
	ledger.Books
	gone []ledger.Erasure
}

func (e *erasing) Erasures(_ context.Context, after int64, limit int) (list []ledger.Erasure, err error) {
	for _, g := range e.gone {
		if g.Number > after && len(list) < limit {
			list = append(list, g)
		}
	}
	return list, nil
}

// TestRecordsOutOfOrder: what the spool gave up may be a little newer than what
// it still has.
func TestRecordsOutOfOrder(t *testing.T) {
	s, log, store := aged(t)
	a, c := s.account("One")
	batch := warehouse.Batch{Source: "spool/3", Next: 1}
	for range 2 {
		batch.Clicks = append(batch.Clicks, warehouse.Click{Origin: s.click(c.ID), Account: a.ID})
		s.now -= 3000
	}
	must(t, store.Load(s.ctx, &batch))
	s.now += 600_000
	log.below = 1
	if got := all(t, s.Clicks(s.ctx, control.ClickFilter{})); len(got) != 2 {
		t.Errorf("%d clicks, want 2", len(got))
	}
}
