package overview

import (
	"errors"
	"net/http"
	"net/url"

	"homing"
	"homing/internal/desk/panel/figures"
	"homing/internal/desk/panel/page"
)

// overviewPage is how today goes.
type overviewPage struct {
	Account     *homing.Account // nil = all
	Operator    bool
	Advertisers []*homing.Account
	Until       homing.Millis // today's figures are complete up to then
	Behind      bool          // more than a moment behind now
	Tiles       []tile
	Postbacks   int64
	Charts      []*figures.Chart
	Campaigns   []campaign
	Money       bool
	Notes       []string
	// Away: the figures can't be told just now.
	Away bool
	// Empty: nothing has ever been loaded, or nothing happened for a week.
	// Ever tells the two apart, Any whether there is a campaign.
	Empty, Ever, Any bool
	Refusals         []refusal
	MoreRefusals     int
	AllRefusals      string // where all of them stand
	// Reports is where the day can be broken down further.
	Reports string
}

// behind is how old figures may be before the page says so.
const behind homing.Millis = 60_000

func show(v *page.Visit) error {
	p := overviewPage{Account: v.Account, Operator: v.Who.Operator(), Money: !v.Who.HideMoney}
	if p.Operator {
		p.Advertisers = v.Advertisers()
	} else {
		p.Account = nil // it is the only one
	}
	p.Any = len(v.View.CampaignsOf(accountOf(v))) > 0
	p.Refusals, p.MoreRefusals = refusals(v)
	p.AllRefusals = refusalsPath(v, "")
	p.Reports = reportsPath(v)
	d, err := askerOf(v).today(v.R.Context())
	switch {
	case errors.Is(err, homing.ErrUnavailable), errors.Is(err, homing.ErrOverloaded):
		v.Log.Warn("the overview has no figures", "error", err)
		p.Away = true
	case err != nil:
		return err
	default:
		p.fill(v, d)
	}
	return v.Show(http.StatusOK, "overview", "Overview", p)
}

func (p *overviewPage) fill(v *page.Visit, d *day) {
	p.Until = d.until
	fresh := v.Reports.Fresh()
	p.Ever = fresh > 0
	p.Behind = fresh+behind < v.Now
	if p.Ever {
		p.Until = min(fresh, v.Now)
	}
	p.Empty = d.quiet()
	p.Tiles, p.Postbacks, p.Charts, p.Campaigns, p.Notes = d.tiles(), d.postbacks(), d.charts(), d.top(v), d.notes()
}

func accountOf(v *page.Visit) homing.AccountID {
	if v.Account != nil {
		return v.Account.ID
	}
	return 0
}

func reportsPath(v *page.Visit) string {
	q := url.Values{"by": {"campaign"}, "range": {"today"}, "compare": {"previous"}}
	if v.Account != nil && v.Who.Operator() {
		q.Set("where", "account="+v.Account.ID.String())
	}
	return "/reports?" + q.Encode()
}
