package simulate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"homing"
)

// dimensions are all that reports are broken down by.
var dimensions = []string{
	"hour", "day", "week", "month", "hour_of_day", "weekday", "account", "campaign", "goal", "reason",
	"creative", "site", "adspot", "source", "sub1", "sub2", "sub3", "sub4", "sub5", "sub6", "sub7", "sub8", "sub9", "sub10",
	"referrer", "country", "region", "city", "carrier", "isp", "device", "os", "browser", "language",
}

// zones are those that reports are asked in: one with daylight-saving time, one
// that is no whole number of hours away.
var zones = []string{"UTC", "Europe/Berlin", "Asia/Kathmandu"}

var bases = []string{"conversion", "click"}

const (
	// freshTime is how long the warehouse may take to have everything, a restart
	// of its process among it.
	freshTime = time.Minute
	// quarter is what totals are kept by: ranges that begin and end on one may be
	// answered from them.
	quarter = homing.Millis(15 * 60 * 1000)
)

// compared tells how many reports were compared.
type compared struct {
	Reports int      `json:"reports"`
	Cells   int      `json:"cells"`
	Zones   []string `json:"zones"`
	// Not says why none were.
	Not string `json:"not,omitempty"`
}

// reconcileReports asks for a report by every dimension, in several zones and by
// both bases, and compares every cell. The error is of the asking.
func (b *books) reconcileReports(ctx context.Context, s Server, cast *cast, clock homing.Clock, since homing.Millis) (done compared, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if status, err := s.Status(ctx); err != nil {
		return done, err
	} else if status.Warehouse == nil {
		done.Not = "the server has no warehouse"
		return done, nil
	}
	if !b.awaitWarehouse(ctx, s, cast, clock) {
		return done, ctx.Err()
	}
	if b.sheet.unknown > 0 {
		b.found.add(other, "%d clicks are held that no visitor of the simulation can have made", b.sheet.unknown)
	}
	done.Zones = zones
	until := homing.MillisOf(clock())
	q := url.Values{"metrics": {strings.Join(metricNames[:], ",")}, "limit": {"100000"}, "where": {cast.where()}}
	q.Set("from", (since - since%quarter).String())
	q.Set("to", (until - until%quarter + quarter).String())
	for _, dimension := range dimensions {
		q.Set("by", dimension)
		if err := b.reconcileDimension(ctx, s, clock, q, dimension, &done); err != nil {
			return done, err
		}
	}
	return done, nil
}

// reconcileDimension compares the reports by one dimension. mu is held.
func (b *books) reconcileDimension(ctx context.Context, s Server, clock homing.Clock, q url.Values, dimension string, done *compared) error {
	var groups map[string]*group
	var total group
	for _, name := range zones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			return fmt.Errorf("couldn't load a time zone: %w", err)
		}
		q.Set("tz", name)
		for _, basis := range bases {
			q.Set("basis", basis)
			what := fmt.Sprintf("the report by %s in %s, basis %s", dimension, name, basis)
			text, err := askReport(ctx, s, clock, q)
			if err != nil {
				return fmt.Errorf("couldn't ask for %s: %w", what, err)
			}
			if groups == nil || isTime(dimension) { // the others are the same in every zone
				groups, total = b.sheet.groups(dimension, basis == "click", zone)
			}
			r := comparison{dimension: dimension, what: what, found: &b.found}
			if err := r.compare(text, groups, &total); err != nil {
				return err
			}
			done.Reports++
			done.Cells += r.cells
		}
	}
	return nil
}

func isTime(dimension string) bool {
	return slices.Index(dimensions, dimension) <= slices.Index(dimensions, "weekday")
}

// where narrows reports to the simulation's accounts.
func (c *cast) where() string {
	var ids []string
	for _, a := range c.advertisers {
		ids = append(ids, a.id.String())
	}
	return "account=" + strings.Join(ids, ",")
}

// awaitWarehouse waits until the warehouse has everything; false is a
// difference, or an interruption.
func (b *books) awaitWarehouse(ctx context.Context, s Server, cast *cast, clock homing.Clock) bool {
	for began := clock(); ; {
		status, err := s.Status(ctx)
		w := status.Warehouse
		if err == nil && w != nil && w.Up && !w.Lag.Behind() && saysNothing(ctx, s, cast) {
			return true
		}
		if clock().Sub(began) > freshTime {
			trouble := "it does not say why"
			switch {
			case err != nil:
				trouble = err.Error()
			case w != nil:
				trouble = fmt.Sprintf("up %t, %d records behind, trouble %q, %q", w.Up, w.Lag.Records, w.Trouble, w.Lag.Trouble)
			}
			b.found.add(other, "the warehouse did not have everything within %s: %s", freshTime, trouble)
			return false
		}
		if sleep(ctx, 100*time.Millisecond) != nil {
			return false
		}
	}
}

// saysNothing tells that a report has no note, such as that it lacks something.
// Notes about currencies are none of our business, so no amount is asked for.
func saysNothing(ctx context.Context, s Server, cast *cast) bool {
	text, err := s.Report(ctx, url.Values{"by": {"none"}, "metrics": {"clicks"}, "where": {cast.where()}})
	var a answered
	return err == nil && json.Unmarshal(text, &a) == nil && len(a.Notes) == 0
}

// askReport asks until the warehouse is there to answer.
func askReport(ctx context.Context, s Server, clock homing.Clock, q url.Values) (json.RawMessage, error) {
	for began := clock(); ; {
		text, err := s.Report(ctx, q)
		away := errors.Is(err, homing.ErrUnavailable) || errors.Is(err, homing.ErrOverloaded)
		if !away || clock().Sub(began) > freshTime {
			return text, err
		}
		if err := sleep(ctx, 200*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// comparison compares one report.
type comparison struct {
	dimension string
	what      string
	found     *differences
	cells     int
}

// answered is what is read of a report.
type answered struct {
	Rows   []map[string]json.RawMessage `json:"rows"`
	Totals map[string]json.RawMessage   `json:"totals"`
	Rest   map[string]json.RawMessage   `json:"rest"`
	Notes  []string                     `json:"notes"`
}

func (c *comparison) compare(text json.RawMessage, groups map[string]*group, total *group) error {
	var a answered
	if err := json.Unmarshal(text, &a); err != nil {
		return fmt.Errorf("%s is no JSON that is known: %w", c.what, err)
	}
	for _, note := range a.Notes {
		if total.figures[mForeign] > 0 && strings.Contains(note, "currenc") {
			continue // we sent such
		}
		c.found.add(other, "%s has a note: %s", c.what, note)
	}
	if len(a.Rest) > 0 {
		c.found.add(other, "%s does not show all rows", c.what)
	}
	seen := map[string]bool{}
	for _, row := range a.Rows {
		key := plain(row[c.dimension])
		g := groups[key]
		if g == nil {
			g = &group{} // nothing of it was sent
		}
		if seen[key] {
			c.found.add(double, "%s has %q twice", c.what, key)
		}
		seen[key] = true
		c.line(fmt.Sprintf("%q", key), row, g)
	}
	for key, g := range groups {
		if !seen[key] && (g.figures != figures{}) {
			c.found.add(lost, "%s lacks %q: %s", c.what, key, g.some())
		}
	}
	c.line("the total", a.Totals, total)
	return nil
}

func (c *comparison) line(name string, cells map[string]json.RawMessage, want *group) {
	for m := range metricCount {
		c.cells++
		got, err := figure(m, cells[metricNames[m]])
		switch {
		case err != nil:
			c.found.add(other, "%s: %s has %s for %s: %v", c.what, name, cells[metricNames[m]], metricNames[m], err)
		case !want.allows(m, got):
			c.found.add(kindOf(want, m, got), "%s: %s has %s %s instead of %s", c.what, name, metricNames[m], m.show(got), want.told(m))
		}
	}
}

// kindOf tells how bad a figure is: too little, or too much.
func kindOf(want *group, m metric, got int64) differenceKind {
	switch {
	case m == mProfit || m == mCost:
		return other
	case got < want.figures[m]:
		return lost
	}
	return double
}

// some tells what a group has, in words.
func (g *group) some() string {
	var all []string
	for m := range metricCount {
		if g.figures[m] != 0 {
			all = append(all, metricNames[m]+" "+m.show(g.figures[m]))
		}
	}
	return strings.Join(all, ", ")
}

// plain is a key as text: numbers are their digits, none is empty.
func plain(key json.RawMessage) string {
	var text string
	if json.Unmarshal(key, &text) == nil {
		return text
	}
	return string(key)
}

var errNoFigure = errors.New("that is no figure")

// figure reads a cell: a whole number, or an amount in quotes.
func figure(m metric, cell json.RawMessage) (n int64, err error) {
	if !m.isMoney() {
		if err := json.Unmarshal(cell, &n); err != nil || len(cell) == 0 || string(cell) == "null" {
			return 0, errNoFigure
		}
		return n, nil
	}
	text := plain(cell)
	negative := strings.HasPrefix(text, "-")
	whole, micros, _ := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	if len(micros) > 6 || whole == "" || string(cell) == "null" {
		return 0, errNoFigure
	}
	for _, digit := range whole + micros + strings.Repeat("0", 6-len(micros)) {
		if digit < '0' || digit > '9' {
			return 0, errNoFigure
		}
		n = n*10 + int64(digit-'0')
	}
	if negative {
		n = -n
	}
	return n, nil
}
