package compare

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"homing"
	"homing/internal/flow/trace"
)

const (
	// MaxLines is how many lines of a list are compared.
	MaxLines = 10_000
	// MaxBytes is how large a list may be.
	MaxBytes = 2 << 20
	// maxCell is how much of a cell is looked at, maxShown how much of one
	// without a click id is told.
	maxCell  = 4096
	maxShown = 60
)

// List is a list as it was understood.
type List struct {
	Lines []Line
	// Columns tell what each column was taken for.
	Columns []Reading
	// Headed: the first line names the columns.
	Headed            bool
	HasLead, HasValue bool
	// Left is how many lines beyond MaxLines were not looked at.
	Left int
}

// Reading is what a column was taken for: "click id", "value", "lead code", or
// nothing.
type Reading struct{ Name, As string }

// Line is one line of a list.
type Line struct {
	Number int // from 1 on, as an editor counts
	Click  homing.ClickID
	// Found: there is a click id in it. Otherwise Cell is the beginning of what
	// stands where it should be.
	Found bool
	Cell  string
	Lead  string // empty = none
	Value homing.Value
	// Unread is a value that could not be read.
	Unread string
}

// Read reads a list: separated by tabs, semicolons or commas, or one id a line,
// each in a URL if you like. Columns are found by the names in the first line,
// else by what stands in them. The error is homing.ErrInvalid.
func Read(text []byte) (*List, error) {
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("%w list: it is larger than %d MiB; split it", homing.ErrInvalid, MaxBytes>>20)
	}
	if bytes.HasPrefix(text, []byte("PK\x03\x04")) || bytes.HasPrefix(text, []byte("\xd0\xcf\x11\xe0")) {
		return nil, fmt.Errorf("%w list: this is a workbook; save the sheet as CSV and choose that file", homing.ErrInvalid)
	}
	rows, left := split(Text(text))
	if len(rows) == 0 {
		return nil, fmt.Errorf("%w list: there is nothing in it; paste click ids, one a line, or choose a file", homing.ErrInvalid)
	}
	l := &List{Left: left}
	columns := l.findColumns(rows)
	if l.Headed {
		rows = rows[1:]
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%w list: there is nothing below its first line, which names the columns", homing.ErrInvalid)
	}
	if len(rows) > MaxLines {
		l.Left += len(rows) - MaxLines
		rows = rows[:MaxLines]
	}
	for i := range rows {
		l.Lines = append(l.Lines, columns.line(&rows[i]))
	}
	return l, nil
}

// Text is a list as UTF-8: spreadsheets write "Unicode text" as UTF-16, and
// a mark before UTF-8.
func Text(text []byte) string {
	little, big := bytes.HasPrefix(text, []byte("\xff\xfe")), bytes.HasPrefix(text, []byte("\xfe\xff"))
	if !little && !big {
		return strings.ToValidUTF8(strings.TrimPrefix(string(text), "\ufeff"), "\ufffd")
	}
	units := make([]uint16, 0, len(text)/2)
	for i := 2; i+1 < len(text); i += 2 {
		lo, hi := text[i], text[i+1]
		if big {
			lo, hi = hi, lo
		}
		units = append(units, uint16(hi)<<8|uint16(lo))
	}
	return string(utf16.Decode(units))
}

// row is a line taken apart.
type row struct {
	number int
	cells  []string
}

// split takes the text apart, leaving out empty lines. A quoted cell ends with
// its line: a quotation mark that somebody forgot must not swallow the rest.
func split(text string) (rows []row, left int) {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	separator := separatorOf(text)
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		if strings.TrimSpace(line) == "" {
			continue
		}
		if len(rows) > MaxLines { // one more, for a heading
			left++
			continue
		}
		rows = append(rows, row{number, cells(line, separator)})
	}
	return rows, left
}

// separatorOf is what parts cells: of tab, semicolon and comma the one that
// stands in most of the first lines, 0 if none does.
func separatorOf(text string) byte {
	best, most := byte(0), 0
	for _, c := range []byte("\t;,") {
		lines, found := 0, 0
		for line := range strings.SplitSeq(text, "\n") {
			if lines++; lines > 100 {
				break
			}
			if len(cells(line, c)) > 1 {
				found++
			}
		}
		if found > most {
			best, most = c, found
		}
	}
	return best
}

// cells takes a line apart. Without a separator a blank behind a click id is
// one.
func cells(line string, separator byte) (list []string) {
	if separator == 0 {
		line = strings.TrimSpace(line)
		first, rest, more := strings.Cut(line, " ")
		if _, ok := trace.FindID(cut(first)); more && ok {
			return append([]string{first}, strings.Fields(rest)...)
		}
		return []string{line}
	}
	for {
		cell, rest, more := nextCell(line, separator)
		list = append(list, cell)
		if !more {
			return list
		}
		line = rest
	}
}

func nextCell(line string, separator byte) (cell, rest string, more bool) {
	trimmed := strings.TrimLeft(line, " ")
	if strings.HasPrefix(trimmed, `"`) {
		var b strings.Builder
		for i := 1; i < len(trimmed); i++ {
			switch {
			case trimmed[i] != '"':
				b.WriteByte(trimmed[i])
			case i+1 < len(trimmed) && trimmed[i+1] == '"':
				b.WriteByte('"')
				i++
			default:
				_, rest, more = strings.Cut(trimmed[i+1:], string(separator))
				return strings.TrimSpace(b.String()), rest, more
			}
		}
	}
	cell, rest, more = strings.Cut(line, string(separator))
	return strings.TrimSpace(cell), rest, more
}

func cut(text string) string { return text[:min(len(text), maxCell)] }

// shown is the beginning of a cell, for people.
func shown(text string) string {
	if len(text) <= maxShown {
		return text
	}
	end := maxShown
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
