package compare

import (
	"io"
	"strconv"
	"time"

	"homing"
	"homing/internal/flow/catalog"
	"homing/internal/flow/report"
)

var sheetColumns = []report.Column{
	{Name: "line", Kind: report.Number},
	{Name: "click_id", Kind: report.Text},
	{Name: "lead_code", Kind: report.Text},
	{Name: "finding", Kind: report.Text},
	{Name: "explanation", Kind: report.Text},
	{Name: "your_value", Kind: report.Money},
	{Name: "our_value", Kind: report.Money},
	{Name: "status", Kind: report.Text},
	{Name: "arrived_at", Kind: report.Time},
	{Name: "conversion", Kind: report.ID},
	{Name: "request_id", Kind: report.Text},
	{Name: "campaign", Kind: report.ID},
	{Name: "campaign_name", Kind: report.Name},
}

// WriteCSV writes a line for every row, then one for everything that the list
// lacks: a finding and an explanation each, whose times are in the question's
// zone. It is safe to open in a spreadsheet.
func (r *Result) WriteCSV(w io.Writer, view *catalog.View) error {
	return report.WriteCSV(w, sheetColumns, func(yield func([]report.Cell, error) bool) {
		for _, rows := range [][]Row{r.Rows, r.Lacking} {
			for i := range rows {
				if !yield(rows[i].cells(view, r.Zone), nil) {
					return
				}
			}
		}
	})
}

func (r *Row) cells(view *catalog.View, zone *time.Location) []report.Cell {
	text := func(s string) report.Cell { return report.Cell{Text: s} }
	line, id, campaign, name := "", r.Cell, "", ""
	if r.Number > 0 {
		line = strconv.Itoa(r.Number)
	}
	if r.Found {
		id = r.Click.String()
	}
	if r.Campaign != 0 {
		campaign = r.Campaign.String()
		if c := view.Campaign(r.Campaign); c != nil {
			name = c.Name
		}
	}
	status, arrived, conversion, request := "", "", "", ""
	if k := r.Conversion; k != nil {
		status, arrived, conversion = k.Status.String(), k.At.String(), k.ID.String()
		if k.Request != (homing.RequestID{}) {
			request = k.Request.String()
		}
	} else if r.Call != nil {
		arrived, request = r.Call.At.String(), r.Call.Request.String()
	}
	return []report.Cell{
		text(line), text(id), text(r.Lead), text(r.Finding.String()), text(r.Explain(zone)), text(r.Value.String()),
		text(r.Ours().String()), text(status), text(arrived), text(conversion), text(request), text(campaign), text(name),
	}
}
