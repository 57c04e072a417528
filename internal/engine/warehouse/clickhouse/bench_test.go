package clickhouse_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/clickhouse/chtest"
)

// benchClick is a click as ad servers send them: few campaigns and countries,
// many sites and sub ids, an address, a city.
func benchClick(r *rand.Rand, at homing.Millis, seq uint16) warehouse.Click {
	campaign := homing.CampaignID(1 + min(r.IntN(200), r.IntN(200)))
	c := warehouse.Click{Origin: homing.Origin{Time: at, Node: 1, Seq: seq, Campaign: campaign}, Account: homing.AccountID(1 + campaign/10),
		Visitor: r.Uint64N(5_000_000) + 1, Cost: homing.Money(1000 + r.IntN(50)*100), Addr: fmt.Sprintf("%d.%d.%d.0", 1+r.IntN(220), r.IntN(250), r.IntN(250))}
	if r.IntN(20) == 0 {
		c.Class = homing.BotClick
	}
	f := &c.Facets
	f[warehouse.FacetCreative] = fmt.Sprintf("cr-%d", int(campaign)*5+r.IntN(5))
	f[warehouse.FacetSite] = fmt.Sprintf("site-%d", min(r.IntN(5000), r.IntN(5000)))
	f[warehouse.FacetAdspot] = fmt.Sprint(r.IntN(30))
	f[warehouse.FacetSource] = fmt.Sprintf("src%d", r.IntN(8))
	f[warehouse.FacetSub1] = fmt.Sprintf("sub-%d", min(r.IntN(50_000), r.IntN(50_000)))
	f[warehouse.FacetSub1+1] = fmt.Sprintf("%x", r.Uint64())
	f[warehouse.FacetReferrer] = fmt.Sprintf("www.site%d.example", r.IntN(2000))
	f[warehouse.FacetCountry] = []string{"DE", "AT", "CH", "FR", "IT", "ES", "US", "GB", "BR", "IN"}[min(r.IntN(10), r.IntN(10))]
	f[warehouse.FacetRegion] = fmt.Sprintf("R%d", r.IntN(15))
	f[warehouse.FacetCity] = fmt.Sprintf("City %d", min(r.IntN(3000), r.IntN(3000)))
	f[warehouse.FacetDevice] = []string{"phone", "tablet", "desktop", "tv"}[min(r.IntN(4), r.IntN(4))]
	f[warehouse.FacetOS] = fmt.Sprintf("OS %d", r.IntN(6))
	f[warehouse.FacetBrowser] = fmt.Sprintf("Browser %d", r.IntN(8))
	f[warehouse.FacetLanguage] = "de"
	return c
}

// TestFigures loads HOMING_BENCH_CLICKS clicks of 30 days into the engine, or
// into Debian's server if HOMING_BENCH_ON is 18.16, and tells how long that, and
// reports about them, took.
func TestFigures(t *testing.T) {
	total, err := strconv.Atoi(os.Getenv("HOMING_BENCH_CLICKS"))
	if err != nil {
		t.Skip("a measurement, if HOMING_BENCH_CLICKS says of how many clicks")
	}
	var on servers
	if os.Getenv("HOMING_BENCH_ON") == "18.16" {
		on = chtest.StartCluster(t, 1)
	} else {
		on = chtest.StartEngine(t)
	}
	database := newDatabase()
	w := openDatabase(t, on, database)
	defer func() { must(t, w.Close()) }()
	const size, day = 100_000, 86_400_000
	r := rand.New(rand.NewPCG(1, 2))
	from := noon - noon%day
	step := float64(30*day) / float64(total)
	var loading time.Duration
	for done := 0; done < total; done += size {
		b := &warehouse.Batch{Source: "spool/1", First: uint64(done), Next: uint64(done + size)}
		for i := done; i < done+size; i++ {
			b.Clicks = append(b.Clicks, benchClick(r, from+homing.Millis(float64(i)*step), uint16(i%4096)))
		}
		begun := time.Now()
		must(t, w.Load(t.Context(), b))
		loading += time.Since(begun)
	}
	t.Logf("loaded %d clicks in %v: %.0f/s", total, loading, float64(total)/loading.Seconds())
	for _, by := range [][]warehouse.Dimension{
		{warehouse.DayOf, warehouse.Campaign}, {warehouse.OfFacet(warehouse.FacetCountry)}, {warehouse.OfFacet(warehouse.FacetSub1)}, nil,
	} {
		q := &warehouse.Query{From: from, Until: from + 30*day, By: by, Total: true, Limit: 1000,
			Measures: warehouse.SetOf(warehouse.Clicks, warehouse.UniqueClicks, warehouse.BotClicks, warehouse.Conversions, warehouse.Cost)}
		best := time.Hour
		var rows int
		for range 3 {
			begun := time.Now()
			a, err := w.Ask(t.Context(), q)
			must(t, err)
			best, rows = min(best, time.Since(begun)), len(a.Rows)
			if n := a.Total.Measures[warehouse.Clicks] + a.Total.Measures[warehouse.BotClicks]; n != int64(total) {
				t.Errorf("%d clicks of %d", n, total)
			}
		}
		t.Logf("30 days by %v: %d rows in %v", by, rows, best)
	}
	var some []warehouse.Click
	for c, err := range w.Clicks(t.Context(), &warehouse.List{From: from + 15*day, Until: from + 16*day, Limit: 20}) {
		must(t, err)
		some = append(some, c)
	}
	begun := time.Now()
	for i := range some {
		_, err := w.Click(t.Context(), some[i].Origin)
		must(t, err)
	}
	t.Logf("a click by its number: %v", time.Since(begun)/time.Duration(len(some)))
	begun = time.Now()
	for range 20 {
		_, err := w.Mark(t.Context(), "spool/1")
		must(t, err)
	}
	t.Logf("of that, what is noted: %v", time.Since(begun)/20)
	sql, err := w.ClickSQL(t.Context(), some[0].Origin)
	must(t, err)
	for what, sql := range map[string]string{"without FINAL": sql, "with FINAL": withFinal(sql)} {
		begun = time.Now()
		read := tell(t, on, database, sql).Statistics
		t.Logf("a click %s: %d rows and %d bytes read, %v", what, read.Rows, read.Bytes, time.Since(begun))
	}
	read := tell(t, on, database, "SELECT kind, name, max(version), argMax(value, version) FROM notes GROUP BY kind, name").Statistics
	t.Logf("notes: %d rows and %d bytes read", read.Rows, read.Bytes)
	n := 0
	begun = time.Now()
	for _, err := range w.Clicks(t.Context(), &warehouse.List{From: from, Until: from + 30*day, Newest: true, Limit: 100}) {
		must(t, err)
		n++
	}
	t.Logf("the newest %d clicks: %v", n, time.Since(begun))
	w.Look()
	t.Logf("%.1f bytes a click", float64(w.Status().Bytes)/float64(total))
}
