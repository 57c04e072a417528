package torture

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"time"

	"homing/internal/simulate/process"
)

const (
	// resumeTime is how long after the fault everything must be well again.
	resumeTime = 5 * time.Second
	// resumeWatch is how long it is looked at.
	resumeWatch = resumeTime + time.Second
	// calm is how long nothing must have been wrong until all is taken for well.
	calm = 2 * time.Second
	// struckAfter is how long a fault lasts in the middle of which a server is
	// killed.
	struckAfter  = time.Second
	faultWorkers = 6
	pulseSenders = 4
)

// fault is what is done to a disk.
type fault struct {
	disk int64 // its size
	bulk int   // of the visits of the load, see Driver
	// play does it to a running server under load, and looks at what that does.
	play func(f *faulty, ctx context.Context, round int) error
}

// faults plays a fault on as many fresh disks.
func faults(ctx context.Context, s *Stage, rounds int, fault fault) (r Result, err error) {
	var w worst
	r, err = chapters(ctx, s, rounds, 1, func(below *Stage, from, _ int) (Result, error) {
		f := &faulty{s: below, rand: s.Rand(uint64(from)), w: &w}
		r, err := f.on(ctx, from, fault)
		s.Done(from + 1)
		return r, err
	})
	r.Figures = w.figures()
	return r, err
}

// faulty is a server on a disk that is going to be full, to hang or to be slow,
// with a load and a pulse.
type faulty struct {
	s      *Stage
	rand   *rand.Rand
	w      *worst
	disk   *Disk
	launch process.Launch
	d      *Driver
	p      *process.Process
	pulse  *pulse
	health *health
}

// on plays a fault on a fresh disk: everything is compared afterwards, and once
// more after a kill.
func (f *faulty) on(ctx context.Context, round int, fault fault) (r Result, err error) {
	if f.disk, err = MakeDisk(f.s.Dir, fault.disk); err != nil {
		return r, err
	}
	defer func() {
		// A process that waits for the disk cannot be killed.
		err = errors.Join(err, f.disk.Unthrottle(), f.disk.Thaw())
		f.kill()
		err = errors.Join(err, f.disk.Close())
	}()
	f.launch = f.s.Launch(filepath.Join(f.disk.Dir, "data"), "--spool-segment-size", "1048576")
	if f.p, err = Open(ctx, f.s, &f.d, f.launch); err != nil {
		return r, err
	}
	f.d.Bulk = fault.bulk
	if err = f.play(ctx, round, fault); err == nil && f.p != nil {
		err = f.afterwards(ctx)
	}
	return f.d.Result(1), err
}

// play has load and pulse go on during the fault.
func (f *faulty) play(ctx context.Context, round int, fault fault) error {
	stopLoad := f.d.Load(ctx, faultWorkers, f.rand.Uint64())
	defer stopLoad()
	var stopPulse func()
	f.pulse, stopPulse = f.d.pulse(ctx, pulseSenders, f.rand.Uint64())
	defer stopPulse()
	var stopHealth func()
	f.health, stopHealth = watchHealth(ctx, f)
	defer stopHealth()
	if err := Sleep(ctx, time.Second); err != nil {
		return err
	}
	return fault.play(f, ctx, round)
}

// afterwards compares, kills, starts again and compares.
func (f *faulty) afterwards(ctx context.Context) error {
	select {
	case <-f.p.Exited():
		f.d.Books.Wrong(Other, "the server ended: %s", f.p.LastWords())
	default:
		client := f.p.Client()
		defer client.Close()
		if err := f.d.Compare(ctx, client, 0, true); err != nil {
			return err
		}
	}
	if found := f.d.Books.Found(); found.Total() > 0 {
		return nil // it would be found once more
	}
	f.kill()
	if err := f.reopen(ctx); err != nil || f.p == nil {
		return err
	}
	return f.d.Settle(ctx, f.p)
}

func (f *faulty) kill() {
	if f.p != nil {
		f.p.Kill()
		f.p.Sweep()
	}
	f.p = nil
}

func (f *faulty) reopen(ctx context.Context) (err error) {
	f.p, err = f.d.Reopen(ctx, f.launch)
	return err
}

// resumes looks at how all becomes well again after a fault.
func (f *faulty) resumes(ctx context.Context, over time.Time, when string) error {
	var trouble, unready time.Duration
	for {
		if err := Sleep(ctx, healthEvery); err != nil {
			return err
		}
		now := f.s.Clock()
		trouble, unready = f.pulse.troubleAfter(over.Add(answerMargin), now), f.health.troubleAfter(over)
		if since := now.Sub(over); since > resumeWatch || since > max(trouble, unready)+calm {
			break
		}
	}
	f.w.time("serves everybody after "+when, trouble, resumeTime)
	f.w.time("/readyz says yes after "+when, unready, resumeTime)
	f.wants(len(f.pulse.all(over, f.s.Clock(), fateServed)) > 0, "nobody is served after "+when)
	return nil
}

// struck kills the server in the middle of a fault, and starts it again. A
// process that waits for the disk dies when the fault ends: it does nothing of
// its own any more.
func (f *faulty) struck(ctx context.Context, end func() error) error {
	dead := make(chan struct{})
	go func() {
		f.kill()
		close(dead)
	}()
	early := Sleep(ctx, 50*time.Millisecond)
	err := end()
	<-dead
	if err = errors.Join(early, err); err != nil {
		return err
	}
	return f.reopen(ctx)
}

// answerMargin is how long an answer may be on its way that was given before.
const answerMargin = 10 * time.Millisecond

func (f *faulty) wants(holds bool, otherwise string) {
	if !holds {
		f.d.Books.Wrong(Other, "%s", otherwise)
	}
}
