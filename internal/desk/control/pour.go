package control

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
)

// A pour is an answer of bytes that is sent as it is made: a file, however long.
// What went wrong in its midst stands behind it, in a trailer, and an answer
// that breaks off is an error of HTTP: half a file never looks like a whole one.
type pour struct {
	w     http.ResponseWriter
	kind  string // media type
	notes []string
	wrote bool
}

const (
	noteHeader     = "Homing-Note"    // may be repeated
	problemTrailer = "Homing-Problem" // a Problem
)

// begin tells what is coming. Until something is written an error is still an
// ordinary problem.
func (p *pour) begin(kind string, notes []string) { p.kind, p.notes = kind, notes }

func (p *pour) Write(b []byte) (int, error) {
	p.header()
	return p.w.Write(b)
}

func (p *pour) header() {
	if p.wrote {
		return
	}
	p.wrote = true
	p.w.Header().Set("Content-Type", p.kind)
	for _, note := range p.notes {
		p.w.Header().Add(noteHeader, url.PathEscape(note))
	}
	// Declared now, so that the answer is sent in pieces and has an end of its own.
	p.w.Header().Set("Trailer", problemTrailer)
	p.w.WriteHeader(http.StatusOK)
}

// poured adapts an answer that is a pour.
func poured(answer func(r *http.Request, out *pour) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		out := &pour{w: w, kind: "application/octet-stream"}
		err := answer(r, out)
		switch {
		case err != nil && !out.wrote:
			writeProblem(w, err)
		case err != nil:
			p, _ := problemOf(err)
			text, _ := json.Marshal(p) // two strings
			w.Header().Set(problemTrailer, url.PathEscape(string(text)))
		default:
			out.header()
		}
	}
}

// drink reads a pour into w and tells the notes that came with it.
func (c *Client) drink(ctx context.Context, path string, values url.Values, w io.Writer) (notes []string, err error) {
	answer, err := c.answer(ctx, "GET", path+"?"+values.Encode(), nil)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	for _, note := range answer.Header.Values(noteHeader) {
		if text, err := url.PathUnescape(note); err == nil {
			notes = append(notes, text)
		}
	}
	to := &sink{w: w}
	if _, err := io.Copy(to, answer.Body); err != nil {
		if to.err != nil {
			return notes, to.err
		}
		return notes, lost(ctx, err)
	}
	text, err := url.PathUnescape(answer.Trailer.Get(problemTrailer))
	if err != nil || text == "" {
		return notes, err
	}
	var p Problem
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return notes, lost(ctx, err)
	}
	return notes, p.err()
}

// sink keeps the error of writing, which is the asker's and not the server's.
type sink struct {
	w   io.Writer
	err error
}

func (s *sink) Write(b []byte) (n int, err error) {
	n, s.err = s.w.Write(b)
	return n, s.err
}
