package disk

import (
	"errors"
	"strings"
	"testing"
	"time"

	"homing"
)

func TestForecast(t *testing.T) {
	const hour homing.Millis = 3_600_000
	space := Space{Free: 100 << 30, Total: 500 << 30}
	g := New(func() (Space, error) { return space, nil })
	look := func(at homing.Millis) State {
		s, err := g.Look(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := look(0); s.Full != 0 || !strings.Contains(s.Forecast(), "after an hour") {
		t.Errorf("foretold from nothing: %v", s)
	}
	space.Free = 90 << 30
	if s := look(24 * hour); s.Full < 215*time.Hour || s.Full > 217*time.Hour || s.Forecast() != "At the growth of the last 24 hours it is full in about 9 days." {
		t.Errorf("10 GiB a day with 90 left: %v, %s", s.Full, s.Forecast())
	}
	space.Free = 120 << 30
	if s := look(30 * hour); s.Full != 0 || !strings.Contains(s.Forecast(), "not filled up") {
		t.Errorf("space was made, but %s", s.Forecast())
	}
	space = Space{Free: 1 << 50, Total: 1 << 52}
	g = New(func() (Space, error) { return space, nil })
	look(40 * hour)
	space.Free -= 1 << 12
	if s := look(6 * 24 * hour); s.Full != farthest || !strings.Contains(s.Forecast(), "years") {
		t.Errorf("a huge disk: %v %s", s.Full, s.Forecast())
	}
}

func TestLowAndWell(t *testing.T) {
	for _, c := range []struct {
		free, total int64
		low, well   bool
	}{
		{9 << 30, 100 << 30, true, false},
		{11 << 30, 100 << 30, false, false}, // neither: what stands stays
		{13 << 30, 100 << 30, false, true},
		{1 << 30, 5 << 30, true, false},
		{3 << 30, 5 << 30, false, true},
	} {
		if s := (State{Space: Space{c.free, c.total}}); s.Low() != c.low || s.Well() != c.well {
			t.Errorf("%d of %d GiB: low %v, well %v", c.free>>30, c.total>>30, s.Low(), s.Well())
		}
	}
}

func TestAFailureIsTold(t *testing.T) {
	broken := errors.New("broken")
	if _, err := New(func() (Space, error) { return Space{}, broken }).Look(t.Context(), 1); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// A restart, however long it takes, does not begin the forecast anew.
func TestTheForecastGoesOnAfterARestart(t *testing.T) {
	const hour homing.Millis = 3_600_000
	space := Space{Free: 100 << 30, Total: 500 << 30}
	var kept []Sample
	calls := 0
	start := func() *Gauge {
		g := New(func() (Space, error) { return space, nil })
		g.Remember(kept, func(list []Sample) { kept, calls = list, calls+1 })
		return g
	}
	look := func(g *Gauge, at homing.Millis) State {
		t.Helper()
		s, err := g.Look(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	g := start()
	for at := homing.Millis(0); at <= 24*hour; at += 60_000 {
		space.Free = 100<<30 - int64(at/hour)*(10<<30)/24
		look(g, at)
	}
	if len(kept) != 25 || calls != 25 {
		t.Errorf("%d samples were kept, %d times, in 24 hours", len(kept), calls)
	}
	if s := look(start(), 24*hour+60_000); s.Full < 200*time.Hour || !strings.Contains(s.Forecast(), "the last 24 hours it is full in about 9 days") {
		t.Errorf("right after a restart: %s", s.Forecast())
	}
	// What is older than a week is forgotten, at once.
	if s := look(start(), 9*24*hour); s.Seen != 0 || len(kept) != 1 {
		t.Errorf("after nine days without: %s, %d samples", s.Forecast(), len(kept))
	}
	for name, earlier := range map[string]Sample{
		"another disk": {0, 1 << 40, 2 << 40}, "a clock that was set back": {100 * hour, 200 << 30, 500 << 30},
	} {
		kept = []Sample{earlier}
		if s := look(start(), 10*hour); s.Seen != 0 {
			t.Errorf("foretold from %s: %s", name, s.Forecast())
		}
	}
}
