package torture

import (
	"context"
	"errors"
	"time"
)

var hungDisks = Row{
	Name:     "disk hangs",
	How:      "the file system is frozen for some seconds under load, and once more for a second, in which the server is killed",
	Mistakes: []string{"click acknowledged early", "conversion acknowledged early"},
	Proof:    "503 at 3 s, memory is bounded, nothing is acknowledged falsely, all is well 5 s after",
	Short:    1,
	Long:     20,
	Unit:     "times",
	Needs:    diskNeeds,
	Run: func(ctx context.Context, s *Stage, rounds int) (Result, error) {
		return faults(ctx, s, rounds, fault{disk: hangDisk, play: (*faulty).hang})
	},
}

var slowDisks = Row{
	Name:     "disk slow",
	How:      "the server may write 48 KiB a second, by a control group of the block device, under load, and once more for a second, in which it is killed",
	Mistakes: []string{"click acknowledged early"},
	Proof:    "answers stay true, what is too much is shed, memory is bounded, all is well 5 s after",
	Short:    1,
	Long:     20,
	Unit:     "times",
	Needs:    throttleNeeds,
	Run: func(ctx context.Context, s *Stage, rounds int) (Result, error) {
		return faults(ctx, s, rounds, fault{disk: hangDisk, play: (*faulty).slow})
	},
}

const (
	hangDisk = 192 << 20
	// hangLeast and hangMore are how long the disk hangs: at least, and how much
	// more it may be.
	hangLeast, hangMore = 6 * time.Second, 4 * time.Second
	// refusalTime is when a request that waits for the disk must be answered.
	refusalTime = 3500 * time.Millisecond
	// growth is how much memory a fault of the disk may cost.
	mostGrowth = 200 << 20
	slowSpeed  = 48 << 10
	slowFor    = 8 * time.Second
	// slowWorkers come beside the others, to be too much for the disk.
	slowWorkers = 100
)

// hang freezes the disk and thaws it.
func (f *faulty) hang(ctx context.Context, _ int) error {
	now := f.s.Clock
	grown := watchMemory(ctx, f.p.Pid())
	if err := f.disk.Freeze(); err != nil {
		return err
	}
	frozen := now()
	if err := Sleep(ctx, hangLeast+time.Duration(f.rand.Int64N(int64(hangMore)))); err != nil {
		return err
	}
	thawed := now()
	if err := f.disk.Thaw(); err != nil {
		return err
	}
	// What was written just before may be told a moment later.
	early := f.pulse.all(frozen.Add(answerMargin), thawed, fateServed)
	refusals := f.pulse.all(frozen, thawed, fateShed)
	f.wants(len(early) == 0, "something is acknowledged while the disk hangs")
	f.wants(len(refusals) > 0, "nothing is refused while the disk hangs")
	ready, _ := f.health.told(frozen)
	f.wants(ready, "/readyz says yes while the disk hangs")
	f.w.time("503 while the disk hangs, 99 %", quantile(refusals, 0.99), refusalTime)
	f.w.time("503 while the disk hangs, the slowest", quantile(refusals, 1), 0)
	if err := f.resumes(ctx, thawed, "the disk answers again"); err != nil {
		return err
	}
	f.w.megabytes("growth of the memory", grown(), mostGrowth)
	if err := errors.Join(f.disk.Freeze(), Sleep(ctx, struckAfter)); err != nil {
		return err
	}
	return f.struck(ctx, f.disk.Thaw)
}

// slow slows the disk down and lets it go.
func (f *faulty) slow(ctx context.Context, _ int) error {
	now := f.s.Clock
	grown := watchMemory(ctx, f.p.Pid())
	stop := f.d.Load(ctx, slowWorkers, f.rand.Uint64())
	defer stop()
	if err := f.throttle(); err != nil {
		return err
	}
	began := now()
	if err := Sleep(ctx, slowFor); err != nil {
		return err
	}
	ended := now()
	if err := f.disk.Unthrottle(); err != nil {
		return err
	}
	refusals := f.pulse.all(began, ended, fateShed)
	f.wants(len(refusals) > 0, "nothing is refused on a slow disk")
	f.w.time("302 and 200 on a slow disk, half", quantile(f.pulse.all(began, ended, fateServed), 0.5), 0)
	f.w.time("503 on a slow disk, the slowest", quantile(refusals, 1), refusalTime+time.Second)
	if err := f.resumes(ctx, ended, "the disk is quick again"); err != nil {
		return err
	}
	f.w.megabytes("growth of the memory", grown(), mostGrowth)
	if err := errors.Join(f.throttle(), Sleep(ctx, struckAfter)); err != nil {
		return err
	}
	return f.struck(ctx, f.disk.Unthrottle)
}

// throttle has the server and its warehouse write slowly.
func (f *faulty) throttle() error {
	pids := []int{f.p.Pid()}
	if child := f.p.Warehouse(); child != nil {
		pids = append(pids, child.Pid)
	}
	return f.disk.Throttle(slowSpeed, pids...)
}
