package statement

import (
	"fmt"
	"strings"

	"homing/internal/engine/warehouse"
)

// writer writes the statement of one query, from its beginning to its end:
// question marks and arguments are in the same order.
type writer struct {
	q        *warehouse.Query
	dialect  Dialect
	holdings Holdings
	lost     []Lost
	zone     warehouse.Zone // what matters of it
	measures []warehouse.Measure

	args []any
	gaps []warehouse.Gap
}

// text is a text of the query as it stands in the statement.
func (w *writer) text(text string) string {
	w.args = append(w.args, text)
	return "?"
}

// compile writes a query that has been checked, but for its limit. In short:
//
//	WITH all_groups AS MATERIALIZED (SELECT keys, sums FROM (parts) GROUP BY keys)
//	SELECT keys, measures FROM (SELECT 0 AS total, … FROM all_groups
//	                            UNION ALL SELECT 1 AS total, sums FROM all_groups)
//	ORDER BY total DESC, …, keys
//
// A database that cannot keep all_groups for a second use looks at every row
// twice:
//
//	SELECT keys, measures FROM (SELECT 0 AS total, keys, sums FROM (parts) GROUP BY keys
//	                            UNION ALL SELECT 1 AS total, sums FROM (parts))
//	ORDER BY total DESC, …, keys
func compile(q *warehouse.Query, d Dialect, h Holdings, lost []Lost, total bool) *Statement {
	w := &writer{q: q, dialect: d, holdings: h, lost: lost, zone: within(q.Zone, q.From, q.Until)}
	for m := range warehouse.Measure(warehouse.MeasureCount) {
		if q.Measures.Has(m) {
			w.measures = append(w.measures, m)
		}
	}
	return &Statement{
		SQL: w.statement(total) + w.order(total), Args: w.args, Gaps: w.gaps,
		by: q.By, measures: w.measures, total: total,
	}
}

// statement is the query but for order and limit.
func (w *writer) statement(total bool) string {
	groups := w.allGroups()
	keys := w.keys(func(i int, name string) string {
		if w.q.By[i].IsNumber() {
			return w.dialect.Whole(name) + " AS " + name
		}
		return name
	})
	columns := strings.Join(append(keys, w.names()...), ", ")
	if !total {
		return fmt.Sprintf("SELECT %s FROM (%s) AS all_groups", columns, groups)
	}
	if !w.dialect.KeepsGroups() {
		return fmt.Sprintf("SELECT %s FROM (SELECT 0 AS total, %s FROM (%s) AS all_groups UNION ALL %s) AS answer",
			strings.Join(append(w.keys(plain), w.names()...), ", "), columns, groups, w.totalOfParts())
	}
	names := strings.Join(append(w.keys(plain), w.names()...), ", ")
	return fmt.Sprintf("WITH all_groups AS MATERIALIZED (%s) SELECT %s FROM ("+
		"SELECT 0 AS total, %s FROM all_groups UNION ALL %s) AS answer", groups, names, columns, w.total())
}

// keys are the names of the keys, each as put says.
func (w *writer) keys(put func(i int, name string) string) (list []string) {
	for i := range w.q.By {
		list = append(list, put(i, fmt.Sprintf("k%d", i)))
	}
	return list
}

func plain(_ int, name string) string { return name }

// names are the names of the measures.
func (w *writer) names() (list []string) {
	for _, m := range w.measures {
		list = append(list, name(m))
	}
	return list
}

func name(m warehouse.Measure) string { return fmt.Sprintf("m%d", m) }

// total is the row that is the total of all groups. Times do not add up: they
// are found among all conversions once more.
func (w *writer) total() string {
	list := append([]string{"1 AS total"}, w.keys(func(i int, name string) string {
		if w.q.By[i].IsNumber() {
			return "0 AS " + name
		}
		return "'' AS " + name
	})...)
	sums := []string{"count(*) AS n"} // makes one row of no groups, too
	for _, m := range w.measures {
		if m.Adds() {
			sums = append(sums, w.together(m, name(m))+" AS "+name(m))
			list = append(list, name(m))
			continue
		}
		s := w.segments(warehouse.ConversionTable)[0]
		list = append(list, fmt.Sprintf("(SELECT %s%s) AS %s", w.together(m, w.figure(s, m)), w.rows(s), name(m)))
	}
	return fmt.Sprintf("SELECT %s FROM (SELECT %s FROM all_groups) AS sums",
		strings.Join(list, ", "), strings.Join(sums, ", "))
}

// totalOfParts is the row that is the total of all groups, from the rows.
func (w *writer) totalOfParts() string {
	list := append([]string{"1 AS total"}, w.keys(func(i int, name string) string {
		if w.q.By[i].IsNumber() {
			return w.dialect.Whole("0") + " AS " + name
		}
		return "'' AS " + name
	})...)
	for _, m := range w.measures {
		list = append(list, w.together(m, added(m))+" AS "+name(m))
	}
	return fmt.Sprintf("SELECT %s FROM (%s) AS parts", strings.Join(list, ", "), w.parts())
}

// together is a measure of what rows add to it. A sum that does not fit 64 bits
// is an error, where the database notices.
func (w *writer) together(m warehouse.Measure, what string) string {
	switch m {
	case warehouse.TimeMedian:
		return fmt.Sprintf("coalesce(%s, %d)", w.dialect.Quantile(what, 5), warehouse.NoTime)
	case warehouse.TimeP90:
		return fmt.Sprintf("coalesce(%s, %d)", w.dialect.Quantile(what, 9), warehouse.NoTime)
	}
	return w.dialect.Sum(what)
}

// allGroups are the groups of all tables' rows together. To group the rows of each
// table first, and the groups once more, takes twice as long where there are
// many groups, and saves little where there are few.
func (w *writer) allGroups() string {
	list := w.keys(plain)
	for _, m := range w.measures {
		list = append(list, w.together(m, added(m))+" AS "+name(m))
	}
	sql := fmt.Sprintf("SELECT %s FROM (%s) AS parts", strings.Join(list, ", "), w.parts())
	if len(w.q.By) > 0 {
		sql += " GROUP BY " + strings.Join(w.keys(plain), ", ")
	}
	return sql
}

// parts are all rows that count.
func (w *writer) parts() string {
	var parts []string
	for _, table := range []warehouse.Table{warehouse.ClickTable, warehouse.PostbackTable, warehouse.ConversionTable} {
		raw := rawSource(table, w.q.Basis)
		if !raw.figures.tells(w.measures) {
			continue
		}
		for _, s := range w.segments(table) {
			parts = append(parts, w.part(s))
		}
	}
	return strings.Join(parts, " UNION ALL ")
}

// part are a segment's rows: their keys, and what they add to measures.
func (w *writer) part(s segment) string {
	list := w.keys(func(i int, name string) string {
		key := w.key(s.source, w.q.By[i])
		if key == noNumber || key == noText {
			key = w.dialect.Constant(key)
		}
		return key + " AS " + name
	})
	for _, m := range w.measures {
		list = append(list, w.dialect.Addend(w.figure(s, m))+" AS "+added(m))
	}
	return "SELECT " + strings.Join(list, ", ") + w.rows(s)
}

func added(m warehouse.Measure) string { return fmt.Sprintf("a%d", m) }

// order sorts as the query asks, the total first.
func (w *writer) order(total bool) string {
	var list []string
	if total {
		list = append(list, "total DESC")
	}
	for _, o := range w.q.Order {
		list = append(list, w.sorted(o)...)
	}
	list = append(list, w.keys(plain)...)
	if len(list) == 0 {
		return ""
	}
	return " ORDER BY " + strings.Join(list, ", ")
}

// sorted is one thing to sort by. What has no value comes last either way.
func (w *writer) sorted(o warehouse.Order) []string {
	value, without := w.sortValue(o)
	if o.Desc {
		value += " DESC"
	}
	if without == "" {
		return []string{value}
	}
	return []string{fmt.Sprintf("CASE WHEN %s THEN 1 ELSE 0 END", without), value}
}

// sortValue is what is compared, and when there is nothing to compare.
func (w *writer) sortValue(o warehouse.Order) (value, without string) {
	if o.ByKey {
		for i, d := range w.q.By {
			if d == o.Dimension {
				return fmt.Sprintf("k%d", i), ""
			}
		}
	}
	var none []string
	value = name(o.Measure)
	if !o.Measure.Adds() {
		none = append(none, value+" < 0")
	}
	if !o.Divided {
		return value, strings.Join(none, "")
	}
	per := name(o.Per)
	none = append(none, per+" = 0")
	if !o.Per.Adds() {
		none = append(none, per+" < 0")
	}
	without = strings.Join(none, " OR ")
	// 1e0 makes it a division of floating-point numbers everywhere.
	return fmt.Sprintf("CASE WHEN %s THEN 0 ELSE %s * 1e0 / %s END", without, value, per), without
}
