package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"homing"
	"homing/internal/engine/spool"
	"homing/internal/flow/catalog"
	"homing/internal/rule/mask"
)

// filling is one demo account on its way.
type filling struct {
	*Demo
	account   homing.AccountID
	campaigns []homing.CampaignID // in the order of offers
	secret    homing.Secret
	now       homing.Millis // where the story ends
	masker    *mask.Masker
	view      *catalog.View
	requests  uint32 // the newest request's number; of one goroutine
}

// fill makes the account and writes its story. If it returns an error, what was
// written stays, and the account carries Unfinished.
func (d *Demo) fill(ctx context.Context, by string) error {
	f, err := d.openOffers(ctx, by)
	if err != nil {
		return err
	}
	f.view = d.Catalog.View()
	visits := story(uint64(f.account), f.now, d.Days)
	f.seal(visits)
	d.mu.Lock()
	d.total = countOf(visits)
	d.mu.Unlock()
	for _, one := range byDay(visits) {
		if err := f.day(ctx, one); err != nil {
			return err
		}
	}
	// From here on it is whole.
	_, err = d.Catalog.UpdateAccount(ctx, by, f.account, func(a *homing.Account) { a.Ref = "" })
	return err
}

func countOf(visits []visit) (n int) {
	for i := range visits {
		n += len(visits[i].calls)
		if visits[i].isClick() {
			n++
		}
	}
	return n
}

// isClick tells a visit that was one from a mistake.
func (v *visit) isClick() bool { return v.names == 0 }

// seal gives clicks their campaign and id, and mistakes the id they name.
func (f *filling) seal(visits []visit) {
	keyring := f.Keyring()
	for i := range visits {
		v := &visits[i]
		o := &v.click.Origin
		o.Time, o.Node, o.Campaign = max(o.Time, v.names), homing.DemoNode, f.campaigns[v.offer]
		v.click.ID = keyring.Seal(*o)
	}
}

// step is what is written of a day: first clicks, then calls, those of one visit
// in their order.
type step struct {
	clicks []*visit
	calls  [][]*call
	ids    []homing.ClickID // of calls
}

// byDay cuts a story into its days. A call stands on the day it comes.
func byDay(visits []visit) []step {
	steps := map[homing.Millis]*step{}
	of := func(at homing.Millis) *step {
		s := steps[at/day]
		if s == nil {
			s = &step{}
			steps[at/day] = s
		}
		return s
	}
	for i := range visits {
		v := &visits[i]
		if v.isClick() {
			s := of(v.click.Origin.Time)
			s.clicks = append(s.clicks, v)
		}
		calls := v.calls
		for len(calls) > 0 {
			n := 1
			for n < len(calls) && calls[n].at/day == calls[0].at/day {
				n++
			}
			s, run := of(calls[0].at), []*call{}
			for j := range calls[:n] {
				run = append(run, &calls[j])
			}
			s.calls, s.ids, calls = append(s.calls, run), append(s.ids, v.click.ID), calls[n:]
		}
	}
	var days []homing.Millis
	for d := range steps {
		days = append(days, d)
	}
	slices.Sort(days)
	var list []step
	for _, d := range days {
		list = append(list, *steps[d])
	}
	return list
}

// day writes a day. Calls come after all clicks of the day and of those before:
// a conversion never stands in the ledger without its click on disk.
func (f *filling) day(ctx context.Context, s step) error {
	if err := side(ctx, len(s.clicks), func(i int) error { return f.click(ctx, &s.clicks[i].click) }); err != nil {
		return fmt.Errorf("couldn't record a click: %w", err)
	}
	numbers := make([]uint32, len(s.calls))
	for i := range s.calls {
		numbers[i] = f.requests + 1
		f.requests += uint32(len(s.calls[i]))
	}
	err := side(ctx, len(s.calls), func(i int) error {
		for n, c := range s.calls[i] {
			if err := f.call(ctx, s.ids[i], c, numbers[i]+uint32(n)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("couldn't make a postback: %w", err)
	}
	return nil
}

func (f *filling) click(ctx context.Context, c *homing.Click) error {
	return f.append(ctx, spool.KindClick, homing.AppendClick(nil, c))
}

// append records something as of now: the spool's moment is when it was written.
func (f *filling) append(ctx context.Context, kind spool.Kind, record []byte) error {
	err := patiently(ctx, func() error {
		_, err := f.Spool.Append(kind, homing.MillisOf(f.Clock()), record)
		return err
	})
	if err == nil {
		f.wrote(1)
	}
	return err
}

// patiently tries again while there is too much to do. Other errors are told:
// after them a record may be there or not, and must not be written twice.
func patiently(ctx context.Context, do func() error) error {
	for {
		err := do()
		if !errors.Is(err, homing.ErrOverloaded) {
			return err
		}
		timer := time.NewTimer(50 * time.Millisecond)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

// besides is how much is under way at once: some share a commit, and the doors
// have theirs.
const besides = 32

// side does n things beside each other, and returns the first error.
func side(ctx context.Context, n int, do func(i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for first := range min(besides, n) {
		all.Go(func() {
			for i := first; i < n && ctx.Err() == nil; i += besides {
				if err := do(i); err != nil {
					cancel(err)
				}
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}
