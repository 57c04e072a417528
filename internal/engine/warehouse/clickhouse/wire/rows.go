package wire

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"homing"
)

// Rows are the rows of an answer. They are for one goroutine.
type Rows struct {
	ctx  context.Context
	body io.Closer
	in   *bufio.Reader
	err  error

	columns []cells
	row     int // the present one
	rows    int // of the block
}

// cells are a column of the present block.
type cells struct {
	ints  []int64
	texts []string
	raw   []byte // memory to use again
}

func newRows(ctx context.Context, body io.ReadCloser) *Rows {
	return &Rows{ctx: ctx, body: body, in: bufio.NewReaderSize(body, 1<<16), row: -1}
}

// Next goes to the next row.
func (r *Rows) Next() bool {
	for r.err == nil {
		if r.row++; r.row < r.rows {
			return true
		}
		if err := r.ctx.Err(); err != nil {
			r.err = err
			return false
		}
		err := r.block()
		if errors.Is(err, io.EOF) {
			return false
		}
		if err != nil {
			r.err = troubled(r.ctx, fmt.Errorf("couldn't read an answer: %w", err))
		}
	}
	return false
}

// Int is a cell that is a number.
func (r *Rows) Int(column int) int64 { return r.columns[column].ints[r.row] }

// Text is a cell that is a text.
func (r *Rows) Text(column int) string { return r.columns[column].texts[r.row] }

// Err is what ended the rows, if it was not their end.
func (r *Rows) Err() error { return r.err }

// Close ends the answer, also in its middle.
func (r *Rows) Close() { _ = r.body.Close() }

// block reads the next block; io.EOF if there is none.
func (r *Rows) block() error {
	r.row, r.rows = -1, 0
	columns, err := binary.ReadUvarint(r.in)
	if err != nil {
		return err
	}
	rows, err := binary.ReadUvarint(r.in)
	if err != nil {
		return whole(err)
	}
	if columns > 1<<12 || rows > 1<<28 {
		return fmt.Errorf("a block of %d columns and %d rows: %w", columns, rows, homing.ErrUnavailable)
	}
	if len(r.columns) != int(columns) {
		r.columns = make([]cells, columns)
	}
	for i := range r.columns {
		if _, err := r.text(); err != nil { // its name
			return whole(err)
		}
		kind, err := r.text()
		if err != nil {
			return whole(err)
		}
		if err := r.columns[i].read(r.in, kind, int(rows)); err != nil {
			return whole(err)
		}
	}
	r.rows = int(rows)
	return nil
}

// whole: an end in the middle of a block is not one.
func whole(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (r *Rows) text() (string, error) {
	size, err := binary.ReadUvarint(r.in)
	if err != nil || size > 1<<16 {
		return "", errors.Join(err, io.ErrUnexpectedEOF)
	}
	text := make([]byte, size)
	_, err = io.ReadFull(r.in, text)
	return string(text), err
}

func (c *cells) read(in *bufio.Reader, kind string, rows int) error {
	size, ok := width(kind)
	c.ints, c.texts = c.ints[:0], c.texts[:0]
	switch {
	case !ok:
		return fmt.Errorf("a column is a %s, which nobody asked for", kind)
	case rows == 0:
		return nil
	case kind == dictionary:
		return c.readDictionary(in, rows)
	case size == 0:
		return c.readTexts(in, rows)
	}
	return c.readInts(in, kind, size, rows)
}

func (c *cells) readInts(in *bufio.Reader, kind string, size, rows int) error {
	if cap(c.raw) < rows*size {
		c.raw = make([]byte, rows*size)
	}
	raw := c.raw[:rows*size]
	if _, err := io.ReadFull(in, raw); err != nil {
		return err
	}
	for i := range rows {
		c.ints = append(c.ints, number(raw[i*size:(i+1)*size], kind[0] == 'I'))
	}
	return nil
}

func number(cell []byte, signed bool) int64 {
	var n uint64
	for i, b := range cell {
		n |= uint64(b) << (8 * i)
	}
	if shift := 64 - 8*len(cell); signed {
		return int64(n<<shift) >> shift
	}
	return int64(n)
}

// readDictionary reads texts that are told by their number: a version, what kind
// of numbers they are, the texts, and the numbers.
func (c *cells) readDictionary(in *bufio.Reader, rows int) error {
	var head [3]uint64 // version, kind of numbers, texts
	if err := binary.Read(in, binary.LittleEndian, &head); err != nil {
		return err
	}
	const alone = 1 << 9 // the texts are here, and in no dictionary of several blocks
	if head[0] != 1 || head[1]&alone == 0 || head[1]&0xff > 3 || head[2] > 1<<28 {
		return fmt.Errorf("a dictionary of the kind %d, %#x", head[0], head[1])
	}
	if err := c.readTexts(in, int(head[2])); err != nil {
		return err
	}
	texts := append([]string(nil), c.texts...)
	var count uint64
	if err := binary.Read(in, binary.LittleEndian, &count); err != nil {
		return err
	}
	if count != uint64(rows) {
		return fmt.Errorf("a dictionary for %d rows of %d", count, rows)
	}
	if err := c.readInts(in, "UInt", 1<<(head[1]&0xff), rows); err != nil {
		return err
	}
	c.texts = c.texts[:0]
	for _, n := range c.ints {
		if n < 0 || n >= int64(len(texts)) {
			return fmt.Errorf("text %d of a dictionary of %d", n, len(texts))
		}
		c.texts = append(c.texts, texts[n])
	}
	return nil
}

// readTexts has the texts of a block share one piece of memory.
func (c *cells) readTexts(in *bufio.Reader, rows int) error {
	ends := make([]int, 0, rows)
	all := c.raw[:0]
	for range rows {
		size, err := binary.ReadUvarint(in)
		if err != nil {
			return err
		}
		if size > 1<<30 {
			return fmt.Errorf("a text of %d bytes", size)
		}
		start := len(all)
		if need := start + int(size); need > cap(all) {
			all = append(make([]byte, 0, 2*need), all...)
		}
		all = all[:start+int(size)]
		if _, err := io.ReadFull(in, all[start:]); err != nil {
			return err
		}
		ends = append(ends, len(all))
	}
	c.raw = all
	text, start := string(all), 0
	for _, end := range ends {
		c.texts = append(c.texts, text[start:end])
		start = end
	}
	return nil
}
