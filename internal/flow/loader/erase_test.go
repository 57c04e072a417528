package loader

import (
	"fmt"
	"slices"
	"testing"

	"homing/internal/engine/ledger"
)

// What an erasure leaves in the warehouse is what the ledger keeps, and what a
// rebuild would bring.
func TestAnErasureAgreesWithTheLedger(t *testing.T) {
	h := newHouse(t, nil).run()
	click := h.click(nil)
	h.convert(click, "order-1")
	h.convert(h.click(nil), "order-2")
	h.catchUp()
	agree := func() {
		t.Helper()
		h.catchUp()
		all := h.contents().conversions
		i := 0
		for want, err := range h.ledger.Conversions(t.Context(), ledger.ConversionQuery{}) {
			h.must(err)
			if got := all[i].Conversion; fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("\n got %+v\nwant %+v", got, want)
			}
			i++
		}
	}
	h.must(h.catalog.EraseClick(t.Context(), "test", click))
	agree()
	h.must(h.ledger.Apply(t.Context(), ledger.Actor{Name: "test", At: h.at()}, ledger.EraseAccount{Account: h.account.ID, Lead: h.keyring.HashLead}))
	h.must(h.catalog.Reload(t.Context()))
	agree()
	requests := func() (list []string) {
		for _, p := range h.contents().postbacks {
			list = append(list, p.Request.String())
		}
		slices.Sort(list)
		return list
	}
	before := requests()
	h.must(h.Rebuild(t.Context(), nil))
	agree()
	if after := requests(); !slices.Equal(before, after) {
		t.Errorf("requests\n%v after a rebuild\n%v", before, after)
	}
}
