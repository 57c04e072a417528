package reports

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// noteHeader has what a reader of the file must know, as the API's files have
// it; it may be repeated.
const noteHeader = "Homing-Note"

// pace is how long one write to the client may take.
const pace = 30 * time.Second

// file answers with all rows of a question. What goes wrong before the first
// byte is an ordinary page; afterwards the connection breaks off, so that half a
// file never looks like a whole one.
func (s *screen) file(v *page.Visit) error {
	asked := v.R.URL.Query()
	format, err := report.ParseFormat(asked.Get("format"))
	if err != nil {
		return err
	}
	q, err := questionOf(v, asked)
	if err != nil {
		return err
	}
	select {
	case s.files <- struct{}{}:
		defer func() { <-s.files }()
	default:
		return fmt.Errorf("%w: %d files are being written already", homing.ErrOverloaded, maxFiles)
	}
	ctx, cancel := context.WithCancel(v.R.Context())
	defer cancel()
	scope := scopeOf(v)
	notes, err := v.Reports.ExportNotes(ctx, scope, q)
	if err != nil {
		return err
	}
	out := &download{ResponseWriter: v.W, control: http.NewResponseController(v.W), format: format, notes: notes,
		name: fmt.Sprintf("homing-report-%s-%s.%s", warehouse.DayAt(q.From), warehouse.DayAt(q.Until-1), format)}
	err = v.Reports.Export(ctx, scope, q, format, out, nil)
	switch {
	case err != nil && !out.begun:
		return err
	case err != nil:
		if !errors.Is(err, context.Canceled) {
			v.Log.Warn("a file broke off", "error", err)
		}
		panic(http.ErrAbortHandler) // net/http's way to break a connection off
	}
	out.begin()
	return nil
}

// download sends the headers of a file before its first byte, and bounds how
// long a client may keep a write waiting.
type download struct {
	http.ResponseWriter
	control *http.ResponseController
	format  report.Format
	name    string
	notes   []string
	begun   bool
}

func (d *download) begin() {
	if d.begun {
		return
	}
	d.begun = true
	h := d.Header()
	h.Set("Content-Type", d.format.ContentType())
	h.Set("Content-Disposition", `attachment; filename="`+d.name+`"`)
	for _, note := range d.notes {
		h.Add(noteHeader, note)
	}
	d.WriteHeader(http.StatusOK)
}

// Write sends a piece. The listener's own deadline is for pages; here each piece
// has one, so that a file may be large and its reader not asleep.
func (d *download) Write(b []byte) (int, error) {
	if !d.begun {
		// A writer without deadlines, in a test, has none to lift.
		_ = d.control.SetWriteDeadline(time.Time{})
		d.begin()
	}
	asleep := time.AfterFunc(pace, func() { _ = d.control.SetWriteDeadline(time.Unix(1, 0)) })
	defer asleep.Stop()
	return d.ResponseWriter.Write(b)
}
