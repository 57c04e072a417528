package warehouse

import "homing"

// Dimension is something an answer is broken down by, or narrowed by.
type Dimension uint8

const (
	// Times, of the query's basis and zone. Their keys are numbers:
	Hour      Dimension = iota // the moment the local hour begins, in milliseconds
	DayOf                      // the local date, in days since 1970-01-01
	Week                       // the Monday of the local week, as DayOf
	Month                      // the local month: year*12 + month-1
	HourOfDay                  // 0 to 23
	Weekday                    // 1 is Monday, 7 is Sunday

	// Numbers of things. 0 where a row has none: clicks have no goal, a refused
	// call may be of no account.
	Account
	Campaign
	Goal

	// Reason is a verdict's reason, of postbacks only; its keys are names,
	// empty for clicks and conversions.
	Reason

	// FirstFacet+f is the dimension of Facet f; its keys are texts, empty where
	// nothing is known. Postbacks of no genuine click have none.
	FirstFacet
)

// DimensionCount is how many dimensions there are.
const DimensionCount = int(FirstFacet) + FacetCount

var dimensionNames = [FirstFacet]string{
	"hour", "day", "week", "month", "hour_of_day", "weekday", "account", "campaign", "goal", "reason",
}

// OfFacet is the dimension of a facet.
func OfFacet(f Facet) Dimension { return FirstFacet + Dimension(f) }

// Facet tells which facet the dimension is, if it is one.
func (d Dimension) Facet() (Facet, bool) { return Facet(d - FirstFacet), d >= FirstFacet }

// IsTime tells whether the dimension is one of time.
func (d Dimension) IsTime() bool { return d <= Weekday }

// IsNumber tells whether keys of the dimension are numbers; else they are texts.
func (d Dimension) IsNumber() bool { return d <= Goal }

func (d Dimension) String() string {
	if f, ok := d.Facet(); ok {
		return f.String()
	}
	return dimensionNames[d]
}

// DimensionNamed finds a dimension by its name.
func DimensionNamed(name string) (Dimension, bool) {
	for d := range Dimension(DimensionCount) {
		if d.String() == name {
			return d, true
		}
	}
	return 0, false
}

// Measure is a figure of a group of rows.
type Measure uint8

const (
	Clicks       Measure = iota // billable
	UniqueClicks                // billable, the first of their visitor for the campaign on the day (UTC)
	BotClicks                   // redirected but not billable: robots, previews, prefetches, HEAD
	Conversions                 // approved + pending
	Approved
	Pending
	Rejected
	Late       // stored, not counted
	Postbacks  // every call, whatever its fate
	Duplicates // of them
	Refusals   // of them
	Value      // of approved + pending, in micro-units; no value is 0
	Cost       // of billable clicks, plus the prices of approved + pending
	Profit     // Value - Cost
	// Foreign are those of Conversions whose currency was sent and is not the
	// account's (homing.FlagCurrencyDiffers): their amounts are in Value and Cost
	// as they were sent.
	Foreign
	// What conversions of a status are worth, as Value. Those of ValuePending are in
	// Value as well.
	ValuePending
	ValueRejected
	ValueLate
	// Time from click to conversion of approved + pending, in milliseconds, at
	// least 0; NoTime if there are none. The smallest that at least half, or nine
	// tenths, of them do not exceed.
	TimeMedian
	TimeP90
)

// MeasureCount is how many measures there are.
const MeasureCount = int(TimeP90) + 1

// NoTime stands for the time to convert of no conversion.
const NoTime = -1

var measureNames = [MeasureCount]string{
	"clicks", "unique_clicks", "bot_clicks", "conversions", "approved", "pending", "rejected", "late",
	"postbacks", "duplicates", "refusals", "value", "cost", "profit", "foreign",
	"value_pending", "value_rejected", "value_late", "time_median", "time_p90",
}

func (m Measure) String() string { return measureNames[m] }

// Adds tells whether the measure of two groups together is the sum of theirs.
func (m Measure) Adds() bool { return m < TimeMedian }

// Measures is a set of measures.
type Measures uint32

// SetOf makes a set.
func SetOf(measures ...Measure) (s Measures) {
	for _, m := range measures {
		s |= 1 << m
	}
	return s
}

// Has tells whether m is in the set.
func (s Measures) Has(m Measure) bool { return s&(1<<m) != 0 }

// Basis is what places a conversion, or a postback, in time.
type Basis uint8

const (
	// ByClick: the time of their click; a call of no genuine click stands at its
	// own.
	ByClick Basis = iota
	// ByConversion: the time they arrived.
	ByConversion
)

// Query asks for measures of groups of rows. Rows count whose time, by the
// basis, is in [From, Until).
type Query struct {
	From, Until homing.Millis
	Zone        Zone // must cover the range; nil is UTC
	Basis       Basis
	By          []Dimension // up to MaxBy; none asks for one group
	Measures    Measures
	Where       []Condition // all must hold
	Order       []Order     // then by keys, ascending
	Limit       int         // at most MaxRows; 0 = MaxRows
	// Total asks for the total of all groups, also those beyond the limit.
	Total bool
	// Only and Except narrow to groups, or leave groups out, by their keys in
	// the order of By.
	Only, Except [][]Key
}

// MaxBy is how many dimensions a query may be broken down by.
const MaxBy = 4

// MaxRows is how many rows an answer has at most.
const MaxRows = 100_000

// Condition narrows rows by a dimension. Rows of a table to which the dimension
// does not apply have the key 0, or the empty text.
type Condition struct {
	Dimension Dimension
	Op        Op
	// Keys for In and NotIn; the first one's text for the others, which are for
	// texts only and do not tell small letters from capital ones (ASCII).
	Keys []Key
}

// Op tells how a condition compares.
type Op uint8

const (
	In Op = iota
	NotIn
	Begins
	Contains
)

// Key is a group's value of one dimension: the number or the text, whichever
// the dimension has.
type Key struct {
	Number int64
	Text   string
}

// Order is one thing to sort by: a measure, divided by another if Per is given,
// or the key of a dimension of By. Groups whose divisor is 0 come last, as do
// groups without a time, in both directions.
type Order struct {
	ByKey     bool
	Dimension Dimension // if ByKey
	Measure   Measure
	Divided   bool
	Per       Measure // if Divided
	Desc      bool
}

// Answer is what a query found.
type Answer struct {
	Rows  []Row
	Total Row  // if it was asked for; no keys
	More  bool // there are groups beyond the limit
	// Gaps tells what could not be looked at because it has been given up or lost.
	Gaps []Gap
}

// Row is one group: its keys in the order of By, and its measures; those that
// were not asked for are 0.
type Row struct {
	Keys     []Key
	Measures [MeasureCount]int64
}

// Gap tells that rows of a table before a day have been given up, and that what
// was asked cannot be told from their quarter-hour totals. Lost are rows of the
// days from From (which may be Ever) on that were not given up but lost.
type Gap struct {
	Table  Table
	Lost   bool
	From   Day // if Lost
	Before Day
}
