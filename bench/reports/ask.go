package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"homing"
	"homing/bench/show"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// finding is how long clicks took to be found by id.
type finding struct{ quiet, live, sqlite show.Timing }

// byID bounds finding a click.
const byID = 10 * time.Millisecond

// answerTime is how long a question may take at all.
const answerTime = 5 * time.Minute

// askAll asks every question while nothing else goes on.
func (b *bench) askAll(ctx context.Context) error {
	for i := range b.asked {
		a := &b.asked[i]
		b.progress.Begin("asking for %s", a.title)
		var table *report.Table
		a.quiet = b.time(ctx, &a.question, quietRuns, func() {}, &table)
		if err := ctx.Err(); err != nil {
			return err
		}
		if a.quiet.Known() {
			a.total = totals(table)
			b.check(a, table)
		}
	}
	b.progress.Begin("finding %s clicks by id", show.Grouped(int64(len(b.state.Samples))))
	b.finding.quiet = b.find(ctx)
	return ctx.Err()
}

// time asks a question several times. What goes wrong is the question's fault,
// and the others are asked all the same.
func (b *bench) time(ctx context.Context, q *question, runs int, rest func(), last **report.Table) show.Timing {
	values, err := q.parameters()
	if err != nil {
		return show.Timing{Err: err}
	}
	_, until, _, err := month()
	if err != nil {
		return show.Timing{Err: err}
	}
	return show.Timed(b.now, warmRuns, runs, rest, func() error {
		ctx, cancel := context.WithTimeout(ctx, answerTime)
		defer cancel()
		parsed, err := report.Parse(values, report.Defaults{Now: until})
		if err != nil {
			return err
		}
		*last, err = b.reporter.Report(ctx, report.Scope{}, parsed)
		return err
	})
}

// find looks for every sample, in an order of its own; first once to warm up.
func (b *bench) find(ctx context.Context) (t show.Timing) {
	order := rand.New(rand.NewPCG(b.seed, 7)).Perm(len(b.state.Samples))
	for pass := range 2 {
		for _, i := range order {
			want := &b.state.Samples[i]
			began := b.now()
			click, err := b.warehouse.Click(ctx, want.Origin)
			took := b.now().Sub(began)
			if err != nil {
				return show.Timing{Err: fmt.Errorf("click %+v: %w", want.Origin, err)}
			}
			if click.Origin != want.Origin || click.Cost != want.Cost {
				return show.Timing{Err: fmt.Errorf("another click than %+v was found", want.Origin)}
			}
			if pass == 1 {
				t.All = append(t.All, took)
			}
		}
	}
	return t
}

// totals are the figures of all that a question covers.
func totals(t *report.Table) map[string]string {
	all := map[string]string{}
	for i := range t.Columns {
		if !t.Columns[i].IsKey {
			all[t.Columns[i].Name] = t.Total.Cells[i].Text
		}
	}
	return all
}

// check compares day × campaign with the books, cell by cell. The last day is
// left out: clicks of earlier runs may have come in on it.
func (b *bench) check(a *asked, t *report.Table) {
	if a.letter != "a" {
		return
	}
	books, last := b.state.Books, len(b.state.Books.Days)-1
	seen := 0
	for _, line := range t.Rows {
		day := int(line.Keys[0].Number) - int(books.First)
		if day < 0 || day >= last {
			continue
		}
		if cell(t, &line, "clicks")+cell(t, &line, "conversions") != 0 {
			seen++
		}
		campaign := homing.CampaignID(line.Keys[1].Number)
		want := books.At(warehouse.Day(line.Keys[0].Number), campaign)
		got := [...]int64{cell(t, &line, "clicks"), cell(t, &line, "unique_clicks"), cell(t, &line, "conversions"), cell(t, &line, "value"), cell(t, &line, "cost")}
		if got != [...]int64{want.Clicks, want.Unique, want.Conversions, int64(want.Value), int64(want.Cost)} {
			b.disagree("campaign %s on day %d: the report says %v (clicks, unique, conversions, value, cost), the books %+v", campaign, day+1, got, *want)
		}
	}
	if lines := bookLines(b); seen != lines {
		b.disagree("%d lines of day × campaign, the books have %d", seen, lines)
	}
}

func bookLines(b *bench) (lines int) {
	days := b.state.Books.Days
	for _, campaigns := range days[:len(days)-1] {
		for _, f := range campaigns {
			if f.Clicks+f.Conversions != 0 {
				lines++
			}
		}
	}
	return lines
}

func cell(t *report.Table, line *report.Line, name string) int64 {
	if i := t.Column(name); i >= 0 {
		return line.Cells[i].Number
	}
	return -1
}

// disagree notes what is wrong; after a few the rest is not worth reading.
func (b *bench) disagree(format string, args ...any) {
	if len(b.wrong) < 5 {
		b.wrong = append(b.wrong, fmt.Sprintf(format, args...))
	}
}
