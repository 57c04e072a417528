package conversions

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/ledger"
	"homing/internal/engine/warehouse"
)

// row is a conversion as the list shows it, as it stands in the ledger.
type row struct {
	homing.Conversion
	AccountName, CampaignName, GoalName string
	Remarks                             []homing.FlagInfo
}

// After is how long after its click it came.
func (r row) After() string {
	return page.Length(time.Duration(max(0, r.At-r.Click.Time)) * time.Millisecond)
}

// rowOf is nil for a conversion that is not to be shown.
func rowOf(v *page.Visit, c homing.Conversion) *row {
	owner := v.View.Account(c.Account)
	if owner == nil || owner.Erased || !v.Who.MaySee(c.Account) {
		return nil
	}
	r := &row{Conversion: c, AccountName: owner.Name, Remarks: c.Flags.Infos()}
	r.Lead = v.Rooms.Catalog.Masker().Text(c.Lead)
	if r.Currency == "" {
		r.Currency = owner.Currency
	}
	if v.Who.HideMoney {
		r.Value, r.Price = homing.Value{}, 0
	}
	if campaign := v.View.Campaign(c.Campaign); campaign != nil {
		r.CampaignName = campaign.Name
		for _, g := range campaign.Goals {
			if g.ID == c.Goal {
				r.GoalName = g.Name
			}
		}
	}
	return r
}

// listed is a part of the list.
type listed struct {
	rows  []row
	next  string // the cursor to go on with
	notes []string
	// away tells that reports are away: the rows are the newest, from the ledger.
	away bool
}

// rows finds the conversions that are asked for in the reports, with those that
// are too new to be there, and shows them as they stand in the ledger.
func (s *screen) rows(v *page.Visit, a *asked) (listed, error) {
	ctx, cancel := context.WithTimeout(v.R.Context(), reportPatience)
	defer cancel()
	part, err := v.Reports.Conversions(ctx, scope(v), a.question)
	if page.Away(err) {
		return s.withoutReports(v, a)
	}
	if err != nil {
		return listed{}, fmt.Errorf("couldn't list conversions: %w", err)
	}
	list := listed{next: part.Next, notes: part.Notes}
	var ids []homing.ConversionID
	for i := range part.Rows {
		ids = append(ids, part.Rows[i].ID)
	}
	standing, err := s.amender.Standing(v.R.Context(), ids)
	if err != nil {
		return listed{}, err
	}
	if a.question.After == nil && !a.question.Oldest {
		more, err := newer(v, a, homing.Millis(part.AsOf), standing, &ids)
		if err != nil {
			return listed{}, err
		}
		if more {
			list.notes = append(list.notes, fmt.Sprintf("Reports are behind: of the conversions that they do not have yet, the newest %d stand here.", shown))
		}
	}
	for _, id := range ids {
		// It may have moved since it was loaded.
		if c, ok := standing[id]; ok && a.fits(&c) {
			if r := rowOf(v, c); r != nil {
				list.rows = append(list.rows, *r)
			}
		}
	}
	list.notes = slices.DeleteFunc(list.notes, func(note string) bool { return note == nothingFits })
	return list, nil
}

// nothingFits is the note of an empty list, for which the page has its own words.
const nothingFits = "Nothing in the range fits."

// reportPatience is how long the list waits for the reports before it does
// without them.
const reportPatience = 8 * time.Second

const (
	// unloaded is how many of the newest conversions are looked through for such
	// as are too new for the reports.
	unloaded = 1000
	// overlap is how much further back they are looked for than the reports say
	// that they have everything.
	overlap = homing.Millis(60_000)
)

// newer adds conversions of the ledger that are not loaded yet, the newest
// first, and tells whether there are more than a page of them. A condition that
// only the reports could check leaves them out: they come with the next look.
func newer(v *page.Visit, a *asked, asOf homing.Millis, standing map[homing.ConversionID]homing.Conversion, ids *[]homing.ConversionID) (more bool, err error) {
	if !a.plain() {
		return false, nil
	}
	// What the reports have of the last minute is on the page, unless it is full.
	since := asOf - overlap
	var end homing.Conversion // of a full page
	if len(*ids) >= a.question.Limit {
		end = standing[(*ids)[len(*ids)-1]]
		since = max(since, end.At)
	}
	added := 0
	for c, err := range v.Rooms.Books.Conversions(v.R.Context(), ledger.ConversionQuery{Newest: true, Limit: unloaded}) {
		if err != nil {
			return false, fmt.Errorf("couldn't list conversions: %w", err)
		}
		if c.At < asOf-2*overlap {
			break
		}
		if _, there := standing[c.ID]; !there && c.At >= since && (c.At > end.At || c.ID > end.ID) && a.fits(&c) && a.covers(&c) && v.Who.MaySee(c.Account) {
			if more = added == shown; more {
				break
			}
			added++
			standing[c.ID] = c
			*ids = append(*ids, c.ID)
		}
	}
	slices.SortFunc(*ids, func(x, y homing.ConversionID) int {
		return cmp.Or(cmp.Compare(standing[y].At, standing[x].At), cmp.Compare(y, x))
	})
	return more, nil
}

// withoutReports lists the newest conversions straight from the ledger, for as
// long as that is quick.
func (s *screen) withoutReports(v *page.Visit, a *asked) (listed, error) {
	list := listed{away: true}
	if !a.plain() {
		return list, nil
	}
	ctx, cancel := context.WithTimeout(v.R.Context(), reportPatience/2)
	defer cancel()
	q := ledger.ConversionQuery{Newest: true, Account: v.Who.Account, Campaign: a.campaign, Status: a.single()}
	if v.Account != nil {
		q.Account = v.Account.ID
	}
	for c, err := range v.Rooms.Books.Conversions(ctx, q) {
		if page.Away(err) {
			break // what was found so far is something
		}
		if err != nil {
			return listed{}, fmt.Errorf("couldn't list conversions: %w", err)
		}
		if c.At < a.question.From-overlap || len(list.rows) == a.question.Limit {
			break
		}
		if a.fits(&c) && a.covers(&c) {
			if r := rowOf(v, c); r != nil {
				list.rows = append(list.rows, *r)
			}
		}
	}
	return list, nil
}

// plain tells that every condition is one that a conversion itself can answer.
func (a *asked) plain() bool {
	for _, c := range a.question.Where {
		if c.Op != warehouse.In && c.Op != warehouse.NotIn || numberOf(c.Dimension, &homing.Conversion{}) < 0 {
			return false
		}
	}
	return a.values.Get("click_id") == ""
}

// numberOf is a conversion's key of a dimension; -1 if it knows none.
func numberOf(d warehouse.Dimension, c *homing.Conversion) int64 {
	switch d {
	case warehouse.Account:
		return int64(c.Account)
	case warehouse.Campaign:
		return int64(c.Campaign)
	case warehouse.Goal:
		return int64(c.Goal)
	}
	return -1
}

// covers tells whether a conversion lies in the range and meets the conditions.
func (a *asked) covers(c *homing.Conversion) bool {
	q := a.question
	if c.At < q.From || c.At >= q.Until || q.Conversion != 0 && q.Conversion != c.ID || q.Request != (homing.RequestID{}) && q.Request != c.Request {
		return false
	}
	for _, w := range q.Where {
		in := slices.ContainsFunc(w.Keys, func(k warehouse.Key) bool { return k.Number == numberOf(w.Dimension, c) })
		if in != (w.Op == warehouse.In) {
			return false
		}
	}
	return true
}

// fits tells whether it stands where it is asked for.
func (a *asked) fits(c *homing.Conversion) bool {
	return len(a.question.Status) == 0 || slices.Contains(a.question.Status, c.Status)
}
