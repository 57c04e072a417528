package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"homing/bench/reports/traffic"
	"homing/bench/show"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// live tells of the clicks that came in while questions were asked.
type live struct {
	before  uint64 // position of the source when the run began
	seconds int64
	loads   show.Timing   // of a second's rows
	late    time.Duration // how far behind a load ended, at most
	err     error
}

// askWhileLoading asks what has a limit again, while clicks come in.
func (b *bench) askWhileLoading(ctx context.Context) error {
	player, err := b.player(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := make(chan struct{})
	var playing sync.WaitGroup
	playing.Go(func() { b.play(ctx, player, stop) })
	began := b.now()
	pause(ctx, 3*time.Second) // the first loads are under way

	dice := rand.New(rand.NewPCG(b.seed, 8))
	// Questions are to meet loads at every stage.
	rest := func() { pause(ctx, time.Duration(dice.IntN(400))*time.Millisecond) }
	var table *report.Table
	for i := range b.asked {
		if a := &b.asked[i]; a.within > 0 || a.beside {
			b.progress.Begin("asking for %s while %s clicks/s come in", a.title, show.Grouped(int64(b.rate)))
			a.live = b.time(ctx, &a.question, liveRuns, rest, &table)
		}
	}
	b.progress.Begin("finding clicks by id meanwhile")
	b.finding.live = b.find(ctx)
	pause(ctx, b.options.live-b.now().Sub(began))
	close(stop)
	playing.Wait()
	return ctx.Err()
}

// player goes on where an earlier run ended.
func (b *bench) player(ctx context.Context) (*traffic.Live, error) {
	p, err := period(b.clicks)
	if err != nil {
		return nil, err
	}
	spool, err := b.warehouse.Mark(ctx, traffic.LiveSpool)
	if err != nil {
		return nil, err
	}
	books, err := b.warehouse.Mark(ctx, traffic.Ledger)
	if err != nil {
		return nil, err
	}
	at := traffic.Resume{Spool: spool.Next, Ledger: books.Next}
	if len(spool.State) > 0 {
		if _, err := fmt.Sscan(string(spool.State), &at.Seconds); err != nil {
			return nil, fmt.Errorf("the mark of %s has the state %q: %w", traffic.LiveSpool, spool.State, err)
		}
	}
	return b.world.Live(p.Until, b.rate, at), nil
}

// play loads a second's clicks every second.
func (b *bench) play(ctx context.Context, player *traffic.Live, stop <-chan struct{}) {
	began := b.now()
	for n := int64(1); ; n++ {
		due := began.Add(time.Duration(n) * time.Second)
		select {
		case <-stop:
			return
		case <-time.After(due.Sub(b.now())):
		}
		round := player.Next()
		round.Spool.State = fmt.Append(nil, player.Seconds())
		start := b.now()
		for _, batch := range []*warehouse.Batch{&round.Spool, &round.Ledger} {
			if err := b.warehouse.Load(ctx, batch); err != nil {
				b.live.err = fmt.Errorf("couldn't load %s from %d: %w", batch.Source, batch.First, err)
				return
			}
		}
		b.live.seconds = n
		b.live.loads.All = append(b.live.loads.All, b.now().Sub(start))
		b.live.late = max(b.live.late, b.now().Sub(due))
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
