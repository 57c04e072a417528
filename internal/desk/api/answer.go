package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
)

// write answers with JSON.
func (c *call) write(status int, v any) error {
	writeJSON(c.w, status, "application/json; charset=utf-8", v)
	return nil
}

// linkNext tells, as RFC 8288 has it, where a list goes on: at the same address,
// with a parameter set to the cursor.
func (c *call) linkNext(name, cursor string) {
	if cursor == "" {
		return
	}
	q := c.r.URL.Query()
	q.Set(name, cursor)
	next := url.URL{Path: c.r.URL.Path, RawPath: c.r.URL.RawPath, RawQuery: q.Encode()}
	c.w.Header().Set("Link", "<"+next.String()+`>; rel="next"`)
}

func writeJSON(w http.ResponseWriter, status int, media string, v any) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false) // URLs are full of &, and no browser reads this
	if err := e.Encode(v); err != nil {
		panic("api: an answer cannot be written as JSON: " + err.Error()) // its type is ours
	}
	w.Header().Set("Content-Type", media)
	w.WriteHeader(status)
	w.Write(text.Bytes()) // fails if the client has gone; there is nobody to tell
}
