package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// Reports answer reports and lists, see report.Engine. Parameters are those of
// the API, under the same names.
type Reports interface {
	Report(ctx context.Context, scope report.Scope, q *report.Question) (*report.Table, error)
	Export(ctx context.Context, scope report.Scope, q *report.Question, f report.Format, w io.Writer, progress report.Progress) error
	ExportNotes(ctx context.Context, scope report.Scope, q *report.Question) ([]string, error)
	ListNotes(ctx context.Context, scope report.Scope, q *report.ListQuestion) ([]string, error)
	ExportList(ctx context.Context, scope report.Scope, q *report.ListQuestion, f report.Format, w io.Writer, progress report.Progress) error
}

var _ Reports = (*report.Engine)(nil)

// everything is what may be seen here.
var everything = report.Scope{}

// catchUpTime is how long an answer waits for the warehouse to have what was
// acknowledged before the question.
const catchUpTime = 10 * time.Second

// catchUp waits for the loader, and says how far it is behind if it takes too
// long: an answer that lacks something says so.
func (d desk) catchUp(ctx context.Context) (notes []string, err error) {
	if d.Loader == nil {
		return nil, nil
	}
	bounded, cancel := context.WithTimeout(ctx, catchUpTime)
	defer cancel()
	switch err := d.Loader.CatchUp(bounded); {
	case err == nil:
		return nil, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, homing.ErrUnavailable):
		return nil, fmt.Errorf("couldn't bring the warehouse up to now: %w", err)
	}
	note := "These figures lack the latest: the warehouse has not loaded everything yet."
	if d.Lag != nil {
		lag := d.Lag()
		note = fmt.Sprintf("These figures lack the latest: %d clicks and postbacks are not loaded yet, and reports are %d s behind.",
			lag.Records, lag.Seconds)
		if lag.Trouble != "" {
			note += " The reason: " + lag.Trouble
		}
	}
	return []string{note}, nil
}

// defaults are what a question takes for granted.
func (d desk) defaults() report.Defaults {
	o := report.Defaults{Now: homing.MillisOf(d.Clock())}
	if d.Zone != nil {
		o.Zone = d.Zone()
	}
	return o
}

// parameters are a request's query, repeats kept.
func parameters(r *http.Request) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("%w query: %w", homing.ErrInvalid, err)
	}
	return values, nil
}

// question reads a report's question, and then waits for the loader: who asks
// wrongly is told at once.
func (d desk) question(r *http.Request) (q *report.Question, notes []string, err error) {
	values, err := parameters(r)
	if err != nil {
		return nil, nil, err
	}
	if q, err = report.Parse(values, d.defaults()); err != nil {
		return nil, nil, err
	}
	if d.Reports == nil {
		return nil, nil, d.noWarehouse()
	}
	notes, err = d.catchUp(r.Context())
	return q, notes, err
}

func (d desk) report(r *http.Request) (any, error) { return d.table(r) }

func (d desk) table(r *http.Request) (*report.Table, error) {
	q, notes, err := d.question(r)
	if err != nil {
		return nil, err
	}
	t, err := d.Reports.Report(r.Context(), everything, q)
	if err != nil {
		return nil, err
	}
	t.Notes = append(notes, t.Notes...)
	return t, nil
}

// asText is the format of a report for people.
const asText = "table"

// exportReport writes a report as text, or as a file.
func (d desk) exportReport(r *http.Request, out *pour) error {
	if r.PathValue("format") == asText {
		t, err := d.table(r)
		if err != nil {
			return err
		}
		out.begin("text/plain; charset=utf-8", nil)
		return t.WriteText(out)
	}
	format, err := report.ParseFormat(r.PathValue("format"))
	if err != nil {
		return err
	}
	q, notes, err := d.question(r)
	if err != nil {
		return err
	}
	more, err := d.Reports.ExportNotes(r.Context(), everything, q)
	if err != nil {
		return err
	}
	out.begin(format.ContentType(), append(notes, more...))
	return d.Reports.Export(r.Context(), everything, q, format, out, nil)
}

var tables = []warehouse.Table{warehouse.ClickTable, warehouse.PostbackTable, warehouse.ConversionTable}

// exportList writes clicks, postbacks or conversions as a file.
func (d desk) exportList(r *http.Request, out *pour) error {
	format, err := report.ParseFormat(r.PathValue("format"))
	if err != nil {
		return err
	}
	values, err := parameters(r)
	if err != nil {
		return err
	}
	for _, table := range tables {
		if table.String() != r.PathValue("table") {
			continue
		}
		o := d.defaults()
		o.MaxLimit = math.MaxInt32 // a file has no pages
		q, err := report.ParseList(table, values, o)
		if err != nil {
			return err
		}
		if d.Reports == nil {
			return d.noWarehouse()
		}
		notes, err := d.catchUp(r.Context())
		if err != nil {
			return err
		}
		more, err := d.Reports.ListNotes(r.Context(), everything, q)
		if err != nil {
			return err
		}
		out.begin(format.ContentType(), append(notes, more...))
		return d.Reports.ExportList(r.Context(), everything, q, format, out, nil)
	}
	return fmt.Errorf("%w list %q: want clicks, postbacks or conversions", homing.ErrInvalid, r.PathValue("table"))
}
