package report

import (
	"context"
	"fmt"

	"homing/internal/engine/warehouse"
)

// rest folds what the rows leave out into one line: the groups beyond the
// limit, and of a comparison also those that only the other range has. It is the
// total less the rows; only times, which do not add up, are asked for.
func (e *Engine) rest(ctx context.Context, p *plan, t *Table, answer *warehouse.Answer, rows []warehouse.Row, bs befores, total *before) error {
	now := lessRows(answer.Total.Measures, rows)
	var then *before
	left := answer.More
	if total != nil {
		f := *total.figures
		for i := range bs {
			if bs[i].keys != nil {
				f = less(f, bs[i].figures)
			}
		}
		then = &before{figures: &f}
		left = left || !empty(&f)
	}
	if !left || len(p.question.By) == 0 {
		return nil
	}
	if err := e.restTimes(ctx, p, now, then, answer.More, rows, bs); err != nil {
		return err
	}
	line := p.line(nil, now, then)
	t.Rest = &line
	return nil
}

func lessRows(f figures, rows []warehouse.Row) *figures {
	for i := range rows {
		f = less(f, &rows[i].Measures)
	}
	return &f
}

// less is a less b, of what adds up; times become unknown.
func less(a figures, b *figures) figures {
	for m := range warehouse.Measure(warehouse.MeasureCount) {
		if m.Adds() {
			a[m] -= b[m]
		} else {
			a[m] = warehouse.NoTime
		}
	}
	return a
}

// empty tells whether nothing that adds up is left.
func empty(f *figures) bool {
	for m := range warehouse.Measure(warehouse.MeasureCount) {
		if m.Adds() && f[m] != 0 {
			return false
		}
	}
	return true
}

const times = warehouse.Measures(1<<warehouse.TimeMedian | 1<<warehouse.TimeP90)

// restTimes asks for the times of what the rows leave out.
func (e *Engine) restTimes(ctx context.Context, p *plan, now *figures, then *before, more bool, rows []warehouse.Row, bs befores) error {
	wanted := p.query.Measures & times
	if wanted == 0 {
		return nil
	}
	if len(rows) > p.groups() {
		p.notes = append(p.notes, "The time to convert of what is not shown is not told, because too many rows are shown. Ask for fewer with limit.")
		return nil
	}
	if more {
		var except [][]warehouse.Key
		for i := range rows {
			except = append(except, rows[i].Keys)
		}
		if err := e.timesOf(ctx, p, p.query, except, wanted, now); err != nil {
			return err
		}
	}
	if then == nil {
		return nil
	}
	var except [][]warehouse.Key
	for i := range bs {
		if bs[i].keys != nil {
			except = append(except, bs[i].keys)
		}
	}
	return e.timesOf(ctx, p, p.otherQuery(), except, wanted, then.figures)
}

func (e *Engine) timesOf(ctx context.Context, p *plan, q warehouse.Query, except [][]warehouse.Key, wanted warehouse.Measures, into *figures) error {
	q.Measures, q.Order, q.Limit, q.Total, q.Except = wanted, nil, 1, true, except
	answer, err := e.ask(ctx, p, &q)
	if err != nil {
		return fmt.Errorf("the times of the rest: %w", err)
	}
	for _, m := range []warehouse.Measure{warehouse.TimeMedian, warehouse.TimeP90} {
		if wanted.Has(m) {
			into[m] = answer.Total.Measures[m]
		}
	}
	return nil
}
