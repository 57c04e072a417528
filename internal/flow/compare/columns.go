package compare

import (
	"strings"

	"homing/internal/flow/trace"
	"homing/internal/rule/judge"
)

// columns tell where things stand in a row; -1 if nowhere.
type columns struct{ id, value, lead int }

// The names that trackers and networks give the three columns, in small letters
// and digits only, the likeliest first.
var (
	idNames = []string{
		"clickid", "externalid", "homingclickid", "externalclickid", "affclickid", "networkclickid", "sourceclickid",
		"refid", "s2sid", "cid", "subid", "subid1", "sub1", "affsub", "affsub1", "s1", "aid", "uclick", "click",
	}
	valueNames = []string{"value", "payout", "revenue", "amount", "sum", "price", "profit", "commission", "income", "conversionrevenue", "cost"}
	leadNames  = []string{"leadcode", "leadid", "lead", "txid", "transactionid", "transaction", "orderid", "order", "eventid", "conversionid", "tid"}
)

// plainName is a heading as it is looked up.
func plainName(text string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			return c
		case c >= 'A' && c <= 'Z':
			return c + ('a' - 'A')
		}
		return -1
	}, text)
}

// findColumns looks at the first line and at what stands below it. The click id
// is where click ids are; names decide what shapes leave open.
func (l *List) findColumns(rows []row) columns {
	s := survey(rows)
	l.Headed = isHeading(rows)
	var names []string
	if l.Headed {
		names = rows[0].cells
	}
	c := columns{id: s.idColumn(names), value: -1, lead: -1}
	if l.Headed {
		c.value, c.lead = named(names, valueNames, c.id), named(names, leadNames, c.id)
	} else {
		c.value = s.valueColumn(c.id)
		c.lead = s.leadColumn(c.id, c.value)
	}
	l.HasValue, l.HasLead = c.value >= 0, c.lead >= 0
	for i := range max(len(s), len(names)) {
		r := Reading{As: map[int]string{c.lead: "lead code", c.value: "value", c.id: "click id"}[i]}
		if i < len(names) {
			r.Name = shown(names[i])
		}
		l.Columns = append(l.Columns, r)
	}
	return c
}

// isHeading tells whether the first line names columns: there is no click id in
// it, and a name that is known, or only words above lines with ids.
func isHeading(rows []row) bool {
	words := true
	for _, cell := range rows[0].cells {
		if _, ok := trace.FindID(cut(cell)); ok {
			return false
		}
		name := plainName(cell)
		for _, known := range [][]string{idNames, valueNames, leadNames} {
			for _, k := range known {
				if name == k {
					return true
				}
			}
		}
		words = words && cell != "" && !strings.ContainsAny(cell, "0123456789{}[]%")
	}
	if !words || len(rows) < 2 {
		return false
	}
	for _, cell := range rows[1].cells {
		if _, ok := trace.FindID(cut(cell)); ok {
			return true
		}
	}
	return false
}

// named is the column with the likeliest of the names; -1 if none has one.
func named(names, known []string, taken int) int {
	for _, k := range known {
		for i, name := range names {
			if i != taken && plainName(name) == k {
				return i
			}
		}
	}
	return -1
}

// shapes count what stands in a column.
type shapes struct{ filled, ids, amounts, points int }

type surveyed []shapes

// survey looks at the first thousand lines.
func survey(rows []row) (s surveyed) {
	for _, r := range rows[:min(len(rows), 1000)] {
		for i, cell := range r.cells {
			if i >= len(s) {
				s = append(s, shapes{})
			}
			if cell == "" {
				continue
			}
			s[i].filled++
			if _, ok := trace.FindID(cut(cell)); ok {
				s[i].ids++
			} else if _, ok := ParseAmount(cell); ok {
				s[i].amounts++
				if strings.ContainsAny(cell, ".,") {
					s[i].points++
				}
			}
		}
	}
	return s
}

// idColumn is the column with the most click ids, of equal ones the one with the
// likelier name; without any id the named one, else the first.
func (s surveyed) idColumn(names []string) int {
	most := 0
	for _, column := range s {
		most = max(most, column.ids)
	}
	for _, k := range idNames {
		for i, name := range names {
			if i < len(s) && plainName(name) == k && s[i].ids == most {
				return i
			}
		}
	}
	for i := range s {
		if s[i].ids == most {
			return i
		}
	}
	return 0
}

// valueColumn is the column of amounts: with decimals, if there are several.
func (s surveyed) valueColumn(taken int) int {
	best := -1
	for i, column := range s {
		if i == taken || column.filled == 0 || column.amounts*10 < column.filled*9 {
			continue
		}
		if best < 0 || column.points > s[best].points {
			best = i
		}
	}
	return best
}

// leadColumn is the only other column that has something in it.
func (s surveyed) leadColumn(id, value int) int {
	found := -1
	for i, column := range s {
		if i == id || i == value || column.filled == 0 {
			continue
		}
		if found >= 0 {
			return -1 // it could be any of them
		}
		found = i
	}
	return found
}

func (c columns) line(r *row) Line {
	cell := func(i int) string {
		if i < 0 || i >= len(r.cells) {
			return ""
		}
		return r.cells[i]
	}
	l := Line{Number: r.number}
	id := cell(c.id)
	if l.Click, l.Found = trace.FindID(cut(id)); !l.Found {
		l.Cell = id[:min(len(id), maxCell)]
	}
	// One byte more than a lead code may have: what is longer never matches.
	lead := cell(c.lead)
	l.Lead = lead[:min(len(lead), judge.MaxLeadLen+1)]
	if text := cell(c.value); text != "" {
		var ok bool
		if l.Value, ok = ParseAmount(text); !ok {
			l.Unread = shown(text)
		}
	}
	return l
}
