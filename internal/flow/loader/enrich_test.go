package loader

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"homing"
	"homing/internal/engine/geo"
	"homing/internal/engine/spool"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/catalog"
)

// fixedGeo knows every address.
type fixedGeo struct{ place geo.Place }

func (g fixedGeo) Find(netip.Addr) geo.Place { return g.place }

var munich = geo.Place{Country: "DE", Region: "Bavaria", City: "Munich", Carrier: "Example Mobile", ISP: "Example Net"}

func newEnricher(places geo.Finder) *enricher {
	e := &enricher{geo: places, view: &catalog.View{}, unknown: map[homing.CampaignID]bool{}}
	e.lookAgain = func(homing.CampaignID) *catalog.View { return e.view }
	return e
}

func enriched(t testing.TB, e *enricher, c *homing.Click) warehouse.Click {
	t.Helper()
	c.Origin.Time = max(c.Origin.Time, noon)
	var row warehouse.Click
	if err := e.enrich(&row, homing.AppendClick(nil, c)); err != nil {
		t.Fatal(err)
	}
	return row
}

// given makes a click of name=value pairs.
func given(pairs ...string) *homing.Click {
	c := &homing.Click{Addr: netip.MustParseAddr("203.0.113.9"), UserAgent: []byte(agentText)}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		switch p, ok := homing.ParamNamed([]byte(name)); {
		case ok:
			c.Params[p] = []byte(value)
		case name == "Referer":
			c.Referrer = []byte(value)
		case name == "Accept-Language":
			c.Language = []byte(value)
		default:
			panic(name)
		}
	}
	return c
}

func TestFacets(t *testing.T) {
	for _, c := range []struct {
		given string // pairs
		want  string // facet=value, those that differ from what a bare click has
	}{
		{"", ""},
		{"creative_id=c1 site_id=s1 site_host=blog.example adspot_id=a1 adspot_name=Top source=src sub1=x sub10=y",
			"creative=c1 site=s1 adspot=a1 source=src sub1=x sub10=y more:site_host=blog.example more:adspot_name=Top"},
		{"site_host=blog.example adspot_name=Top", "site=blog.example adspot=Top"},
		{"country=at", "country=AT"},
		{"geo=ch", "country=CH"},
		{"country=AT geo=CH", "country=AT"},
		{"country=Austria geo=AT", "country=AT more:country=Austria"},
		{"country=AUT", "more:country=AUT"},
		{"region=Tyrol city=Innsbruck carrier=A1", "region=Tyrol city=Innsbruck carrier=A1"},
		{"device_type=Phone os=ANDROID browser=chrome", ""},
		{"device_type=Smart_TV os=NewOS browser=NewBrowser", "device=tv os=NewOS browser=NewBrowser"},
		{"device_type=fridge", "more:device_type=fridge"},
		{"lang=fr-FR", "language=fr"},
		{"lang=x Accept-Language=pt-BR;q=0.9", "language=pt more:lang=x"},
		{"Accept-Language=*", ""}, {"Accept-Language=english", ""}, {"Accept-Language=FIL,en", "language=fil"},
		{"Referer=https://www.Blog.example:443/a?b#c", "referrer=blog.example"},
		{"referrer=http://u:p@xn--mnchen-3ya.example. Referer=https://other.example/", "referrer=xn--mnchen-3ya.example"},
		{"referrer={referrer} Referer=https://other.example/", "referrer=other.example"},
		{"category=games price=0.5 x=1", "more:category=games more:price=0.5 more:x=1"},
		{"cost=0.012", "cost=0.012"}, {"cost=1e-3", "cost=0.001"}, {"cost=-1", "more:cost=-1"}, {"cost=NaN", "more:cost=NaN"},
		{"cost=1000000", "cost=1000000.00"}, {"cost=1000000.01", "more:cost=1000000.01"}, {"cost=0.0000019", "cost=0.000001"},
	} {
		bare, row := describe(enriched(t, newEnricher(fixedGeo{munich}), given())), describe(enriched(t, newEnricher(fixedGeo{munich}), given(strings.Fields(c.given)...)))
		var got []string
		for _, line := range row {
			if !strings.Contains(strings.Join(bare, "\n")+"\n", line+"\n") {
				got = append(got, line)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.given, strings.Join(got, " "), c.want)
		}
	}
	bare := strings.Join(describe(enriched(t, newEnricher(fixedGeo{munich}), given())), " ")
	if want := "country=DE region=Bavaria city=Munich carrier=Example Mobile isp=Example Net device=mobile os=Android browser=Chrome addr=203.0.113.0"; bare != want {
		t.Errorf("a bare click:\n got %s\nwant %s", bare, want)
	}
}

func describe(row warehouse.Click) (lines []string) {
	add := func(name, value string) {
		if value != "" {
			lines = append(lines, name+"="+value)
		}
	}
	for f, value := range row.Facets {
		add(warehouse.Facet(f).String(), value)
	}
	if row.Cost != 0 {
		add("cost", row.Cost.String())
	}
	for _, m := range row.More {
		add("more:"+m.Param.String(), m.Text)
	}
	add("addr", row.Addr)
	return lines
}

func TestReferrerHosts(t *testing.T) {
	for text, want := range map[string]string{
		"https://www.example.com/a": "example.com", "http://EXAMPLE.com:8080": "example.com", "//cdn.example/x": "cdn.example",
		"android-app://com.example.app/": "com.example.app", "example.com/path": "example.com", "www.com": "www.com", "https://www.com/": "www.com",
		"http://localhost:3000/": "localhost", "http://[2001:DB8::1]:80/": "2001:db8::1", "http://192.0.2.1/": "192.0.2.1",
		"https://user@evil.example@good.example/": "good.example", "https://a_b.example/": "a_b.example", "https://MÜNCHEN.example/": "münchen.example",
		"https://example.com.": "example.com", "  https://example.com/ ": "example.com", `https:\\example.com`: "", "https://example.com\\@x": "example.com",
		"": "", "null": "", "{referrer}": "", "about:blank": "", "data:text/html,x": "", "https://": "", "https:///path": "", "http://a..b/": "",
		"http://exa mple.com/": "", "http://example.com:port/": "", "http://\xff.example/": "", "http://[::1%25eth0]/": "", "http://[::1": "",
		"https://" + strings.Repeat("a.", 127) + "de/": "", "javascript://%0aalert(1)": "",
	} {
		if got := string(appendReferrer(nil, []byte(text))); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestClassIsRefined(t *testing.T) {
	e := newEnricher(geo.Nowhere{})
	bot := &homing.Click{UserAgent: []byte("Googlebot/2.1"), Addr: netip.MustParseAddr("203.0.113.9")}
	if row := enriched(t, e, bot); row.Class != homing.BotClick || row.Visitor != 0 {
		t.Errorf("row %+v", row)
	}
	bot.Class = homing.PrefetchClick
	if row := enriched(t, e, bot); row.Class != homing.PrefetchClick {
		t.Errorf("the door's word does not stand: %s", row.Class)
	}
}

func TestVisitors(t *testing.T) {
	e := newEnricher(geo.Nowhere{})
	of := func(change func(*homing.Click)) uint64 {
		c := given()
		c.Origin.Campaign = 1
		change(c)
		return enriched(t, e, c).Visitor
	}
	first := of(func(*homing.Click) {})
	if first == 0 || first != of(func(c *homing.Click) { c.Origin.Seq = 7; c.Params[homing.ParamSub1] = []byte("x") }) {
		t.Error("the same visitor has another hash")
	}
	for name, change := range map[string]func(*homing.Click){
		"campaign": func(c *homing.Click) { c.Origin.Campaign = 2 },
		"address":  func(c *homing.Click) { c.Addr = netip.MustParseAddr("203.0.113.10") },
		"agent":    func(c *homing.Click) { c.UserAgent = append(c.UserAgent, '1') },
		"day":      func(c *homing.Click) { c.Origin.Time = noon + 24*3600*1000 },
	} {
		if of(change) == first {
			t.Errorf("another %s has the same hash", name)
		}
	}
	if of(func(c *homing.Click) { c.Addr = netip.Addr{} }) != 0 {
		t.Error("without an address there is a hash")
	}
	if newEnricher(geo.Nowhere{}).salts.of(1) == e.salts.of(1) || *newEnricher(geo.Nowhere{}).salts.of(1) == *e.salts.of(1) {
		t.Error("salts are not random")
	}
	for day := range warehouse.Day(100) {
		e.salts.of(day)
	}
	if len(e.salts.byDay) > maxSalts {
		t.Errorf("%d salts", len(e.salts.byDay))
	}
}

func TestAgentsAreBounded(t *testing.T) {
	var a agents
	common := []byte(agentText)
	for i := range 3 * maxAgents {
		a.of(fmt.Appendf(nil, "agent %d", i))
		if i%100 == 0 {
			a.of(common)
		}
	}
	if len(a.index) != maxAgents || len(a.slots) != maxAgents {
		t.Errorf("%d in the index, %d slots", len(a.index), len(a.slots))
	}
	if _, ok := a.index[agentText]; !ok {
		t.Error("a common one was thrown out by a flood")
	}
	for text, i := range a.index {
		if a.slots[i].text != text {
			t.Fatal("the index points elsewhere")
		}
	}
}

func TestKeysAreMasked(t *testing.T) {
	h := newHouse(t, nil).run()
	_, key, err := h.catalog.AddKey(t.Context(), "test", h.account.ID, "")
	h.must(err)
	secret := key.Reveal()
	click := h.click(func(c *homing.Click) {
		c.Params[homing.ParamSub1] = []byte("a" + secret)
		c.Params[homing.ParamKeywords] = []byte(secret)
		c.Referrer = []byte("https://" + secret + ".example/")
	})
	h.convert(click, secret)
	p := homing.Postback{At: h.at(), Target: "/x?key=" + secret, Verdict: homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonKeyWrong}}
	_, err = h.spool.Append(spool.KindPostback, p.At, homing.AppendPostback(nil, &p))
	h.must(err)
	h.catchUp()
	if text := fmt.Sprintf("%+v", h.contents()); strings.Contains(text, secret) || !strings.Contains(text, "key:") {
		t.Errorf("the key is in a row: %s", text)
	}
}

// Strings of a batch must not change when the next one is made.
func TestRowsShareNothing(t *testing.T) {
	e := newEnricher(geo.Nowhere{})
	record := homing.AppendClick(nil, given("sub1=first", "country=de", "category=games", "Referer=https://one.example/"))
	var row warehouse.Click
	if err := e.enrich(&row, record); err != nil {
		t.Fatal(err)
	}
	before := fmt.Sprintf("%q", describe(row))
	clear(record)
	for range 5000 {
		enriched(t, e, given("sub1=OTHER", "country=fr", "category=OTHER", "Referer=https://two.example/"))
	}
	if after := fmt.Sprintf("%q", describe(row)); after != before {
		t.Errorf("before %s\nafter %s", before, after)
	}
}

// Whatever lies in a record: no panic, and texts are sound.
func FuzzEnrich(f *testing.F) {
	f.Add(homing.AppendClick(nil, given("sub1=x", "cost=1", "referrer=https://a.example/", "device_type=tv")))
	f.Add(homing.AppendClick(nil, given("sub1="+strings.Repeat("ü", 200), "referrer=http://\xff\xfe/", "lang=\x00\xff", "os=\xed\xa0\x80"+strings.Repeat("x", 251)+"é")))
	f.Add([]byte("\x01"))
	e := newEnricher(fixedGeo{munich})
	f.Fuzz(func(t *testing.T, record []byte) {
		var row warehouse.Click
		if err := e.enrich(&row, record); err == nil {
			for i, text := range row.Facets {
				if len(text) > warehouse.MaxFacet || !utf8.ValidString(text) {
					t.Errorf("%s: %q", warehouse.Facet(i), text)
				}
			}
			for _, m := range row.More {
				if len(m.Text) > warehouse.MaxFacet || !utf8.ValidString(m.Text) || int(m.Param) >= homing.ParamCount {
					t.Errorf("%+v", m)
				}
			}
			if row.Cost < 0 || row.Cost > maxCost || len(row.Addr) > 45 {
				t.Errorf("cost %s, address %q", row.Cost, row.Addr)
			}
			if f := row.Facets; len(f[warehouse.FacetCountry]) > 2 || len(f[warehouse.FacetLanguage]) > 3 {
				t.Errorf("facets %q", f)
			}
		}
		for _, kind := range []spool.Kind{spool.KindPostback, spool.KindTally} {
			p, err := e.postback(&spool.Record{Kind: kind, Data: record})
			if err == nil && (p.Count < 0 || p.At < 0 || !utf8.ValidString(p.Currency)) {
				t.Errorf("%+v", p)
			}
		}
	})
}

// BenchmarkEnrich is a click of a browser with the parameters of an ad server,
// from a hundred visitors in turn.
func BenchmarkEnrich(b *testing.B) {
	e := newEnricher(fixedGeo{munich})
	var records [][]byte
	for i := range 100 {
		c := given("site_id=9001", "creative_id=117", "cost=0.012", "country=DE", fmt.Sprintf("sub1=click%d", i), "sub2=EAIaIQobChMI7Nf2wYXQhQMVhpVoCR3b5w",
			"Referer=https://blog.example/posts/2026/11/how-to?page=2", "Accept-Language=de-AT,de;q=0.9,en;q=0.8", "category=games")
		c.UserAgent = fmt.Appendf(nil, "%s v%d", agentText, i)
		c.Origin.Time = noon
		records = append(records, homing.AppendClick(nil, c))
	}
	var row warehouse.Click
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if err := e.enrich(&row, records[i%len(records)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
