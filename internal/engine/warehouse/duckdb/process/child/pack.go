//go:build cgo

package child

import (
	"fmt"
	"math"
	"strconv"
	"unsafe"

	duck "github.com/duckdb/duckdb-go-bindings"

	"homing/internal/engine/warehouse/duckdb/process/wire"
)

// A frame of rows is sent when it has so many, or so many bytes: enough that
// the turn between the processes is cheap, and little enough that one reader's
// rows weigh nothing.
const (
	fullRows  = 8 << 10
	fullBytes = 512 << 10
)

// packer collects rows for a frame, column by column.
type packer struct {
	columns []packed
	rows    int
	bytes   int
	sent    bool // the header
}

type packed struct {
	name string
	kind wire.ColumnKind
	get  func(memory unsafe.Pointer, row int, c *packed) // of whole numbers

	ints        []int64
	data        []byte
	ends        []uint32
	nulls, over []uint64
}

func newPacker(result *duck.Result) (*packer, *wire.Fault) {
	p := &packer{columns: make([]packed, duck.ColumnCount(result))}
	for i := range p.columns {
		at := duck.IdxT(i)
		c := &p.columns[i]
		c.name = duck.ColumnName(result, at)
		switch t := duck.ColumnType(result, at); t {
		case duck.TypeVarchar, duck.TypeBlob:
			c.kind = wire.Text
		case duck.TypeDouble, duck.TypeFloat:
			c.kind, c.get = wire.Text, floats[t]
		default:
			c.kind, c.get = wire.Whole, wholes[t]
			if c.get == nil {
				return nil, &wire.Fault{Kind: wire.Invalid, Text: fmt.Sprintf("column %s is neither a whole number nor a text: cast it", c.name)}
			}
		}
	}
	return p, nil
}

// floats are sent as texts: nothing that is summed is one.
var floats = map[duck.Type]func(unsafe.Pointer, int, *packed){
	duck.TypeDouble: func(m unsafe.Pointer, i int, c *packed) {
		c.float(unsafe.Slice((*float64)(m), i+1)[i])
	},
	duck.TypeFloat: func(m unsafe.Pointer, i int, c *packed) {
		c.float(float64(unsafe.Slice((*float32)(m), i+1)[i]))
	},
}

func (c *packed) float(v float64) { c.data = strconv.AppendFloat(c.data, v, 'g', -1, 64) }

var wholes = map[duck.Type]func(unsafe.Pointer, int, *packed){
	duck.TypeBoolean:     whole[uint8],
	duck.TypeTinyInt:     whole[int8],
	duck.TypeSmallInt:    whole[int16],
	duck.TypeInteger:     whole[int32],
	duck.TypeBigInt:      whole[int64],
	duck.TypeUTinyInt:    whole[uint8],
	duck.TypeUSmallInt:   whole[uint16],
	duck.TypeUInteger:    whole[uint32],
	duck.TypeDate:        whole[int32],
	duck.TypeTimestamp:   whole[int64],
	duck.TypeTimestampMS: whole[int64],
	duck.TypeSQLNull:     whole[int32],
	duck.TypeUBigInt: func(m unsafe.Pointer, i int, c *packed) {
		v := unsafe.Slice((*uint64)(m), i+1)[i]
		c.wide(int64(v), v <= math.MaxInt64)
	},
	duck.TypeHugeInt: func(m unsafe.Pointer, i int, c *packed) {
		v := unsafe.Slice((*[2]int64)(m), i+1)[i]
		c.wide(v[0], v[1] == v[0]>>63)
	},
}

func whole[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32](m unsafe.Pointer, i int, c *packed) {
	c.ints = append(c.ints, int64(unsafe.Slice((*T)(m), i+1)[i]))
}

// wide appends a number, or marks that it did not fit.
func (c *packed) wide(v int64, fits bool) {
	if !fits {
		v = 0
		mark(c.over, len(c.ints))
	}
	c.ints = append(c.ints, v)
}

func mark(mask []uint64, i int) { mask[i/64] |= 1 << (i % 64) }

func (p *packer) full() bool { return p.rows >= fullRows || p.bytes >= fullBytes }

// pack takes rows from a chunk, as many as there is room for, and tells how
// many; 0 if not even one fits a frame.
func (p *packer) pack(chunk duck.DataChunk, from, to int) int {
	to = min(to, from+wire.MaxRows-p.rows)
	size := p.texts(chunk, from, to)
	for size+p.bytes > wire.MaxText && to-from > 1 {
		to = from + (to-from)/2
		size = p.texts(chunk, from, to)
	}
	if size+p.bytes > wire.MaxFrame-1<<20 {
		return 0
	}
	p.bytes += size
	for i := range p.columns {
		c := &p.columns[i]
		vector := duck.DataChunkGetVector(chunk, duck.IdxT(i))
		c.pack(duck.VectorGetData(vector), (*uint64)(duck.VectorGetValidity(vector)), p.rows, from, to)
		p.bytes += 2 * (to - from)
	}
	p.rows += to - from
	return to - from
}

// texts is how many bytes of texts these rows have.
func (p *packer) texts(chunk duck.DataChunk, from, to int) int {
	size := 0
	for i := range p.columns {
		c := &p.columns[i]
		if c.kind != wire.Text || c.get != nil {
			continue
		}
		vector := duck.DataChunkGetVector(chunk, duck.IdxT(i))
		memory, valid := duck.VectorGetData(vector), (*uint64)(duck.VectorGetValidity(vector))
		for row := from; row < to; row++ {
			if isValid(valid, row) {
				size += len(textAt(memory, row))
			}
		}
	}
	return size
}

func (c *packed) pack(memory unsafe.Pointer, valid *uint64, at, from, to int) {
	for words := (at + to - from + 63) / 64; len(c.nulls) < words; {
		c.nulls, c.over = append(c.nulls, 0), append(c.over, 0)
	}
	for row := from; row < to; row++ {
		switch {
		case !isValid(valid, row):
			mark(c.nulls, at+row-from)
			if c.kind == wire.Whole {
				c.ints = append(c.ints, 0)
			}
		case c.get != nil:
			c.get(memory, row, c)
		default:
			c.data = append(c.data, textAt(memory, row)...)
		}
		if c.kind == wire.Text {
			c.ends = append(c.ends, uint32(len(c.data)))
		}
	}
}

func isValid(mask *uint64, row int) bool {
	return mask == nil || unsafe.Slice(mask, row/64+1)[row/64]&(1<<(row%64)) != 0
}

// textAt is a text in DuckDB's memory, see inlined.
func textAt(memory unsafe.Pointer, row int) []byte {
	s := unsafe.Add(memory, 16*row)
	length := *(*uint32)(s)
	if length <= inlined {
		return unsafe.Slice((*byte)(unsafe.Add(s, 4)), length)
	}
	return unsafe.Slice(*(**byte)(unsafe.Add(s, 8)), length)
}

// body makes the frame's body, and begins the next frame.
func (p *packer) body(last bool) *wire.Body {
	b := wire.NewLargeBody()
	head := wire.RowsHead{First: !p.sent, Last: last, Rows: p.rows, Columns: len(p.columns)}
	head.Put(b)
	for i := range p.columns {
		c := &p.columns[i]
		b.PutByte(byte(c.kind))
		if head.First {
			b.PutText(c.name)
		}
		b.PutMask(c.nulls, p.rows)
		b.PutMask(c.over, p.rows)
		if c.kind == wire.Whole {
			b.PutInts(c.ints)
		} else {
			b.PutTexts(c.data, 0, c.ends)
		}
		c.ints, c.data, c.ends = c.ints[:0], c.data[:0], c.ends[:0]
		c.nulls, c.over = c.nulls[:0], c.over[:0]
	}
	p.sent, p.rows, p.bytes = true, 0, 0
	return b
}
