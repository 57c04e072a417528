package warehousetest

import (
	"context"
	"testing"

	"homing/internal/engine/warehouse"
)

// Verify implements warehouse.Keeper. A model is never damaged, unless a test
// says so, see Flaws.
func (m *Model) Verify(ctx context.Context, progress warehouse.Progress) ([]warehouse.Flaw, error) {
	if progress != nil {
		progress("days of the warehouse", 1, 1)
	}
	return m.Flaws, ctx.Err()
}

// testVerify: whatever was done, as long as it was done by the contract, nothing
// is wrong.
func testVerify(t *testing.T, w warehouse.Warehouse) {
	ctx := t.Context()
	sound := func(after string) {
		t.Helper()
		told := false
		flaws, err := w.Verify(ctx, func(string, int64, int64) { told = true })
		must(t, err)
		equal(t, "flaws after "+after, len(flaws), 0)
		for _, f := range flaws {
			t.Errorf("%+v", f)
		}
		equal(t, "progress", told || after == "nothing", true)
	}
	sound("nothing")
	b := twoDays(t, w)
	sound("a load")
	today := warehouse.DayAt(Noon)
	must(t, w.Seal(ctx, today-1))
	must(t, w.Seal(ctx, today))
	sound("seals")
	load(t, w, "spool/1", warehouse.Batch{Clicks: []warehouse.Click{Click(30, Noon)}})
	sound("rows behind a seal")
	must(t, w.Erase(ctx, warehouse.Erasure{Click: b.Clicks[1].Origin}))
	sound("an erasure")
	must(t, w.Reset(ctx, nil))
	sound("a reset")
	must(t, w.Seal(ctx, today))
	must(t, w.Drop(ctx, warehouse.ClickTable, today))
	must(t, w.Drop(ctx, warehouse.PostbackTable, today-1))
	sound("giving up")
	must(t, w.Erase(ctx, warehouse.Erasure{Account: 1}))
	sound("an erasure of an account")
}
