// Package process runs DuckDB in a child process of the same program and talks
// to it, so that a crash of the analytics engine never stops a redirect.
//
//	Process (in the server) ── frames over stdin/stdout ──► Serve (in the child) ──► DuckDB
//
// The child knows no homing: it is told statements, and columns to append. The
// parent starts it, starts it again with back-off when it dies, and kills it
// when it has been silent for half a minute.
package process

import (
	"context"
	"log/slog"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
)

// Options are what a Process is made of.
type Options struct {
	// Command starts the child; it must call Serve. Nil: this program with the
	// argument Argument.
	Command []string
	Path    string // of the database file
	// Scratch is a directory for what does not fit memory; emptied at a start.
	Scratch string
	Memory  int64 // bytes that DuckDB may use; 0 = a quarter of the machine's, at most 4 GiB
	Threads int   // 0 = as many as there are cores
	// Silence is how long the child may say nothing before it is killed; 0 = 30 s.
	Silence time.Duration
	Clock   homing.Clock
	Log     *slog.Logger
}

// Argument is the command line argument that makes homing the child.
const Argument = "warehouse-process"

// Process is a supervised DuckDB. It is safe for concurrent use. While the
// child is away every call answers homing.ErrUnavailable at once.
type Process struct{}

// Start begins to supervise; it does not wait for the child.
func Start(o Options) *Process { panic("not built yet") }

// Ready waits until the child answers, or ctx is done.
func (p *Process) Ready(ctx context.Context) error { panic("not built yet") }

// Query runs a statement that reads. Arguments are int64, string, []byte, bool
// or nil, for its question marks. Rows must be closed. Cancelling ctx interrupts
// the statement in the child.
func (p *Process) Query(ctx context.Context, sql string, args ...any) (*Rows, error) {
	panic("not built yet")
}

// Rows are read as they come; the child is not asked for more before they are
// needed, so a slow reader holds up nobody else.
type Rows struct{}

// Next goes to the next row.
func (r *Rows) Next() bool { panic("not built yet") }

// Int is a whole number of the present row; 0 for NULL. HUGEINT sums that do
// not fit are an error of Err.
func (r *Rows) Int(column int) int64 { panic("not built yet") }

// Text is a text or blob of the present row.
func (r *Rows) Text(column int) string { panic("not built yet") }

// IsNull tells whether the present row has no value there.
func (r *Rows) IsNull(column int) bool { panic("not built yet") }

// Err is what ended the rows, if it was not their end.
func (r *Rows) Err() error { panic("not built yet") }

// Close gives up what has not been read. It may be called again.
func (r *Rows) Close() { panic("not built yet") }

// Step is a part of a Write: a statement, or columns to append to a table.
type Step struct {
	SQL  string
	Args []any

	Into    string // table to append to, if Columns are given
	Columns []Column
	// Alone steps are run outside of a transaction (CHECKPOINT, ATTACH, COPY).
	Alone bool
	// Expect makes the whole Write fail with homing.ErrConflict, and change
	// nothing, unless the statement changes or returns that many rows; nil = any.
	Expect *int64
}

// Column is one column to append, all of one length.
type Column struct {
	Name  string
	Ints  []int64 // for columns of whole numbers of any width, and BOOLEAN
	Texts *Texts  // for VARCHAR and BLOB
}

// Texts are many texts in one piece.
type Texts struct {
	Data []byte
	Ends []uint32 // where each ends in Data
}

// Write carries out the steps in one transaction, durably, and tells how many
// rows each changed. Writes are carried out one after another.
func (p *Process) Write(ctx context.Context, steps ...Step) ([]int64, error) {
	panic("not built yet")
}

// Restart ends the child in order, runs between while there is none, and starts
// the next one.
func (p *Process) Restart(ctx context.Context, between func() error) error { panic("not built yet") }

// Status tells how the child is doing. It never waits.
func (p *Process) Status() warehouse.Status { panic("not built yet") }

// Close ends the child in order.
func (p *Process) Close() error { panic("not built yet") }
