package loader

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/spool"
	"homing/internal/engine/warehouse"
)

// bulk fills some files of the spool with a day's clicks; a file is 64 KiB.
func (h *house) bulk(clicks int) {
	h.t.Helper()
	for range clicks {
		h.click(func(c *homing.Click) {
			c.Params[homing.ParamSub1] = []byte(homing.RandomText(200)) // not to be compressed
			c.Params[homing.ParamSub1+1] = []byte(homing.RandomText(200))
		})
	}
}

func (h *house) seeTo() {
	h.t.Helper()
	h.catchUp()
	h.believe()
	h.must(h.seeToDays(h.t.Context()))
}

func TestADaysWayOut(t *testing.T) {
	h := newHouse(t, nil).run()
	first := warehouse.DayAt(noon)
	h.bulk(400)
	h.refuse()
	h.convert(h.click(nil), "")
	end := h.spool.Durable()
	h.seeTo()
	h.pass(12*time.Hour + 59*time.Minute) // 00:59 of the next day
	h.seeTo()
	if len(h.warehouse.sealed) != 0 {
		t.Fatalf("sealed %v at %s", h.warehouse.sealed, h.at())
	}
	h.pass(2 * time.Minute)
	h.seeTo()
	h.seeTo()
	if fmt.Sprint(h.warehouse.sealed) != fmt.Sprint([]warehouse.Day{first}) {
		t.Fatalf("sealed %v at %s", h.warehouse.sealed, h.at())
	}
	if h.spool.Oldest() != 0 {
		t.Fatal("trimmed within two days")
	}
	// A row that comes late: the day is sealed once more.
	late := noon + 1000
	p := homing.Postback{At: late, Verdict: homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonKeyWrong}}
	_, err := h.spool.Append(spool.KindPostback, late, homing.AppendPostback(nil, &p))
	h.must(err)
	h.seeTo()
	if len(h.warehouse.sealed) != 2 {
		t.Errorf("sealed %v", h.warehouse.sealed)
	}
	h.bulk(400) // of the second day
	h.pass(36 * time.Hour)
	h.seeTo()
	if oldest := h.spool.Oldest(); oldest == 0 || oldest > end {
		t.Errorf("trimmed to %d; the first day ends at %d", oldest, end)
	}
	before := h.contents()
	// Made anew from the seal and from what the spool still has.
	h.must(h.Rebuild(t.Context(), nil))
	h.want(before.counts())
	if n := strings.Join(h.Notices(), "\n"); strings.Contains(n, "days cannot") || strings.Contains(n, "not in reports") {
		t.Errorf("notices %q", n)
	}
}

// A day is never sealed on what has not all been loaded.
func TestNothingIsSealedBehind(t *testing.T) {
	h := newHouse(t, nil).run()
	h.bulk(10)
	h.catchUp()
	h.warehouse.set(func() error { return homing.ErrUnavailable }, nil)
	h.bulk(10)
	h.pass(5 * 24 * time.Hour)
	waitFor(t, func() bool { return h.Lag().Error != "" })
	h.warehouse.mu.Lock()
	h.warehouse.before = func() error { return homing.ErrUnavailable }
	h.warehouse.mu.Unlock()
	h.believe()
	_ = h.seeToDays(t.Context())
	if len(h.warehouse.sealed) != 0 {
		t.Errorf("sealed %v", h.warehouse.sealed)
	}
}

func TestWhatIsNotSealedIsNotTrimmed(t *testing.T) {
	h := newHouse(t, nil).run()
	h.bulk(400)
	h.catchUp()
	h.pass(10 * 24 * time.Hour)
	h.catchUp()
	h.must(h.trim(t.Context(), h.at()))
	if h.spool.Oldest() != 0 {
		t.Fatal("trimmed without a seal")
	}
	h.pass(2 * time.Hour)
	h.seeTo()
	if h.spool.Oldest() == 0 {
		t.Fatal("not trimmed with one")
	}
}

func TestSealedRowsAreNotLoadedTwiceAfterACrash(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.MaxRows = 50 }).run()
	for range 100 {
		h.convert(h.click(nil), "")
	}
	h.catchUp()
	h.pass(24 * time.Hour)
	h.seeTo()
	for range 100 {
		h.convert(h.click(nil), "")
	}
	// A late row of the sealed day, so that the day is listed no more while the
	// warehouse is made anew.
	c := homing.Click{Origin: homing.Origin{Time: noon, Node: 9, Campaign: h.campaign.ID}, UserAgent: []byte("late")}
	_, err := h.spool.Append(spool.KindClick, noon, homing.AppendClick(nil, &c))
	h.must(err)
	h.stop()
	// Made anew; then the process dies after the late row, before the ledger.
	h.must(h.warehouse.Model.Reset(t.Context(), nil))
	loads := 0
	h.warehouse.refuse = func(b *warehouse.Batch) error {
		if loads++; b.Source == LedgerSource {
			return homing.ErrUnavailable
		}
		return nil
	}
	h.again()
	waitFor(t, func() bool { return h.Lag().Error != "" })
	h.stop()
	h.warehouse.refuse = nil
	h.again()
	h.catchUp()
	h.want("201 clicks (201 origins, 2 unique), 200 postbacks (200 numbers, 200 calls), 200 conversions (200 known)")
}

func TestRetention(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.KeepClicks, o.KeepPostbacks = 4*24*time.Hour, time.Hour }).run()
	h.bulk(400)
	h.refuse()
	h.seeTo()
	oldest := func(table warehouse.Table) warehouse.Day {
		day, err := h.warehouse.Oldest(t.Context(), table)
		h.must(err)
		return day
	}
	h.pass(3 * 24 * time.Hour)
	h.seeTo()
	if oldest(warehouse.PostbackTable) == 0 {
		t.Error("postbacks were given up within three days")
	}
	h.pass(24 * time.Hour)
	h.refuse()
	h.seeTo()
	if oldest(warehouse.ClickTable) == 0 || oldest(warehouse.PostbackTable) != warehouse.DayAt(h.at()) {
		t.Errorf("oldest: %s, %s", oldest(warehouse.ClickTable), oldest(warehouse.PostbackTable))
	}
	h.pass(24 * time.Hour)
	h.seeTo()
	if oldest(warehouse.ClickTable) != 0 {
		t.Error("clicks are still there")
	}
	// What was given up is not loaded again: it is in the totals already.
	clicks := 0
	h.warehouse.refuse = func(b *warehouse.Batch) error { clicks += len(b.Clicks); return nil }
	h.must(h.Rebuild(t.Context(), nil))
	if clicks != 0 {
		t.Errorf("%d clicks are back", clicks)
	}
}

func TestNoArchive(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.NoArchive = true }).run()
	h.bulk(400)
	h.pass(47 * time.Hour)
	h.seeTo()
	if h.spool.Oldest() != 0 {
		t.Fatal("trimmed within two days")
	}
	h.pass(2 * time.Hour)
	h.seeTo()
	if h.spool.Oldest() == 0 || len(h.warehouse.sealed) != 0 {
		t.Errorf("oldest %d, sealed %v", h.spool.Oldest(), h.warehouse.sealed)
	}
	h.must(h.Rebuild(t.Context(), nil))
	if n := strings.Join(h.Notices(), "\n"); !strings.Contains(n, "were trimmed before they were loaded") {
		t.Errorf("notices %q", n)
	}
}

// A warehouse that is ahead of the spool belongs to another one.
func TestMarkOfAnotherSpool(t *testing.T) {
	h := newHouse(t, nil)
	h.must(h.warehouse.Load(t.Context(), &warehouse.Batch{Source: "spool", Next: 1000}))
	h.click(nil)
	h.run()
	h.catchUp()
	h.want("1 clicks (1 origins, 1 unique), 0 postbacks (0 numbers, 0 calls), 0 conversions (0 known)")
	if h.warehouse.resets != 1 {
		t.Errorf("made anew %d times", h.warehouse.resets)
	}
}

// After the warehouse has begun anew nothing is known to be loaded.
func TestNothingIsSealedWhileMadeAnew(t *testing.T) {
	h := newHouse(t, nil).run()
	h.bulk(400)
	h.seeTo()
	h.pass(3 * 24 * time.Hour)
	h.catchUp()
	h.stop()
	h.must(h.reset(t.Context(), "the test says so", nil))
	h.must(h.warehouse.Load(t.Context(), &warehouse.Batch{Source: "spool", Next: 10, Clicks: []warehouse.Click{{Origin: homing.Origin{Time: noon}}}}))
	h.believe()
	h.must(h.seeToDays(t.Context()))
	if len(h.warehouse.sealed) != 0 || h.spool.Oldest() != 0 {
		t.Errorf("sealed %v, trimmed to %d", h.warehouse.sealed, h.spool.Oldest())
	}
}

// A warehouse that is away for a moment keeps no day open that anybody has to
// hear of.
func TestDaysThatStayOpenAreToldAfterAWhile(t *testing.T) {
	h := newHouse(t, nil).run()
	told := func() bool {
		return strings.Contains(strings.Join(h.Notices(), " "), "days cannot be closed")
	}
	var open openDays
	away := fmt.Errorf("couldn't ask for the first day: %w: its process is away", homing.ErrUnavailable)
	for i := range 5 { // a minute apart, as it is looked at
		open.note(h.Loader, away)
		if told() {
			t.Fatalf("told after %d minutes", i)
		}
		h.pass(time.Minute)
	}
	open.note(h.Loader, away)
	if !told() {
		t.Fatal("not told after five minutes")
	}
	h.pass(time.Minute)
	open.note(h.Loader, nil)
	if told() {
		t.Error("it is told on")
	}
	open.note(h.Loader, away)
	if told() {
		t.Error("the next time away is told at once")
	}
	open.note(h.Loader, fmt.Errorf("couldn't seal: %w", homing.ErrDamaged))
	if !told() {
		t.Error("damage waits")
	}
}
