package reports

import (
	"fmt"
	"io"

	"homing/internal/desk/panel/page"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// file answers with all rows of a question.
func file(v *page.Visit) error {
	asked := v.R.URL.Query()
	format, err := report.ParseFormat(asked.Get("format"))
	if err != nil {
		return err
	}
	q, err := questionOf(v, asked)
	if err != nil {
		return err
	}
	scope := scopeOf(v)
	notes, err := v.Reports.ExportNotes(v.R.Context(), scope, q)
	if err != nil {
		return v.Unwritten(err)
	}
	name := fmt.Sprintf("homing-report-%s-%s.%s", warehouse.DayAt(q.From), warehouse.DayAt(q.Until-1), format)
	return v.SendFile(page.File{Name: name, Kind: format.ContentType(), Notes: notes}, func(w io.Writer) error {
		return v.Reports.Export(v.R.Context(), scope, q, format, w, nil)
	})
}
