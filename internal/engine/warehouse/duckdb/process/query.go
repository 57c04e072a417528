package process

import (
	"context"
	"fmt"
	"time"

	"homing"
	"homing/internal/engine/warehouse/duckdb/process/wire"
)

// seatPatience is how long a statement waits for others that read.
const seatPatience = 10 * time.Second

// Query runs a statement that reads; COPY … TO a file is one too. Arguments are
// int64, string, []byte, bool or nil, for its question marks. Rows must be
// closed. Cancelling ctx interrupts the statement in the child.
func (p *Process) Query(ctx context.Context, sql string, args ...any) (*Rows, error) {
	b := wire.NewBody()
	b.PutText(sql)
	if err := b.PutArgs(args); err != nil {
		return nil, fmt.Errorf("%w: %w", homing.ErrInvalid, err)
	}
	if b.Len() > wire.MaxFrame {
		return nil, fmt.Errorf("%w: the statement's arguments: %w", homing.ErrInvalid, wire.ErrLong)
	}
	if _, err := p.present(); err != nil {
		return nil, err
	}
	rise, err := p.sit(ctx)
	if err != nil {
		return nil, err
	}
	s, err := p.present()
	if err != nil {
		rise()
		return nil, err
	}
	c, err := s.ask(ctx, wire.Query, b, rise)
	if err != nil {
		return nil, err
	}
	r := &Rows{process: p, call: c, ctx: ctx, at: -1, stop: context.AfterFunc(ctx, c.cancel)}
	if r.receive(); r.err != nil {
		r.Close()
		return nil, r.err
	}
	return r, nil
}

// forReport marks contexts.
type forReport struct{}

// ForReport says that statements are somebody's who can wait, or come again:
// they do not take places of Options.Reserve.
func ForReport(ctx context.Context) context.Context { return context.WithValue(ctx, forReport{}, true) }

// sit waits for a seat among those who read, and returns how to give it back.
func (p *Process) sit(ctx context.Context) (rise func(), err error) {
	timer := time.NewTimer(seatPatience)
	defer timer.Stop()
	reserve := p.reserve
	if ctx.Value(forReport{}) != nil {
		reserve = nil
	}
	select {
	case p.seats <- struct{}{}:
		return func() { <-p.seats }, nil
	case reserve <- struct{}{}:
		return func() { <-p.reserve }, nil
	case <-timer.C:
		return nil, errSeats
	case <-p.closing:
		return nil, errClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Rows are read as they come; the child is not asked for more before they are
// needed, so a slow reader holds up nobody else. They are for one goroutine.
type Rows struct {
	process *Process
	call    *call
	ctx     context.Context
	stop    func() bool // forgets ctx

	names   []string
	columns []readColumn
	frame   wire.Frame // that the columns lie in
	rows    int        // in it
	at      int        // the present one
	last    bool       // no more frames follow
	err     error
	closed  bool
}

// readColumn is a column of the rows at hand.
type readColumn struct {
	kind        wire.ColumnKind
	nulls, over wire.Mask
	ints        wire.Ints
	data        []byte
	ends        []uint32
}

// Columns are the names of the columns.
func (r *Rows) Columns() []string { return r.names }

// Next goes to the next row.
func (r *Rows) Next() bool {
	if r.err != nil || r.closed {
		return false
	}
	r.at++
	for r.at >= r.rows {
		if r.last {
			return false
		}
		if r.receive(); r.err != nil {
			return false
		}
		r.at = 0
	}
	return true
}

// receive takes the next rows in, and asks for those behind them: the child
// makes them ready while these are read.
func (r *Rows) receive() {
	f, err := r.call.wait(r.ctx)
	if err != nil {
		r.err = err
		return
	}
	r.frame.Release()
	r.frame = f
	switch f.Kind {
	case wire.Rows:
		r.unpack()
	case wire.Fail:
		fault := f.Body.Fault()
		if r.last = true; fault.Kind == wire.Cancelled && r.ctx.Err() != nil {
			r.err = r.ctx.Err()
		} else {
			r.err = r.process.asError(r.call.session, fault)
		}
	default:
		r.err = fmt.Errorf("%w: the warehouse process gave an answer to another question", homing.ErrUnavailable)
	}
	if r.err == nil && !r.last {
		r.err = r.call.send(r.ctx, wire.More, nil)
	}
}

func (r *Rows) unpack() {
	in := &r.frame.Body
	head := in.RowsHead()
	r.rows, r.last = head.Rows, head.Last
	if r.columns == nil {
		r.columns = make([]readColumn, head.Columns)
	}
	for i := range r.columns {
		c := &r.columns[i]
		c.kind = wire.ColumnKind(in.Byte())
		if head.First {
			r.names = append(r.names, in.Text())
		}
		c.nulls, c.over = in.Mask(head.Rows), in.Mask(head.Rows)
		if c.kind == wire.Whole {
			c.ints = in.Ints(head.Rows)
		} else {
			c.setTexts(in.Texts(head.Rows), head.Rows)
		}
	}
	if err := in.Err(); err != nil {
		r.err = fmt.Errorf("%w: %w", homing.ErrUnavailable, err)
	}
}

func (c *readColumn) setTexts(t wire.Texts, n int) {
	c.data, c.ends = t.Data, c.ends[:0]
	end := uint32(0)
	for i := range n {
		end += uint32(t.Length(i))
		c.ends = append(c.ends, end)
	}
}

// Int is a whole number of the present row; 0 for NULL. HUGEINT sums that do
// not fit are an error of Err, and so is a text.
func (r *Rows) Int(column int) int64 {
	c := &r.columns[column]
	if c.kind != wire.Whole || c.over.At(r.at) {
		r.fail(column, "is no whole number of 64 bits")
		return 0
	}
	if c.nulls.At(r.at) {
		return 0
	}
	return c.ints.At(r.at)
}

// Text is a text or blob of the present row, empty for NULL. DOUBLE is read as
// a text too.
func (r *Rows) Text(column int) string { return string(r.Bytes(column)) }

// Bytes is what Text is; it is good until the next Next.
func (r *Rows) Bytes(column int) []byte {
	c := &r.columns[column]
	if c.kind != wire.Text {
		r.fail(column, "is no text")
		return nil
	}
	from := uint32(0)
	if r.at > 0 {
		from = c.ends[r.at-1]
	}
	return c.data[from:c.ends[r.at]]
}

func (r *Rows) fail(column int, what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: column %s %s", homing.ErrInvalid, r.names[column], what)
	}
}

// IsNull tells whether the present row has no value there.
func (r *Rows) IsNull(column int) bool { return r.columns[column].nulls.At(r.at) }

// Err is what ended the rows, if it was not their end.
func (r *Rows) Err() error { return r.err }

// Close gives up what has not been read. It may be called again.
func (r *Rows) Close() {
	if r.closed {
		return
	}
	r.closed = true
	r.stop()
	if !r.last {
		r.call.cancel()
	}
	r.frame.Release()
}
