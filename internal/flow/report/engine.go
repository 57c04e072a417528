package report

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"homing/internal/engine/warehouse"
)

// Report answers a question. Rows, total and what is left out are of one moment;
// the range to compare with may be of a later one.
func (e *Engine) Report(ctx context.Context, scope Scope, q *Question) (*Table, error) {
	p, err := e.plan(scope, q)
	if err != nil {
		return nil, err
	}
	t := &Table{Question: q, Metrics: p.metrics, Columns: p.columns, Currency: p.purse.currency, AsOf: e.Fresh()}
	if err := e.fillTable(ctx, p, t); err != nil {
		return nil, fmt.Errorf("couldn't report: %w", err)
	}
	if len(t.Rows) == 0 && len(q.Where) > 0 && len(p.names.missing(q.Where)) == 0 {
		p.notes = append(p.notes, "Nothing in the range fits the conditions.")
	}
	t.Notes = p.notes
	return t, nil
}

func (e *Engine) fillTable(ctx context.Context, p *plan, t *Table) error {
	answer, rows, befores, err := e.rows(ctx, p)
	if err != nil {
		return err
	}
	for i := range rows {
		t.Rows = append(t.Rows, p.line(rows[i].Keys, &rows[i].Measures, befores.of(i)))
	}
	total, err := e.totalBefore(ctx, p)
	if err != nil {
		return err
	}
	t.Total = p.line(nil, &answer.Total.Measures, total)
	p.noteForeign(answer.Total.Measures[warehouse.Foreign], "")
	if total != nil {
		p.noteForeign(total.figures[warehouse.Foreign], " of the range to compare with")
	}
	return e.rest(ctx, p, t, answer, rows, befores, total)
}

// rows asks for the rows of a table, with those they are compared with.
func (e *Engine) rows(ctx context.Context, p *plan) (*warehouse.Answer, []warehouse.Row, befores, error) {
	query := p.query
	query.Total, query.Limit = true, p.limit()
	answer, err := e.ask(ctx, p, &query)
	if err != nil {
		return nil, nil, nil, err
	}
	rows := p.filled(answer)
	before, err := e.compare(ctx, p, rows)
	return answer, rows, before, err
}

func (p *plan) limit() int {
	switch {
	case p.question.Fill:
		return warehouse.MaxRows
	case p.question.Limit > 0:
		return p.question.Limit
	}
	return DefaultLimit
}

func (e *Engine) ask(ctx context.Context, p *plan, q *warehouse.Query) (*warehouse.Answer, error) {
	answer, err := e.Warehouse.Ask(ctx, q)
	if err != nil {
		return nil, err
	}
	p.noteGaps(answer.Gaps)
	return answer, nil
}

// filled are the rows, with those of empty buckets if they are asked for. A
// report without dimensions has a single row, also if there is nothing in it.
func (p *plan) filled(answer *warehouse.Answer) []warehouse.Row {
	if len(p.question.By) == 0 {
		return []warehouse.Row{{Keys: []warehouse.Key{}, Measures: answer.Total.Measures}}
	}
	if !p.question.Fill {
		return answer.Rows
	}
	found := map[int64]warehouse.Row{}
	for _, r := range answer.Rows {
		found[r.Keys[0].Number] = r
	}
	keys := buckets(p.question.By[0], p.query.Zone, p.question.From, p.question.Until)
	if len(p.question.Order) > 0 && p.question.Order[0].Desc {
		slices.Reverse(keys)
	}
	var rows []warehouse.Row
	for _, k := range keys {
		r, ok := found[k]
		if !ok {
			r = warehouse.Row{Keys: []warehouse.Key{{Number: k}}, Measures: *noFigures()}
		}
		rows = append(rows, r)
	}
	return rows
}

// befores are the figures of the other range, row by row; nil if nothing is
// compared.
type befores []before

func (b befores) of(i int) *before {
	if b == nil {
		return nil
	}
	return &b[i]
}

// maxKeys is how many keys a query may name, in its conditions and in the groups
// it is narrowed to: a question is not meant to carry a table. Half of them are
// for conditions, see where.
const maxKeys = 10_000

// groups is how many groups a query of the plan may be narrowed to.
func (p *plan) groups() int { return maxKeys / 2 / max(len(p.question.By), 1) }

// compare asks the other range for the groups that stand beside rows.
func (e *Engine) compare(ctx context.Context, p *plan, rows []warehouse.Row) (befores, error) {
	if p.question.Compare == "" {
		return nil, nil
	}
	if len(p.question.By) == 0 {
		total, err := e.totalBefore(ctx, p)
		if err != nil {
			return nil, err
		}
		return befores{{keys: []warehouse.Key{}, figures: total.figures}}, nil
	}
	list := make(befores, len(rows))
	var only [][]warehouse.Key
	for i := range rows {
		keys, ok := p.other.keys(rows[i].Keys)
		if ok {
			list[i] = before{keys: keys, figures: noFigures()}
			only = append(only, keys)
		}
	}
	found := map[string]*figures{}
	for chunk := range slices.Chunk(only, p.chunk(len(only))) {
		query := p.otherQuery()
		if !p.other.all {
			query.Only = chunk
		}
		answer, err := e.ask(ctx, p, &query)
		if err != nil {
			return nil, fmt.Errorf("the range to compare with: %w", err)
		}
		for i := range answer.Rows {
			found[keyText(answer.Rows[i].Keys)] = &answer.Rows[i].Measures
		}
	}
	for i := range list {
		if f := found[keyText(list[i].keys)]; f != nil && list[i].keys != nil {
			list[i].figures = f
		}
	}
	return list, nil
}

// chunk is how many groups to ask for at once: all, if the query is not narrowed
// to them.
func (p *plan) chunk(all int) int {
	if p.other.all {
		return max(all, 1)
	}
	return p.groups()
}

// keyText is keys as one text that no other keys have.
func keyText(keys []warehouse.Key) string {
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(strconv.FormatInt(k.Number, 10))
		b.WriteByte(' ')
		b.WriteString(strconv.Quote(k.Text))
	}
	return b.String()
}

// totalBefore is the total of the other range; nil if nothing is compared.
func (e *Engine) totalBefore(ctx context.Context, p *plan) (*before, error) {
	if p.question.Compare == "" {
		return nil, nil
	}
	query := p.otherQuery()
	query.By, query.Total, query.Limit = nil, true, 1
	answer, err := e.ask(ctx, p, &query)
	if err != nil {
		return nil, fmt.Errorf("the range to compare with: %w", err)
	}
	return &before{figures: &answer.Total.Measures}, nil
}
