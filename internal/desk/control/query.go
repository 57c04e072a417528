package control

import (
	"encoding"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"homing"
)

// query reads a request's query. What is unknown or repeated is refused. The
// first fault is kept in err; after it everything reads as not given.
type query struct {
	values url.Values
	err    error
}

func queryOf(r *http.Request, known ...string) *query {
	values, err := url.ParseQuery(r.URL.RawQuery)
	q := &query{values: values}
	if err != nil {
		q.fail("query", err)
	}
	for name, given := range values {
		switch {
		case !slices.Contains(known, name):
			q.fail(name, fmt.Errorf("%w: it is not known here", homing.ErrInvalid))
		case len(given) > 1:
			q.fail(name, fmt.Errorf("%w: it is given twice", homing.ErrInvalid))
		}
	}
	return q
}

func (q *query) fail(name string, err error) {
	if q.err == nil {
		q.err, q.values = fmt.Errorf("%s: %w", name, invalidJSON(err)), nil
	}
}

func queryNumber[T ~uint32](q *query, name string) T {
	text := q.values.Get(name)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		q.fail(name, fmt.Errorf("%w number %q", homing.ErrInvalid, text))
	}
	return T(n)
}

// word reads one of an enumeration.
func (q *query) word(name string, into encoding.TextUnmarshaler) {
	if text := q.values.Get(name); text != "" {
		if err := into.UnmarshalText([]byte(text)); err != nil {
			q.fail(name, err)
		}
	}
}

func (q *query) moment(name string) homing.Millis {
	text := q.values.Get(name)
	if text == "" {
		return 0
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		q.fail(name, fmt.Errorf("%w time %q: want RFC 3339, such as 2026-01-31T12:00:00Z", homing.ErrInvalid, text))
		return 0
	}
	return homing.MillisOf(at)
}

// MaxLimit bounds how many newest entries can be asked for: they are held in
// memory.
const MaxLimit = 100_000

func (q *query) limit() int {
	n := queryNumber[uint32](q, "limit")
	if n > MaxLimit {
		q.fail("limit", fmt.Errorf("%w number %d: the largest is %d", homing.ErrInvalid, n, MaxLimit))
	}
	return int(n)
}
