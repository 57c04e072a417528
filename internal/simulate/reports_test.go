package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/control"
)

// The range of a report ends with the present quarter of an hour, so that the
// same question is asked again within one; a test that crosses into the next is
// slower.
func up() *control.WarehouseStatus { return &control.WarehouseStatus{Up: true} }

func TestReportsAgree(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.warehouse, f.away, f.crowded = up(), 2, true
	c := command(200, 0.5, 0.5)
	c.Format = "json"
	out, err := rehearse(t, c, f)
	if err != nil {
		t.Fatal(err, out)
	}
	var r report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if want := len(dimensions) * len(zones) * len(bases); r.Reports.Reports != want || r.Reports.Cells < 100*want {
		t.Errorf("%d reports with %d cells were compared, want %d reports", r.Reports.Reports, r.Reports.Cells, want)
	}
}

func TestMistakesOfReportsAreFound(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.warehouse = up()
	p, err := command(200, 0.5, 0.5).perform(t.Context(), Env{Err: &strings.Builder{}, Clock: time.Now}, &stage{server: f})
	if err != nil {
		t.Fatal(err)
	}
	// at tampers with the report by one dimension.
	at := func(by string, change func(rows []map[string]any, all map[string]any)) func(url.Values, map[string]any) {
		return func(q url.Values, all map[string]any) {
			if q.Get("by") == by && q.Get("tz") == "Asia/Kathmandu" && q.Get("basis") == "click" {
				var rows []map[string]any
				for _, row := range all["rows"].([]any) {
					rows = append(rows, row.(map[string]any))
				}
				all["rows"] = rows
				change(rows, all)
			}
		}
	}
	for _, test := range []struct {
		name   string
		tamper func(url.Values, map[string]any)
		want   string
	}{
		{"nothing", nil, ""},
		{"a click less", at("sub1", func(rows []map[string]any, _ map[string]any) {
			rows[0]["clicks"] = rows[0]["clicks"].(float64) - 1
		}), "lost: the report by sub1 in Asia/Kathmandu, basis click: \"ad-"},
		{"a micro-unit more", at("campaign", func(rows []map[string]any, _ map[string]any) {
			value, _ := homing.ParseMoney(rows[0]["value"].(string))
			rows[0]["value"] = (value + 1).String()
		}), "double: the report by campaign"},
		{"a duplicate less in the total", at("goal", func(_ []map[string]any, all map[string]any) {
			totals := all["totals"].(map[string]any)
			totals["duplicates"] = totals["duplicates"].(float64) - 1
		}), "the total has duplicates"},
		{"a row less", at("country", func(rows []map[string]any, all map[string]any) { all["rows"] = rows[1:] }), "lacks"},
		{"a row twice", at("browser", func(rows []map[string]any, all map[string]any) { all["rows"] = append(rows, rows[0]) }), "twice"},
		{"a bot less", at("device", func(rows []map[string]any, all map[string]any) {
			for _, r := range rows {
				if r["device"] == "bot" {
					r["bot_clicks"] = r["bot_clicks"].(float64) - 1
				}
			}
		}), `"bot" has bot_clicks`},
		{"uniques twice", at("os", func(rows []map[string]any, _ map[string]any) {
			rows[0]["unique_clicks"] = rows[0]["unique_clicks"].(float64) * 2
		}), "has unique_clicks"},
		{"an hour in another zone", at("hour", func(rows []map[string]any, _ map[string]any) {
			at, _ := time.Parse(time.RFC3339, rows[0]["hour"].(string))
			rows[0]["hour"] = at.Add(15 * time.Minute).Format(time.RFC3339)
		}), "the report by hour"},
		{"a note", at("day", func(_ []map[string]any, all map[string]any) { all["notes"] = []string{"two minutes behind"} }), "two minutes behind"},
		{"no figure", at("week", func(rows []map[string]any, _ map[string]any) { rows[0]["cost"] = nil }), "that is no figure"},
		{"the rest is folded", at("site", func(_ []map[string]any, all map[string]any) {
			all["rest"] = map[string]any{"clicks": 1}
		}), "does not show all rows"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f.tamperReport = test.tamper
			p.books.forget()
			if _, err := p.books.reconcile(t.Context(), f, p.cast, p.began); err != nil {
				t.Fatal(err)
			}
			if _, err := p.books.reconcileReports(t.Context(), f, p.cast, p.clock, p.began); err != nil {
				t.Fatal(err)
			}
			var words []string
			for _, d := range p.books.found.first {
				words = append(words, string(d.Kind)+": "+d.What)
			}
			if all := strings.Join(words, "\n"); !strings.Contains(all, test.want) || test.want == "" && all != "" {
				t.Errorf("%q was not found, but:\n%s", test.want, all)
			}
		})
	}
}

// TestWhichClickIsTheFirst: the spool's order and that of time may differ by a
// little; then either may have been taken for the visitor's first.
func TestWhichClickIsTheFirst(t *testing.T) {
	cast := &cast{offers: []*offer{{id: 1, owner: &advertiser{id: 1}}}}
	for _, test := range []struct {
		name  string
		at    []homing.Millis // in the spool's order
		many  bool            // machines
		lines map[string]string
	}{
		{"in order", []homing.Millis{1, 2, 3}, false, map[string]string{"a1": "1", "a2": "0", "a3": "0"}},
		{"the second is older", []homing.Millis{2, 1, 3}, false, map[string]string{"a1": "0 to 1", "a2": "0 to 1", "a3": "0"}},
		{"the third is oldest", []homing.Millis{3, 2, 1}, false, map[string]string{"a1": "0 to 1", "a2": "0 to 1", "a3": "0 to 1"}},
		{"of several machines", []homing.Millis{1, 2, 3}, true, map[string]string{"a1": "0 to 1", "a2": "0 to 1", "a3": "0 to 1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSheet(test.many)
			for i, at := range test.at {
				c := control.Click{ClickID: homing.ClickID{byte(i)}, At: at.String(), Campaign: 1}
				s.click(&c, cast, facts{creative: uint8(i + 1)}, true)
			}
			groups, total := s.groups("creative", false, time.UTC)
			for key, want := range test.lines {
				if got := groups[key[1:]].told(mUniqueClicks); got != want {
					t.Errorf("creative %s: %s, want %s", key, got, want)
				}
			}
			if total.figures[mUniqueClicks] != 1 || total.maybe != 0 {
				t.Errorf("the total is %s", total.told(mUniqueClicks))
			}
		})
	}
}

// TestFactsOfStrangers: what was stored without an answer is known by what the
// server holds.
func TestFactsOfStrangers(t *testing.T) {
	r := command(1, 0, 0).source(3)
	for range 2000 {
		f := drawFacts(r)
		params := map[string]string{"keywords": "shoes red"}
		for _, t := range f.texts() {
			params[t.name] = t.text
		}
		if f.cost > 0 {
			params["cost"] = fmt.Sprintf("0.%03d", f.cost)
		}
		agent := ""
		for line := range strings.SplitSeq(f.headers(), "\r\n") {
			if text, ok := strings.CutPrefix(line, "User-Agent: "); ok {
				agent = text
			}
		}
		got, ok := factsOf(agent, params)
		if !ok || got != f {
			t.Fatalf("%+v became %+v, %t", f, got, ok)
		}
	}
	if _, ok := factsOf("Mozilla/5.0 of nobody", map[string]string{"sub1": "ad-1"}); ok {
		t.Error("a stranger was taken for one of ours")
	}
}

// creature is a process that notes what is done to it.
type creature struct {
	mu   sync.Mutex
	felt []os.Signal // guarded by mu
}

func (c *creature) Signal(s os.Signal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.felt = append(c.felt, s)
	return nil
}

func TestTheWarehouseIsTormented(t *testing.T) {
	t.Parallel()
	f, b := newFake(t), &creature{}
	f.beast, f.warehouse = b, up()
	c := command(200, 0.3, 0.3)
	c.Kill, c.Cycles = true, 10
	out, err := rehearse(t, c, f)
	if err != nil || !strings.Contains(out, "the warehouse's process was killed ") {
		t.Fatalf("got %v:\n%s", err, out)
	}
	stopped := 0
	for _, s := range b.felt {
		switch s {
		case syscall.SIGSTOP:
			stopped++
		case syscall.SIGCONT:
			stopped--
		}
	}
	if stopped != 0 {
		t.Errorf("%d were stopped and never went on: %v", stopped, b.felt)
	}
}

func TestAWarehouseThatStaysBehindIsFound(t *testing.T) {
	f := newFake(t)
	f.warehouse = up()
	f.warehouse.Lag.Records = 7
	b := newBooks(false)
	now := time.Now()
	clock := func() time.Time { now = now.Add(time.Minute); return now }
	if b.awaitWarehouse(context.Background(), f, &cast{}, clock) || !strings.Contains(b.found.first[0].What, "7 records") {
		t.Errorf("found %+v", b.found.first)
	}
}

// TestWhereThingsStand: in time by either basis, in each zone, across a change of
// the clocks, which no run meets.
func TestWhereThingsStand(t *testing.T) {
	at := func(text string) homing.Millis { return moment(text) }
	e := event{
		at: at("2026-10-25T01:10:00.000Z"), clickAt: at("2026-10-24T23:50:00.000Z"),
		account: 3, campaign: 4, goal: 0, reason: "key_wrong",
	}
	for _, test := range []struct{ dimension, basis, zone, want string }{
		{"hour", "conversion", "UTC", "2026-10-25T01:00:00Z"},
		{"hour", "conversion", "Europe/Berlin", "2026-10-25T02:00:00+01:00"}, // the second time
		{"hour", "click", "Europe/Berlin", "2026-10-25T01:00:00+02:00"},
		{"hour", "conversion", "Asia/Kathmandu", "2026-10-25T06:00:00+05:45"},
		{"hour", "click", "Asia/Kathmandu", "2026-10-25T05:00:00+05:45"},
		{"day", "click", "UTC", "2026-10-24"},
		{"day", "click", "Europe/Berlin", "2026-10-25"},
		{"week", "conversion", "UTC", "2026-W43"},
		{"month", "click", "Asia/Kathmandu", "2026-10"},
		{"hour_of_day", "conversion", "Europe/Berlin", "2"},
		{"weekday", "conversion", "UTC", "7"},
		{"weekday", "click", "UTC", "6"},
		{"account", "click", "UTC", "3"},
		{"campaign", "click", "UTC", "4"},
		{"goal", "click", "UTC", "0"},
		{"reason", "click", "UTC", "key_wrong"},
		{"country", "click", "UTC", ""},
	} {
		zone, err := time.LoadLocation(test.zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.key(test.dimension, test.basis == "click", zone); got != test.want {
			t.Errorf("%s, %s, %s: %q, want %q", test.dimension, test.basis, test.zone, got, test.want)
		}
	}
}
