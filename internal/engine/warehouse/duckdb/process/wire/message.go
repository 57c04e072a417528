package wire

import "time"

// Settings are what the child opens its database with.
type Settings struct {
	Path    string
	Scratch string // directory for what does not fit memory
	Memory  int64  // bytes
	Threads int
	// Patience is how long the file's lock is waited for.
	Patience time.Duration
}

// Put appends the settings.
func (s *Settings) Put(b *Body) {
	b.PutText(s.Path)
	b.PutText(s.Scratch)
	b.PutInt(s.Memory)
	b.PutInt(int64(s.Threads))
	b.PutInt(int64(s.Patience))
}

// Settings reads settings.
func (r *Reader) Settings() Settings {
	return Settings{
		Path: r.Text(), Scratch: r.Text(), Memory: r.Int(),
		Threads: int(r.Int()), Patience: time.Duration(r.Int()),
	}
}

// FaultKind is what kind of trouble a Fail tells of.
type FaultKind byte

// The kinds; the server turns them into the kinds of package homing.
const (
	Internal    FaultKind = iota // a fault of ours, or of DuckDB
	Invalid                      // the statement is wrong, or what is to be appended
	Conflict                     // an expectation did not hold
	Overloaded                   // it takes more memory than is given
	Unavailable                  // disk full, lock held, I/O error
	Damaged                      // what is stored cannot be read
	Cancelled                    // as was asked for
)

// Fault is what a Fail tells.
type Fault struct {
	Kind FaultKind
	Text string
}

func (f *Fault) Error() string { return f.Text }

// Put appends the fault.
func (f *Fault) Put(b *Body) {
	b.PutByte(byte(f.Kind))
	b.PutText(f.Text)
}

// Fault reads a fault.
func (r *Reader) Fault() *Fault { return &Fault{Kind: FaultKind(r.Byte()), Text: r.Text()} }

// Limits of what is sent at once.
const (
	// MaxRows are in a frame at most. A multiple of 2,048, in which DuckDB thinks.
	MaxRows = 16 << 10
	// RowGroup is how many rows DuckDB stores, and one of its threads takes in,
	// as a group. No frame has rows of two groups of its step.
	RowGroup = 122_880
	// MaxText is how many bytes of texts go into a frame, if it has more than
	// one row.
	MaxText = 8 << 20
	// Window is how many Statements and Appends may wait for their Done: so the
	// child unpacks one while the server packs the next, and neither holds a
	// whole batch.
	Window = 4
)

// ColumnKind is how a column is sent.
type ColumnKind byte

// Kinds of columns.
const (
	Whole ColumnKind = iota + 1 // Ints
	Text                        // Texts
)

// AppendHead begins an Append: rows for a table, or some of them. Each column
// follows as its name, its kind, and its Ints or Texts.
type AppendHead struct {
	Table   string
	Total   int  // rows of the step
	Last    bool // no more rows of this step follow
	Rows    int
	Columns int
}

// Put appends the head.
func (h *AppendHead) Put(b *Body) {
	b.PutText(h.Table)
	b.PutUint(uint32(h.Total))
	b.PutByte(flag(h.Last))
	b.PutUint(uint32(h.Rows))
	b.PutUint(uint32(h.Columns))
}

// AppendHead reads a head.
func (r *Reader) AppendHead() AppendHead {
	return AppendHead{Table: r.Text(), Total: int(r.Uint()), Last: r.Byte() == 1, Rows: r.rows(), Columns: r.count()}
}

// RowsHead begins a Rows. Each column follows as its kind (and its name, in the
// First), a mask of what is NULL, a mask of what did not fit, and its Ints or
// Texts.
type RowsHead struct {
	First, Last bool
	Rows        int
	Columns     int
}

// Put appends the head.
func (h *RowsHead) Put(b *Body) {
	b.PutByte(flag(h.First))
	b.PutByte(flag(h.Last))
	b.PutUint(uint32(h.Rows))
	b.PutUint(uint32(h.Columns))
}

// RowsHead reads a head.
func (r *Reader) RowsHead() RowsHead {
	return RowsHead{First: r.Byte() == 1, Last: r.Byte() == 1, Rows: r.rows(), Columns: r.count()}
}

// rows reads a number of rows. Rows that are all alike take no room, so it is
// not bounded by what follows.
func (r *Reader) rows() int {
	n := r.Uint()
	if n > MaxRows {
		r.broken = true
		return 0
	}
	return int(n)
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}
