package warehouse

import "homing"

// Table is one of the lists.
type Table uint8

const (
	ClickTable Table = iota
	PostbackTable
	ConversionTable
)

func (t Table) String() string { return [...]string{"clicks", "postbacks", "conversions"}[t] }

// List asks for rows as they are: those whose own time (of a click, a
// postback's or a conversion's arrival) is in [From, Until), in the order of
// that time, then of their number (see After).
type List struct {
	From, Until homing.Millis
	Where       []Condition // times are in UTC here
	// What else narrows; zero fields do not.
	Click      homing.Origin
	Class      []homing.ClickClass // of clicks
	Outcome    []homing.Outcome    // of postbacks
	Status     []homing.Status     // of conversions
	Conversion homing.ConversionID
	Request    homing.RequestID // of postbacks and conversions

	Newest bool // newest first
	// After goes on behind a row, in the list's direction.
	After *Cursor
	Limit int // 0 = all
}

// Cursor is the place of a row in a list: its time and its number, which is
// node<<16|sequence of a click, Number of a postback, ID of a conversion.
type Cursor struct {
	At     homing.Millis
	Number int64
}

// Place is where the click stands in a list.
func (c *Click) Place() Cursor {
	return Cursor{c.Time, int64(c.Node)<<16 | int64(c.Seq)}
}

// Place is where the postback stands in a list.
func (p *Postback) Place() Cursor { return Cursor{p.At, p.Number} }

// Place is where the conversion stands in a list.
func (c *Conversion) Place() Cursor { return Cursor{c.At, int64(c.ID)} }
