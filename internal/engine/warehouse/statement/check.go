package statement

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"homing"
	"homing/internal/engine/warehouse"
)

// MaxKeys is how many keys the conditions and the groups of one query may name
// in all: a statement is not meant to carry a table.
const MaxKeys = 10_000

// Check tells what is wrong with a query: homing.ErrInvalid, with the field.
func Check(q *warehouse.Query) error {
	if q.Limit > warehouse.MaxRows {
		return invalid("limit", "%d is above %d", q.Limit, warehouse.MaxRows)
	}
	return check(q)
}

// check is Check, for any limit.
func check(q *warehouse.Query) error {
	for _, look := range []func(*warehouse.Query) error{
		checkRange, checkBy, checkMeasures, checkOrder, checkGroups, checkKeys,
	} {
		if err := look(q); err != nil {
			return err
		}
	}
	return checkConditions(q.Where)
}

func invalid(field, format string, args ...any) error {
	return fmt.Errorf("%w query: %s: %s", homing.ErrInvalid, field, fmt.Sprintf(format, args...))
}

func checkRange(q *warehouse.Query) error {
	if q.From > q.Until {
		return invalid("from", "%v is after until, %v", q.From, q.Until)
	}
	for i := 1; i < len(q.Zone); i++ {
		if q.Zone[i].From <= q.Zone[i-1].From {
			return invalid("zone", "stretch %d does not begin after the one before it", i)
		}
	}
	if q.Basis > warehouse.ByConversion {
		return invalid("basis", "there is no basis %d", q.Basis)
	}
	if q.Limit < 0 {
		return invalid("limit", "%d is negative", q.Limit)
	}
	return nil
}

func checkBy(q *warehouse.Query) error {
	if len(q.By) > warehouse.MaxBy {
		return invalid("by", "%d dimensions are more than %d", len(q.By), warehouse.MaxBy)
	}
	for i, d := range q.By {
		if err := checkDimension("by", d); err != nil {
			return err
		}
		if slices.Contains(q.By[:i], d) {
			return invalid("by", "%v is there twice", d)
		}
	}
	return nil
}

func checkDimension(field string, d warehouse.Dimension) error {
	if int(d) >= warehouse.DimensionCount {
		return invalid(field, "there is no dimension %d", d)
	}
	return nil
}

func checkMeasures(q *warehouse.Query) error {
	if q.Measures == 0 {
		return invalid("measures", "none is asked for")
	}
	if q.Measures>>warehouse.MeasureCount != 0 {
		return invalid("measures", "there are only %d", warehouse.MeasureCount)
	}
	return nil
}

func checkOrder(q *warehouse.Query) error {
	for _, o := range q.Order {
		switch {
		case o.ByKey && o.Divided:
			return invalid("order", "a key is not divided")
		case o.ByKey && !slices.Contains(q.By, o.Dimension):
			return invalid("order", "what is sorted by is not among the dimensions")
		case !o.ByKey && !asked(q, o.Measure), o.Divided && !asked(q, o.Per):
			return invalid("order", "what is sorted by is not among the measures")
		}
	}
	return nil
}

func asked(q *warehouse.Query, m warehouse.Measure) bool {
	return int(m) < warehouse.MeasureCount && q.Measures.Has(m)
}

func checkConditions(where []warehouse.Condition) error {
	for _, c := range where {
		if err := checkDimension("where", c.Dimension); err != nil {
			return err
		}
		switch c.Op {
		case warehouse.In, warehouse.NotIn:
		case warehouse.Begins, warehouse.Contains:
			if c.Dimension.IsNumber() {
				return invalid("where", "%v is a number and is not compared by its letters", c.Dimension)
			}
			if len(c.Keys) != 1 {
				return invalid("where", "%v is compared with %d texts, not with one", c.Dimension, len(c.Keys))
			}
		default:
			return invalid("where", "there is no comparison %d", c.Op)
		}
	}
	return nil
}

// checkGroups looks at the groups that are named.
func checkGroups(q *warehouse.Query) error {
	for field, groups := range map[string][][]warehouse.Key{"only": q.Only, "except": q.Except} {
		for _, keys := range groups {
			if len(q.By) == 0 {
				return invalid(field, "there is only one group")
			}
			if len(keys) != len(q.By) {
				return invalid(field, "a group has %d keys, not %d", len(q.By), len(keys))
			}
		}
	}
	return nil
}

// checkKeys looks at how many keys are named, and at their texts.
func checkKeys(q *warehouse.Query) error {
	count := 0
	look := func(field string, keys []warehouse.Key) error {
		if count += len(keys); count > MaxKeys {
			return invalid(field, "more than %d keys are named", MaxKeys)
		}
		for _, key := range keys {
			if !utf8.ValidString(key.Text) {
				return invalid(field, "%q is not UTF-8", key.Text)
			}
		}
		return nil
	}
	for _, c := range q.Where {
		if err := look("where", c.Keys); err != nil {
			return err
		}
	}
	for _, keys := range q.Only {
		if err := look("only", keys); err != nil {
			return err
		}
	}
	for _, keys := range q.Except {
		if err := look("except", keys); err != nil {
			return err
		}
	}
	return nil
}
