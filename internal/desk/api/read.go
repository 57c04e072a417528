package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"homing"
	"homing/internal/flow/catalog"
	"homing/internal/flow/report"
)

// maxBody bounds a body, in bytes.
const maxBody = 1 << 20

var errBodySize = errors.New("body too large")

// read reads the body: one JSON object, with known fields only. An empty body
// is an empty object. The errors do not quote it: it may hold a key.
func read[T any](c *call) (into T, err error) {
	text, err := io.ReadAll(c.r.Body)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return into, errBodySize
	case err != nil:
		return into, fmt.Errorf("%w body: it could not be read whole", homing.ErrInvalid)
	case len(text) == 0:
		return into, nil
	}
	if media, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return into, refuse(http.StatusUnsupportedMediaType, "media-type", "The body is of another type", "Send JSON, with Content-Type: application/json.")
	}
	if err := catalog.ReadObject(text, &into); err != nil {
		return into, fmt.Errorf("%w body: %w", homing.ErrInvalid, err)
	}
	return into, nulls(text, &into)
}

// clearable is a body some of whose fields may be null: that clears them.
type clearable interface {
	// clear notes that a field is null; false if it may not be.
	clear(field string) bool
}

// nulls finds the fields that a body gives as null. To take them for left out
// would be to do nothing, and to say that it is done.
func nulls(text []byte, body any) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return fmt.Errorf("%w body: %w", homing.ErrInvalid, err) // was read before
	}
	var p params
	for name, value := range members {
		if string(value) != "null" {
			continue
		}
		if b, ok := body.(clearable); !ok || !b.clear(name) {
			p.fail(name, "it cannot be null: leave it out to keep what it is")
		}
	}
	return p.err()
}

// query reads the parameters of a request. url.Query would drop in silence what
// does not parse.
func (c *call) query() (url.Values, error) {
	values, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("%w query: it does not parse; write & between parameters, and %%XX for what is not a letter or digit", homing.ErrInvalid)
	}
	return values, nil
}

// params reads single parameters of a query. What is unknown or given twice is
// refused. All faults are told at once.
type params struct {
	values url.Values
	faults []report.Fault
}

func (c *call) params() (*params, error) {
	values, err := c.query()
	if err != nil {
		return nil, err
	}
	p := &params{values: values}
	known := []string{}
	for _, q := range c.route.params {
		known = append(known, q.name)
	}
	for name, given := range values {
		switch {
		case !slices.Contains(known, name):
			p.faults = append(p.faults, report.Fault{Field: name, Problem: "it is not known here", Allowed: known})
		case len(given) > 1:
			p.fail(name, "it is given twice")
		}
	}
	return p, nil
}

func (p *params) fail(field, problem string) {
	p.faults = append(p.faults, report.Fault{Field: field, Problem: problem})
}

func (p *params) err() error {
	if len(p.faults) == 0 {
		return nil
	}
	slices.SortFunc(p.faults, func(a, b report.Fault) int { return strings.Compare(a.Field, b.Field) })
	return &report.Faults{List: p.faults}
}

// number reads a whole number in its one spelling; otherwise if it is not given.
func (p *params) number(name string, otherwise, least, most int64) int64 {
	text := p.values.Get(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != text || n < least || n > most {
		p.fail(name, fmt.Sprintf("want a whole number from %d to %d", least, most))
		return otherwise
	}
	return n
}

// duration reads a length of time up to most.
func (p *params) duration(name string, most time.Duration) time.Duration {
	text := p.values.Get(name)
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > most {
		p.fail(name, fmt.Sprintf("want a length of time up to %s, such as 30s", most))
	}
	return d
}
