package edge

import (
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"homing/internal/engine/geo"
)

// fakeGeo knows one address, and counts how often it is asked.
type fakeGeo struct {
	place geo.Place
	asked atomic.Int64
}

func (g *fakeGeo) Find(addr netip.Addr) geo.Place {
	g.asked.Add(1)
	if addr.Unmap() != netip.MustParseAddr("198.51.100.7") {
		return geo.Place{}
	}
	return g.place
}

func TestPlaceInTheURL(t *testing.T) {
	places := &fakeGeo{place: geo.Place{Country: "DE", Region: "Bavaria", City: "München", ISP: "Example Net"}}
	house := func(places geo.Finder) *house {
		return newHouse(t, func(o *Options) {
			trusted("127.0.0.1/32")(o)
			o.Geo = places
			campaign := o.Catalog.View().Campaign(campaignA)
			changed := campaign.Campaign
			changed.URL = "https://adv.example/?c={country}&g={geo}&r={region}&t={city}&m={carrier}&id={click_id}"
			settings := o.Ledger.(*fakeLedger)
			settings.settings.Campaigns[campaignA-1] = changed
			if err := o.Catalog.Reload(t.Context()); err != nil {
				t.Fatal(err)
			}
		}).open()
	}
	for _, c := range []struct {
		query, from string
		want        string
	}{
		{"", "198.51.100.7", "c=DE&g=DE&r=Bavaria&t=M%C3%BCnchen&m=Example%20Net&"},
		{"", "198.51.100.8", "c=&g=&r=&t=&m=&"},
		{"?country=AT&carrier=A1&city=", "198.51.100.7", "c=AT&g=AT&r=Bavaria&t=M%C3%BCnchen&m=A1&"},
	} {
		got := house(places).get("/c/slugA"+c.query, false, "X-Forwarded-For: "+c.from).headers["location"]
		if !strings.Contains(got, "?"+c.want) {
			t.Errorf("%s from %s: %s", c.query, c.from, got)
		}
	}
	places.place.Carrier = "Example Mobile"
	if got := house(places).get("/c/slugA", false, "X-Forwarded-For: 198.51.100.7").headers["location"]; !strings.Contains(got, "m=Example%20Mobile&") {
		t.Errorf("the carrier does not stand before the provider: %s", got)
	}
	if got := house(nil).get("/c/slugA", false).headers["location"]; !strings.Contains(got, "?c=&g=&r=&t=&m=&") {
		t.Errorf("without data: %s", got)
	}
}

func TestPlaceIsNotAskedForInVain(t *testing.T) {
	places := &fakeGeo{}
	h := newHouse(t, func(o *Options) { o.Geo = places }).open()
	for _, slug := range []string{"slugA", "slugB", "slugD"} {
		if a := h.get("/c/"+slug, false); a.status != 302 {
			t.Fatalf("%+v", a)
		}
	}
	if n := places.asked.Load(); n != 0 {
		t.Errorf("it was asked %d times by templates that do not need it", n)
	}
}
