package demo

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"

	"homing"
)

// visit is one visitor of an offer, and the calls that come of it, in the order
// of their times.
type visit struct {
	offer int
	click homing.Click
	calls []call
	// names is the moment of the visitor whom mistaken calls name, if this is no
	// visitor but a mistake.
	names homing.Millis
}

// call is a postback that a tracker sends.
type call struct {
	at        homing.Millis
	target    string // with {id}, {key} and {account} to be filled in
	https     bool
	userAgent string
	from      netip.Addr
	// then is what an operator does about the conversion, if anything.
	then   homing.Status
	thenAt homing.Millis
	why    string
}

// author makes a story up, the same one for the same seed and moment.
type author struct {
	*rand.Rand
	now homing.Millis
}

const (
	second homing.Millis = 1000
	minute               = 60 * second
	hour                 = 60 * minute
	day                  = 24 * hour
)

// story is all that happens in some days up to now, in the order of the clicks;
// no two of them share a moment.
func story(seed uint64, now homing.Millis, days int) []visit {
	a := &author{rand.New(rand.NewPCG(seed, 14)), now}
	var visits []visit
	for back := days - 1; back >= 0; back-- {
		begin := now - now%day - homing.Millis(back)*day
		for i := range offers {
			for range a.clicksOn(&offers[i], begin) {
				if at := begin + a.momentOfDay(); at < now-2*minute {
					visits = append(visits, a.visit(i, at))
				}
			}
		}
	}
	slices.SortStableFunc(visits, func(x, y visit) int { return cmp.Compare(x.click.Origin.Time, y.click.Origin.Time) })
	var last homing.Millis
	for i := range visits {
		o := &visits[i].click.Origin
		o.Time = max(o.Time, last+1)
		last = o.Time
		visits[i].calls = a.calls(&visits[i])
	}
	return append(visits, a.mistakes(visits)...)
}

// clicksOn is busier towards the weekend, and differs from day to day.
func (a *author) clicksOn(o *offer, begin homing.Millis) int {
	weekday := [...]float64{1.15, 0.85, 0.9, 0.95, 1, 1.1, 1.25} // from Sunday
	usual := float64(o.daily) * weekday[begin.Time().Weekday()]
	return int(usual * (0.85 + 0.3*a.Float64()))
}

// hours are how busy each hour is.
var hours = [24]int{3, 2, 1, 1, 1, 2, 4, 6, 7, 8, 8, 8, 9, 8, 8, 7, 8, 9, 11, 13, 14, 12, 9, 5}

func (a *author) momentOfDay() homing.Millis {
	sum := 0
	for _, weight := range hours {
		sum += weight
	}
	at := a.IntN(sum)
	for h, weight := range hours {
		if at -= weight; at < 0 {
			return homing.Millis(h)*hour + homing.Millis(a.Int64N(int64(hour)))
		}
	}
	return 0
}

func pick[T any](a *author, list []T) T { return list[a.IntN(len(list))] }

// visit makes a visitor up. Addresses are of the networks that are kept for
// documentation.
func (a *author) visit(i int, at homing.Millis) visit {
	o, who := &offers[i], pick(a, visitors)
	v := visit{offer: i, click: homing.Click{
		Origin: homing.Origin{Time: at, Node: homing.DemoNode},
		Addr:   netip.AddrFrom4([4]byte{203, 0, 113, byte(a.IntN(256))}), UserAgent: []byte(who.userAgent), Class: who.class,
		Language: []byte("en;q=0.8"), Referrer: []byte("https://" + pick(a, sites) + "/"),
	}}
	p := &v.click.Params
	p[homing.ParamSiteID] = []byte(pick(a, sites))
	p[homing.ParamCreativeID] = fmt.Appendf(nil, "banner-%d", 1+a.IntN(4))
	p[homing.ParamCountry] = []byte(pick(a, o.country))
	p[homing.ParamSource] = []byte(pick(a, []string{"display", "native", "push"}))
	p[homing.ParamSub1] = fmt.Appendf(nil, "zone-%d", 10+a.IntN(12))
	p[homing.ParamCost] = []byte((o.cost/10_000*10_000 + homing.Money(a.IntN(4))*10_000).String())
	return v
}

var sites = []string{"trailnotes.example", "weekend-maps.example", "gearlist.example", "cityday.example", "homefeed.example"}

var visitors = []struct {
	userAgent string
	class     homing.ClickClass
}{
	{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1", homing.Billable},
	{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/130.0.0.0 Mobile/15E148 Safari/604.1", homing.Billable},
	{"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36", homing.Billable},
	{"Mozilla/5.0 (Linux; Android 13; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36", homing.Billable},
	{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36", homing.Billable},
	{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0", homing.Billable},
	{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15", homing.Billable},
	{"Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", homing.Billable},
	{"Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1", homing.Billable},
	{"Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", homing.BotClick},
}

// fill puts what only the ledger and the keyring knew into a target.
func fill(text, id, key, account string) string {
	return strings.NewReplacer("{id}", id, "{key}", key, "{account}", account).Replace(text)
}
