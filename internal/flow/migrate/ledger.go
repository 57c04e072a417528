package migrate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

// atOnce is how many rows are moved in one transaction.
const atOnce = 1000

// Ledger moves all parts of a ledger into another, and notes after each
// transaction how far it is. It returns at once if all was moved before.
func Ledger(ctx context.Context, from, to ledger.Transfer, book Notebook, progress Progress) error {
	at, err := readPlace(ctx, book)
	if err != nil || at.Done {
		return err
	}
	begun := at.Part == ""
	for _, part := range ledger.Parts {
		if !begun && part.Name != at.Part {
			continue // done before
		}
		begun = true
		if part.Name != at.Part {
			at = place{Part: part.Name}
		}
		if err := movePart(ctx, from, to, part, &at, book, progress); err != nil {
			return err
		}
		at = place{}
	}
	if !begun {
		return fmt.Errorf("the move stands at %q, which this homing does not know", at.Part)
	}
	return place{Done: true}.note(ctx, book)
}

func movePart(ctx context.Context, from, to ledger.Transfer, part *ledger.Part, at *place, book Notebook, progress Progress) error {
	after, err := rowAfter(part, at.Key)
	if err != nil {
		return err
	}
	moved := int64(0)
	for {
		progress("moving "+part.Name, moved, 0)
		rows, err := from.Export(ctx, part, after, atOnce)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return nil
		}
		last := rows[len(rows)-1]
		after, at.Key = append(ledger.Row{}, part.After(last)...), keyText(part, last)
		if err := patiently(ctx, func() error { return to.Import(ctx, part, rows) }); err != nil {
			return err
		}
		// From here on the rows are there; if the note is lost they are written again.
		if err := at.note(ctx, book); err != nil {
			return fmt.Errorf("couldn't note how far the move is: %w", err)
		}
		if moved += int64(len(rows)); len(rows) < atOnce {
			return nil
		}
	}
}

// tries is how often something is tried that a slow disk, or a server that was just
// started again, kept from being done: writing the same once more changes nothing.
const tries = 10

func patiently(ctx context.Context, do func() error) (err error) {
	for try := range tries {
		if err = do(); !errors.Is(err, homing.ErrUnavailable) && !errors.Is(err, homing.ErrOverloaded) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(try+1) * 200 * time.Millisecond):
		}
	}
	return err
}

// eachRow reads a part through.
func eachRow(ctx context.Context, l ledger.Transfer, part *ledger.Part, do func(ledger.Row)) error {
	var after ledger.Row
	for {
		rows, err := l.Export(ctx, part, after, atOnce)
		if err != nil {
			return err
		}
		for _, row := range rows {
			do(row)
		}
		if len(rows) < atOnce {
			return nil
		}
		after = append(ledger.Row{}, part.After(rows[len(rows)-1])...)
	}
}
