package clickhouse

import (
	"fmt"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/clickhouse/wire"
)

// version is a click as some part of the table has it.
type version struct {
	row   warehouse.Click
	birth birth
}

// versionColumns are what newest takes.
var versionColumns = `"epoch", "src", "first", ` + quoted(clickColumns)

// newest chooses of each click the version that FINAL would leave: the one of the
// highest epoch. Of the same epoch all are alike, but for two things. One that is no
// longer unique, see contest, was written behind the one that was; and what is erased
// is blanked by whoever reads.
type newest struct {
	of map[homing.Origin]version
}

func (n *newest) take(r *wire.Rows) {
	c := cells{rows: r}
	v := version{birth: c.birth()}
	v.row = c.click()
	if n.of == nil {
		n.of = map[homing.Origin]version{}
	}
	if old, ok := n.of[v.row.Origin]; !ok || v.outranks(&old) {
		n.of[v.row.Origin] = v
	}
}

func (v *version) outranks(old *version) bool {
	if v.birth.epoch != old.birth.epoch {
		return v.birth.epoch > old.birth.epoch
	}
	return old.row.Unique && !v.row.Unique
}

// versionsOf asks for the visible versions of one click, in words that the table's
// order knows.
func (st *state) versionsOf(o homing.Origin) string {
	where := fmt.Sprintf("intDiv(at, %d) = %d AND campaign = %d AND at = %d AND node = %d AND seq = %d",
		quarterMillis, int64(o.Time)/quarterMillis, o.Campaign, o.Time, o.Node, o.Seq)
	return fmt.Sprintf("SELECT %s FROM clicks PREWHERE %s WHERE %s", versionColumns, where, st.visible(warehouse.ClickTable))
}
