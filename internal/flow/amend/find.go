package amend

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"homing"
	"homing/internal/engine/ledger"
)

// near is how far numbers may lie apart to be read in one go: those that are
// read in vain are cheaper than one more list.
const near = 64

// byNumber reads conversions as they stand now.
func (a *Amender) byNumber(ctx context.Context, ids []homing.ConversionID) (map[homing.ConversionID]homing.Conversion, error) {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	found := make(map[homing.ConversionID]homing.Conversion, len(ids))
	for first := 0; first < len(ids); {
		last := first
		for last+1 < len(ids) && ids[last+1]-ids[last] <= near {
			last++
		}
		if err := a.stretch(ctx, ids[first], ids[last], found); err != nil {
			return nil, err
		}
		first = last + 1
	}
	return found, nil
}

// stretch reads the conversions from a number to another.
func (a *Amender) stretch(ctx context.Context, first, last homing.ConversionID, into map[homing.ConversionID]homing.Conversion) error {
	q := ledger.ConversionQuery{After: first - 1, Limit: int(last-first) + 1}
	for c, err := range a.Books.Conversions(ctx, q) {
		if err != nil {
			return fmt.Errorf("couldn't look conversions up: %w", err)
		}
		if c.ID > last {
			return nil
		}
		into[c.ID] = c
	}
	return nil
}

// Standing gives the conversions of numbers as they stand now; those that do not
// exist are left out.
func (a *Amender) Standing(ctx context.Context, ids []homing.ConversionID) (map[homing.ConversionID]homing.Conversion, error) {
	return a.byNumber(ctx, ids)
}

// lookers is how many clicks are looked up at once.
const lookers = 4

// byClick reads the conversions of clicks.
func (a *Amender) byClick(ctx context.Context, clicks []homing.Origin) (map[homing.Origin][]homing.Conversion, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		mu    sync.Mutex
		found = make(map[homing.Origin][]homing.Conversion, len(clicks)) // guarded by mu
		work  sync.WaitGroup
		next  = make(chan homing.Origin)
	)
	for range min(lookers, len(clicks)) {
		work.Go(func() {
			for click := range next {
				list, err := a.Books.ConversionsOf(ctx, click)
				if err != nil {
					cancel(err)
					continue
				}
				mu.Lock()
				found[click] = list
				mu.Unlock()
			}
		})
	}
	for _, click := range clicks {
		if ctx.Err() != nil {
			break
		}
		next <- click
	}
	close(next)
	work.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, fmt.Errorf("couldn't look conversions up: %w", err)
	}
	return found, nil
}
