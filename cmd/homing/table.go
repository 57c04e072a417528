package main

import (
	"io"
	"iter"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// table prints aligned columns. Widths are found from the first rows and grow
// with later ones, so that a long list needs no memory.
type table struct {
	w      io.Writer
	widths []int
	right  []bool
	rows   [][]string // not printed yet
	atOnce int
}

// printTable prints a table, atOnce rows at a time.
func printTable[T any](w io.Writer, columns []column[T], list iter.Seq2[T, error], atOnce int) error {
	t := &table{w: w, atOnce: atOnce + 1} // with its head
	head := make([]string, len(columns))
	for i, c := range columns {
		head[i] = c.head
		t.widths = append(t.widths, c.width)
		t.right = append(t.right, c.right)
	}
	t.rows = append(t.rows, head)
	found := false
	for v, err := range list {
		if err != nil {
			if found {
				t.flush() // that it broke off matters more than a failed write
			}
			return err
		}
		found = true
		row := make([]string, len(columns))
		for i, c := range columns {
			row[i] = printable(c.cell(&v))
		}
		if t.rows = append(t.rows, row); len(t.rows) >= t.atOnce {
			if err := t.flush(); err != nil {
				return err
			}
			t.atOnce = atOnce
		}
	}
	return t.flush()
}

func (t *table) flush() error {
	for _, row := range t.rows {
		for i, cell := range row {
			t.widths[i] = max(t.widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range t.rows {
		if _, err := io.WriteString(t.w, t.line(row)); err != nil {
			return err
		}
	}
	t.rows = t.rows[:0]
	return nil
}

func (t *table) line(row []string) string {
	var b strings.Builder
	for i, cell := range row {
		pad := strings.Repeat(" ", t.widths[i]-utf8.RuneCountInString(cell))
		if t.right[i] {
			b.WriteString(pad + cell + "  ")
		} else {
			b.WriteString(cell + pad + "  ")
		}
	}
	return strings.TrimRight(b.String(), " ") + "\n"
}

// printable writes control characters out: what came from outside must not
// steer a terminal.
func printable(cell string) string {
	if !utf8.ValidString(cell) || strings.ContainsFunc(cell, unprintable) {
		quoted := strconv.Quote(cell)
		return quoted[1 : len(quoted)-1]
	}
	return cell
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }
