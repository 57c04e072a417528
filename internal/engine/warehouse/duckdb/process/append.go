package process

import (
	"fmt"

	"homing"
	"homing/internal/engine/warehouse/duckdb/process/wire"
)

// append sends a step's rows, in pieces that the child can take in while the
// next one is being packed, and between which pings pass.
func (w *writing) append(i int, s *Step) error {
	parts := append([][]Column{s.Columns}, s.Then...)
	total, sent := 0, 0
	for _, columns := range parts {
		total += columns[0].rows()
	}
	for _, columns := range parts {
		rows := columns[0].rows()
		for from := 0; from < rows || total == 0; {
			to := pieceEnd(columns, from, rows, wire.RowGroup-sent%wire.RowGroup)
			sent += to - from
			head := wire.AppendHead{Table: s.Into, Total: total, Last: sent == total, Rows: to - from, Columns: len(columns)}
			if err := w.appendPiece(i, &head, columns, from, to); err != nil || total == 0 {
				return err
			}
			from = to
		}
	}
	return nil
}

func (w *writing) appendPiece(i int, head *wire.AppendHead, columns []Column, from, to int) error {
	b := wire.NewLargeBody()
	head.Put(b)
	for j := range columns {
		c := &columns[j]
		if !c.put(b, from, to) {
			return fmt.Errorf("%w: column %s of %s: its ends are not in order", homing.ErrInvalid, c.Name, head.Table)
		}
	}
	return w.send(i, wire.Append, b)
}

// pieceEnd is how far a piece goes that begins at from, and has most rows at most.
func pieceEnd(columns []Column, from, rows, most int) int {
	n := min(wire.MaxRows, most, rows-from)
	for n > 1 && textBytes(columns, from, from+n) > wire.MaxText {
		n = (n + 1) / 2
	}
	return from + n
}

func textBytes(columns []Column, from, to int) int {
	bytes := 0
	for i := range columns {
		if t := columns[i].Texts; t != nil && to > from {
			bytes += int(t.Ends[to-1]) - int(t.begin(from))
		}
	}
	return bytes
}

// begin is where the i-th text begins.
func (t *Texts) begin(i int) uint32 {
	if i == 0 {
		return 0
	}
	return t.Ends[i-1]
}

func (c *Column) put(b *wire.Body, from, to int) bool {
	b.PutText(c.Name)
	if c.Texts == nil {
		b.PutByte(byte(wire.Whole))
		b.PutInts(c.Ints[from:to])
		return true
	}
	b.PutByte(byte(wire.Text))
	return b.PutTexts(c.Texts.Data, c.Texts.begin(from), c.Texts.Ends[from:to])
}
