package warehousetest

import (
	"slices"
	"unicode/utf8"

	"homing/internal/engine/warehouse"
)

// sound tells whether a query makes sense, but for its limit.
func sound(q *warehouse.Query) bool {
	if q.From > q.Until || q.Limit < 0 || q.Basis > warehouse.ByConversion || len(q.By) > warehouse.MaxBy ||
		q.Measures == 0 || q.Measures >= 1<<warehouse.MeasureCount {
		return false
	}
	for i, d := range q.By {
		if int(d) >= warehouse.DimensionCount || slices.Contains(q.By[:i], d) {
			return false
		}
	}
	for _, o := range q.Order {
		if o.ByKey && (o.Divided || !slices.Contains(q.By, o.Dimension)) ||
			!o.ByKey && (!q.Measures.Has(o.Measure) || o.Divided && !q.Measures.Has(o.Per)) {
			return false
		}
	}
	for i := 1; i < len(q.Zone); i++ {
		if q.Zone[i].From <= q.Zone[i-1].From {
			return false
		}
	}
	for _, keys := range slices.Concat(q.Only, q.Except) {
		if len(q.By) == 0 || len(keys) != len(q.By) || !areTexts(keys) {
			return false
		}
	}
	return soundConditions(q.Where)
}

func soundConditions(where []warehouse.Condition) bool {
	for _, c := range where {
		byLetters := c.Op == warehouse.Begins || c.Op == warehouse.Contains
		if int(c.Dimension) >= warehouse.DimensionCount || c.Op > warehouse.Contains || !areTexts(c.Keys) ||
			byLetters && (c.Dimension.IsNumber() || len(c.Keys) != 1) {
			return false
		}
	}
	return true
}

func areTexts(keys []warehouse.Key) bool {
	return !slices.ContainsFunc(keys, func(k warehouse.Key) bool { return !utf8.ValidString(k.Text) })
}

func soundList(l *warehouse.List) bool {
	return l.From <= l.Until && l.Limit >= 0 && soundConditions(l.Where)
}
