package statement

import (
	"fmt"
	"slices"
	"strings"

	"homing"
	"homing/internal/engine/warehouse"
)

// source is a table that rows are counted in, by one of its times.
type source struct {
	table warehouse.Table // whose rows, or whose totals
	name  string
	time  string // the column that places a row in time
	where string // what else its rows must be
	// kind is the column that figures tell rows apart by; empty for totals.
	kind    string
	figures figures
	columns func(warehouse.Dimension) string // of a dimension that is no time
}

// quarter is how long the rows of totals are, in milliseconds.
const quarter = 900_000

// counted leaves test traffic out.
const counted = "node < 1008"

// columnOf is the column of a dimension in tables that have them all.
func columnOf(d warehouse.Dimension) string { return quoted(d.String()) }

// noNumber and noText are the keys of dimensions that a table does not have.
const (
	noNumber = "0"
	noText   = "''"
)

// columnOfClick is columnOf for a table without goals and reasons.
func columnOfClick(d warehouse.Dimension) string {
	if d == warehouse.Goal {
		return noNumber
	}
	return columnOfConversion(d)
}

// columnOfConversion is columnOf for a table without reasons.
func columnOfConversion(d warehouse.Dimension) string {
	if d == warehouse.Reason {
		return noText
	}
	return columnOf(d)
}

// quoted is the name of a column: "at" is a word of DuckDB's own.
func quoted(name string) string { return `"` + name + `"` }

// rawSource is the table with the rows themselves.
func rawSource(table warehouse.Table, basis warehouse.Basis) source {
	s := source{table: table, name: table.String(), time: `"at"`, where: counted}
	switch table {
	case warehouse.ClickTable:
		s.kind, s.figures, s.columns = "class", clickFigures, columnOfClick
	case warehouse.ConversionTable:
		s.kind, s.figures, s.columns = "status", conversionFigures, columnOfConversion
		if basis == warehouse.ByClick {
			s.time = "click_at"
		}
	case warehouse.PostbackTable:
		s.kind, s.figures, s.columns = "outcome", postbackFigures, columnOf
		if basis == warehouse.ByClick {
			s.time = "base_at"
		}
	}
	return s
}

// totalSource is the table with the sums of a table's rows.
func totalSource(table warehouse.Table, basis warehouse.Basis) source {
	s := source{table: table, name: "totals", time: "quarter", where: "kind = 0", figures: clickTotals, columns: columnOfClick}
	if table == warehouse.PostbackTable {
		s.where, s.figures, s.columns = "kind = 1", postbackTotals, columnOf
		if basis == warehouse.ByClick {
			s.where = "kind = 2"
		}
	}
	return s
}

// segment is a stretch of time that one source tells of.
type segment struct {
	source
	from, until homing.Millis
}

// segments covers the query's range with sources of a table. Totals are fewer
// rows and outlive the table's own, so they are taken for all whole quarters
// of an hour if they know what is asked; what juts out is counted by row.
func (w *writer) segments(table warehouse.Table) []segment {
	raw := rawSource(table, w.q.Basis)
	from, until := w.q.From, w.q.Until
	first, last := (from+quarter-1)/quarter*quarter, until/quarter*quarter
	if first >= last || !w.totalled(table) {
		w.note(table, from, until)
		return []segment{{raw, from, until}}
	}
	if w.dialect.TotalsOfGivenUp() {
		return w.segmentsBeside(raw, first, last)
	}
	all := []segment{{totalSource(table, w.q.Basis), first, last}}
	w.noteLost(table, first, last, true)
	if from < first {
		w.note(table, from, first)
		all = append(all, segment{raw, from, first})
	}
	if last < until {
		w.note(table, last, until)
		all = append(all, segment{raw, last, until})
	}
	return all
}

// segmentsBeside are segments where totals hold what was given up, and rows the
// rest: both are looked at, all along.
func (w *writer) segmentsBeside(raw source, first, last homing.Millis) []segment {
	from, until := w.q.From, w.q.Until
	w.noteLost(raw.table, first, last, true)
	if from < first {
		w.note(raw.table, from, first)
	}
	if last < until {
		w.note(raw.table, last, until)
	}
	all := []segment{{raw, from, until}}
	if before := w.holdings[raw.table]; before != 0 {
		totals := totalSource(raw.table, w.q.Basis)
		totals.where += fmt.Sprintf(" AND piece < %d", 2*before)
		all = append(all, segment{totals, first, last})
	}
	return all
}

// note makes a gap of it if rows of a stretch of time are counted one by one,
// and some of them may have been given up, or are lost.
func (w *writer) note(table warehouse.Table, from, until homing.Millis) {
	before := w.holdings[table]
	if before != 0 && from < before.Start() {
		w.gap(warehouse.Gap{Table: table, Before: before})
	}
	w.noteLost(table, from, until, false)
}

// noteLost makes a gap of lost rows of a stretch of time. A postback comes at
// any time after its click.
func (w *writer) noteLost(table warehouse.Table, from, until homing.Millis, fromTotals bool) {
	byClick := table == warehouse.PostbackTable && w.q.Basis == warehouse.ByClick
	for _, l := range w.lost {
		if l.Table == table && !(fromTotals && l.Totals) && from < l.Before.Start() && (byClick || until > l.From.Start()) {
			w.gap(warehouse.Gap{Table: table, Lost: true, From: l.From, Before: l.Before})
		}
	}
}

func (w *writer) gap(gap warehouse.Gap) {
	if !slices.Contains(w.gaps, gap) {
		w.gaps = append(w.gaps, gap)
	}
}

// totalled tells whether totals of a table know all dimensions of the query.
func (w *writer) totalled(table warehouse.Table) bool {
	for _, d := range w.dimensions() {
		switch {
		case table == warehouse.ConversionTable:
			return false
		case d.IsTime() && !inQuarters(w.zone):
			return false
		case d.IsTime(), d == warehouse.Account, d == warehouse.Campaign, d == warehouse.Reason,
			d == warehouse.OfFacet(warehouse.FacetCountry), d == warehouse.OfFacet(warehouse.FacetDevice):
		case d == warehouse.Goal && table == warehouse.ClickTable: // which has none
		default:
			return false
		}
	}
	return table != warehouse.ConversionTable
}

// dimensions are all that the query speaks of.
func (w *writer) dimensions() []warehouse.Dimension {
	all := slices.Clone(w.q.By)
	for _, c := range w.q.Where {
		all = append(all, c.Dimension)
	}
	return all
}

// inQuarters tells whether a quarter of an hour is one everywhere in the zone.
func inQuarters(zone warehouse.Zone) bool {
	for i, s := range zone {
		if s.Offset%quarter != 0 || i > 0 && s.From%quarter != 0 {
			return false
		}
	}
	return true
}

// rows is FROM and WHERE of the segment's rows that count.
func (w *writer) rows(s segment) string {
	time := fmt.Sprintf("%s >= %d AND %s < %d", s.time, s.from, s.time, s.until)
	from, own := w.dialect.Rows(s.name, time)
	where := append([]string{time, s.where}, own...)
	if only := s.present(w.measures); only != "" {
		where = append(where, only)
	}
	for _, c := range w.q.Where {
		where = append(where, w.condition(s.source, c))
	}
	where = append(where, w.groups(s.source)...)
	return " FROM " + from + " WHERE " + strings.Join(where, " AND ")
}
