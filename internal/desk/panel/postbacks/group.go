package postbacks

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"slices"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/report"
)

const (
	// grouped is how many of the newest refused calls are looked at for who sent
	// them; how many there were of each reason is counted over the whole range.
	grouped = 2000
	// mostSenders is how many senders of a reason are shown, and allSenders how
	// many of all reasons, so that a page stays small.
	mostSenders = 5
	allSenders  = 25
)

// reasonGroup are the calls that were refused for one reason.
type reasonGroup struct {
	homing.ReasonInfo
	Count int64
	// First and Last are of the calls that were looked at; 0 = none of them.
	First, Last homing.Millis
	Senders     []*senderGroup
	More        int    // senders that are not shown
	Path        string // its rows
}

// senderGroup are those of them from one network to one campaign.
type senderGroup struct {
	Addr       netip.Addr // invalid = many, or not known
	Campaign   homing.CampaignID
	Name       string // of the campaign; empty = none
	Account    homing.AccountID
	Advertiser string
	Count      int64
	First      homing.Millis
	Last       homing.Millis
	Example    string // a request; empty if they were only counted
	Path       string // its rows
}

// groups says what was refused and why.
type groups struct {
	Reasons []*reasonGroup
	Total   int64
	// Looked is how many calls the senders are from, if there are more.
	Looked int
	Away   bool
	table
}

// groupByReason gathers the refusals that fit.
func (f *filters) groupByReason(v *page.Visit) (*groups, error) {
	g, err := f.gather(v, grouped)
	if err != nil {
		return nil, err
	}
	out := &groups{Away: g.Away, table: f.table(v)}
	if g.Older > 0 {
		out.Looked = len(g.Rows)
	}
	byReason := map[homing.Reason]*reasonGroup{}
	of := func(r homing.Reason) *reasonGroup {
		if byReason[r] == nil {
			byReason[r] = &reasonGroup{ReasonInfo: r.Info(), Path: f.path("group", "", "reason", r.String(), "outcome", "")}
			out.Reasons = append(out.Reasons, byReason[r])
		}
		return byReason[r]
	}
	counts, err := f.countReasons(v, g)
	if err != nil {
		return nil, err
	}
	for i := range g.Rows {
		row := &g.Rows[i]
		if row.Verdict.Outcome != homing.Refused || row.Test {
			continue
		}
		group := of(row.Verdict.Reason)
		group.add(f, row)
		if counts == nil || !row.loaded {
			group.Count += row.Count
		}
	}
	for r, n := range counts {
		of(r).Count += n
	}
	slices.SortFunc(out.Reasons, func(a, b *reasonGroup) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Code, b.Code))
	})
	for i, most := range dealt(out.Reasons) {
		out.Reasons[i].finish(most)
		out.Total += out.Reasons[i].Count
	}
	return out, nil
}

// dealt tells how many senders of each reason are shown: one of each first, then
// a second one of those that have more, and so on while there is room.
func dealt(reasons []*reasonGroup) []int {
	most, left := make([]int, len(reasons)), allSenders
	for range mostSenders {
		for i, group := range reasons {
			if left > 0 && most[i] < len(group.Senders) {
				most[i]++
				left--
			}
		}
	}
	return most
}

// countReasons counts the refusals of the whole range by reason. nil: a report
// does not narrow by what the page is narrowed by, and the rows are counted.
func (f *filters) countReasons(v *page.Visit, g *gathered) (map[homing.Reason]int64, error) {
	if g.Away || g.Older == 0 || f.slow() || f.before > 0 || f.asked.Has("click_id") || f.asked.Has("request") || f.asked.Has("conversion") {
		return nil, nil
	}
	values := url.Values{"by": {"reason"}, "metrics": {"refusals"}}
	for _, name := range []string{"from", "to", "range", "tz", "where"} {
		if f.asked.Has(name) {
			values[name] = f.asked[name]
		}
	}
	q, err := report.Parse(values, report.Defaults{Now: v.Now, Zone: v.Local()})
	if err != nil {
		return nil, nil // the list's conditions are fewer than a report's, never more
	}
	t, err := v.Reports.Report(v.R.Context(), f.scope, q)
	if page.Away(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("couldn't count refusals by reason: %w", err)
	}
	counts := map[homing.Reason]int64{}
	reason, refusals := t.Column("reason"), t.Column("refusals")
	for _, row := range t.Rows {
		r, ok := homing.ReasonNamed(row.Cells[reason].Text)
		if n := row.Cells[refusals].Number; ok && n > 0 {
			counts[r] = n
		}
	}
	return counts, nil
}

func (g *reasonGroup) add(f *filters, row *line) {
	g.Last = max(g.Last, row.At)
	if g.First == 0 || row.At < g.First {
		g.First = row.At
	}
	var s *senderGroup
	for _, known := range g.Senders {
		if known.Addr == row.Addr && known.Campaign == row.Campaign && known.Account == row.Account {
			s = known
			break
		}
	}
	if s == nil {
		s = &senderGroup{
			Addr: row.Addr, Campaign: row.Campaign, Name: row.Name, Account: row.Account, Advertiser: row.Advertiser,
			First: row.At, Last: row.At,
		}
		changes := []string{"group", "", "outcome", "", "reason", row.Verdict.Reason.String()}
		if row.Addr.IsValid() {
			changes = append(changes, "sender", row.Addr.String())
		}
		if row.Campaign != 0 {
			changes = append(changes, "campaign", row.Campaign.String())
		}
		s.Path = f.path(changes...)
		g.Senders = append(g.Senders, s)
	}
	s.Count += row.Count
	s.First, s.Last = min(s.First, row.At), max(s.Last, row.At)
	if s.Example == "" { // rows come newest first
		s.Example = row.Request
	}
}

// finish leaves the busiest senders, up to a number.
func (g *reasonGroup) finish(most int) {
	slices.SortStableFunc(g.Senders, func(a, b *senderGroup) int { return cmp.Compare(b.Count, a.Count) })
	if len(g.Senders) > most {
		g.More = len(g.Senders) - most
		g.Senders = g.Senders[:most]
	}
}
