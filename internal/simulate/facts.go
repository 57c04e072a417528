package simulate

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"

	"homing"
)

// facts are what an ad server and a browser tell of a visitor, drawn from small
// lists: a report must be able to say how often each of them came. Numbers
// instead of texts, for millions of them are kept; 0 is nothing told.
type facts struct {
	cost                         uint16 // thousandths
	sub1, site                   uint16
	creative, adspot, source     uint8
	sub2, sub3, place, build, by uint8 // by is in browsers
}

// place is where an ad server says that a visitor is.
type place struct{ country, region, city string }

var places = []place{
	{}, {"DE", "Berlin", "Berlin"}, {"DE", "Bayern", "München"}, {"CH", "Zürich", "Zürich"}, {"US", "CA", "San José"},
	{"NP", "Bagmati", "Kathmandu"}, {"BR", "", ""}, {"JP", "東京都", "千代田区"}, {"IN", "Kerala", ""},
}

var (
	sub2s   = []string{"", "banner", "native", "pop", "=SUM(1)"}
	sub3s   = []string{"", "a,b", `say "hi"`, "100%", "ü"}
	sources = []string{"", "newsletter", "search", "partner-7"}
)

// drawFacts makes a visitor up.
func drawFacts(r *rand.Rand) facts {
	f := facts{
		by: anyBrowser(r), build: uint8(r.IntN(builds)),
		sub1: uint16(r.IntN(1000) + 1), site: uint16(r.IntN(500) + 1), creative: uint8(r.IntN(40) + 1),
		cost: uint16(r.IntN(900) + 1),
	}
	if r.IntN(3) == 0 {
		f.sub2, f.sub3 = uint8(r.IntN(len(sub2s))), uint8(r.IntN(len(sub3s)))
		f.place, f.source, f.adspot = uint8(r.IntN(len(places))), uint8(r.IntN(len(sources))), uint8(r.IntN(7))
	}
	if r.IntN(20) == 0 {
		f.cost = 0
	}
	if !strings.Contains(f.browser().headers, "%d") {
		f.build = 0 // they are all alike
	}
	return f
}

func (f facts) browser() *browser { return &browsers[f.by] }

// headers are the request's.
func (f facts) headers() string {
	return strings.ReplaceAll(f.browser().headers, "%d", strconv.Itoa(int(f.build)))
}

// sub1Text is the placement, now and then with what has to be escaped.
func (f facts) sub1Text() string {
	text := "ad-" + strconv.Itoa(int(f.sub1))
	if f.sub1%50 == 0 {
		text += " &ü#"
	}
	return text
}

// texts are the facts that are parameters, by the parameter.
func (f facts) texts() (all []fact) {
	tell := func(name, text string) {
		if text != "" {
			all = append(all, fact{name, text})
		}
	}
	p := places[f.place]
	tell("sub1", f.sub1Text())
	tell("site_id", numbered("", f.site))
	tell("creative_id", numbered("", uint16(f.creative)))
	tell("adspot_id", numbered("spot-", uint16(f.adspot)))
	tell("source", sources[f.source])
	tell("sub2", sub2s[f.sub2])
	tell("sub3", sub3s[f.sub3])
	tell("country", p.country)
	tell("region", p.region)
	tell("city", p.city)
	return all
}

type fact struct{ name, text string }

func numbered(before string, n uint16) string {
	if n == 0 {
		return ""
	}
	return before + strconv.Itoa(int(n))
}

// escape escapes as a destination's parameters are: a blank is %20.
func escape(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// query is what the ad server tells, and what the destination must end with.
func (f facts) query() (query, rest string) {
	var q strings.Builder
	before := byte('?')
	for _, t := range f.texts() {
		q.WriteByte(before)
		q.WriteString(t.name + "=" + escape(t.text))
		before = '&'
	}
	if f.cost > 0 {
		fmt.Fprintf(&q, "&cost=0.%03d", f.cost)
	}
	if f.place > 0 {
		q.WriteString("&keywords=shoes+red&utm_source=x")
	}
	return q.String(), "&s=" + escape(f.sub1Text()) + "&site=" + strconv.Itoa(int(f.site))
}

// micros is what the click costs.
func (f facts) micros() homing.Money { return homing.Money(f.cost) * (homing.Unit / 1000) }

// facet is what a report by a dimension must call the facts.
func (f facts) facet(dimension string) string {
	b := f.browser()
	switch dimension {
	case "device":
		return b.device
	case "os":
		return b.os
	case "browser":
		return b.name
	case "language":
		return b.language
	case "referrer":
		return b.referrer
	}
	p := places[f.place]
	switch dimension {
	case "sub1":
		return f.sub1Text()
	case "sub2":
		return sub2s[f.sub2]
	case "sub3":
		return sub3s[f.sub3]
	case "source":
		return sources[f.source]
	case "site":
		return numbered("", f.site)
	case "creative":
		return numbered("", uint16(f.creative))
	case "adspot":
		return numbered("spot-", uint16(f.adspot))
	case "country":
		return p.country
	case "region":
		return p.region
	case "city":
		return p.city
	}
	return "" // nobody tells it
}

// visitor tells one visitor from another, as far as homing can: all of ours come
// from one address.
func (f facts) visitor() [2]uint8 { return [2]uint8{f.by, f.build} }

// factsOf finds the facts of a click that nobody told us of in what the server
// holds of it. False if no visitor of ours is like that.
func factsOf(agent string, params map[string]string) (f facts, ok bool) {
	for f.by = range uint8(len(browsers)) {
		for f.build = range uint8(builds) {
			if strings.Contains(f.headers(), "User-Agent: "+agent+"\r\n") || agent == "" && f.headers() == "" {
				return f.told(params)
			}
		}
	}
	return f, false
}

// told fills in what the parameters tell.
func (f facts) told(params map[string]string) (facts, bool) {
	number := func(name, before string) uint16 {
		n, _ := strconv.Atoi(strings.TrimPrefix(params[name], before)) // nothing is 0
		return uint16(n)
	}
	index := func(list []string, name string) uint8 {
		for i, text := range list {
			if text == params[name] {
				return uint8(i)
			}
		}
		return 0
	}
	sub1, _, _ := strings.Cut(strings.TrimPrefix(params["sub1"], "ad-"), " ")
	n, _ := strconv.Atoi(sub1)
	f.sub1, f.site, f.creative, f.adspot = uint16(n), number("site_id", ""), uint8(number("creative_id", "")), uint8(number("adspot_id", "spot-"))
	f.source, f.sub2, f.sub3 = index(sources, "source"), index(sub2s, "sub2"), index(sub3s, "sub3")
	for i, p := range places {
		if p == (place{params["country"], params["region"], params["city"]}) {
			f.place = uint8(i)
		}
	}
	if cost, ok := strings.CutPrefix(params["cost"], "0."); ok {
		n, _ := strconv.Atoi(cost)
		f.cost = uint16(n)
	}
	for _, t := range f.texts() {
		if params[t.name] != t.text {
			return f, false
		}
	}
	return f, true
}
