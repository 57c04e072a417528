package report

import (
	"homing/internal/engine/warehouse"
)

// Metric is a column of figures: a measure of the warehouse, or what follows
// from two of them.
type Metric uint8

// The first metrics are the warehouse's measures, under the same numbers.
const (
	// CR: conversions per click.
	CR Metric = iota + Metric(warehouse.MeasureCount)
	// EPC: value per click.
	EPC
	// CPA: cost per conversion.
	CPA
	// ROI: profit per cost.
	ROI
	// Acceptance: the share of postbacks that were not refused.
	Acceptance
)

const metricCount = int(Acceptance) + 1

// shown are the metrics in the order they are listed in.
var shown = []Metric{
	Metric(warehouse.Clicks), Metric(warehouse.UniqueClicks), Metric(warehouse.BotClicks),
	Metric(warehouse.Conversions), Metric(warehouse.Approved), Metric(warehouse.Pending),
	Metric(warehouse.Rejected), Metric(warehouse.Late),
	Metric(warehouse.Postbacks), Metric(warehouse.Duplicates), Metric(warehouse.Refusals),
	Metric(warehouse.Value), Metric(warehouse.ValuePending), Metric(warehouse.ValueRejected), Metric(warehouse.ValueLate),
	Metric(warehouse.Cost), Metric(warehouse.Profit),
	CR, EPC, CPA, ROI, Metric(warehouse.Foreign), Metric(warehouse.TimeMedian), Metric(warehouse.TimeP90), Acceptance,
}

// DefaultMetrics are those of a question that names none.
var DefaultMetrics = []Metric{
	Metric(warehouse.Clicks), Metric(warehouse.UniqueClicks), Metric(warehouse.Conversions),
	Metric(warehouse.Value), CR, EPC,
}

// facts are what is known of a metric.
type facts struct {
	name, title string
	kind        Kind
	money       bool // an amount, or follows from one
	// of the derived ones: over / under
	over, under warehouse.Measure
}

var metricFacts = [metricCount]facts{
	warehouse.Clicks:       {name: "clicks", title: "Clicks", kind: Count},
	warehouse.UniqueClicks: {name: "unique_clicks", title: "Unique clicks", kind: Count},
	warehouse.BotClicks:    {name: "bot_clicks", title: "Bot clicks", kind: Count},
	warehouse.Conversions:  {name: "conversions", title: "Conversions", kind: Count},
	warehouse.Approved:     {name: "approved", title: "Approved", kind: Count},
	warehouse.Pending:      {name: "pending", title: "Pending", kind: Count},
	warehouse.Rejected:     {name: "rejected", title: "Rejected", kind: Count},
	warehouse.Late:         {name: "late", title: "Late", kind: Count},
	warehouse.Postbacks:    {name: "postbacks", title: "Postbacks", kind: Count},
	warehouse.Duplicates:   {name: "duplicates", title: "Duplicates", kind: Count},
	warehouse.Refusals:     {name: "refusals", title: "Refusals", kind: Count},
	warehouse.Value:        {name: "value", title: "Value", kind: Money, money: true},
	warehouse.Cost:         {name: "cost", title: "Cost", kind: Money, money: true},
	warehouse.Profit:       {name: "profit", title: "Profit", kind: Money, money: true},
	warehouse.Foreign:      {name: "foreign", title: "In other currencies", kind: Count},

	warehouse.ValuePending:  {name: "value_pending", title: "Value, pending", kind: Money, money: true},
	warehouse.ValueRejected: {name: "value_rejected", title: "Value, rejected", kind: Money, money: true},
	warehouse.ValueLate:     {name: "value_late", title: "Value, late", kind: Money, money: true},

	warehouse.TimeMedian: {name: "time_median", title: "Median time to convert", kind: Duration},
	warehouse.TimeP90:    {name: "time_p90", title: "Time to convert, 90 %", kind: Duration},
	CR:                   {name: "cr", title: "CR", kind: Ratio, over: warehouse.Conversions, under: warehouse.Clicks},
	EPC:                  {name: "epc", title: "EPC", kind: Money, money: true, over: warehouse.Value, under: warehouse.Clicks},
	CPA:                  {name: "cpa", title: "CPA", kind: Money, money: true, over: warehouse.Cost, under: warehouse.Conversions},
	ROI:                  {name: "roi", title: "ROI", kind: Ratio, money: true, over: warehouse.Profit, under: warehouse.Cost},
	// Sorted by what is refused, the other way round.
	Acceptance: {name: "acceptance", title: "Acceptance", kind: Ratio, over: warehouse.Refusals, under: warehouse.Postbacks},
}

// String is the metric's name in questions and answers.
func (m Metric) String() string { return metricFacts[m].name }

// Title is the metric's name for people.
func (m Metric) Title() string { return metricFacts[m].title }

// Kind tells how the metric is written.
func (m Metric) Kind() Kind { return metricFacts[m].kind }

// Money tells whether the metric is an amount or follows from one.
func (m Metric) Money() bool { return metricFacts[m].money }

// MarshalText writes the metric's name.
func (m Metric) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// Metrics lists all metrics.
func Metrics() []Metric { return append([]Metric(nil), shown...) }

// MetricNamed finds a metric by its name.
func MetricNamed(name string) (Metric, bool) {
	for _, m := range shown {
		if m.String() == name {
			return m, true
		}
	}
	return 0, false
}

// derived tells whether the metric follows from two measures.
func (m Metric) derived() bool { return int(m) >= warehouse.MeasureCount }

// measures are those the metric needs.
func (m Metric) measures() warehouse.Measures {
	if !m.derived() {
		return warehouse.SetOf(warehouse.Measure(m))
	}
	return warehouse.SetOf(metricFacts[m].over, metricFacts[m].under)
}

// order is how the warehouse sorts by the metric.
func (m Metric) order(desc bool) warehouse.Order {
	if !m.derived() {
		return warehouse.Order{Measure: warehouse.Measure(m), Desc: desc}
	}
	return warehouse.Order{
		Measure: metricFacts[m].over, Divided: true, Per: metricFacts[m].under,
		Desc: desc != (m == Acceptance),
	}
}

func metricNames() (names []string) {
	for _, m := range shown {
		names = append(names, m.String())
	}
	return names
}
