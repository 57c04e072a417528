package api

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// defaults are what a question takes for granted.
func (c *call) defaults() report.Defaults {
	o := report.Defaults{Now: c.now}
	if c.api.Zone != nil {
		o.Zone = c.api.Zone()
	}
	return o
}

// format takes format= out of the parameters: 0 is JSON.
func format(values url.Values) (report.Format, error) {
	given := values["format"]
	delete(values, "format")
	if len(given) > 1 {
		return 0, wrongField("format", "it is given twice")
	}
	if len(given) == 0 || given[0] == "" || given[0] == "json" {
		return 0, nil
	}
	f, err := report.ParseFormat(given[0])
	if err != nil {
		return 0, wrongField("format", "it is none that is known", formats...)
	}
	return f, nil
}

var formats = append([]string{"json"}, report.FormatNames()...)

func answerReport(c *call) error {
	values, err := c.query()
	if err != nil {
		return err
	}
	f, err := format(values)
	if err != nil {
		return err
	}
	q, err := report.Parse(values, c.defaults())
	if err != nil {
		return err
	}
	if f != 0 {
		return c.export("report", f, q.From, q.Until, func(ctx context.Context) ([]string, error) {
			return c.api.Reports.ExportNotes(ctx, c.scope(), q)
		}, func(ctx context.Context, w io.Writer) error {
			return c.api.Reports.Export(ctx, c.scope(), q, f, w, nil)
		})
	}
	return c.ask(func(ctx context.Context) error {
		table, err := c.api.Reports.Report(ctx, c.scope(), q)
		if err != nil {
			return err
		}
		return c.write(http.StatusOK, table)
	})
}

// list answers a page, or all rows as a file.
func list[T report.Click | report.Postback | report.Conversion](table warehouse.Table,
	page func(Reports, context.Context, report.Scope, *report.ListQuestion) (*report.Page[T], error)) func(*call) error {
	return func(c *call) error {
		values, err := c.query()
		if err != nil {
			return err
		}
		f, err := format(values)
		if err != nil {
			return err
		}
		given := c.defaults()
		if f != 0 {
			given.MaxLimit = math.MaxInt32 // a file has no pages
		}
		q, err := report.ParseList(table, values, given)
		if err != nil {
			return err
		}
		if f != 0 {
			return c.export(table.String(), f, q.From, q.Until, func(ctx context.Context) ([]string, error) {
				return c.api.Reports.ListNotes(ctx, c.scope(), q)
			}, func(ctx context.Context, w io.Writer) error {
				return c.api.Reports.ExportList(ctx, c.scope(), q, f, w, nil)
			})
		}
		return c.ask(func(ctx context.Context) error {
			found, err := page(c.api.Reports, ctx, c.scope(), q)
			if err != nil {
				return err
			}
			c.linkNext("cursor", found.Next)
			return c.write(http.StatusOK, found)
		})
	}
}

// noteHeader has a note on a file, which has no room for it; it may be repeated.
const noteHeader = "Homing-Note"

// export streams a file, with what its reader must know in the headers. What goes wrong before the first byte is an ordinary
// problem; afterwards the connection breaks off, so that half a file never looks
// like a whole one.
func (c *call) export(what string, f report.Format, from, until homing.Millis,
	tell func(context.Context) ([]string, error), write func(context.Context, io.Writer) error) error {
	leave, err := c.enter(c.api.exports)
	if err != nil {
		return err
	}
	defer leave()
	c.lift()
	notes, err := tell(c.ctx)
	if err != nil {
		return err
	}
	file := &fileWriter{ResponseWriter: c.w, media: f.ContentType(), name: fmt.Sprintf("homing-%s-%s-%s.%s", what,
		warehouse.DayAt(from), warehouse.DayAt(until-1), f), notes: notes}
	err = write(c.ctx, file)
	switch {
	case err != nil && !file.begun:
		return err
	case err != nil:
		if c.ctx.Err() == nil {
			c.api.Log.Warn("an export broke off", "route", c.route.name(), "error", err)
		}
		panic(http.ErrAbortHandler) // net/http's way to break a connection off
	}
	file.begin()
	return nil
}

// fileWriter sends the headers of a file before its first byte.
type fileWriter struct {
	http.ResponseWriter
	media, name string
	notes       []string
	begun       bool
}

func (f *fileWriter) begin() {
	if f.begun {
		return
	}
	f.begun = true
	f.Header().Set("Content-Type", f.media)
	f.Header().Set("Content-Disposition", `attachment; filename="`+f.name+`"`)
	for _, note := range f.notes {
		f.Header().Add(noteHeader, note) // they are ASCII
	}
	f.WriteHeader(http.StatusOK)
}

func (f *fileWriter) Write(b []byte) (int, error) {
	f.begin()
	return f.ResponseWriter.Write(b)
}

// ClickStory is a click with what came of it.
type ClickStory struct {
	Click report.Click `json:"click"`
	// Conversions are the ledger's, as they stand now.
	Conversions []Conversion `json:"conversions"`
}

// showClick finds the click in the warehouse and its conversions in the ledger.
func showClick(c *call) error {
	if values, err := c.query(); err != nil {
		return err
	} else if len(values) > 0 {
		return wrongField(firstName(values), "it is not known here")
	}
	q, err := report.ParseList(warehouse.ClickTable, url.Values{
		"click_id": {c.click.String()}, "from": {c.origin.Time.String()}, "to": {(c.origin.Time + 1).String()},
	}, c.defaults())
	if err != nil {
		return err
	}
	return c.ask(func(ctx context.Context) error {
		page, err := c.api.Reports.Clicks(ctx, c.scope(), q)
		if err != nil {
			return err
		}
		if len(page.Rows) == 0 {
			if homing.Millis(page.AsOf) <= c.origin.Time {
				return missing("click", "The click has not arrived here yet. Come again in a moment.")
			}
			return missing("click", "Clicks of that day are not kept any more, or this one was erased.")
		}
		conversions, err := c.api.Books.ConversionsOf(ctx, c.origin)
		if err != nil {
			return err
		}
		story := ClickStory{Click: page.Rows[0], Conversions: []Conversion{}}
		for i := range conversions {
			story.Conversions = append(story.Conversions, c.conversion(&conversions[i]))
		}
		return c.write(http.StatusOK, story)
	})
}

func firstName(values url.Values) (first string) {
	for name := range values {
		if first == "" || name < first {
			first = name
		}
	}
	return first
}
