package report

import (
	"time"

	"homing"
	"homing/internal/engine/warehouse"
)

// Question is what a report is asked. Parse makes it; what Parse did not check
// is not to be put into one.
type Question struct {
	By      []warehouse.Dimension // none asks for totals alone
	Metrics []Metric              // nil = DefaultMetrics, as far as the scope allows
	// From and Until are the range, Until not in it. Range is the name it was
	// given by, if it was.
	From, Until homing.Millis
	Range       string
	Zone        *time.Location
	Basis       warehouse.Basis
	Where       []Condition
	Order       []Order // none = by time, else by the first metric, largest first
	Limit       int     // 0 = DefaultLimit; of an export, all
	Compare     string  // "previous", "last_week", …, or a date; empty = with nothing
	// Other is the range to compare with, if Compare is given.
	OtherFrom, OtherUntil homing.Millis
	// Fill asks for every bucket of the only dimension, which is of time.
	Fill bool
}

// Condition narrows a question by a dimension.
type Condition struct {
	Dimension warehouse.Dimension
	Op        warehouse.Op
	Keys      []warehouse.Key
}

// Order is one thing to sort by: a dimension of By, or a metric.
type Order struct {
	ByKey     bool
	Dimension warehouse.Dimension // if ByKey
	Metric    Metric              // if not
	Desc      bool
}

const (
	// DefaultLimit is how many rows a report has, if the question does not say.
	DefaultLimit = 10_000
	// MaxBuckets is how many hours, days, … a report may be broken down into.
	MaxBuckets = 10_000
	// MaxYears bounds the range of a question.
	MaxYears = 20
)
