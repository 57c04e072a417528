package conversions

import (
	"fmt"
	"io"
	"math"
	"net/http"

	"homing/internal/desk/panel/page"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// export streams everything that the filter covers as a file.
func export(v *page.Visit) error {
	a := ask(v, report.Defaults{MaxLimit: math.MaxInt32})
	if a.question == nil {
		return v.Show(http.StatusUnprocessableEntity, "conversions", "Conversions", listPage{Faults: a.faults, Filter: filterOf(v, &a)})
	}
	format := report.CSV
	if text := v.R.URL.Query().Get("format"); text != "" {
		var err error
		if format, err = report.ParseFormat(text); err != nil {
			return err
		}
	}
	a.question.After = nil
	name := fmt.Sprintf("homing-conversions-%s-%s.%s", warehouse.DayAt(a.question.From), warehouse.DayAt(a.question.Until-1), format)
	notes, err := v.Reports.ListNotes(v.R.Context(), scope(v), a.question)
	if page.Away(err) {
		return v.See(with(v, "format", "")) // the list says so
	}
	if err != nil {
		return err
	}
	return v.SendFile(page.File{Name: name, Kind: format.ContentType(), Notes: notes}, func(w io.Writer) error {
		return v.Reports.ExportList(v.R.Context(), scope(v), a.question, format, w, nil)
	})
}
