package report

import (
	"io"
	"iter"
)

// WriteCSV writes rows of whatever table as CSV, in the way Export does: safe to
// open in a spreadsheet. Only the Name, the Kind of columns and the Text of cells
// count. What has been written when an error comes is no whole file.
func WriteCSV(w io.Writer, columns []Column, rows iter.Seq2[[]Cell, error]) error {
	s, err := newCSV(w, columns)
	if err != nil {
		return err
	}
	for cells, err := range rows {
		if err != nil {
			return err
		}
		if err := s.write(cells); err != nil {
			return err
		}
	}
	return s.close()
}
