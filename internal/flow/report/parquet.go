package report

import (
	"fmt"
	"io"
	"math/big"
	"reflect"

	"github.com/parquet-go/parquet-go"

	"homing"
)

// A Parquet file has the columns of the table, in their order:
//
//	text, name, week, month  string        id, number, count, duration  int64
//	date                     date          bool                         boolean
//	time                     timestamp in milliseconds, UTC
//	money, ratio             decimal(18,6)
//
// All may be null, as cells may. decimal(38,6) would have room for every sum, but
// it is stored as bytes, of which the library tells readers the bounds in an
// order that takes losses for more than profits: a reader that skips by bounds
// would miss rows. So an amount of a trillion and more ends the export with
// homing.ErrOverloaded, and CSV has it.
const (
	decimalDigits = 18
	decimalPlaces = 6
	// rowGroup is how many rows are held in memory.
	rowGroup = 20_000
)

// decimalLimit is the first number that has too many digits.
const decimalLimit = 1_000_000_000_000_000_000

type parquetSheet struct {
	out     *parquet.GenericWriter[any]
	columns []Column
	rows    [1]parquet.Row
	// failed is what stopped the file; the writer beneath may have been given up
	// by then.
	failed error
}

func newParquet(w io.Writer, columns []Column) *parquetSheet {
	schema := parquet.NewSchema("homing", newOrdered(columns))
	return &parquetSheet{
		columns: columns,
		out: parquet.NewGenericWriter[any](w, schema, parquet.Compression(&parquet.Snappy), parquet.MaxRowsPerRowGroup(rowGroup),
			parquet.PageBufferSize(64<<10), parquet.CreatedBy("homing", "", "")),
	}
}

func (s *parquetSheet) write(cells []Cell) error {
	row := s.rows[0][:0]
	for i := range cells {
		value, err := parquetValue(s.columns[i].Kind, &cells[i])
		if err != nil {
			return fmt.Errorf("column %s: %w", s.columns[i].Name, err)
		}
		defined := 1
		if value.IsNull() {
			defined = 0
		}
		row = append(row, value.Level(0, defined, i))
	}
	s.rows[0] = row
	_, s.failed = s.out.WriteRows(s.rows[:])
	return s.failed
}

func (s *parquetSheet) close() error {
	if s.failed != nil {
		return s.failed
	}
	return s.out.Close()
}

func parquetNode(kind Kind) parquet.Node {
	switch kind {
	case ID, Number, Count, Duration:
		return parquet.Leaf(parquet.Int64Type)
	case Bool:
		return parquet.Leaf(parquet.BooleanType)
	case Date:
		return parquet.Date()
	case Time:
		return parquet.Timestamp(parquet.Millisecond)
	case Money, Ratio:
		return parquet.Decimal(decimalPlaces, decimalDigits, parquet.Int64Type)
	}
	return parquet.String()
}

func parquetValue(kind Kind, c *Cell) (parquet.Value, error) {
	switch {
	case c.Null:
		return parquet.NullValue(), nil
	case kind == ID || kind == Number || kind == Count || kind == Duration || kind == Time:
		return parquet.Int64Value(c.Number), nil
	case kind == Bool:
		return parquet.BooleanValue(c.Number != 0), nil
	case kind == Date:
		return parquet.Int32Value(int32(c.Number)), nil
	case kind == Money || kind == Ratio:
		return decimalValue(c)
	}
	return parquet.ByteArrayValue([]byte(c.Text)), nil
}

func decimalValue(c *Cell) (parquet.Value, error) {
	micros := big.NewInt(c.Number)
	if c.exact != nil {
		micros = roundSix(c.exact)
	}
	if micros.CmpAbs(big.NewInt(decimalLimit)) >= 0 {
		return parquet.Value{}, fmt.Errorf("%w: %s has more than %d digits, which Parquet has no room for; export as CSV",
			homing.ErrOverloaded, c.Text, decimalDigits)
	}
	return parquet.Int64Value(micros.Int64()), nil
}

// ordered is a group whose fields stay in their order; parquet.Group sorts them
// by name.
type ordered struct {
	parquet.Group
	fields []parquet.Field
}

type orderedField struct {
	parquet.Node
	name string
}

func newOrdered(columns []Column) *ordered {
	o := &ordered{Group: parquet.Group{}}
	for i := range columns {
		node := parquet.Optional(parquetNode(columns[i].Kind))
		o.Group[columns[i].Name] = node
		o.fields = append(o.fields, &orderedField{node, columns[i].Name})
	}
	return o
}

// Fields lists the columns in the order of the table.
func (o *ordered) Fields() []parquet.Field { return o.fields }

func (f *orderedField) Name() string { return f.name }

// Value is asked for when Go structs are written, which never are.
func (f *orderedField) Value(reflect.Value) reflect.Value {
	panic("report: rows are written as values")
}
