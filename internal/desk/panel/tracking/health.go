package tracking

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// health is how the last 24 hours went.
type health struct {
	Total  uint64
	Counts []tally
	// Reasons are of refusals, the most common first; More are not shown.
	Reasons []tally
	More    int
	// Acceptance is the share of calls that were not refused, as "97.3 %"; empty if
	// there were none. Bad: one in five was refused.
	Acceptance string
	Bad        bool
	LastGood   homing.Millis // 0 = none that is known
	// Since is from when on the figures are; 0 = all of the 24 hours. They are not
	// where the memory is too short and the reports are away.
	Since     homing.Millis
	StrayKeys uint64
	LogPath   string
}

// tally is a number of calls, and where in the log they stand.
type tally struct {
	Label string
	Class string // of the badge
	Count uint64
	Share string
	Path  string
	Fix   string
}

// mostReasons is how many reasons are shown.
const mostReasons = 4

// healthOf tells it from the log's memory if that is complete, for it is never
// behind; else from the reports; else from the memory as far as it goes.
func healthOf(v *page.Visit, d *day) health {
	h := health{StrayKeys: d.strayKeys, LogPath: logPath(v), LastGood: d.lastGood}
	if d.since > v.Now-aDay {
		if counted, err := reported(v.R.Context(), v); err == nil {
			d.outcomes, d.reasons = counted.outcomes, counted.reasons
		} else {
			h.Since = d.since
			if !errors.Is(err, homing.ErrUnavailable) {
				v.Rooms.Log.Warn("the health of an advertiser couldn't be reported", "account", v.Account.ID, "error", err)
			}
		}
	}
	if h.LastGood == 0 {
		h.LastGood = lastGood(v.R.Context(), v)
	}
	h.fill(v, d)
	return h
}

func (h *health) fill(v *page.Visit, d *day) {
	for _, o := range []homing.Outcome{homing.Counted, homing.Duplicate, homing.Late, homing.Refused} {
		h.Total += d.outcomes[o]
	}
	titles := map[homing.Outcome]string{homing.Counted: "Counted", homing.Duplicate: "Duplicates", homing.Late: "Late", homing.Refused: "Refused"}
	for _, o := range []homing.Outcome{homing.Counted, homing.Duplicate, homing.Late, homing.Refused} {
		h.Counts = append(h.Counts, tally{
			Label: titles[o], Class: o.String(), Count: d.outcomes[o], Share: share(d.outcomes[o], h.Total), Path: logPath(v, "outcome", o.String()),
		})
	}
	reasons := slices.SortedFunc(maps.Keys(d.reasons), func(a, b homing.Reason) int {
		return cmp.Or(cmp.Compare(d.reasons[b], d.reasons[a]), cmp.Compare(a, b))
	})
	h.More = max(0, len(reasons)-mostReasons)
	for _, r := range reasons[:len(reasons)-h.More] {
		info := r.Info()
		h.Reasons = append(h.Reasons, tally{
			Label: info.Title, Count: d.reasons[r], Share: share(d.reasons[r], h.Total), Path: logPath(v, "reason", info.Code), Fix: info.Fix,
		})
	}
	if h.Total > 0 {
		refused := d.outcomes[homing.Refused]
		h.Acceptance = share(h.Total-refused, h.Total)
		h.Bad = refused*5 >= h.Total
	}
}

// share is a part in per cent, to the nearest tenth; but what is not all is not
// told as 100.0 %, and what is not nothing not as 0.0 %.
func share(part, whole uint64) string {
	if whole == 0 {
		return ""
	}
	tenths := (part*1000 + whole/2) / whole
	switch {
	case part < whole && tenths == 1000:
		tenths = 999
	case part > 0 && tenths == 0:
		tenths = 1
	}
	return strconv.FormatUint(tenths/10, 10) + "." + strconv.FormatUint(tenths%10, 10) + " %"
}

// logPath is the log of the advertiser's last 24 hours, narrowed by pairs of a
// name and its value.
func logPath(v *page.Visit, pairs ...string) string {
	q := url.Values{"from": {"24h"}}
	if v.Who.Operator() {
		q.Set("account", v.Account.ID.String())
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return "/postbacks?" + q.Encode()
}

// reported counts the last 24 hours by the reports.
func reported(ctx context.Context, v *page.Visit) (*day, error) {
	q, err := report.Parse(map[string][]string{"by": {"reason"}, "metrics": {"postbacks"}, "from": {"24h"}}, report.Defaults{Now: v.Now, Zone: v.Local()})
	if err != nil {
		return nil, err
	}
	table, err := v.Rooms.Reports.Report(ctx, report.Scope{Account: v.Account.ID, HideMoney: true}, q)
	if err != nil {
		return nil, err
	}
	at := table.Column("postbacks")
	if at < 0 {
		return nil, fmt.Errorf("a report without postbacks: %w", homing.ErrInvalid)
	}
	d := &day{outcomes: map[homing.Outcome]uint64{}, reasons: map[homing.Reason]uint64{}}
	for _, line := range table.Rows {
		reason, known := homing.ReasonNamed(line.Keys[0].Text)
		if !known {
			continue
		}
		n := uint64(max(0, line.Cells[at].Number))
		outcome := reason.Info().Outcome
		d.outcomes[outcome] += n
		if outcome == homing.Refused {
			d.reasons[reason] += n
		}
	}
	return d, nil
}

// lastGood finds the last counted call of the month that the memory has not; 0
// if there is none, or nobody can tell now.
func lastGood(ctx context.Context, v *page.Visit) homing.Millis {
	q, err := report.ParseList(warehouse.PostbackTable, map[string][]string{"outcome": {"counted"}, "from": {"30d"}, "limit": {"1"}},
		report.Defaults{Now: v.Now, Zone: v.Local()})
	if err != nil {
		return 0
	}
	found, err := v.Rooms.Reports.Postbacks(ctx, report.Scope{Account: v.Account.ID, HideMoney: true}, q)
	if err != nil || len(found.Rows) == 0 {
		return 0
	}
	return found.Rows[0].Time()
}
