package postbacks

import (
	"fmt"
	"net/http"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

const (
	exportsAtOnce  = 4
	exportsPerUser = 2
)

// export writes everything that fits the URL's filters as CSV. What has not been
// loaded yet is not in it.
func (p *places) export(v *page.Visit) error {
	f := readFilters(v)
	if f.list == nil || v.Reports == nil {
		return fmt.Errorf("%w filter", homing.ErrInvalid)
	}
	leave, ok := p.enter(v.Who.ID)
	if !ok {
		return full(v.W)
	}
	defer leave()
	q := *f.list
	q.Limit = 0
	if f.slow() {
		q.Only = f.row
	}
	name := fmt.Sprintf("postbacks-%s-%s.csv", warehouse.DayAt(q.From), warehouse.DayAt(q.Until-1))
	file := &download{paced: newPaced(v.W), name: name}
	if v.R.Method == http.MethodHead {
		file.begin()
		return nil
	}
	err := v.Reports.ExportList(v.R.Context(), f.scope, &q, report.CSV, file, nil)
	switch {
	case isAway(err) && !file.begun:
		v.W.Header().Set("Retry-After", "30")
		http.Error(v.W, "Reports are away for the moment, so there is nothing to export from. Try again in a moment.", http.StatusServiceUnavailable)
		return nil
	case err != nil && !file.begun:
		return err
	case err != nil:
		if v.R.Context().Err() == nil {
			v.Log.Warn("an export of the postback log broke off", "error", err)
		}
		panic(http.ErrAbortHandler) // net/http's way to break a connection off: half a file must not look like a whole one
	}
	file.begin()
	return nil
}

// download sends the headers of a file before its first byte, so that what goes
// wrong before that is an ordinary page.
type download struct {
	*paced
	name  string
	begun bool
}

func (d *download) begin() {
	if d.begun {
		return
	}
	d.begun = true
	h := d.Header()
	h.Set("Content-Type", report.CSV.ContentType())
	h.Set("Content-Disposition", `attachment; filename="`+d.name+`"`)
	d.WriteHeader(http.StatusOK)
}

func (d *download) Write(b []byte) (int, error) {
	d.begin()
	return d.paced.Write(b)
}
