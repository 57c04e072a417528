package duckdb_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb"
	"homing/internal/engine/warehouse/duckdb/process"
	"homing/internal/engine/warehouse/duckdb/process/child"
)

// TestMain makes this test program the child, when it is started as one.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == process.Argument {
		os.Exit(child.Main())
	}
	os.Exit(m.Run())
}

// noon is when the tests play.
const noon = homing.Millis(1_763_812_800_000) // 2025-11-22T12:00:00Z

var today = warehouse.DayAt(noon)

func clock() time.Time { return noon.Time().Add(6 * time.Hour) }

// open opens the warehouse in a directory, and waits for its child.
func open(t testing.TB, dir string) *duckdb.Warehouse {
	t.Helper()
	w, err := duckdb.Open(duckdb.Options{Dir: dir, Memory: 1 << 30, Threads: 2, Clock: clock,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	eventually(t, func() error {
		_, err := w.Mark(t.Context(), "any")
		return err
	})
	return w
}

// eventually tries again while the warehouse is away.
func eventually(t testing.TB, do func() error) {
	t.Helper()
	for range 3000 {
		err := do()
		if err == nil {
			return
		}
		if !errors.Is(err, homing.ErrUnavailable) {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the warehouse stays away")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wants(t testing.TB, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("got %v, want %v", err, kind)
	}
}

func origin(at homing.Millis, seq int) homing.Origin {
	return homing.Origin{Time: at, Node: 1, Seq: uint16(seq), Campaign: homing.CampaignID(1 + seq%3)}
}

// click makes a billable click of visitor seq+1.
func click(at homing.Millis, seq int) warehouse.Click {
	c := warehouse.Click{Origin: origin(at, seq), Account: homing.AccountID(1 + seq%3), Visitor: uint64(seq + 1), Cost: 1500, Addr: "192.0.2.0"}
	c.Facets[warehouse.FacetSub1] = fmt.Sprintf("sub-%d", seq)
	c.Facets[warehouse.FacetCountry] = "DE"
	c.Facets[warehouse.FacetDevice] = "phone"
	c.More = []warehouse.Param{{Param: homing.ParamKeywords, Text: "blue widgets"}}
	return c
}

func clicksAt(at homing.Millis, n int) (list []warehouse.Click) {
	for i := range n {
		list = append(list, click(at+homing.Millis(i/100), i%100+100*(i/100%40)))
	}
	return list
}

func conversion(id int, c *warehouse.Click) warehouse.Conversion {
	return warehouse.Conversion{Version: int64(id), Conversion: homing.Conversion{ID: homing.ConversionID(id), Click: c.Origin,
		Account: c.Account, Campaign: c.Campaign, Status: homing.Approved, Value: homing.ValueOf(2_500_000), Price: 1_000_000,
		Lead: "order", At: c.Time + 1000, Request: homing.NewRequestID(c.Time, 1, uint32(id))}}
}

func postback(number int, c *warehouse.Click, outcome homing.Outcome, reason homing.Reason) warehouse.Postback {
	p := warehouse.Postback{Number: int64(number), Count: 1, Postback: homing.Postback{At: c.Time + 1000, Account: c.Account,
		Campaign: c.Campaign, Click: homing.ClickID{1, byte(number)}, Origin: c.Origin, Target: "/api/v1/cpa/action/x", UserAgent: "curl",
		Addr: netip.MustParseAddr("192.0.2.0"), Verdict: homing.Verdict{Outcome: outcome, Reason: reason},
		Request: homing.NewRequestID(c.Time, 2, uint32(number))}}
	return p
}

// source loads batches one behind the other.
type source struct {
	w    warehouse.Warehouse
	name string
	next uint64
}

func (s *source) batch(clicks []warehouse.Click, postbacks []warehouse.Postback, conversions []warehouse.Conversion) *warehouse.Batch {
	rows := uint64(len(clicks) + len(postbacks) + len(conversions))
	b := &warehouse.Batch{Source: s.name, First: s.next, Next: s.next + max(rows, 1), Clicks: clicks, Postbacks: postbacks, Conversions: conversions}
	s.next = b.Next
	return b
}

func (s *source) load(t testing.TB, clicks []warehouse.Click, postbacks []warehouse.Postback, conversions []warehouse.Conversion) {
	t.Helper()
	must(t, s.w.Load(t.Context(), s.batch(clicks, postbacks, conversions)))
}

// all is every measure that adds up.
const all = warehouse.Measures(1)<<warehouse.TimeMedian - 1

// figures asks for the sums of a range, over all rows, by country: whole days
// are answered from totals, a range that begins a millisecond late is not.
func figures(t testing.TB, w warehouse.Warehouse, from, until homing.Millis, by ...warehouse.Dimension) *warehouse.Answer {
	t.Helper()
	answer, err := w.Ask(context.Background(), &warehouse.Query{From: from, Until: until, By: by, Measures: all, Total: true})
	must(t, err)
	return answer
}

func totalOf(t testing.TB, w warehouse.Warehouse, m warehouse.Measure) int64 {
	t.Helper()
	return figures(t, w, today.Start()-10*24*3_600_000, (today + 10).Start()).Total.Measures[m]
}

func rawOf(t testing.TB, w warehouse.Warehouse, m warehouse.Measure, by warehouse.Dimension) int64 {
	t.Helper()
	return figures(t, w, today.Start()-10*24*3_600_000, (today + 10).Start(), by).Total.Measures[m]
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

func clickOf(t testing.TB, w warehouse.Warehouse, o homing.Origin) warehouse.Click {
	t.Helper()
	c, err := w.Click(t.Context(), o)
	must(t, err)
	return c
}

func conversionsOf(t testing.TB, w warehouse.Warehouse) (list []warehouse.Conversion) {
	t.Helper()
	for c, err := range w.Conversions(t.Context(), &warehouse.List{From: 0, Until: homing.MaxOriginTime}) {
		must(t, err)
		list = append(list, c)
	}
	return list
}

func postbacksOf(t testing.TB, w warehouse.Warehouse) (list []warehouse.Postback) {
	t.Helper()
	for p, err := range w.Postbacks(t.Context(), &warehouse.List{From: 0, Until: homing.MaxOriginTime}) {
		must(t, err)
		list = append(list, p)
	}
	return list
}
