package traffic

import (
	"homing"
	"homing/internal/engine/warehouse"
)

// extra is a parameter that is no facet.
type extra = warehouse.Param

// extras are the combinations of other parameters that ad servers send; rows
// point at them.
func extras(d *dice) [][]extra {
	formats := []string{"popunder", "native", "banner", "push", "interstitial", "video"}
	models := []string{"cpc", "cpm", "cpa"}
	categories := several(categoryCount, func(int) string { return coin(d) })
	keywords := several(keywordCount, func(int) string { return coin(d) + " " + coin(d) })
	var all [][]extra
	for i := range 20_000 {
		set := []extra{
			{Param: homing.ParamCategory, Text: categories[d.rank(logRanks(categoryCount))]},
			{Param: homing.ParamFormat, Text: formats[d.below(len(formats))]},
			{Param: homing.ParamPricingModel, Text: models[d.below(len(models))]},
		}
		if i >= 1000 { // the rest is of campaigns that send keywords, too
			set = append(set, extra{Param: homing.ParamKeywords, Text: keywords[d.rank(logRanks(keywordCount))]})
		}
		all = append(all, set)
	}
	return all
}

// recently are the last billable visitors of a campaign on its present day, who
// may come again.
type recently struct {
	day      warehouse.Day
	count    int
	visitors [512]uint64
}

// Shares of all clicks.
const (
	again     = 0.15 // of visitors who were there before
	notPeople = 0.08
	tokens    = 0.05 // carry another network's click id in sub3
)

// writer makes clicks in the order of their times. It is for one goroutine.
type writer struct {
	world *World
	dice  dice
	node  homing.NodeID
	last  homing.Millis
	seq   uint16
	seen  []recently
	// Tokens of a batch are collected, and cut from one text at its end.
	text []byte
	ends []int
	rows []int
}

func newWriter(w *World, seed uint64, node homing.NodeID) *writer {
	return &writer{world: w, dice: dice{state: seed}, node: node, seen: make([]recently, len(w.campaigns))}
}

// write overwrites a row with the next click and tells whose it is. Its token,
// if it has one, is there after cut.
func (w *writer) write(row *warehouse.Click, number int, at homing.Millis) *campaign {
	d := &w.dice
	c := &w.world.campaigns[w.world.pick.spin(d)]
	w.seq++
	if at > w.last {
		w.last, w.seq = at, 0
	}
	*row = warehouse.Click{
		Origin:  homing.Origin{Time: w.last, Node: w.node, Seq: w.seq, Campaign: c.id},
		Account: c.account,
		Class:   w.class(),
		Cost:    c.costOf(d),
	}
	w.visit(row, int(c.id)-1)
	w.locate(row, c)
	w.place(&row.Facets, c)
	w.label(row, number, c)
	return c
}

func (w *writer) class() homing.ClickClass {
	throw := w.dice.part()
	switch {
	case throw >= notPeople:
		return homing.Billable
	case throw >= 0.020:
		return homing.BotClick
	case throw >= 0.012:
		return homing.PreviewClick
	case throw >= 0.003:
		return homing.PrefetchClick
	}
	return homing.HeadClick
}

func (c *campaign) costOf(d *dice) homing.Money {
	switch {
	case c.cost == 0:
		return 0
	case c.dynamic:
		return c.cost/2 + homing.Money(d.below(int(c.cost)))
	}
	const step = homing.Unit / 1000
	return c.cost + homing.Money(d.below(4))*step
}

// visit says who the visitor is. The warehouse is to work out Unique by itself;
// what is written here is what it must come to.
func (w *writer) visit(row *warehouse.Click, campaign int) {
	seen, today := &w.seen[campaign], warehouse.DayAt(row.Time)
	if seen.day != today {
		seen.day, seen.count = today, 0
	}
	if seen.count > 0 && w.dice.in(again) {
		row.Visitor = seen.visitors[w.dice.below(min(seen.count, len(seen.visitors)))]
		return
	}
	row.Visitor = w.dice.next() | 1
	if row.Class == homing.Billable {
		row.Unique = true
		seen.visitors[seen.count%len(seen.visitors)] = row.Visitor
		seen.count++
	}
}

// locate says where the visitor is and what with.
func (w *writer) locate(row *warehouse.Click, c *campaign) {
	d, f := &w.dice, &row.Facets
	with := &clients[c.clients.spin(d)].client
	f[warehouse.FacetDevice], f[warehouse.FacetOS], f[warehouse.FacetBrowser] = with.device, with.os, with.browser
	if row.Class == homing.BotClick || row.Class == homing.PreviewClick {
		f[warehouse.FacetDevice] = "bot"
	}
	country := &w.world.countries[c.countries.spin(d)]
	city := &country.cities[country.cityWheel.spin(d)]
	f[warehouse.FacetCountry], f[warehouse.FacetRegion], f[warehouse.FacetCity] = country.code, city.region, city.name
	provider := &country.fixed[country.fixedPick.spin(d)]
	if with.phone && d.in(0.6) {
		provider = &country.mobile[country.mobilePick.spin(d)]
	}
	f[warehouse.FacetISP], f[warehouse.FacetCarrier] = provider.isp, provider.carrier
	row.Addr = provider.network(d)
	switch throw := d.below(100); {
	case throw < 78:
		f[warehouse.FacetLanguage] = country.languages[0]
	case throw < 90:
		f[warehouse.FacetLanguage] = country.languages[len(country.languages)-1]
	case throw < 97:
		f[warehouse.FacetLanguage] = "en"
	}
}

// place says where the ad stood.
func (w *writer) place(f *warehouse.Facets, c *campaign) {
	d, world := &w.dice, w.world
	f[warehouse.FacetCreative] = c.creatives[c.creative.spin(d)]
	f[warehouse.FacetSource] = c.sources[c.source.spin(d)]
	adspot := world.adspotPick.spin(d)
	site := int(world.siteOfAdspot[adspot])
	f[warehouse.FacetAdspot], f[warehouse.FacetSite] = world.adspots[adspot], world.sites[site]
	switch throw := d.below(100); {
	case throw < 60:
		f[warehouse.FacetReferrer] = world.hosts[site]
	case throw < 85:
		f[warehouse.FacetReferrer] = world.hosts[d.rank(logHosts)]
	}
}

var (
	logHosts = logRanks(hostCount)
	logSub2  = logRanks(sub2Count)
)

// label fills the sub parameters and what else is sent.
func (w *writer) label(row *warehouse.Click, number int, c *campaign) {
	d, world, f := &w.dice, w.world, &row.Facets
	f[warehouse.FacetSub1] = world.sub1[(c.first+d.rank(c.zones)*c.step)%sub1Count]
	bits := d.next()
	if bits&0xff < 154 {
		f[warehouse.FacetSub1+1] = world.sub2[d.rank(logSub2)]
	}
	if float64(bits>>8&0xffff) < tokens*0x10000 {
		w.text = appendToken(w.text, d, 16+int(bits>>60)*2, len(alphabet))
		w.ends, w.rows = append(w.ends, len(w.text)), append(w.rows, number)
	}
	if bits>>24&0xff < 26 {
		f[warehouse.FacetSub1+3] = world.sub4[bits>>32%50]
	}
	if bits>>40&0xff < 8 {
		f[warehouse.FacetSub1+4] = world.sub5[bits>>48%200]
	}
	if bits>>52&0xff < 3 {
		f[warehouse.FacetSub1+5+warehouse.Facet(bits>>60%5)] = world.subX[d.below(len(world.subX))]
	}
	if c.keywords {
		row.More = world.extras[1000+d.below(len(world.extras)-1000)]
	} else if c.slots {
		row.More = world.extras[d.below(1000)]
	}
}

// cut hands the tokens collected to their rows.
func (w *writer) cut(rows []warehouse.Click) {
	text, start := string(w.text), 0
	for i, end := range w.ends {
		rows[w.rows[i]].Facets[warehouse.FacetSub1+2] = text[start:end]
		start = end
	}
	w.text, w.ends, w.rows = w.text[:0], w.ends[:0], w.rows[:0]
}
