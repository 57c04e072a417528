package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// Column is a column of a block that is written: "UInt8" to "Int64", or
// "String".
type Column struct{ Name, Type string }

// dictionary is how columns of few different texts come back; they are written as
// "String".
const dictionary = "LowCardinality(String)"

// width is how many bytes a number of a type has; 0 if it is a text.
func width(kind string) (bytes int, ok bool) {
	switch kind {
	case "String", dictionary:
		return 0, true
	case "UInt8", "Int8":
		return 1, true
	case "UInt16", "Int16", "Date":
		return 2, true
	case "UInt32", "Int32":
		return 4, true
	case "UInt64", "Int64":
		return 8, true
	}
	return 0, false
}

// Block collects rows to be written, cell by cell.
type Block struct {
	columns []Column
	widths  []int
	data    [][]byte
	cells   int
}

// NewBlock makes an empty one.
func NewBlock(columns []Column) *Block {
	b := &Block{columns: columns, widths: make([]int, len(columns)), data: make([][]byte, len(columns))}
	for i, c := range columns {
		var ok bool
		if b.widths[i], ok = width(c.Type); !ok {
			panic("wire: no column can be a " + c.Type)
		}
	}
	return b
}

// Rows is how many rows it has.
func (b *Block) Rows() int { return b.cells / len(b.columns) }

// Bytes is how many bytes the rows take.
func (b *Block) Bytes() (bytes int) {
	for _, d := range b.data {
		bytes += len(d)
	}
	return bytes
}

// Clear leaves no rows, and keeps the memory.
func (b *Block) Clear() {
	b.cells = 0
	for i := range b.data {
		b.data[i] = b.data[i][:0]
	}
}

// Int adds the next cells, numbers.
func (b *Block) Int(numbers ...int64) {
	for _, n := range numbers {
		i := b.cells % len(b.columns)
		var cell [8]byte
		binary.LittleEndian.PutUint64(cell[:], uint64(n))
		b.data[i] = append(b.data[i], cell[:b.widths[i]]...)
		b.cells++
	}
}

// Flag adds the next cell, 1 or 0.
func (b *Block) Flag(set bool) {
	n := int64(0)
	if set {
		n = 1
	}
	b.Int(n)
}

// Text adds the next cell.
func (b *Block) Text(text string) {
	i := b.cells % len(b.columns)
	b.data[i] = append(binary.AppendUvarint(b.data[i], uint64(len(text))), text...)
	b.cells++
}

func (b *Block) names() string {
	names := make([]string, len(b.columns))
	for i, c := range b.columns {
		names[i] = `"` + c.Name + `"`
	}
	return strings.Join(names, ", ")
}

// reader reads the block in Native format: the numbers of columns and rows, then
// of each column its name, its type and its cells.
func (b *Block) reader() io.Reader {
	if b.cells%len(b.columns) != 0 {
		panic(fmt.Sprintf("wire: a row of %d cells, not %d", b.cells%len(b.columns), len(b.columns)))
	}
	head := binary.AppendUvarint(nil, uint64(len(b.columns)))
	head = binary.AppendUvarint(head, uint64(b.Rows()))
	readers := []io.Reader{bytes.NewReader(head)}
	for i, c := range b.columns {
		var head []byte
		for _, text := range []string{c.Name, c.Type} {
			head = append(binary.AppendUvarint(head, uint64(len(text))), text...)
		}
		readers = append(readers, bytes.NewReader(head), bytes.NewReader(b.data[i]))
	}
	return io.MultiReader(readers...)
}
