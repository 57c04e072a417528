package report

import (
	"math/big"

	"homing"
	"homing/internal/engine/warehouse"
)

// Kind tells what the cells of a column are and how they are written.
type Kind string

// Kinds of columns. Text is how a cell's Text reads in JSON and CSV.
const (
	Text     Kind = "text"     // as it is; "" = not known
	ID       Kind = "id"       // a number of a thing; 0 = none
	Name     Kind = "name"     // the name of the thing in the column before
	Date     Kind = "date"     // 2026-11-22
	WeekOf   Kind = "week"     // 2026-W47
	MonthOf  Kind = "month"    // 2026-11
	Time     Kind = "time"     // RFC 3339
	Number   Kind = "number"   // a small whole number: hour of day, weekday, a status
	Bool     Kind = "bool"     // true, false
	Count    Kind = "count"    // a whole number of things
	Money    Kind = "money"    // a decimal, exact or rounded half to even at the sixth place
	Ratio    Kind = "ratio"    // a decimal fraction, likewise: 0.0215 is 2.15 %
	Duration Kind = "duration" // whole milliseconds
)

// Part tells what of a metric, or of a time, a column shows when two ranges are
// compared.
type Part string

// Parts of a metric. The relative change of a metric is a Ratio.
const (
	Itself     Part = ""
	Before     Part = "before"     // in the other range
	Difference Part = "difference" // itself less before
	Change     Part = "change"     // difference per before
)

// Column describes cells. Its name is the key in JSON and the head in CSV.
type Column struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Kind  Kind   `json:"kind"`
	// IsKey tells that the column belongs to a dimension; else it is a metric.
	IsKey bool `json:"key,omitempty"`
	Part  Part `json:"part,omitempty"`

	metric    Metric              // if not IsKey
	dimension warehouse.Dimension // if IsKey
}

// Metric is the column's metric; only of columns that are no key.
func (c *Column) Metric() Metric { return c.metric }

// Dimension is the column's dimension; only of columns that are keys.
func (c *Column) Dimension() warehouse.Dimension { return c.dimension }

// Cell is one figure or label.
type Cell struct {
	Null bool // not known, or not to be told: a divisor of 0, mixed currencies
	// Text is the cell as it is written for machines; "" if Null.
	Text string
	// Number is the number of counts and ids, micro-units of amounts,
	// milliseconds of times and durations, days since 1970-01-01 of dates and
	// weeks, year*12+month-1 of months. Of a Ratio see Text.
	Number int64

	exact *big.Rat // of what was divided: not rounded
}

// Line is a row of a table. Cells stand in the order of the table's columns.
type Line struct {
	Cells []Cell
	Keys  []warehouse.Key // in the order of the question's By; nil of totals and rest
}

// Table is the answer to a question.
type Table struct {
	Question *Question
	Metrics  []Metric // those that were asked for, or the default ones
	Columns  []Column
	Rows     []Line
	Total    Line  // of everything that the question covers, also of what is not in Rows
	Rest     *Line // what Total has beyond Rows; nil if nothing was left out
	Notes    []string
	AsOf     homing.Millis // everything up to then is in; 0 = nothing has been loaded
	// Currency of all amounts; empty if they are of several, or none.
	Currency string
}

// Column finds a column's place by its name; -1 if there is none.
func (t *Table) Column(name string) int {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return i
		}
	}
	return -1
}
