package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// sheet is a file that rows are written to, one by one. Rows have a cell for
// every column.
type sheet interface {
	write(cells []Cell) error
	// close writes what is left; without it the file is cut. It does not close
	// the writer beneath.
	close() error
}

func newSheet(f Format, w io.Writer, columns []Column) (sheet, error) {
	switch f {
	case CSV:
		return newCSV(w, columns)
	case JSONLines:
		return &jsonSheet{out: bufio.NewWriterSize(w, 32<<10), columns: columns}, nil
	case Parquet:
		return newParquet(w, columns), nil
	}
	return nil, fmt.Errorf("report: no format %d", f)
}

// jsonSheet writes one object a line.
type jsonSheet struct {
	out     *bufio.Writer
	columns []Column
	buf     []byte
}

func (s *jsonSheet) write(cells []Cell) error {
	s.buf = append(appendObject(s.buf[:0], s.columns, cells, false), '\n')
	_, err := s.out.Write(s.buf)
	return err
}

func (s *jsonSheet) close() error { return s.out.Flush() }

// csvSheet writes CSV: RFC 4180, UTF-8, a line of names first. encoding/csv is
// not used because it changes line ends inside of cells.
//
// A spreadsheet takes a cell for a formula that begins with one of = + - @, a
// tab or a carriage return. Texts that came from outside and begin so get an
// apostrophe in front; numbers, dates and times are ours and stay what they are.
// Nothing takes the apostrophe away again: whoever needs the texts to the byte
// takes JSON lines or Parquet.
//
// Control characters other than tab and line ends stand for nothing that a
// reader of CSV could use, and many stop at a NUL: U+FFFD stands in their place.
type csvSheet struct {
	out     *bufio.Writer
	columns []Column
}

func newCSV(w io.Writer, columns []Column) (*csvSheet, error) {
	s := &csvSheet{out: bufio.NewWriterSize(w, 32<<10), columns: columns}
	for i := range columns {
		s.cell(i, columns[i].Name)
	}
	return s, s.end()
}

func (s *csvSheet) write(cells []Cell) error {
	for i := range cells {
		text := cells[i].Text
		if kind := s.columns[i].Kind; kind == Text || kind == Name {
			text = withoutFormula(withoutControls(text))
		}
		s.cell(i, text)
	}
	return s.end()
}

func withoutControls(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f {
			return utf8.RuneError
		}
		return r
	}, text)
}

func withoutFormula(text string) string {
	if text != "" && strings.IndexByte("=+-@\t\r", text[0]) >= 0 {
		return "'" + text
	}
	return text
}

// cell writes a cell; what goes wrong is told by end.
func (s *csvSheet) cell(i int, text string) {
	if i > 0 {
		s.out.WriteByte(',')
	}
	quoted := strings.ContainsAny(text, "\",\r\n") || strings.HasPrefix(text, " ") || strings.HasSuffix(text, " ") ||
		text == "" && len(s.columns) == 1 // an empty line would be none
	if !quoted {
		s.out.WriteString(text)
		return
	}
	s.out.WriteByte('"')
	s.out.WriteString(strings.ReplaceAll(text, `"`, `""`))
	s.out.WriteByte('"')
}

func (s *csvSheet) end() error {
	_, err := s.out.WriteString("\r\n")
	return err
}

func (s *csvSheet) close() error { return s.out.Flush() }
