package conversions

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// export streams everything that the filter covers as a file.
func (s *screen) export(v *page.Visit) error {
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
	select {
	case s.files <- struct{}{}:
		defer func() { <-s.files }()
	default:
		return fmt.Errorf("%w: %d files are being written already", homing.ErrOverloaded, maxFiles)
	}
	notes, err := v.Reports.ListNotes(v.R.Context(), scope(v), a.question)
	if away(err) {
		return v.See(with(v, "format", "")) // the list says so
	}
	if err != nil {
		return err
	}
	file := &fileWriter{v: v, kind: format.ContentType(), name: name, notes: notes}
	err = v.Reports.ExportList(v.R.Context(), scope(v), a.question, format, file, nil)
	switch {
	case err != nil && !file.begun:
		return err
	case err != nil:
		if !errors.Is(err, context.Canceled) {
			v.Log.Warn("an export broke off", "error", err)
		}
		panic(http.ErrAbortHandler) // so that half a file never looks like a whole one
	}
	file.begin()
	return nil
}

// stall is how long the reader of a file may pause.
const stall = 30 * time.Second

// fileWriter sends the headers of a file before its first byte. The listener's
// own deadline is for pages; here each piece has one, so that a file may be large
// and its reader not asleep.
type fileWriter struct {
	v          *page.Visit
	kind, name string
	notes      []string
	begun      bool
}

// noteHeader has what a reader of the file must know, as the API's files have
// it; it may be repeated.
const noteHeader = "Homing-Note"

var _ io.Writer = (*fileWriter)(nil)

func (f *fileWriter) begin() {
	if f.begun {
		return
	}
	f.begun = true
	h := f.v.W.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Content-Disposition", `attachment; filename="`+f.name+`"`)
	for _, note := range f.notes {
		h.Add(noteHeader, note)
	}
	f.v.W.WriteHeader(http.StatusOK)
}

func (f *fileWriter) Write(b []byte) (int, error) {
	control := http.NewResponseController(f.v.W)
	if !f.begun {
		// A writer without deadlines, in a test, has none to lift.
		_ = control.SetWriteDeadline(time.Time{})
		f.begin()
	}
	asleep := time.AfterFunc(stall, func() { _ = control.SetWriteDeadline(time.Unix(1, 0)) })
	defer asleep.Stop()
	return f.v.W.Write(b)
}
