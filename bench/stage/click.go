package stage

import (
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"homing"
	"homing/bench/reports/traffic"
	"homing/internal/engine/warehouse"
)

// browsers are what visitors' programs call themselves; the digits change, so
// that no cache knows them all.
var browsers = []string{
	"Mozilla/5.0 (Linux; Android 14; SM-A%d6B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/12%d.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_%d like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.%d Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/12%d.0.%d.0 Safari/537.36",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:12%d.0) Gecko/20100101 Firefox/12%d.0",
}

var agents = func() (list [][]byte) {
	for _, b := range browsers {
		for i := range 100 {
			list = append(list, fmt.Appendf(nil, b, i/10, i%10))
		}
	}
	return list
}()

// Clicks are some of the traffic's, as the door has them, for who writes them
// down himself. Each is of its own; nobody minds if they come again and again
// under other origins, as long as there are many.
func Clicks(seed uint64, n int) []homing.Click {
	from := homing.MillisOf(time.Date(2026, time.October, 1, 0, 0, 0, 0, time.UTC))
	until := from + homing.MillisIn(24*time.Hour)
	stream := traffic.New(seed).Stream(traffic.Period{
		From: from, Until: until, Clicks: int64(n), Zone: warehouse.ZoneOf(time.UTC, from, until), Batch: n,
	})
	defer stream.Close()
	clicks := make([]homing.Click, 0, n)
	for round := range stream.Rounds {
		for i := range round.Spool.Clicks {
			var c homing.Click
			ClickOf(&c, &round.Spool.Clicks[i], i)
			clicks = append(clicks, c)
		}
		stream.Give(round)
	}
	return clicks
}

// ClickOf is the click that a row was made of; n is a number of its own.
func ClickOf(c *homing.Click, row *warehouse.Click, n int) {
	*c = homing.Click{
		Origin: row.Origin, Class: row.Class, UserAgent: agents[(int(row.Visitor)&0xffff)%len(agents)], Language: []byte("de-DE,de;q=0.9,en;q=0.8"),
		Addr: netip.AddrFrom4([4]byte{byte(row.Visitor), byte(row.Visitor >> 8), byte(row.Visitor >> 16), byte(row.Visitor >> 24)}),
	}
	for f, text := range row.Facets {
		if p, ok := homing.ParamNamed([]byte(paramOf(warehouse.Facet(f)))); ok && text != "" {
			c.Params[p] = []byte(text)
		}
	}
	for _, m := range row.More {
		c.Params[m.Param] = []byte(m.Text)
	}
	if host := row.Facets[warehouse.FacetReferrer]; host != "" {
		c.Referrer = []byte("https://" + host + "/page/" + strconv.Itoa(n))
	}
	if row.Cost != 0 {
		c.Params[homing.ParamCost] = []byte(row.Cost.String())
	}
}

// paramOf is how the ad server tells a facet.
func paramOf(f warehouse.Facet) string {
	switch f {
	case warehouse.FacetCreative, warehouse.FacetSite, warehouse.FacetAdspot:
		return f.String() + "_id"
	case warehouse.FacetLanguage, warehouse.FacetReferrer, warehouse.FacetDevice, warehouse.FacetOS, warehouse.FacetBrowser:
		return "" // told by the visitor's headers
	}
	return f.String()
}
