package report

import (
	"slices"
	"strings"
	"time"

	"homing/internal/engine/warehouse"
)

// questionParams are the parameters of a report, for panel, API and command line.
var questionParams = []string{
	"by", "metrics", "from", "to", "range", "tz", "basis", "where", "order", "limit", "compare", "fill",
}

// QuestionParams lists the names of the parameters that Parse knows.
func QuestionParams() []string { return slices.Clone(questionParams) }

const (
	// nothing is by=none: totals alone.
	nothing = "none"
	// standardBy is how a report is broken down if the question does not say.
	standardBy = warehouse.DayOf
)

// Parse reads a question from parameters, as they stand in a URL. The error is
// Faults.
func Parse(values map[string][]string, o Defaults) (*Question, error) {
	p := paramsOf(values, questionParams, "where")
	q := &Question{Zone: p.zone(o.Zone)}
	q.By = p.by()
	q.Metrics = p.metrics()
	span := p.span(o.Now, q.Zone, weekSpan)
	q.From, q.Until, q.Range = span.from, span.until, span.name
	q.Basis = warehouse.ByConversion
	if p.choice("basis", "basis", "conversion", "click") == "click" {
		q.Basis = warehouse.ByClick
	}
	q.Where = p.where(reportWhere)
	q.Order = p.order(q.By)
	q.Limit = p.count("limit", warehouse.MaxRows)
	p.compare(q, span, o.Now)
	p.fill(q)
	p.buckets(q)
	if err := p.faults.err(); err != nil {
		return nil, err
	}
	return q, nil
}

func (p *params) by() (by []warehouse.Dimension) {
	names := p.list("by")
	if len(names) == 0 {
		return []warehouse.Dimension{standardBy}
	}
	if len(names) == 1 && names[0] == nothing {
		return nil
	}
	if len(names) > warehouse.MaxBy {
		p.faults.add("by", "%d dimensions: at most %d are possible", len(names), warehouse.MaxBy)
	}
	for _, name := range names {
		d, ok := warehouse.DimensionNamed(name)
		if !ok {
			p.faults.unknown("by", "dimension", name, dimensionNames())
			continue
		}
		by = append(by, d)
	}
	return by
}

func (p *params) metrics() (metrics []Metric) {
	for _, name := range p.list("metrics") {
		m, ok := MetricNamed(name)
		if !ok {
			p.faults.unknown("metrics", "metric", name, metricNames())
			continue
		}
		metrics = append(metrics, m)
	}
	return metrics
}

func (p *params) order(by []warehouse.Dimension) (orders []Order) {
	var keys []string
	for _, d := range by {
		keys = append(keys, d.String())
	}
	for _, text := range p.list("order") {
		name, desc := strings.CutPrefix(text, "-")
		if m, ok := MetricNamed(name); ok {
			orders = append(orders, Order{Metric: m, Desc: desc})
			continue
		}
		d, ok := warehouse.DimensionNamed(name)
		switch {
		case ok && slices.Contains(by, d):
			orders = append(orders, Order{ByKey: true, Dimension: d, Desc: desc})
		case ok:
			p.faults.add("order", "the report is not broken down by %s: add it to by, or sort by something else", name)
			p.faults.List[len(p.faults.List)-1].Allowed = append(keys, metricNames()...)
		default:
			p.faults.unknown("order", "metric or dimension", name, append(keys, metricNames()...))
		}
	}
	return orders
}

// fill checks that what is to be filled is a line of buckets.
func (p *params) fill(q *Question) {
	q.Fill = p.choice("fill", "value", "0", "1") == "1"
	if !q.Fill {
		return
	}
	if len(q.By) != 1 || !q.By[0].IsTime() {
		p.faults.add("fill", "only a report by a single dimension of time can be filled")
		return
	}
	if q.Limit > 0 {
		p.faults.add("limit", "a filled report shows every %s: leave limit or fill out", bucketName(q.By[0]))
	}
	for _, o := range q.Order {
		if !o.ByKey {
			p.faults.add("order", "a filled report is in the order of time: leave order or fill out")
		}
	}
}

// buckets refuses ranges of more hours, days, … than anybody can read.
func (p *params) buckets(q *Question) {
	if q.Until <= q.From {
		return // a fault already
	}
	for _, d := range q.By {
		if !aligned(d) || countAbout(d, q.From, q.Until) <= MaxBuckets {
			continue
		}
		larger := ""
		for _, l := range []warehouse.Dimension{warehouse.DayOf, warehouse.Week, warehouse.Month} {
			if l > d && countAbout(l, q.From, q.Until) <= MaxBuckets {
				larger = ": " + l.String() + " would fit"
				break
			}
		}
		p.faults.add("by", "the range has %d %ss, and at most %d are possible%s, or a shorter range",
			countAbout(d, q.From, q.Until), bucketName(d), MaxBuckets, larger)
	}
}

// isMidnight tells whether a local date begins at the moment.
func isMidnight(at time.Time) bool {
	return startOfDay(at.Year(), at.Month(), at.Day(), at.Location()).Equal(at)
}
