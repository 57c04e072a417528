package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"

	"homing"
)

// kinds ties the kinds of error to their names and status codes, both ways. An
// error of no kind is a fault of ours.
var kinds = []struct {
	name   string
	status int
	err    error
}{
	{"not_found", http.StatusNotFound, homing.ErrNotFound},
	{"invalid", http.StatusBadRequest, homing.ErrInvalid},
	{"unauthorized", http.StatusForbidden, homing.ErrUnauthorized},
	{"conflict", http.StatusConflict, homing.ErrConflict},
	{"overloaded", http.StatusServiceUnavailable, homing.ErrOverloaded},
	{"unavailable", http.StatusServiceUnavailable, homing.ErrUnavailable},
	{"newer", http.StatusInternalServerError, homing.ErrNewer},
	{"damaged", http.StatusInternalServerError, homing.ErrDamaged},
	{"fault", http.StatusInternalServerError, errFault},
}

var (
	errFault   = errors.New("internal fault")
	errNoRoute = &said{"the server on this data directory is of another version of homing and does not know that; restart it with this one", homing.ErrNotFound}
	errCrowded = &said{"too many commands ask at once; try again in a moment", homing.ErrOverloaded}
	errOffline = &said{"no server runs on this data directory, so there is nothing to follow; start homing serve, or leave out --tail", homing.ErrUnavailable}
	errEnded   = &said{"the server has ended", homing.ErrUnavailable}
)

// problemOf says an error as it crosses the socket. Its text goes whole:
// whoever asks here may know the cause.
func problemOf(err error) (p Problem, status int) {
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			return Problem{k.name, err.Error()}, k.status
		}
	}
	return Problem{"fault", err.Error()}, http.StatusInternalServerError
}

func writeProblem(w http.ResponseWriter, err error) {
	p, status := problemOf(err)
	writeJSON(w, status, p)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	text, err := marshal(v)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"kind":"fault","message":"couldn't write the answer"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	w.Write(text) // fails if the client has gone; there is nobody to tell
}

// marshal writes JSON without \u0026 for &: URLs are full of them, and no
// browser reads this.
func marshal(v any) ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return text.Bytes(), err
}

// said is an error whose text is whole without the name of its kind; all that
// come over the socket are.
type said struct {
	text string
	kind error
}

func (e *said) Error() string { return e.text }
func (e *said) Unwrap() error { return e.kind }

// err turns a problem back into an error of its kind.
func (p Problem) err() error {
	for _, k := range kinds {
		if k.name == p.Kind {
			return &said{p.Message, k.err}
		}
	}
	return &said{p.Message, errFault}
}
