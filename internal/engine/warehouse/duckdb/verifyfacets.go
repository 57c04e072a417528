package duckdb

import (
	"context"
	"fmt"
	"strings"

	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
)

// mostNamed is how many conversions of a day are named.
const mostNamed = 5

// differingFacets finds the conversions of a day's clicks that have other facets
// than these, and names which. An erasure that was cut short has blanked some of
// both, and is finished first.
var differingFacets = func() string {
	var differ, which []string
	for _, name := range facetNames() {
		is := fmt.Sprintf(`c.%[1]s <> k.%[1]s`, `"`+name+`"`)
		differ = append(differ, is)
		which = append(which, fmt.Sprintf(`CASE WHEN %s THEN '%s' END`, is, name))
	}
	return `SELECT c.id, concat_ws(', ', ` + strings.Join(which, ", ") + `), count(*) OVER ()
		FROM conversions c JOIN clicks k ON c.click_at = k."at" AND c.node = k.node AND c.seq = k.seq AND c.campaign = k.campaign
		WHERE c.known = 1 AND c.click_at >= ? AND c.click_at < ? AND k."at" >= ? AND k."at" < ?
			AND NOT EXISTS (SELECT 1 FROM erasures WHERE done = 0) AND (` + strings.Join(differ, " OR ") + `)
		ORDER BY c.id LIMIT ` + fmt.Sprint(mostNamed)
}()

// facets compares the conversions of a day's clicks with the clicks, in one
// statement, and so at one moment.
func (v *verifying) facets(ctx context.Context, day warehouse.Day) error {
	var named []string
	all := int64(0)
	from, until := int64(day.Start()), int64((day + 1).Start())
	err := each(ctx, v.w.child, func(r *process.Rows) {
		named = append(named, fmt.Sprintf("conversion %d (%s)", r.Int(0), r.Text(1)))
		all = r.Int(2)
	}, differingFacets, from, until, from, until)
	if err != nil {
		return v.broken(tableAt{day, warehouse.ConversionTable}, err)
	}
	if all == 0 {
		return nil
	}
	if more := all - int64(len(named)); more > 0 {
		named = append(named, fmt.Sprintf("%d more", more))
	}
	v.found(warehouse.Flaw{Kind: warehouse.FacetsDiffer, Table: warehouse.ConversionTable, Day: day, File: fileName,
		What: "conversions of that day's clicks stand under other facets than the clicks: " + strings.Join(named, ", ")})
	return nil
}
