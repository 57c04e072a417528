package doctor

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"homing"
	"homing/internal/engine/spool"
	"homing/internal/engine/warehouse"
)

// clickDay is a campaign's day; calls are those of no campaign.
type clickDay struct {
	day      warehouse.Day
	campaign homing.CampaignID
	calls    bool // repeated and refused postbacks, else clicks
}

// walk goes through the records of the spool.
type walk struct {
	e      *examination
	from   spool.Position // the first wanted
	next   spool.Position // the first that was not seen yet
	until  uint64         // the warehouse's mark before it was asked
	counts map[clickDay]*tally
	gaps   []span
	// whole is the first day of which the spool has given up nothing.
	whole    warehouse.Day
	unread   int64
	badAt    spool.Position
	badCause error
	unknown  map[homing.CampaignID]int64 // clicks of campaigns that are not there
	click    homing.Click
}

// tally is what the spool has of a campaign's day.
type tally struct {
	sure  int64 // loaded before the warehouse was asked
	maybe int64 // perhaps loaded until it had answered
}

// tellRecords is after how many records it is told how far it is.
const tellRecords = 20_000

// disorder is how far records lie out of the order of their times.
const disorder homing.Millis = 10 * 60 * 1000

// clicks reads the spool's records, and compares their numbers by day and
// campaign with the warehouse's.
func (e *examination) clicks() error {
	w := &walk{e: e, from: e.Spool.Oldest(), until: math.MaxUint64, counts: map[clickDay]*tally{}, unknown: map[homing.CampaignID]int64{}, whole: warehouse.Ever}
	if e.asked {
		w.until = e.spoolMark
	}
	w.next = w.from
	q := spool.Query{From: w.from}
	if e.o.Quick {
		// The day before yesterday's last minutes may lie among yesterday's records.
		w.whole = warehouse.DayAt(e.now()) - 1
		q.Since = w.whole.Start() - disorder
	}
	if err := w.scan(q); err != nil {
		return err
	}
	for _, g := range unexplained(w.gaps, e.Spool.Damage()) {
		e.Found(gapFinding(g))
	}
	if w.unread > 0 {
		e.Found(unreadFinding(w.unread, w.badAt, w.badCause))
	}
	if err := w.strangers(); err != nil {
		return err
	}
	if !e.asked || e.spoolMark > uint64(e.Spool.Durable()) {
		return nil
	}
	return w.compare()
}

func (w *walk) scan(q spool.Query) error {
	e, n := w.e, 0
	end := e.Spool.Durable()
	for rec, err := range e.Spool.Scan(e.ctx, q) {
		if err != nil {
			return fmt.Errorf("couldn't go through the spool: %w", err)
		}
		if !e.o.Quick && rec.Position > w.next {
			w.gaps = append(w.gaps, span{w.next, rec.Position})
		}
		w.next = rec.Position + 1
		w.record(&rec)
		if n++; n%tellRecords == 0 {
			e.tell(Progress{What: "going through the spool's records", Done: int64(rec.Position - w.from), Total: int64(end - w.from)})
		}
	}
	if w.next < end && !e.o.Quick {
		w.gaps = append(w.gaps, span{w.next, end})
	}
	w.next = max(w.next, end)
	return nil
}

// record counts one.
func (w *walk) record(rec *spool.Record) {
	w.e.seen(rec.At)
	if w.whole == warehouse.Ever && w.from > 0 {
		w.whole = warehouse.DayAt(rec.At+disorder) + 1
	}
	switch rec.Kind {
	case spool.KindClick:
		if err := homing.DecodeClick(&w.click, rec.Data); err != nil {
			w.bad(rec, err)
			return
		}
		o := w.click.Origin
		if _, ok := w.e.known.campaigns[o.Campaign]; !ok {
			w.unknown[o.Campaign]++
		}
		if !o.Test() && w.click.Class != homing.TestClick {
			w.count(rec.Position, clickDay{day: warehouse.DayAt(o.Time), campaign: o.Campaign}, 1)
		}
	case spool.KindPostback:
		p, err := homing.DecodePostback(rec.Data)
		if err != nil {
			w.bad(rec, err)
			return
		}
		w.call(rec.Position, p.At, p.Verdict.Outcome, p.Origin.Test(), 1)
	case spool.KindTally:
		t, err := homing.DecodeTally(rec.Data)
		if err != nil {
			w.bad(rec, err)
			return
		}
		w.call(rec.Position, t.At, t.Outcome, false, int64(min(t.Count, math.MaxInt32)))
	default:
		w.bad(rec, fmt.Errorf("record of kind %d", rec.Kind))
	}
}

// call counts a repeated or refused postback. Calls of an impossible time are in
// no report.
func (w *walk) call(at spool.Position, when homing.Millis, outcome homing.Outcome, test bool, n int64) {
	if test || when < homing.Epoch || when > homing.MaxOriginTime || outcome != homing.Duplicate && outcome != homing.Refused {
		return
	}
	w.count(at, clickDay{day: warehouse.DayAt(when), calls: true}, n)
}

func (w *walk) count(at spool.Position, key clickDay, n int64) {
	c := w.counts[key]
	if c == nil {
		c = &tally{}
		w.counts[key] = c
	}
	if uint64(at) < w.until {
		c.sure += n
	} else {
		c.maybe += n
	}
}

func (w *walk) bad(rec *spool.Record, err error) {
	if w.unread == 0 {
		w.badAt, w.badCause = rec.Position, err
	}
	w.unread++
}

// strangers tells of clicks whose campaign the ledger does not have. Settings are
// read again first: the campaign may be new.
func (w *walk) strangers() error {
	if len(w.unknown) == 0 {
		return nil
	}
	if err := w.e.settings(); err != nil {
		return err
	}
	ids := make([]homing.CampaignID, 0, len(w.unknown))
	for id := range w.unknown {
		if _, ok := w.e.known.campaigns[id]; !ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for i, id := range ids {
		if i == mostTold {
			w.e.Found(more("clicks of campaigns that are not there", len(ids)-mostTold))
			break
		}
		w.e.Found(Finding{
			Kind: "spool.stranger", Severity: Damage, Where: fmt.Sprintf("spool, campaign %d", id),
			What:  fmt.Sprintf("%d clicks are of campaign %d, which the ledger does not have.", w.unknown[id], id),
			Means: "The clicks are in reports, but under no advertiser; postbacks for them are answered with 503 and count nothing until the campaign is there.",
			Do:    "The ledger is older than the spool: bring a newer backup of the ledger back (homing restore).",
		})
	}
	return nil
}

// mostTold is how many findings of a kind are told one by one.
const mostTold = 20

func more(of string, n int) Finding {
	return Finding{Kind: "more", Severity: Damage, Where: "here and there", What: fmt.Sprintf("There are %d more of the like: %s.", n, of),
		Means: "As above.", Do: "As above."}
}

// compare asks the warehouse for the same numbers. What was loaded while it
// answered may be in its answer or not, so it is to be between two numbers.
func (w *walk) compare() error {
	e := w.e
	e.tell(Progress{What: "comparing clicks with the warehouse"})
	stored, err := w.stored()
	if err != nil {
		return err
	}
	if stored == nil {
		return nil
	}
	mark, err := e.Warehouse.Mark(e.ctx, e.Source)
	if err != nil {
		return e.away(err)
	}
	switch again, err := e.wentBack(e.Source, e.spoolMark); {
	case err != nil:
		return e.away(err)
	case again:
		return nil
	}
	if mark.Next > uint64(w.next) {
		if err := w.scan(spool.Query{From: w.next}); err != nil {
			return err
		}
	}
	w.differences(stored)
	e.Looked("agreement of spool and warehouse: %d days and campaigns", len(w.counts))
	return nil
}

// stored are the warehouse's numbers of the days that the spool has; nil if it
// does not answer, which has been told then.
func (w *walk) stored() (map[clickDay]int64, error) {
	stored := map[clickDay]int64{}
	first, last := warehouse.Day(math.MaxInt32), warehouse.Ever
	for k := range w.counts {
		first, last = min(first, k.day), max(last, k.day)
	}
	if last == warehouse.Ever {
		return stored, nil
	}
	q := &warehouse.Query{
		From: first.Start(), Until: (last + 1).Start(), Basis: warehouse.ByConversion,
		By: []warehouse.Dimension{warehouse.DayOf, warehouse.Campaign}, Measures: warehouse.SetOf(warehouse.Clicks, warehouse.BotClicks),
	}
	ask := func(q *warehouse.Query, key func(*warehouse.Row) clickDay, measures ...warehouse.Measure) error {
		for row, err := range w.e.Warehouse.Stream(w.e.ctx, q) {
			if err != nil {
				return err
			}
			for _, m := range measures {
				stored[key(&row)] += row.Measures[m]
			}
		}
		return nil
	}
	err := ask(q, func(r *warehouse.Row) clickDay {
		return clickDay{day: warehouse.Day(r.Keys[0].Number), campaign: homing.CampaignID(r.Keys[1].Number)}
	}, warehouse.Clicks, warehouse.BotClicks)
	if err == nil {
		q.By, q.Measures = q.By[:1], warehouse.SetOf(warehouse.Duplicates, warehouse.Refusals)
		err = ask(q, func(r *warehouse.Row) clickDay { return clickDay{day: warehouse.Day(r.Keys[0].Number), calls: true} },
			warehouse.Duplicates, warehouse.Refusals)
	}
	if err != nil {
		w.e.asked = false
		return nil, w.e.away(err)
	}
	return stored, context.Cause(w.e.ctx)
}

// differences tells where the numbers are not as they should be. Of a day that
// the spool has in part, and where it is damaged, the warehouse may have more.
func (w *walk) differences(stored map[clickDay]int64) {
	losses := slices.ContainsFunc(w.e.Spool.Damage(), func(d spool.Damage) bool { return d.First < d.Next }) || w.unread > 0 || len(w.gaps) > 0
	keys := map[clickDay]bool{}
	for k := range w.counts {
		keys[k] = true
	}
	for k := range stored {
		if k.day >= w.whole {
			keys[k] = true
		}
	}
	var wrong []Finding
	for k := range keys {
		c := w.counts[k]
		if c == nil {
			c = &tally{}
		}
		switch has := stored[k]; {
		case has < c.sure && (k.day >= w.whole || !w.e.o.Quick):
			wrong = append(wrong, countFinding(k, has, c.sure))
		case has > c.sure+c.maybe && k.day >= w.whole && !losses:
			wrong = append(wrong, countFinding(k, has, c.sure+c.maybe))
		}
	}
	slices.SortFunc(wrong, func(a, b Finding) int { return strings.Compare(a.Where, b.Where) })
	for i, f := range wrong {
		if i == mostTold {
			w.e.Found(more("days that spool and warehouse count differently", len(wrong)-mostTold))
			break
		}
		w.e.Found(f)
	}
}

func countFinding(k clickDay, has, want int64) Finding {
	what, where := "clicks", fmt.Sprintf("warehouse, clicks of %s, campaign %d", k.day, k.campaign)
	if k.calls {
		what, where = "repeated and refused postbacks", fmt.Sprintf("warehouse, repeated and refused postbacks of %s", k.day)
	}
	f := Finding{
		Kind: "agreement.clicks", Severity: Damage, Where: where,
		What:   fmt.Sprintf("The spool has %d %s, the warehouse %d.", want, what, has),
		Means:  fmt.Sprintf("Reports show %d %s too few. What was counted as converted is compared on its own.", want-has, what),
		Do:     "homing doctor --repair makes the warehouse again from sealed days, spool and ledger.",
		Remedy: Remedy{Kind: Rebuild},
	}
	if has > want {
		f.Means = fmt.Sprintf("Reports show %d %s too many.", has-want, what)
	}
	return f
}
