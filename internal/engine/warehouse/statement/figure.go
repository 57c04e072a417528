package statement

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"homing"
	"homing/internal/engine/warehouse"
)

// figure is a measure in the words of a table: what is summed, or of times put
// in order, over rows of which kinds. A group is in an answer if it has a row of such a kind.
type figure struct {
	kinds kinds  // of a table of rows
	some  string // of totals: the column that is above 0 if there are such rows
	sum   string
}

// figures are what a table tells of measures; the zero figure is nothing.
type figures [warehouse.MeasureCount]figure

// kinds is a set of classes, statuses or outcomes.
type kinds uint8

func kindsOf[K ~uint8](of ...K) (set kinds) {
	for _, k := range of {
		set |= 1 << k
	}
	return set
}

var (
	billable = kindsOf(homing.Billable)
	bots     = kindsOf(homing.BotClick, homing.PreviewClick, homing.PrefetchClick, homing.HeadClick)
	inTotals = kindsOf(homing.Approved, homing.Pending)
	calls    = kindsOf(homing.Counted, homing.Duplicate, homing.Late, homing.Ignored, homing.Refused)
)

const toConvert = `greatest(0, "at" - click_at)`

// isForeign tells by 1 or 0 whether a conversion's currency is not its account's:
// whether the bit of homing.FlagCurrencyDiffers is set, in words that every
// database has.
var isForeign = fmt.Sprintf("CASE WHEN flags %% %d >= %d THEN 1 ELSE 0 END", 2*homing.FlagCurrencyDiffers, homing.FlagCurrencyDiffers)

var clickFigures = figures{
	warehouse.Clicks:       {kinds: billable, sum: "1"},
	warehouse.UniqueClicks: {kinds: billable, sum: "uniq"},
	warehouse.BotClicks:    {kinds: bots, sum: "1"},
	warehouse.Cost:         {kinds: billable, sum: "cost"},
	warehouse.Profit:       {kinds: billable, sum: "-cost"},
}

var conversionFigures = figures{
	warehouse.Conversions: {kinds: inTotals, sum: "1"},
	warehouse.Approved:    {kinds: kindsOf(homing.Approved), sum: "1"},
	warehouse.Pending:     {kinds: kindsOf(homing.Pending), sum: "1"},
	warehouse.Rejected:    {kinds: kindsOf(homing.Rejected), sum: "1"},
	warehouse.Late:        {kinds: kindsOf(homing.LateStatus), sum: "1"},
	warehouse.Value:       {kinds: inTotals, sum: "value"},
	warehouse.Cost:        {kinds: inTotals, sum: "price"},
	warehouse.Profit:      {kinds: inTotals, sum: "value - price"},
	warehouse.Foreign:     {kinds: inTotals, sum: isForeign},
	warehouse.TimeMedian:  {kinds: inTotals, sum: toConvert},
	warehouse.TimeP90:     {kinds: inTotals, sum: toConvert},

	warehouse.ValuePending:  {kinds: kindsOf(homing.Pending), sum: "value"},
	warehouse.ValueRejected: {kinds: kindsOf(homing.Rejected), sum: "value"},
	warehouse.ValueLate:     {kinds: kindsOf(homing.LateStatus), sum: "value"},
}

var postbackFigures = figures{
	warehouse.Postbacks:  {kinds: calls, sum: `"count"`},
	warehouse.Duplicates: {kinds: kindsOf(homing.Duplicate), sum: `"count"`},
	warehouse.Refusals:   {kinds: kindsOf(homing.Refused), sum: `"count"`},
}

var clickTotals = figures{
	warehouse.Clicks:       {some: "clicks", sum: "clicks"},
	warehouse.UniqueClicks: {some: "clicks", sum: "uniques"},
	warehouse.BotClicks:    {some: "bots", sum: "bots"},
	warehouse.Cost:         {some: "clicks", sum: "cost"},
	warehouse.Profit:       {some: "clicks", sum: "-cost"},
}

var postbackTotals = figures{
	warehouse.Postbacks:  {some: "postbacks", sum: "postbacks"},
	warehouse.Duplicates: {some: "duplicates", sum: "duplicates"},
	warehouse.Refusals:   {some: "refusals", sum: "refusals"},
}

// tells whether the table knows any of the measures.
func (f *figures) tells(measures []warehouse.Measure) bool {
	return slices.ContainsFunc(measures, func(m warehouse.Measure) bool { return f[m].sum != "" })
}

// wanted are the kinds that any of the measures counts.
func (f *figures) wanted(measures []warehouse.Measure) (all kinds) {
	for _, m := range measures {
		all |= f[m].kinds
	}
	return all
}

// present is the condition of rows that any of the measures counts; empty if
// those are all.
func (s *source) present(measures []warehouse.Measure) string {
	if s.kind != "" {
		return s.figures.wanted(measures).are(s.kind)
	}
	var some []string
	for _, m := range measures {
		above := s.figures[m].some + " > 0"
		if s.figures[m].some != "" && !slices.Contains(some, above) {
			some = append(some, above)
		}
	}
	return "(" + strings.Join(some, " OR ") + ")"
}

// figure is what a row that is present adds to a measure; of times its own, or
// nothing.
func (w *writer) figure(s segment, m warehouse.Measure) string {
	f, nothing := s.figures[m], "0"
	if !m.Adds() {
		nothing = w.dialect.Nothing()
	}
	switch {
	case f.sum == "":
		return nothing
	case f.kinds == s.figures.wanted(w.measures):
		return f.sum
	}
	return fmt.Sprintf("CASE WHEN %s THEN %s ELSE %s END", f.kinds.are(s.kind), f.sum, nothing)
}

// are is the condition that a column is in the set; empty for all outcomes.
func (k kinds) are(column string) string {
	first, last := bits.TrailingZeros8(uint8(k)), bits.Len8(uint8(k))-1
	switch {
	case column == "outcome" && k == calls:
		return ""
	case first == last:
		return fmt.Sprintf("%s = %d", column, first)
	case bits.OnesCount8(uint8(k)) == last-first+1:
		return fmt.Sprintf("%s BETWEEN %d AND %d", column, first, last)
	}
	var list []string
	for i := first; i <= last; i++ {
		if k&(1<<i) != 0 {
			list = append(list, fmt.Sprint(i))
		}
	}
	return fmt.Sprintf("%s IN (%s)", column, strings.Join(list, ", "))
}
