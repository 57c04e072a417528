package overview

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/report"
)

// patience is how long the page waits for figures. It shows what there is
// without them.
const patience = 8 * time.Second

// day is what the warehouse tells of today.
type day struct {
	until homing.Millis // figures are of today up to then
	zone  *time.Location
	// At the same time of day:
	now, yesterday, week *report.Table
	hours                *report.Table // the whole day, by hour, beside yesterday
	campaigns            *report.Table
}

// asker asks for figures of a visit.
type asker struct {
	v     *page.Visit
	scope report.Scope
	zone  *time.Location
}

func askerOf(v *page.Visit) asker {
	a := asker{v: v, scope: report.Scope{HideMoney: v.Who.HideMoney}, zone: v.Local()}
	if v.Account != nil {
		a.scope.Account = v.Account.ID
	}
	return a
}

// today asks all questions at once. It gives homing.ErrUnavailable when there is
// no answer in time.
func (a asker) today(ctx context.Context) (*day, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	d := &day{until: a.upTo(), zone: a.zone}
	now := d.until.Time().In(a.zone)
	date := now.Format(time.DateOnly)
	yesterday := now.AddDate(0, 0, -1).Format(time.DateOnly)
	var asked sync.WaitGroup
	errs := make([]error, 5)
	for i, ask := range []func() error{
		func() (err error) { d.now, err = a.sofar(ctx, now, 0); return err },
		func() (err error) { d.yesterday, err = a.sofar(ctx, now, 1); return err },
		func() (err error) { d.week, err = a.sofar(ctx, now, 7); return err },
		func() (err error) {
			d.hours, err = a.ask(ctx, url.Values{"by": {"hour"}, "metrics": {"clicks,conversions"}, "fill": {"1"}, "from": {date}, "to": {date}, "compare": {yesterday}})
			return err
		},
		func() (err error) {
			d.campaigns, err = a.ask(ctx, url.Values{"by": {"campaign"}, "metrics": {a.campaignMetrics()}, "order": {"-conversions,-clicks"}, "limit": {topCampaigns}, "from": {date}, "to": {date}})
			return err
		},
	} {
		asked.Go(func() { errs[i] = ask() })
	}
	asked.Wait()
	err := errors.Join(errs...)
	if errors.Is(err, context.DeadlineExceeded) && a.v.R.Context().Err() == nil {
		err = fmt.Errorf("%w: no figures in time", homing.ErrUnavailable)
	}
	return d, err
}

// topCampaigns is how many are shown.
const topCampaigns = "8"

func (a asker) campaignMetrics() string {
	if a.scope.HideMoney {
		return "clicks,conversions,cr"
	}
	return "clicks,conversions,cr,value"
}

// upTo is how far today can be told: to now, or as far as is loaded, so that
// part of a day is not held against more of another. Nothing loaded today: now.
func (a asker) upTo() homing.Millis {
	now, fresh := a.v.Now, a.v.Reports.Fresh()
	if fresh > 0 && fresh < now && sameDay(fresh, now, a.zone) {
		return fresh
	}
	return now
}

func sameDay(a, b homing.Millis, zone *time.Location) bool {
	return a.Time().In(zone).Format(time.DateOnly) == b.Time().In(zone).Format(time.DateOnly)
}

// tileMetrics are asked for; what a person may not see is left out by default
// only, so it is left out here.
func (a asker) tileMetrics() string {
	if a.scope.HideMoney {
		return "clicks,conversions,cr,acceptance,postbacks"
	}
	return "clicks,conversions,value,cr,epc,acceptance,postbacks"
}

// sofar is a day, some days ago, up to the time of day that it is now.
func (a asker) sofar(ctx context.Context, now time.Time, ago int) (*report.Table, error) {
	then := now.AddDate(0, 0, -ago)
	end := then.Add(time.Millisecond).UTC().Format(time.RFC3339Nano)
	return a.ask(ctx, url.Values{"by": {"none"}, "metrics": {a.tileMetrics()}, "from": {then.Format(time.DateOnly)}, "to": {end}})
}

func (a asker) ask(ctx context.Context, values url.Values) (*report.Table, error) {
	values.Set("tz", a.zone.String())
	q, err := report.Parse(values, report.Defaults{Now: a.v.Now, Zone: a.zone})
	if err != nil {
		return nil, err
	}
	return a.v.Reports.Report(ctx, a.scope, q)
}
