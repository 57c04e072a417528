package duckdb

import "homing/internal/engine/warehouse/duckdb/process"

// sheet collects rows of a table as columns. Its memory is used again for the
// next ones, so it must not be filled before its step has been carried out.
type sheet struct {
	table   table
	columns []process.Column
	rows    int
	column  int // that the next value goes to
}

func newSheet(t table) *sheet {
	s := &sheet{table: t, columns: make([]process.Column, len(t.fields))}
	for i, f := range t.fields {
		s.columns[i].Name = f.name
		if f.text() {
			s.columns[i].Texts = new(process.Texts)
		}
	}
	return s
}

func (s *sheet) clear() {
	s.rows, s.column = 0, 0
	for i := range s.columns {
		c := &s.columns[i]
		if c.Texts != nil {
			c.Texts.Data, c.Texts.Ends = c.Texts.Data[:0], c.Texts.Ends[:0]
		} else {
			c.Ints = c.Ints[:0]
		}
	}
}

// next is the column of the next value; the last column ends the row.
func (s *sheet) next() *process.Column {
	c := &s.columns[s.column]
	if s.column++; s.column == len(s.columns) {
		s.column = 0
		s.rows++
	}
	return c
}

func (s *sheet) int(values ...int64) {
	for _, v := range values {
		c := s.next()
		c.Ints = append(c.Ints, v)
	}
}

func (s *sheet) flag(set bool) {
	if set {
		s.int(1)
		return
	}
	s.int(0)
}

func (s *sheet) text(v string) {
	t := s.next().Texts
	t.Data = append(t.Data, v...)
	t.Ends = append(t.Ends, uint32(len(t.Data)))
}

// write lets a function append a text to what there is.
func (s *sheet) write(appendTo func([]byte) []byte) {
	t := s.next().Texts
	t.Data = appendTo(t.Data)
	t.Ends = append(t.Ends, uint32(len(t.Data)))
}

// steps appends the rows, if there are any.
func (s *sheet) steps() []process.Step {
	if s.rows == 0 {
		return nil
	}
	return []process.Step{{Into: s.table.name, Columns: s.columns}}
}

// copyRow takes over a row of a result that has the table's columns.
func (s *sheet) copyRow(r *process.Rows) {
	for i := range s.columns {
		if t := s.columns[i].Texts; t != nil {
			t.AddBytes(r.Bytes(i))
		} else {
			s.columns[i].Ints = append(s.columns[i].Ints, r.Int(i))
		}
	}
	s.rows++
}
