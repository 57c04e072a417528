package postbacks

import (
	"fmt"
	"io"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// export writes everything that fits the URL's filters as CSV. What has not been
// loaded yet is not in it.
func export(v *page.Visit) error {
	f := readFilters(v)
	if f.list == nil || v.Reports == nil {
		return fmt.Errorf("%w filter", homing.ErrInvalid)
	}
	q := *f.list
	q.Limit = 0
	if f.slow() {
		q.Only = f.row
	}
	name := fmt.Sprintf("postbacks-%s-%s.csv", warehouse.DayAt(q.From), warehouse.DayAt(q.Until-1))
	return v.SendFile(page.File{Name: name, Kind: report.CSV.ContentType()}, func(w io.Writer) error {
		return v.Reports.ExportList(v.R.Context(), f.scope, &q, report.CSV, w, nil)
	})
}
