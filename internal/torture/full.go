package torture

import (
	"context"
	"errors"
	"sync"
	"time"
)

var fullDisks = Row{
	Name: "disk full",
	How: "a ballast takes all room of a small disk under load, or all but what the spool leaves to others, takes also what is given free, and gives " +
		"it back in the end; every third time the server is killed meanwhile and started again",
	Proof:    "503 within a second, /readyz and the status tell it, nothing acknowledged is lost, and it resumes by itself within 5 s",
	Short:    2,
	Long:     20,
	Unit:     "times",
	Mistakes: []string{"click acknowledged early", "conversion acknowledged early"},
	Needs:    diskNeeds,
	Run: func(ctx context.Context, s *Stage, rounds int) (Result, error) {
		return faults(ctx, s, rounds, fault{disk: fullDisk, bulk: 800, play: (*faulty).full})
	},
}

const (
	fullDisk = 96 << 20
	// fullFor is how long the disk is full.
	fullFor = 4 * time.Second
	// fillTime is how long it may take until the room is used up that is prepared.
	fillTime = 20 * time.Second
)

// full fills the disk and gives the room back.
func (f *faulty) full(ctx context.Context, round int) error {
	now := f.s.Clock
	leave := int64(0)
	if round%3 == 0 {
		leave = fullDisk / 20 // the spool leaves as much to others
	}
	filled := now()
	release, err := f.keepFull(ctx, leave)
	if err != nil {
		return err
	}
	defer release()
	stop := f.d.visits(ctx, faultWorkers, f.rand.Uint64()) // to use up what is prepared
	defer stop()
	noticed, ok := f.pulse.refusedVisit(ctx, now, filled, fillTime)
	f.wants(ok, "a full disk is not noticed")
	f.s.note("disk full: visits were refused after %s", noticed.Sub(filled).Round(time.Millisecond))
	if round%3 == 2 {
		if err := f.restart(ctx); err != nil {
			return err
		}
	}
	if err := Sleep(ctx, fullFor); err != nil {
		return err
	}
	stop()
	over := now()
	refusals := f.pulse.all(noticed, over, fateShed)
	ready, status := f.health.told(noticed)
	f.w.time("503 on a full disk, 90 %", quantile(refusals, 0.9), time.Second)
	f.w.time("503 on a full disk, 99 %", quantile(refusals, 0.99), time.Second)
	f.w.time("503 on a full disk, the slowest visit", quantile(visitsOf(refusals), 1), 0)
	f.w.time("503 on a full disk, the slowest", quantile(refusals, 1), 0)
	f.wants(ready, "/readyz says yes on a full disk")
	f.wants(status || f.p == nil, "the status does not tell of a full disk")
	if err := release(); err != nil {
		return err
	}
	if f.p == nil {
		if err := f.reopen(ctx); err != nil || f.p == nil {
			return err
		}
	}
	return f.resumes(ctx, over, "there is room again")
}

// restart kills the server and starts it again on the full disk. It needs room to
// recover its last file; where there is none it ends and says so, and whoever
// supervises it starts it again later: f.p is nil then.
func (f *faulty) restart(ctx context.Context) (err error) {
	f.kill()
	if f.p, err = Open(ctx, f.s, &f.d, f.launch); err == nil {
		return nil
	}
	f.p = nil
	f.s.note("disk full: it does not start again before there is room")
	f.wants(tellsOfFull(err.Error()), "it does not start again on a full disk, and says: "+err.Error())
	return ctx.Err()
}

// keepFull keeps the disk full but for so many bytes until release is called.
func (f *faulty) keepFull(ctx context.Context, leave int64) (release func() error, err error) {
	if err := f.disk.FillUp(leave); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var filling sync.WaitGroup
	var failed error // of the goroutine, until it has ended
	filling.Go(func() {
		for failed == nil && Sleep(ctx, 50*time.Millisecond) == nil {
			failed = f.disk.FillUp(leave)
		}
	})
	return sync.OnceValue(func() error {
		cancel()
		filling.Wait()
		return errors.Join(failed, f.disk.Release())
	}), nil
}
