//go:build cgo

package child

import (
	"fmt"
	"runtime"
	"strings"
	"sync"

	duck "github.com/duckdb/duckdb-go-bindings"

	"homing/internal/engine/warehouse/duckdb/process/wire"
)

// feed hands rows to DuckDB as they come in, for
//
//	INSERT INTO table (columns) SELECT * FROM feed_rows(number)
//
// DuckDB's appender does the same from a copy of its own, which its threads take
// vector by vector. So none of them gets a whole row group: rows are put together
// once more when they are through, one thread compresses them while the others
// wait, and they are not in the order they came in. Here a thread takes a whole
// row group, in order, and compresses it itself: two at a time take half as long,
// and a third of the processor time is saved.
type feed struct {
	transaction *transaction
	table       string
	names       []string
	types       []duck.Type
	logical     []duck.LogicalType
	total       int // rows

	reading sync.Mutex // held by the thread that takes in the next frame
	rows    int        // guarded by reading; how many have come
	last    bool       // guarded by reading; no more will

	mu     sync.Mutex
	fault  *wire.Fault // guarded by mu
	lanes  [][]*piece  // guarded by mu; what has come and not been taken, by row group
	next   int         // guarded by mu; the first row group that no thread has
	seats  []*seat     // guarded by mu; one for each thread
	pieces []*piece    // guarded by mu; all that came
}

// piece is a frame with rows.
type piece struct {
	frame   wire.Frame // nothing when it was given back
	columns []column
	rows    int
	pins    runtime.Pinner // DuckDB's vectors point into the frame
}

// seat is where one of DuckDB's threads stands; it is that thread's.
type seat struct {
	lane int // -1: none yet
	left int // rows of the lane that have not been taken
	at   int // in piece
	*piece
}

// newFeed is for the rows that begin with a frame.
func newFeed(t *transaction, table string, a *appender, columns []column, total int) *feed {
	f := &feed{transaction: t, table: table, types: a.types, total: total, lanes: make([][]*piece, (total+wire.RowGroup-1)/wire.RowGroup)}
	for i, c := range columns {
		f.names = append(f.names, c.name)
		f.logical = append(f.logical, duck.AppenderColumnType(a.handle, duck.IdxT(i)))
	}
	return f
}

// insert takes all rows of the step in. The first frame is taken over.
func (f *feed) insert(first *wire.Frame, head wire.AppendHead, columns []column) *wire.Fault {
	defer f.close()
	taken := *first
	*first = wire.Frame{}
	if fault := f.add(taken, head, columns); fault != nil {
		return fault
	}
	number := feeds.enter(f)
	defer feeds.leave(number)
	quoted := make([]string, len(f.names))
	for i, name := range f.names {
		quoted[i] = quote(name)
	}
	parts := strings.Split(f.table, ".")
	for i := range parts {
		parts[i] = quote(parts[i])
	}
	fault := execute(f.transaction.call.conn, fmt.Sprintf("INSERT INTO %s (%s) SELECT * FROM %s(%d)",
		strings.Join(parts, "."), strings.Join(quoted, ", "), feedName, number))
	if f.fault != nil { // DuckDB tells of it in other words
		return f.fault
	}
	return fault
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// add puts the rows of a frame where their thread finds them.
func (f *feed) add(frame wire.Frame, head wire.AppendHead, columns []column) *wire.Fault {
	p := &piece{frame: frame, columns: columns, rows: head.Rows}
	f.mu.Lock()
	f.pieces = append(f.pieces, p)
	f.mu.Unlock()
	lane := f.rows / wire.RowGroup
	f.rows, f.last = f.rows+head.Rows, head.Last
	if len(columns) != len(f.types) || lane >= len(f.lanes) {
		return &wire.Fault{Text: "the columns of one step differ"}
	}
	for i := range columns {
		c := &columns[i]
		if wrong := misfit(c, f.types[i]); wrong != "" {
			return &wire.Fault{Kind: wire.Invalid, Text: fmt.Sprintf("column %s of %s %s", c.name, f.table, wrong)}
		}
		if data := c.texts.Data; len(data) > 0 {
			p.pins.Pin(&data[0])
		}
	}
	f.mu.Lock()
	f.lanes[lane] = append(f.lanes[lane], p)
	f.mu.Unlock()
	return nil
}

// receive takes in the next frame, unless something has come for a lane
// meanwhile. Whoever needs one does so, whichever lane it is for: nobody ever
// waits for another thread, which may have failed.
func (f *feed) receive(lane int) *wire.Fault {
	f.reading.Lock()
	defer f.reading.Unlock()
	if f.waiting(lane) {
		return nil
	}
	if f.last {
		return &wire.Fault{Text: "there are fewer rows than were announced"}
	}
	frame, fault := f.transaction.call.next()
	if fault != nil {
		return fault
	}
	if frame.Kind != wire.Append {
		frame.Release()
		return &wire.Fault{Text: wire.ErrGarbage.Error()}
	}
	head := frame.Body.AppendHead()
	columns, fault := readColumns(&frame, head)
	if fault == nil {
		fault = f.add(frame, head, columns)
	}
	f.transaction.done(head.Rows)
	return fault
}

func (f *feed) waiting(lane int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.lanes[lane]) > 0
}

// sit gives a thread its place.
func (f *feed) sit() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seats = append(f.seats, &seat{lane: -1})
	return len(f.seats) - 1
}

// claim gives a thread that is through with a row group the next one; false
// if there is none.
func (f *feed) claim(s *seat) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.next == len(f.lanes) || f.fault != nil {
		return false
	}
	s.lane, s.left = f.next, min(wire.RowGroup, f.total-f.next*wire.RowGroup)
	f.next++
	return true
}

// take fills a chunk with the next rows for a thread, none if there are no more.
func (f *feed) take(number int, chunk duck.DataChunk) *wire.Fault {
	f.mu.Lock()
	s := f.seats[number]
	f.mu.Unlock()
	if s.piece != nil && s.at == s.rows { // not before: the chunk before pointed into it
		s.free()
		s.piece = nil
	}
	for s.piece == nil {
		if s.left == 0 && !f.claim(s) {
			duck.DataChunkSetSize(chunk, 0)
			return nil
		}
		if fault := f.fetch(s); fault != nil {
			return fault
		}
	}
	n := min(int(duck.VectorSize()), s.rows-s.at)
	if fault := fill(chunk, s.columns, f.types, f.table, s.at, n); fault != nil {
		return fault
	}
	s.at += n
	s.left -= n
	return nil
}

// fetch has a thread begin with the next piece of its row group, if it is there.
func (f *feed) fetch(s *seat) *wire.Fault {
	f.mu.Lock()
	if come := f.lanes[s.lane]; len(come) > 0 {
		s.piece, s.at, f.lanes[s.lane] = come[0], 0, come[1:]
	}
	fault := f.fault
	f.mu.Unlock()
	if s.piece != nil || fault != nil {
		return fault
	}
	return f.receive(s.lane)
}

func (p *piece) free() {
	p.pins.Unpin()
	p.frame.Release()
	p.columns = nil
}

// close gives back what is left, when no thread of DuckDB is at it any more.
func (f *feed) close() {
	for _, p := range f.pieces {
		p.free()
	}
	for i := range f.logical {
		duck.DestroyLogicalType(&f.logical[i])
	}
}

// fail notes the first thing that went wrong.
func (f *feed) fail(fault *wire.Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fault == nil {
		f.fault = fault
	}
}

// feeds are those under way, by the numbers that their statements know them by.
var feeds = register{open: map[int64]*feed{}}

type register struct {
	mu   sync.Mutex
	last int64           // guarded by mu
	open map[int64]*feed // guarded by mu
}

func (r *register) enter(f *feed) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	r.open[r.last] = f
	return r.last
}

func (r *register) leave(number int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open, number)
}

func (r *register) find(number int64) *feed {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.open[number]
}
