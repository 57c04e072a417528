package statement

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"homing/internal/engine/warehouse"
)

const (
	always = "1 = 1"
	never  = "1 = 0"
)

// condition is a condition on a source's rows.
func (w *writer) condition(s source, c warehouse.Condition) string {
	key := w.key(s, c.Dimension)
	switch c.Op {
	case warehouse.Begins:
		return w.dialect.Begins(key, folded(c.Keys[0].Text), w.text)
	case warehouse.Contains:
		return w.dialect.Contains(key, folded(c.Keys[0].Text), w.text)
	}
	return w.among(key, c.Dimension, c.Keys, c.Op == warehouse.In)
}

// among tells whether a key is one of some, or none of them.
func (w *writer) among(key string, d warehouse.Dimension, keys []warehouse.Key, in bool) string {
	var list []string
	for _, k := range keys {
		if !d.IsNumber() || fits(d, k.Number) {
			list = append(list, w.literal(d, k))
		}
	}
	switch {
	case len(list) == 0 && in:
		return never
	case len(list) == 0:
		return always
	case len(list) == 1 && in:
		return key + " = " + list[0]
	case in:
		return key + " IN (" + strings.Join(list, ", ") + ")"
	}
	return key + " NOT IN (" + strings.Join(list, ", ") + ")"
}

// fits tells whether a number can be a key. Others are left out: compared with
// them a column would be widened row by row, past its index of least and
// greatest values.
func fits(d warehouse.Dimension, n int64) bool {
	return d.IsTime() || n >= 0 && n <= math.MaxUint32
}

// literal is a key as it stands in a statement.
func (w *writer) literal(d warehouse.Dimension, k warehouse.Key) string {
	if d.IsNumber() {
		return strconv.FormatInt(k.Number, 10)
	}
	return w.text(k.Text)
}

// folded makes the letters A to Z small, and no others.
func folded(text string) string {
	small := []byte(text)
	for i, c := range small {
		if 'A' <= c && c <= 'Z' {
			small[i] = c + 'a' - 'A'
		}
	}
	return string(small)
}

// groups are the conditions of Only and Except.
func (w *writer) groups(s source) (where []string) {
	if len(w.q.Only) > 0 {
		where = append(where, w.named(s, w.q.Only, true)...)
	}
	if len(w.q.Except) > 0 {
		where = append(where, w.named(s, w.q.Except, false)...)
	}
	return where
}

// named tells whether a row is of one of the groups, or of none. Each key alone
// is looked at first: that much the scan of a table can do.
func (w *writer) named(s source, groups [][]warehouse.Key, in bool) (where []string) {
	by := w.q.By
	if len(by) == 1 {
		return []string{w.among(w.key(s, by[0]), by[0], column(groups, 0), in)}
	}
	keys := make([]string, len(by))
	for i, d := range by {
		keys[i] = w.key(s, d)
		if in {
			where = append(where, w.among(keys[i], d, column(groups, i), true))
		}
	}
	rows := make([]string, len(groups))
	for i, group := range groups {
		row := make([]string, len(by))
		for j, d := range by {
			row[j] = w.literal(d, group[j])
		}
		rows[i] = "(" + strings.Join(row, ", ") + ")"
	}
	op := "IN"
	if !in {
		op = "NOT IN"
	}
	tuples := w.dialect.Tuples(rows)
	return append(where, fmt.Sprintf("(%s) %s (%s)", strings.Join(keys, ", "), op, tuples))
}

// column are the different i-th keys of groups.
func column(groups [][]warehouse.Key, i int) (keys []warehouse.Key) {
	seen := map[warehouse.Key]bool{}
	for _, group := range groups {
		if !seen[group[i]] {
			seen[group[i]] = true
			keys = append(keys, group[i])
		}
	}
	return keys
}
