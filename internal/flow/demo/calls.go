package demo

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"homing"
)

// The servers of the demo's trackers.
var (
	tracker      = netip.AddrFrom4([4]byte{198, 51, 100, 23})
	otherTracker = netip.AddrFrom4([4]byte{192, 0, 2, 80})
)

const (
	agent      = "Java-http-client/17.0.2"
	otherAgent = "Go-http-client/2.0"
	postback   = "/api/v1/cpa/action/"
)

// calls are what comes of a visit: mostly nothing.
func (a *author) calls(v *visit) (calls []call) {
	o := &offers[v.offer]
	if v.click.Class != homing.Billable || a.Float64() >= o.rate {
		return nil
	}
	first := call{at: v.click.Origin.Time + a.delay(o), https: true, userAgent: agent, from: tracker}
	if first.at >= a.now {
		return nil
	}
	value := a.value(o)
	first.target = a.target(o, value, "")
	a.decideOn(o, &first)
	calls = append(calls, first)
	if o.leads && a.IntN(4) == 0 { // a first order follows the installation
		calls = append(calls, a.later(&first, a.target(o, a.value(o), "&goalid=2"), 3*hour))
	}
	if a.IntN(8) == 0 {
		repeat := first.target
		if a.IntN(3) == 0 && value != "" {
			repeat = strings.Replace(repeat, "value="+value, "value="+a.value(o), 1)
		}
		calls = append(calls, a.later(&first, repeat, 4*minute))
	}
	calls = slices.DeleteFunc(calls, func(c call) bool { return c.at >= a.now })
	slices.SortStableFunc(calls, func(x, y call) int { return cmp.Compare(x.at, y.at) })
	return calls
}

// later is a call of the same sender within some time.
func (a *author) later(c *call, target string, within homing.Millis) call {
	next := *c
	next.at, next.target, next.then = c.at+5*second+homing.Millis(a.Int64N(int64(within))), target, 0
	return next
}

// delay is mostly minutes, sometimes days.
func (a *author) delay(o *offer) homing.Millis {
	switch n := a.IntN(20); {
	case n == 0 && o.slow: // outside of the window
		return 3*day + hour + homing.Millis(a.Int64N(int64(2*day)))
	case n < 4:
		return homing.Millis(a.Int64N(int64(2 * day)))
	}
	return 40*second + homing.Millis(a.ExpFloat64()*float64(25*minute))
}

// value is what is sent, with two decimals; empty if none is.
func (a *author) value(o *offer) string {
	if o.highest == 0 {
		return ""
	}
	cents := a.Int64N(int64((o.highest-o.lowest)/10_000) + 1)
	return (o.lowest + homing.Money(cents)*10_000).String()
}

// target is a postback of the offer's tracker. Lead codes need the key.
func (a *author) target(o *offer, value, more string) string {
	query := "?"
	if value != "" {
		query += "value=" + value + "&"
	}
	if o.leads {
		query += fmt.Sprintf("lead_code=NW-%06d&key={key}&", a.IntN(1_000_000))
		if more == "" {
			more = "&goalid=1"
		}
	}
	return postback + "{id}" + query + "account={account}" + more
}

// decideOn has an operator look at what is held, and at a few others, a day
// later or so.
func (a *author) decideOn(o *offer, c *call) {
	c.thenAt = c.at + 20*hour + homing.Millis(a.Int64N(int64(20*hour)))
	switch n := a.IntN(20); {
	case c.thenAt >= a.now:
	case n == 0:
		c.then, c.why = homing.Rejected, "The order was cancelled."
	case o.campaign.Hold && n < 16:
		c.then, c.why = homing.Approved, "Confirmed by the advertiser."
	}
}

// mistakes are calls of no visit, or broken ones: what senders get wrong most
// often. They are all refused. visits are in the order of their times.
func (a *author) mistakes(visits []visit) (more []visit) {
	add := func(at homing.Millis, target string, https bool) {
		before, _ := slices.BinarySearchFunc(visits, at, func(v visit, at homing.Millis) int {
			return cmp.Compare(v.click.Origin.Time, at)
		})
		if at >= a.now || before == 0 {
			return // not before the story begins
		}
		named := &visits[before-1-a.IntN(min(before, 50))]
		more = append(more, visit{
			offer: named.offer, names: named.click.Origin.Time,
			calls: []call{{at: at, target: target, https: https, userAgent: otherAgent, from: otherTracker}},
		})
	}
	today := a.now - a.now%day
	for back := range homing.Millis(Days) {
		for range 3 + a.IntN(4) {
			m := pick(a, wrong)
			add(today-back*day+a.momentOfDay(), m.target, m.https)
		}
	}
	// One afternoon somebody saved the wrong template.
	for range 24 {
		add(today-3*day+15*hour+homing.Millis(a.Int64N(int64(hour))), postback+"{externalid}?value={payout}&account={account}", true)
	}
	return more
}

// wrong are the usual mistakes.
var wrong = []struct {
	target string
	https  bool
}{
	{postback + "{externalid}?account={account}", true},
	{postback + "%7Bclick_id%7D?value=12.00&account={account}", true},
	{postback + "{id}?value=12,50&account={account}", true},
	{postback + "{id}?value=4800&account={account}", true},
	{postback + "{id}?value=0&account={account}", true},
	{postback + "{id}?value=9.90&lead_code=NW-118&key={key}&account={account}", false},
	{postback + "{id}?value=9.90&lead_code=NW-119&key=ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789&account={account}", true},
	{postback + "6f1e0a4b9c2d7e8f001122?value=8.00&account={account}", true},
	{postback + "w6O2IX0IIK29CJ9F8AUTK3TS?value=8.00&account={account}", true},
	{postback + "?account={account}", true},
}
