package loader

import (
	"strings"
	"testing"
	"time"

	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/warehousetest"
)

// trimmedHouse has loaded, sealed and trimmed three days.
func trimmedHouse(t *testing.T) *house {
	h := newHouse(t, nil).run()
	for range 3 {
		h.bulk(400)
		h.pass(24 * time.Hour)
		h.seeTo()
	}
	h.bulk(1)
	h.pass(24 * time.Hour)
	h.seeTo()
	if h.spool.Oldest() == 0 {
		t.Fatal("nothing was trimmed")
	}
	return h
}

func (h *house) gaps() []warehouse.Gap {
	h.t.Helper()
	a, err := h.warehouse.Ask(h.t.Context(), &warehouse.Query{From: noon - 1000, Until: h.at(), Measures: warehouse.SetOf(warehouse.Clicks)})
	h.must(err)
	return a.Gaps
}

// The warehouse is gone with its seals: what the spool has is in reports, and
// what it has not is told, also after a restart.
func TestALostWarehouseIsTold(t *testing.T) {
	h := trimmedHouse(t)
	h.stop()
	h.warehouse.Model = warehousetest.NewModel()
	h.again()
	h.catchUp()
	whole := h.firstWhole(t.Context(), h.spool.Oldest())
	if g := h.gaps(); len(g) != 1 || !g[0].Lost || g[0].From != warehouse.Ever || g[0].Before != whole {
		t.Errorf("gaps %+v, the first whole day is %s", g, whole)
	}
	if n := strings.Join(h.Notices(), "\n"); !strings.Contains(n, "were trimmed before they were loaded") {
		t.Errorf("notices %q", n)
	}
}

// Days that came from seals are not lost, and one whose seal is gone is.
func TestALostSealIsTold(t *testing.T) {
	h := trimmedHouse(t)
	h.must(h.Rebuild(t.Context(), nil))
	if g := h.gaps(); len(g) != 0 {
		t.Errorf("gaps %+v", g)
	}
	first := warehouse.DayAt(noon)
	h.stop()
	h.warehouse.LoseSeal(first + 1)
	h.must(h.warehouse.Model.Reset(t.Context(), nil))
	h.again()
	h.catchUp()
	if g := h.gaps(); len(g) != 1 || g[0].From != first+1 || g[0].Before != first+2 {
		t.Errorf("gaps %+v", g)
	}
}

// A crash before it could be told does not make it forgotten.
func TestALossIsToldAfterACrash(t *testing.T) {
	h := trimmedHouse(t)
	h.stop()
	h.warehouse.Model = warehousetest.NewModel()
	h.again()
	h.catchUp()
	h.warehouse.ForgetLosses()
	mark, err := h.warehouse.Mark(t.Context(), "spool")
	h.must(err)
	if !strings.Contains(string(mark.State), `"lost"`) {
		t.Errorf("state %s", mark.State)
	}
	h.again()
	h.catchUp()
	if len(h.gaps()) != 1 {
		t.Errorf("gaps %+v", h.gaps())
	}
}
