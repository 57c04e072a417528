package migrate

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"

	"homing"
	"homing/internal/engine/warehouse"
)

// The sources that moved rows are loaded as. Their marks count rows, and their
// state is where in the list the last one stood.
const (
	ClickSource    = "moved/clicks"
	PostbackSource = "moved/postbacks"
)

// rowsAtOnce is how many rows a batch has.
const rowsAtOnce = 50_000

// Rows moves clicks, and the calls that stand in no receipt, from one warehouse
// to another, in the order of their times. What the new house's loader takes from
// the ledger (conversions, and the calls that made them) is not among them; it must
// not load before the clicks are there, or its rows have no facets for a while.
//
// What cannot be moved: quarter-hour totals of days whose single clicks have been
// given up.
func Rows(ctx context.Context, from warehouse.Source, to warehouse.Sink, progress Progress) error {
	return rows(ctx, from, to, rowsAtOnce, progress)
}

func rows(ctx context.Context, from warehouse.Source, to warehouse.Sink, atOnce int, progress Progress) error {
	if err := moveRows(ctx, to, ClickSource, func(after *warehouse.Cursor, b *warehouse.Batch) (last *warehouse.Cursor, err error) {
		for c, err := range from.Clicks(ctx, listFrom(after, atOnce)) {
			if err != nil {
				return nil, err
			}
			place := c.Place()
			last = &place
			b.Clicks = append(b.Clicks, movedClick(c))
		}
		return last, nil
	}, progress); err != nil {
		return fmt.Errorf("couldn't move the clicks: %w", err)
	}
	if err := moveRows(ctx, to, PostbackSource, func(after *warehouse.Cursor, b *warehouse.Batch) (last *warehouse.Cursor, err error) {
		for p, err := range from.Postbacks(ctx, listFrom(after, atOnce)) {
			if err != nil {
				return nil, err
			}
			place := p.Place()
			last = &place
			if !ofReceipt(&p) {
				b.Postbacks = append(b.Postbacks, movedPostback(p))
			}
		}
		return last, nil
	}, progress); err != nil {
		return fmt.Errorf("couldn't move the postback log: %w", err)
	}
	return nil
}

func listFrom(after *warehouse.Cursor, atOnce int) *warehouse.List {
	return &warehouse.List{Until: math.MaxInt64, After: after, Limit: atOnce}
}

// movedClick is a click as the new warehouse takes it in. Visitors' hashes are not
// kept, so whether a click was its visitor's first is told by giving it a visitor
// of its own, or none.
func movedClick(c warehouse.Click) warehouse.Click {
	c.Visitor = 0
	if c.Unique {
		c.Visitor = visitorOf(c.Origin)
	}
	return c
}

// visitorOf is a hash that nobody else has, and the same whenever a batch is made
// again.
func visitorOf(o homing.Origin) uint64 {
	packed := o.Pack()
	sum := sha256.Sum256(packed[:])
	return max(binary.BigEndian.Uint64(sum[:]), 1)
}

// movedPostback keeps its number, at which lists and pages hold on to it.
func movedPostback(p warehouse.Postback) warehouse.Postback {
	p.Known, p.Facets = false, warehouse.Facets{}
	return p
}

// ofReceipt tells calls that the ledger keeps: their numbers are odd, see package
// loader.
func ofReceipt(p *warehouse.Postback) bool { return p.Number&1 == 1 }

// movedState is what lies with the marks.
type movedState struct {
	Version int   `json:"v"`
	At      int64 `json:"at"`
	Number  int64 `json:"number"`
}

// moveRows loads batch after batch, from where the mark says.
func moveRows(ctx context.Context, to warehouse.Sink, source string,
	fill func(after *warehouse.Cursor, b *warehouse.Batch) (last *warehouse.Cursor, err error), progress Progress) error {
	mark, err := to.Mark(ctx, source)
	if err != nil {
		return err
	}
	after, err := cursorOf(mark.State)
	if err != nil {
		return err
	}
	for next := mark.Next; ; {
		progress("moving "+source[len("moved/"):], int64(next), 0)
		b := warehouse.Batch{Source: source, First: next}
		last, err := fill(after, &b)
		if err != nil || last == nil {
			return err
		}
		// A batch of nothing but receipts moves the mark, too.
		next += uint64(max(len(b.Clicks)+len(b.Postbacks), 1))
		b.Next = next
		if b.State, err = json.Marshal(movedState{1, int64(last.At), last.Number}); err != nil {
			return err
		}
		if err := to.Load(ctx, &b); err != nil {
			return err
		}
		after = last
	}
}

func cursorOf(state []byte) (*warehouse.Cursor, error) {
	if len(state) == 0 {
		return nil, nil
	}
	var s movedState
	if err := json.Unmarshal(state, &s); err != nil || s.Version != 1 {
		return nil, fmt.Errorf("%w: how far the rows were moved cannot be read", homing.ErrDamaged)
	}
	return &warehouse.Cursor{At: homing.Millis(s.At), Number: s.Number}, nil
}
