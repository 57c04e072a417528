//go:build cgo

package child

import (
	"fmt"
	"runtime"
	"strings"

	duck "github.com/duckdb/duckdb-go-bindings"

	"homing/internal/engine/warehouse/duckdb/process/wire"
)

// column is a column of rows to append, as it came.
type column struct {
	name  string
	kind  wire.ColumnKind
	ints  wire.Ints
	texts wire.Texts
	at    int // where the next text begins in texts.Data
}

func readColumns(f *wire.Frame, head wire.AppendHead) ([]column, *wire.Fault) {
	columns := make([]column, head.Columns)
	for i := range columns {
		c := &columns[i]
		c.name, c.kind = f.Body.Text(), wire.ColumnKind(f.Body.Byte())
		if c.kind == wire.Whole {
			c.ints = f.Body.Ints(head.Rows)
		} else {
			c.texts = f.Body.Texts(head.Rows)
		}
	}
	if err := f.Body.Err(); err != nil {
		return nil, &wire.Fault{Text: err.Error()}
	}
	return columns, nil
}

// appender fills DuckDB's vectors in place, and hands them over 2,048 rows at a
// time. A call into C per value would cost more than everything else together.
type appender struct {
	handle duck.Appender
	chunk  duck.DataChunk
	table  string
	types  []duck.Type
}

func newAppender(conn duck.Connection, table string, columns []column) (*appender, *wire.Fault) {
	a := &appender{table: table}
	catalog, schema, name := tableName(table)
	if duck.AppenderCreateExt(conn, catalog, schema, name, &a.handle) == duck.StateError {
		defer a.close()
		return nil, a.mistake("")
	}
	logical := make([]duck.LogicalType, 0, len(columns))
	defer func() {
		for i := range logical {
			duck.DestroyLogicalType(&logical[i])
		}
	}()
	for i, c := range columns {
		if duck.AppenderAddColumn(a.handle, c.name) == duck.StateError {
			defer a.close()
			return nil, a.mistake(c.name)
		}
		t := duck.AppenderColumnType(a.handle, duck.IdxT(i))
		logical = append(logical, t)
		a.types = append(a.types, duck.GetTypeId(t))
	}
	a.chunk = duck.CreateDataChunk(logical)
	return a, nil
}

// tableName cuts "table", "main.table", "catalog.table" or "catalog.schema.table" up.
func tableName(s string) (catalog, schema, table string) {
	switch parts := strings.Split(s, "."); len(parts) {
	case 2:
		if parts[0] == "main" { // the schema that every catalog has
			return "", "main", parts[1]
		}
		return parts[0], "main", parts[1]
	case 3:
		return parts[0], parts[1], parts[2]
	default:
		return "", "main", s
	}
}

// append takes all rows of the columns. They are in the frame, which is pinned
// while DuckDB's vectors point into it; what AppendDataChunk took is a copy.
func (a *appender) append(columns []column, rows int) *wire.Fault {
	if len(columns) != len(a.types) {
		return &wire.Fault{Text: "the columns of one step differ"}
	}
	var pins runtime.Pinner
	defer pins.Unpin()
	for i := range columns {
		if err := misfit(&columns[i], a.types[i]); err != "" {
			return &wire.Fault{Kind: wire.Invalid, Text: fmt.Sprintf("column %s of %s %s", columns[i].name, a.table, err)}
		}
		if data := columns[i].texts.Data; len(data) > 0 {
			pins.Pin(&data[0])
		}
	}
	size := int(duck.VectorSize())
	for from := 0; from < rows; from += size {
		if fault := fill(a.chunk, columns, a.types, a.table, from, min(size, rows-from)); fault != nil {
			return fault
		}
		if duck.AppendDataChunk(a.handle, a.chunk) == duck.StateError {
			return a.fault()
		}
		duck.DataChunkReset(a.chunk)
	}
	return nil
}

// fill writes n rows into a chunk whose columns have these types.
func fill(chunk duck.DataChunk, columns []column, types []duck.Type, table string, from, n int) *wire.Fault {
	for i := range columns {
		memory := duck.VectorGetData(duck.DataChunkGetVector(chunk, duck.IdxT(i)))
		c := &columns[i]
		if c.kind == wire.Whole {
			storeInts(memory, types[i], &c.ints, from, n)
		} else if !storeTexts(memory, c, from, n) && types[i] == duck.TypeVarchar {
			return &wire.Fault{Kind: wire.Invalid, Text: fmt.Sprintf("column %s of %s has a text that is not UTF-8", c.name, table)}
		}
	}
	duck.DataChunkSetSize(chunk, duck.IdxT(n))
	return nil
}

func (a *appender) flush() *wire.Fault {
	if duck.AppenderFlush(a.handle) == duck.StateError {
		return a.fault()
	}
	return nil
}

func (a *appender) fault() *wire.Fault { return faultOf(duck.AppenderError(a.handle)) }

// mistake is the appender's word that there is no such table or column, which
// it gives without the words that other errors begin with.
func (a *appender) mistake(column string) *wire.Fault {
	f := a.fault()
	if f.Kind == wire.Internal {
		f = &wire.Fault{Kind: wire.Invalid, Text: fmt.Sprintf("cannot append to %s %s: %s", a.table, column, f.Text)}
	}
	return f
}

// close frees everything. What was not flushed is given up: closing a handle
// would flush it, into a transaction that may be failing.
func (a *appender) close() {
	if a == nil {
		return
	}
	duck.AppenderClear(a.handle)
	duck.AppenderDestroy(&a.handle)
	duck.DestroyDataChunk(&a.chunk)
}
