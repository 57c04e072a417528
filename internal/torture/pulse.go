package torture

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"homing"
)

// pulse takes the time of a few requests now and then, beside a load, and keeps
// what became of each. What is sent is in the books of the driver it is of.
type pulse struct {
	mu    sync.Mutex
	beats []beat // guarded by mu
}

// beat is one request.
type beat struct {
	began, ended time.Time
	visit        bool // or else a postback
	fate         fate
}

func (b beat) took() time.Duration { return b.ended.Sub(b.began) }

// fate is what became of a request.
type fate uint8

const (
	fateServed fate = 1 + iota // 302, or 200
	fateShed                   // 503
	fateBroken                 // no answer, or nobody there
)

// pause is how long one of the pulse's senders waits between two requests.
const pause = 10 * time.Millisecond

// pulse begins to send from so many senders until stop is called. stop returns
// when the last answer is there.
func (d *Driver) pulse(ctx context.Context, senders int, seed uint64) (p *pulse, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	p = &pulse{}
	var all sync.WaitGroup
	for i := range senders {
		all.Go(func() { d.beat(ctx, p, rand.New(rand.NewPCG(seed, uint64(i)))) })
	}
	return p, func() { cancel(); all.Wait() }
}

// beat is one sender. It counts for itself, so that its counters tell what became
// of the request that was just sent.
func (d *Driver) beat(ctx context.Context, p *pulse, r *rand.Rand) {
	own := &Driver{Books: d.Books, Stage: d.Stage, cast: d.cast}
	w := own.newWorker(r)
	w.line.Address = func() string { return *d.address.Load() }
	defer w.line.Close()
	for Sleep(ctx, pause) == nil {
		refused, failed := own.sent.Shed.Load(), own.sent.Broken.Load()
		b := beat{began: d.Stage.Clock(), fate: fateServed}
		var sent bool
		if len(w.mine) == 0 || r.IntN(2) == 0 {
			b.visit, sent = true, w.visit(ctx)
		} else {
			sent = w.convert(ctx)
		}
		b.ended = d.Stage.Clock()
		switch {
		case !sent || own.sent.Broken.Load() > failed:
			b.fate = fateBroken
		case own.sent.Shed.Load() > refused:
			b.fate = fateShed
		}
		p.add(b)
	}
}

func (p *pulse) add(b beat) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.beats = append(p.beats, b)
}

// all are the requests of a fate that ended between two moments.
func (p *pulse) all(from, to time.Time, fates ...fate) (list []beat) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.beats {
		if b.ended.After(from) && b.ended.Before(to) && slices.Contains(fates, b.fate) {
			list = append(list, b)
		}
	}
	return list
}

// refusedVisit waits until a visit was answered 503 after a moment, and tells
// when; ok is false if none was in time.
func (p *pulse) refusedVisit(ctx context.Context, clock homing.Clock, after time.Time, patience time.Duration) (at time.Time, ok bool) {
	for clock().Sub(after) < patience && Sleep(ctx, pause) == nil {
		for _, b := range p.all(after, clock(), fateShed) {
			if b.visit {
				return b.ended, true
			}
		}
	}
	return after, false
}

// troubleAfter is how long after a moment the last request ended that was not
// fateServed; 0 if all were.
func (p *pulse) troubleAfter(moment, until time.Time) (last time.Duration) {
	for _, b := range p.all(moment, until, fateShed, fateBroken) {
		last = max(last, b.ended.Sub(moment))
	}
	return last
}

// visitsOf are those that are no postbacks.
func visitsOf(list []beat) []beat {
	return slices.DeleteFunc(slices.Clone(list), func(b beat) bool { return !b.visit })
}

// quantile is the time that a share of the requests took at most; 0 of none.
func quantile(list []beat, share float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	times := make([]time.Duration, len(list))
	for i, b := range list {
		times[i] = b.took()
	}
	slices.Sort(times)
	return times[min(int(share*float64(len(times))), len(times)-1)]
}
