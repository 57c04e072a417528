package page

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"homing"
)

const (
	// filesAtOnce and filesPerUser are how many files are written at the same time:
	// most keep the reports' engine busy.
	filesAtOnce  = 6
	filesPerUser = 2
	// noteHeader has a note on a file, which has no room for it; it may be repeated,
	// as in the API's files.
	noteHeader = "Homing-Note"
)

// File is an answer that is kept rather than shown. What it is made of goes
// through report.WriteCSV or the report engine, which make it safe to open in a
// spreadsheet.
type File struct {
	// Name is what the browser suggests; of our own words only.
	Name string
	// Kind is the Content-Type.
	Kind string
	// Notes are what a reader of the file must know.
	Notes []string
}

// SendFile answers with what write writes. What goes wrong before the first byte
// is an ordinary page; afterwards the connection breaks off, so that half a file
// never looks like a whole one. The route must last.
func (v *Visit) SendFile(f File, write func(io.Writer) error) error {
	leave, ok := v.house.files.Enter(v.Who.ID)
	if !ok {
		return fmt.Errorf("%w: so many files are being written already", homing.ErrOverloaded)
	}
	defer leave()
	out := &fileWriter{v: v, File: f}
	if v.R.Method == http.MethodHead {
		out.begin()
		return nil
	}
	err := write(out)
	switch {
	case err != nil && out.paced == nil:
		return v.Unwritten(err)
	case err != nil:
		if v.R.Context().Err() == nil {
			v.Log.Warn("a file broke off", "file", f.Name, "error", err)
		}
		panic(http.ErrAbortHandler) // net/http's way to break a connection off
	}
	out.begin() // it may be empty
	return nil
}

// Unwritten answers when a file can't be begun because of err.
func (v *Visit) Unwritten(err error) error {
	if !errors.Is(err, homing.ErrUnavailable) {
		return err
	}
	v.W.Header().Set("Retry-After", "30")
	return v.Show(http.StatusServiceUnavailable, "failure", "No file just now", failurePage{http.StatusServiceUnavailable, "No file just now",
		"Reports are away for the moment, so there is nothing to write the file from. Try again in a moment."})
}

// fileWriter sends the headers of a file before its first byte.
type fileWriter struct {
	v *Visit
	File
	paced *Paced // nil = nothing has gone out
}

func (f *fileWriter) begin() {
	if f.paced != nil {
		return
	}
	f.paced = NewPaced(f.v.W)
	h := f.v.W.Header()
	h.Set("Content-Type", f.Kind)
	h.Set("Content-Disposition", `attachment; filename="`+f.Name+`"`)
	for _, note := range f.Notes {
		h.Add(noteHeader, note)
	}
	f.v.W.WriteHeader(http.StatusOK)
}

func (f *fileWriter) Write(b []byte) (int, error) {
	f.begin()
	return f.paced.Write(b)
}
