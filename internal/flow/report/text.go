package report

import (
	"bufio"
	"io"
	"math/big"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// WriteText writes the table for people: under the columns' names, numbers to
// the right, two blanks between columns, total and rest last, then the notes. It
// can be taken apart by machines too: there are no separators in numbers, and
// what is not known is "-".
func (t *Table) WriteText(w io.Writer) error {
	lines := [][]string{t.heads()}
	for i := range t.Rows {
		lines = append(lines, t.texts(&t.Rows[i], ""))
	}
	if len(t.Question.By) > 0 {
		if t.Rest != nil {
			lines = append(lines, t.texts(t.Rest, "rest"))
		}
		lines = append(lines, t.texts(&t.Total, "total"))
	}
	widths := make([]int, len(t.Columns))
	for _, line := range lines {
		for i, text := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	out := bufio.NewWriter(w)
	for _, line := range lines {
		out.WriteString(t.aligned(line, widths))
	}
	for _, note := range t.notes() {
		out.WriteString("\n" + note + "\n")
	}
	return out.Flush()
}

func (t *Table) heads() (names []string) {
	for _, c := range t.Columns {
		names = append(names, c.Name)
	}
	return names
}

// texts are a line's cells. A line without keys has a label instead.
func (t *Table) texts(l *Line, label string) (texts []string) {
	for i := range t.Columns {
		switch {
		case label != "" && t.Columns[i].IsKey && i == 0:
			texts = append(texts, label)
		case label != "" && t.Columns[i].IsKey:
			texts = append(texts, "")
		default:
			texts = append(texts, t.Columns[i].Show(l.Cells[i]))
		}
	}
	return texts
}

func (t *Table) aligned(line []string, widths []int) string {
	var b strings.Builder
	for i, text := range line {
		if i > 0 {
			b.WriteString("  ")
		}
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text))
		if t.Columns[i].rightward() {
			b.WriteString(pad + text)
		} else {
			b.WriteString(text + pad)
		}
	}
	return strings.TrimRight(b.String(), " ") + "\n"
}

// notes are the table's, and what a reader of the text alone must know.
func (t *Table) notes() []string {
	for _, m := range t.Metrics {
		if m.Money() && m != ROI && t.Currency != "" {
			return append([]string{"Amounts in " + t.Currency + ", times in " + t.Question.Zone.String() + "."}, t.Notes...)
		}
	}
	return append([]string{"Times in " + t.Question.Zone.String() + "."}, t.Notes...)
}

// rightward tells whether the column's cells are numbers.
func (c *Column) rightward() bool {
	switch c.Kind {
	case ID, Number, Count, Money, Ratio, Duration:
		return true
	}
	return false
}

// Show is a cell for people: ratios in percent, lengths of time in hours and
// minutes, "-" for what is not known, and nothing that moves a terminal's cursor.
func (c *Column) Show(cell Cell) string {
	switch {
	case cell.Null || cell.Text == "":
		return "-"
	case c.Kind == Ratio:
		return percent(&cell)
	case c.Kind == Duration:
		d := time.Duration(cell.Number) * time.Millisecond
		if d >= time.Minute {
			d = d.Round(time.Second)
		}
		return d.String()
	case c.Kind == Text || c.Kind == Name:
		return printable(cell.Text)
	}
	return cell.Text
}

// percent writes a ratio in percent with two decimals, rounded half to even.
func percent(c *Cell) string {
	hundredths := round(c.rat(), big.NewInt(10_000))
	text := decimalText(new(big.Int).Mul(hundredths, big.NewInt(10_000)), 6) // two decimals at least
	return text + "%"
}

// printable replaces what is no visible character.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '·'
		}
		return r
	}, text)
}
