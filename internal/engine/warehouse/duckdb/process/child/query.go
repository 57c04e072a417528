//go:build cgo

package child

import (
	"fmt"

	duck "github.com/duckdb/duckdb-go-bindings"

	"homing/internal/engine/warehouse/duckdb/process/wire"
)

// readers are the statements that may be queries. COPY reads too, if it is TO a
// file; a COPY FROM would be a write and is nobody's here.
var readers = map[duck.StatementType]bool{
	duck.StatementTypeSelect: true, duck.StatementTypeExplain: true, duck.StatementTypeCopy: true,
	duck.StatementTypePragma: true, duck.StatementTypeCall: true,
}

// query carries out a statement and sends its rows, a frame for the asking.
func (s *server) query(c *call, f wire.Frame) *wire.Fault {
	sql, args := f.Body.Text(), f.Body.Args()
	if err := f.Body.Err(); err != nil {
		return &wire.Fault{Text: err.Error()}
	}
	st, fault := prepare(c.conn, sql, args)
	if fault != nil {
		return fault
	}
	defer st.close()
	if !readers[duck.PreparedStatementType(st.prepared)] {
		return &wire.Fault{Kind: wire.Invalid, Text: "the statement does not read"}
	}
	if fault := st.stream(); fault != nil {
		return fault
	}
	p, fault := newPacker(&st.result)
	if fault != nil {
		return fault
	}
	if fault = s.answer(c, st, p); fault == errUntold {
		if told := why(c, sql, args); told != nil {
			return told
		}
	}
	return fault
}

// whyTries is how often a statement is run once more to hear what is wrong.
const whyTries = 3

// why runs a statement again that failed without saying why, to its failing, and
// tells what that says; nil if it says nothing either. It matters: of damage
// somebody must hear, or nobody mends it.
func why(c *call, sql string, args []any) *wire.Fault {
	for range whyTries {
		fault := runThrough(c, sql, args)
		if c.over() {
			return errCancelled
		}
		if fault == nil || fault.Kind != wire.Cancelled {
			return fault
		}
	}
	return nil
}

// runThrough runs a statement and looks at none of its rows.
func runThrough(c *call, sql string, args []any) *wire.Fault {
	st, fault := prepare(c.conn, sql, args)
	if fault != nil {
		return fault
	}
	defer st.close()
	if fault := st.stream(); fault != nil {
		return fault
	}
	for !c.over() {
		chunk, fault := st.fetch()
		if fault != nil || chunk.Ptr == nil {
			return fault
		}
		rows := duck.DataChunkGetSize(chunk)
		duck.DestroyDataChunk(&chunk)
		if rows == 0 {
			return nil
		}
	}
	return errCancelled
}

func (s *server) answer(c *call, st *statement, p *packer) *wire.Fault {
	source := &chunks{statement: st}
	defer source.close()
	for {
		for !p.full() && !source.ended {
			if c.over() {
				return errCancelled
			}
			if fault := source.pack(p); fault != nil {
				return unasked(c, fault)
			}
		}
		if err := s.out.Send(wire.Rows, c.id, p.body(source.ended)); err != nil {
			return &wire.Fault{Kind: wire.Invalid, Text: err.Error()}
		}
		if source.ended {
			return nil
		}
		if _, fault := c.next(); fault != nil { // a More
			return fault
		}
	}
}

var errUntold = &wire.Fault{Kind: wire.Unavailable, Text: "the statement failed between rows, and DuckDB does not tell why"}

// unasked is a fault between rows. When one of DuckDB's threads fails there it
// interrupts the others, and sometimes tells only of that; nobody asked for it.
func unasked(c *call, f *wire.Fault) *wire.Fault {
	if f.Kind == wire.Cancelled && !c.over() {
		return errUntold
	}
	return f
}

// chunks are the rows of a result, 2,048 at a time as DuckDB gives them, and
// the row that is next in the present ones.
type chunks struct {
	statement *statement
	chunk     duck.DataChunk
	row, rows int
	ended     bool
}

// pack gives the packer more rows.
func (s *chunks) pack(p *packer) *wire.Fault {
	if s.row == s.rows {
		s.close()
		chunk, fault := s.statement.fetch()
		if fault != nil {
			return fault
		}
		if s.chunk = chunk; chunk.Ptr != nil {
			s.rows = int(duck.DataChunkGetSize(chunk))
		}
		if s.rows == 0 {
			s.ended = true
			return nil
		}
	}
	n := p.pack(s.chunk, s.row, s.rows)
	if n == 0 {
		return &wire.Fault{Kind: wire.Invalid, Text: fmt.Sprintf("a row is larger than %d MiB", wire.MaxFrame>>20)}
	}
	s.row += n
	return nil
}

func (s *chunks) close() {
	duck.DestroyDataChunk(&s.chunk)
	s.row, s.rows = 0, 0
}
