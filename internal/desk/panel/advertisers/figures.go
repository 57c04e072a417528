package advertisers

import (
	"errors"
	"fmt"
	"net/url"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/report"
)

// figures are what one advertiser's day came to.
type figures struct{ Conversions, Calls, Refused int64 }

// Share is the refused calls in a hundred; -1 if there were no calls.
func (f figures) Share() int64 {
	if f.Calls == 0 {
		return -1
	}
	return (f.Refused*100 + f.Calls/2) / f.Calls
}

// Many tells a share that somebody should look at.
func (f figures) Many() bool { return f.Calls >= 20 && f.Refused*5 > f.Calls }

// dayOf counts the last 24 hours of every advertiser; nil if that cannot be told
// just now.
func dayOf(v *page.Visit) (map[homing.AccountID]figures, error) {
	asked := url.Values{"by": {"account"}, "metrics": {"conversions,postbacks,refusals"}, "from": {"24h"}, "limit": {"10000"}}
	q, err := report.Parse(asked, report.Defaults{Now: v.Now, Zone: v.Local()})
	if err != nil {
		return nil, fmt.Errorf("the figures of a day: %w", err)
	}
	t, err := v.Reports.Report(v.R.Context(), report.Scope{}, q)
	switch {
	case errors.Is(err, homing.ErrUnavailable), errors.Is(err, homing.ErrOverloaded), errors.Is(err, homing.ErrDamaged):
		v.Log.Warn("the list of advertisers has no figures", "error", err)
		return nil, nil
	case err != nil:
		return nil, err
	}
	days := map[homing.AccountID]figures{}
	conversions, calls, refused := t.Column("conversions"), t.Column("postbacks"), t.Column("refusals")
	for _, row := range t.Rows {
		days[homing.AccountID(row.Keys[0].Number)] = figures{row.Cells[conversions].Number, row.Cells[calls].Number, row.Cells[refused].Number}
	}
	return days, nil
}
