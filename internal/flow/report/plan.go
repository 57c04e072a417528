package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
)

// plan is a question inside a scope, ready to be asked: the query and the
// columns of the answer.
type plan struct {
	question *Question
	metrics  []Metric
	columns  []Column
	query    warehouse.Query
	other    alignment // to the range that is compared with
	purse    *purse
	names    names
	notes    []string
}

// lagging is how far the warehouse may be behind before an answer says so.
const lagging homing.Millis = 15_000

func (e *Engine) plan(scope Scope, q *Question) (*plan, error) {
	metrics, err := allowedMetrics(scope, q)
	if err != nil {
		return nil, err
	}
	view := e.View()
	p := &plan{
		question: q, metrics: metrics,
		purse: newPurse(view, scope, q.By, q.Where), names: newNames(view, scope, q.Where),
	}
	p.query = warehouse.Query{
		From: q.From, Until: q.Until, Zone: warehouse.ZoneOf(q.Zone, q.From, q.Until), Basis: q.Basis, By: q.By,
		Where: append(conditions(scope, q.Where), withoutDemos(view, scope, q.Where)...),
	}
	for _, m := range metrics {
		p.query.Measures |= m.measures()
	}
	if slices.ContainsFunc(metrics, Metric.Money) {
		p.query.Measures |= warehouse.SetOf(warehouse.Foreign)
	}
	p.order()
	if q.Compare != "" {
		p.other = align(q)
	}
	p.columns = p.makeColumns()
	p.notes = append(p.notes, p.names.missing(q.Where)...)
	p.notes = append(p.notes, demoNotes(view, scope, q.Where)...)
	p.noteMoney()
	p.noteTime(homing.MillisOf(e.Clock()), e.Fresh())
	return p, nil
}

// allowedMetrics are the metrics that are asked for, or the default ones that
// the scope allows.
func allowedMetrics(scope Scope, q *Question) ([]Metric, error) {
	hidden := func(m Metric) bool { return scope.HideMoney && m.Money() }
	if q.Metrics == nil {
		return slices.DeleteFunc(slices.Clone(DefaultMetrics), hidden), checkOrder(q, hidden)
	}
	var faults Faults
	for _, m := range q.Metrics {
		if hidden(m) {
			faults.add("metrics", "%s is an amount, or follows from one, and you may not see those", m)
		}
	}
	if err := faults.err(); err != nil {
		return nil, err
	}
	return q.Metrics, checkOrder(q, hidden)
}

// checkOrder refuses an order that would tell what is hidden.
func checkOrder(q *Question, hidden func(Metric) bool) error {
	var faults Faults
	for _, o := range q.Order {
		if !o.ByKey && hidden(o.Metric) {
			faults.add("order", "%s is an amount, or follows from one, and you may not see those", o.Metric)
		}
	}
	return faults.err()
}

// conditions are the question's, and first the scope's: whatever is asked,
// nothing beyond it is looked at.
func conditions(scope Scope, where []Condition) (all []warehouse.Condition) {
	if scope.Account != 0 {
		all = append(all, warehouse.Condition{
			Dimension: warehouse.Account, Op: warehouse.In, Keys: []warehouse.Key{{Number: int64(scope.Account)}},
		})
	}
	for _, c := range where {
		all = append(all, warehouse.Condition(c))
	}
	return all
}

// order sorts as asked, else by time and then by the first metric.
func (p *plan) order() {
	for _, o := range p.question.Order {
		if o.ByKey {
			p.query.Order = append(p.query.Order, warehouse.Order{ByKey: true, Dimension: o.Dimension, Desc: o.Desc})
			continue
		}
		p.query.Order = append(p.query.Order, o.Metric.order(o.Desc))
		p.query.Measures |= o.Metric.measures()
	}
	if len(p.question.Order) > 0 {
		return
	}
	others := false
	for _, d := range p.question.By {
		if d.IsTime() {
			p.query.Order = append(p.query.Order, warehouse.Order{ByKey: true, Dimension: d})
		}
		others = others || !d.IsTime()
	}
	if others && len(p.metrics) > 0 {
		p.query.Order = append(p.query.Order, p.metrics[0].order(true))
	}
}

// titles are what dimensions are called for people, where that is not the name
// with a capital letter.
var titles = map[warehouse.Dimension]string{
	warehouse.HourOfDay: "Hour of day", warehouse.Account: "Advertiser",
	warehouse.OfFacet(warehouse.FacetISP): "ISP", warehouse.OfFacet(warehouse.FacetOS): "OS",
}

// Title is what a dimension is called for people.
func Title(d warehouse.Dimension) string {
	if t, ok := titles[d]; ok {
		return t
	}
	name := d.String()
	return strings.ToUpper(name[:1]) + name[1:]
}

var dimensionKinds = map[warehouse.Dimension]Kind{
	warehouse.Hour: Time, warehouse.DayOf: Date, warehouse.Week: WeekOf, warehouse.Month: MonthOf,
	warehouse.HourOfDay: Number, warehouse.Weekday: Number,
	warehouse.Account: ID, warehouse.Campaign: ID, warehouse.Goal: ID,
}

// keyColumns are the columns of a dimension.
func keyColumns(d warehouse.Dimension) []Column {
	kind, ok := dimensionKinds[d]
	if !ok {
		kind = Text
	}
	columns := []Column{{Name: d.String(), Title: Title(d), Kind: kind, IsKey: true, dimension: d}}
	switch d {
	case warehouse.Account, warehouse.Campaign, warehouse.Goal:
		columns = append(columns, Column{Name: d.String() + "_name", Title: Title(d) + " name", Kind: Name, IsKey: true, dimension: d})
	case warehouse.Week:
		columns = append(columns, Column{Name: "week_from", Title: "Monday", Kind: Date, IsKey: true, dimension: d})
	}
	return columns
}

func (p *plan) makeColumns() (columns []Column) {
	compared := p.question.Compare != ""
	for _, d := range p.question.By {
		columns = append(columns, keyColumns(d)...)
		if compared && aligned(d) {
			before := keyColumns(d)[0]
			before.Name, before.Title, before.Part = before.Name+"_before", before.Title+" before", Before
			columns = append(columns, before)
		}
	}
	if p.purse.perRow() && slices.ContainsFunc(p.metrics, Metric.Money) {
		columns = append(columns, Column{Name: currencyColumn, Title: "Currency", Kind: Text, IsKey: true, dimension: warehouse.Account})
	}
	for _, m := range p.metrics {
		columns = append(columns, Column{Name: m.String(), Title: m.Title(), Kind: m.Kind(), metric: m})
		if compared {
			columns = append(columns,
				Column{Name: m.String() + "_before", Title: m.Title() + " before", Kind: m.Kind(), metric: m, Part: Before},
				Column{Name: m.String() + "_difference", Title: m.Title() + " +/-", Kind: m.Kind(), metric: m, Part: Difference},
				Column{Name: m.String() + "_change", Title: m.Title() + " +/- %", Kind: Ratio, metric: m, Part: Change})
		}
	}
	return columns
}

const currencyColumn = "currency"

func (p *plan) noteMoney() {
	if !p.purse.mixed || !slices.ContainsFunc(p.metrics, Metric.Money) {
		return
	}
	note := "The accounts have several currencies, whose amounts are not added up."
	if p.purse.perRow() {
		note += " Amounts are told by row only."
	} else {
		note += " Break down by account, or filter by one, to see amounts."
	}
	p.notes = append(p.notes, note)
}

func (p *plan) noteTime(now, fresh homing.Millis) {
	q := p.question
	switch {
	case fresh == 0:
		p.notes = append(p.notes, "Nothing has been loaded into the warehouse yet.")
	case fresh+lagging < min(q.Until, now):
		p.notes = append(p.notes, fmt.Sprintf("Figures are complete up to %s; what came later is still being loaded.",
			fresh.Time().In(q.Zone).Format(time.RFC3339)))
	}
	if q.Compare != "" && q.Until > now && q.From < now {
		p.notes = append(p.notes, "The range is not over yet. It is compared with the other one as a whole.")
	}
}

// noteForeign tells how many conversions are in the amounts of a range though
// their currency is another. They are part of the ledger's sums, and so they are
// of ours.
func (p *plan) noteForeign(count int64, in string) {
	switch {
	case count == 0 || !slices.ContainsFunc(p.metrics, Metric.Money):
	case count == 1:
		p.notes = append(p.notes, "1 conversion"+in+" has another currency than its account. Its amounts are in the sums as they were sent.")
	default:
		p.notes = append(p.notes, fmt.Sprintf("%d conversions%s have other currencies than their accounts. Their amounts are in the sums as they were sent.", count, in))
	}
}

// noteGaps tells what has been given up, or lost.
func (p *plan) noteGaps(gaps []warehouse.Gap) {
	for _, g := range gaps {
		note := gapText(g) + ", and what is left of them cannot be broken down like this."
		if g.Lost {
			note = gapText(g) + ", so figures that reach into them are too small."
		}
		if !slices.Contains(p.notes, note) {
			p.notes = append(p.notes, note)
		}
	}
}

// gapText is the beginning of a note on a gap.
func gapText(g warehouse.Gap) string {
	switch {
	case !g.Lost:
		return fmt.Sprintf("The rows of %s before %s (UTC) have been given up", g.Table, g.Before)
	case g.From == warehouse.Ever:
		return fmt.Sprintf("The rows of %s before %s (UTC) have been lost", g.Table, g.Before)
	}
	return fmt.Sprintf("The rows of %s from %s to %s (UTC) have been lost", g.Table, g.From, g.Before-1)
}
