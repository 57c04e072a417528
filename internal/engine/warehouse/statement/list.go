package statement

import (
	"fmt"
	"slices"
	"strings"

	"homing"
	"homing/internal/engine/warehouse"
)

// List writes a list of a table's rows with the given columns, in the list's
// order. It is read by the caller, who alone knows all columns. The error is
// homing.ErrInvalid.
func List(table warehouse.Table, l *warehouse.List, d Dialect, columns ...string) (*Statement, error) {
	if err := CheckList(table, l); err != nil {
		return nil, err
	}
	w := &writer{q: &warehouse.Query{Where: l.Where}, dialect: d}
	s := rawSource(table, warehouse.ByConversion)
	where := []string{fmt.Sprintf("%s >= %d AND %s < %d", s.time, l.From, s.time, l.Until)}
	from, own := d.Rows(s.name, slices.Concat(where, ofClick(table, l), ofConversion(table, l))...)
	where = append(where, own...)
	where = append(where, narrowed(table, l)...)
	for _, c := range l.Where {
		where = append(where, w.condition(s, c))
	}
	if l.Request != (homing.RequestID{}) {
		where = append(where, "request = "+w.text(l.Request.String()))
	}
	where = append(where, behind(table, l)...)
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = quoted(c)
	}
	sql := fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s",
		strings.Join(names, ", "), from, strings.Join(where, " AND "), place(table, l.Newest))
	if l.Limit > 0 {
		sql += fmt.Sprintf(" LIMIT %d", l.Limit)
	}
	return &Statement{SQL: sql, Args: w.args}, nil
}

// CheckList tells what is wrong with a list: homing.ErrInvalid, with the field.
func CheckList(table warehouse.Table, l *warehouse.List) error {
	if table > warehouse.ConversionTable {
		return invalid("table", "there is no table %d", table)
	}
	if err := checkRange(&warehouse.Query{From: l.From, Until: l.Until, Limit: l.Limit}); err != nil {
		return err
	}
	foreign := func(field string, given bool, of ...warehouse.Table) error {
		for _, t := range of {
			if t == table {
				return nil
			}
		}
		if given {
			return invalid(field, "%v have none", table)
		}
		return nil
	}
	for _, err := range []error{
		foreign("class", len(l.Class) > 0, warehouse.ClickTable),
		foreign("outcome", len(l.Outcome) > 0, warehouse.PostbackTable),
		foreign("status", len(l.Status) > 0, warehouse.ConversionTable),
		foreign("conversion", l.Conversion != 0, warehouse.PostbackTable, warehouse.ConversionTable),
		foreign("request", l.Request != (homing.RequestID{}), warehouse.PostbackTable, warehouse.ConversionTable),
		checkConditions(l.Where),
		checkKeys(&warehouse.Query{Where: l.Where}),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// narrowed are the conditions of the list's own fields, but for the texts.
func narrowed(table warehouse.Table, l *warehouse.List) []string {
	return slices.Concat(ofClick(table, l), oneOf("class", l.Class), oneOf("outcome", l.Outcome),
		oneOf("status", l.Status), ofConversion(table, l))
}

func ofClick(table warehouse.Table, l *warehouse.List) []string {
	o := l.Click
	if o == (homing.Origin{}) {
		return nil
	}
	time := map[warehouse.Table]string{
		warehouse.ClickTable: `"at"`, warehouse.PostbackTable: "base_at", warehouse.ConversionTable: "click_at",
	}[table]
	return []string{fmt.Sprintf("%s = %d AND node = %d AND seq = %d AND campaign = %d", time, o.Time, o.Node, o.Seq, o.Campaign)}
}

func ofConversion(table warehouse.Table, l *warehouse.List) []string {
	if l.Conversion == 0 {
		return nil
	}
	column := "conversion"
	if table == warehouse.ConversionTable {
		column = "id"
	}
	return []string{fmt.Sprintf("%s = %d", column, l.Conversion)}
}

func oneOf[K ~uint8](column string, of []K) []string {
	if len(of) == 0 {
		return nil
	}
	list := make([]string, len(of))
	for i, k := range of {
		list[i] = fmt.Sprint(uint8(k))
	}
	return []string{column + " IN (" + strings.Join(list, ", ") + ")"}
}

// place is the order of a list.
func place(table warehouse.Table, newest bool) string {
	columns := map[warehouse.Table][]string{
		warehouse.ClickTable:      {`"at"`, "node", "seq"},
		warehouse.PostbackTable:   {`"at"`, "number"},
		warehouse.ConversionTable: {`"at"`, "id"},
	}[table]
	if newest {
		return strings.Join(columns, " DESC, ") + " DESC"
	}
	return strings.Join(columns, ", ")
}

// behind is the condition of rows behind the list's cursor. The time alone is
// compared first, which a scan can skip blocks of rows by.
func behind(table warehouse.Table, l *warehouse.List) []string {
	if l.After == nil {
		return nil
	}
	beyond := ">"
	if l.Newest {
		beyond = "<"
	}
	at, n := l.After.At, l.After.Number
	var next string
	switch table {
	case warehouse.ClickTable:
		node, seq := n>>16, n&0xffff
		next = fmt.Sprintf("node %s %d OR node = %d AND seq %s %d", beyond, node, node, beyond, seq)
	case warehouse.PostbackTable:
		next = fmt.Sprintf("number %s %d", beyond, n)
	case warehouse.ConversionTable:
		next = fmt.Sprintf("id %s %d", beyond, n)
	}
	return []string{fmt.Sprintf(`"at" %s= %d AND ("at" %s %d OR (%s))`, beyond, at, beyond, at, next)}
}
