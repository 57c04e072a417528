package postbacks

import (
	"fmt"
	"net/url"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/journal"
	"homing/internal/flow/report"
)

// similar are other calls with the same verdict for the same reason, from the same
// network: of the last day, or of the days around a call that is older.
type similar struct {
	Count int64
	Rows  []line
	Path  string
	// Around: they are of the days around the call, from the warehouse.
	Around bool
	// More: there were more calls with this reason than were looked at.
	More bool
	// Away: the warehouse is, and memory does not go back far enough.
	Away bool
}

const (
	mostSimilar = 5
	// lookAtSimilar is how many calls with the reason are looked at for those from
	// the network: the warehouse does not narrow by it.
	lookAtSimilar = 1000
)

// similarTo finds them: in memory as far as that goes back, else in the warehouse.
func similarTo(v *page.Visit, f *filters, e *journal.Entry) (*similar, error) {
	s := &similar{}
	values := url.Values{"reason": {e.Verdict.Reason.String()}}
	if network := homing.CutAddr(e.Addr); network.IsValid() {
		values.Set("sender", network.String())
	}
	complete := s.fromMemory(v, f, e)
	if aDayAgo := v.Now - inMemory; e.At >= aDayAgo && complete <= aDayAgo {
		values.Set("from", "24h")
		s.Path = "/postbacks?" + values.Encode()
		return s, nil
	}
	around := func(days int) string {
		return e.At.Time().In(v.Local()).AddDate(0, 0, days).Format(time.DateOnly)
	}
	values.Set("from", around(-1))
	values.Set("to", around(1))
	s.Path = "/postbacks?" + values.Encode()
	return s, s.fromWarehouse(v, f, e, around(-1), around(1))
}

// fromMemory counts those of the last day, and tells since when it knows all.
func (s *similar) fromMemory(v *page.Visit, f *filters, e *journal.Entry) (complete homing.Millis) {
	network := homing.CutAddr(e.Addr)
	filter := journal.Filter{Account: f.scope.Account, Outcome: e.Verdict.Outcome, Since: max(1, v.Now-inMemory), Also: func(o *journal.Entry) bool {
		return o.Verdict.Reason == e.Verdict.Reason && homing.CutAddr(o.Addr) == network && o.Request != e.Request
	}}
	complete = v.Journal.Survey(filter, func(o *journal.Entry) { s.Count += int64(o.Count) })
	t := f.table(v)
	for _, o := range v.Journal.Recent(filter, mostSimilar) {
		s.Rows = append(s.Rows, t.ofEntry(v, &o))
	}
	return complete
}

// fromWarehouse looks at the newest calls of some days with the reason.
func (s *similar) fromWarehouse(v *page.Visit, f *filters, e *journal.Entry, from, to string) error {
	if v.Reports == nil {
		s.Away = true
		return nil
	}
	q, err := report.ParseList(warehouse.PostbackTable, url.Values{
		"from": {from}, "to": {to}, "where": {"reason=" + e.Verdict.Reason.String()}, "outcome": {e.Verdict.Outcome.String()},
	}, report.Defaults{Now: v.Now, Zone: v.Local()})
	if err != nil {
		return fmt.Errorf("couldn't ask for similar calls: %w", err)
	}
	q.Limit = lookAtSimilar
	found, err := v.Reports.Postbacks(v.R.Context(), f.scope, q)
	if page.Away(err) {
		s.Away = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("couldn't list similar calls: %w", err)
	}
	*s = similar{Path: s.Path, Around: true, More: found.Next != ""}
	t, network, request := f.table(v), homing.CutAddr(e.Addr), e.Request.String()
	for i := range found.Rows {
		row := t.ofReport(&found.Rows[i])
		if row.Request == request || row.Addr != network {
			continue
		}
		s.Count += row.Count
		if len(s.Rows) < mostSimilar {
			s.Rows = append(s.Rows, row)
		}
	}
	return nil
}
