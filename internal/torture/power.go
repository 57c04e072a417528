package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"time"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/simulate/process"
)

var powerCuts = Row{
	Name: "power cut",
	How: "ext4 on a loop file is shut down without a flush of its journal, under load, and mounted again: also during start-up, " +
		"when a segment rolls, during checkpoints and loading, and once more during the recovery",
	Proof:    "what was acknowledged is there, once, with its value, and nothing is acknowledged once the disk fails",
	Short:    10,
	Long:     1000,
	Unit:     "cuts",
	Mistakes: []string{"spool fsync left out", "ledger fsync left out", "directory fsync left out", "conversion acknowledged early"},
	Needs:    diskNeeds,
	Run:      runPowerCuts,
}

const (
	powerDisk = 192 << 20
	// powerChapter is how many rounds one disk lives for: lists of everything
	// would be longer each time.
	powerChapter = 50
	powerWorkers = 8
	// clockSlack is how far a click's time may lie before what our clock said when
	// it was made.
	clockSlack = 2 * time.Second
)

// powerCut is one chapter: a disk and the books of what was stored on it.
type powerCut struct {
	s      *Stage
	rand   *rand.Rand
	disk   *Disk
	launch process.Launch
	d      *Driver
	p      *process.Process
	counts map[string]int // what the server did when its disk failed
}

// What a server does when its disk fails.
const (
	endedItself = "ended by itself"
	wasKilled   = "was killed"
)

func runPowerCuts(ctx context.Context, s *Stage, rounds int) (r Result, err error) {
	counts := s.counts()
	r, err = chapters(ctx, s, rounds, powerChapter, func(below *Stage, from, to int) (Result, error) {
		return powerCutsOf(ctx, below, from, to, s.Done, counts)
	})
	r.Figures = []Figure{
		{Name: "ended by itself before it was killed", Value: fmt.Sprintf("%d of %d", counts[endedItself], counts[endedItself]+counts[wasKilled])},
	}
	return r, err
}

// powerCutsOf is a chapter.
func powerCutsOf(ctx context.Context, s *Stage, from, to int, done func(int), counts map[string]int) (r Result, err error) {
	c := &powerCut{s: s, rand: s.Rand(uint64(from)), counts: counts}
	if c.disk, err = MakeDisk(s.Dir, powerDisk); err != nil {
		return r, err
	}
	defer func() {
		c.kill()
		err = errors.Join(err, c.disk.Close())
	}()
	// Small files, so that they roll often.
	c.launch = s.Launch(filepath.Join(c.disk.Dir, "data"), "--spool-segment-size", "1048576")
	if c.p, err = Open(ctx, s, &c.d, c.launch); err != nil {
		return r, err
	}
	n := from
	for ; n < to && c.clean(); n++ {
		if err = c.round(ctx, cutMoments[n%len(cutMoments)]); err != nil {
			return c.d.Result(n - from), fmt.Errorf("round %d: %w", n+1, err)
		}
		done(n + 1)
	}
	if c.p != nil && c.clean() {
		err = c.d.Settle(ctx, c.p)
	}
	return c.d.Result(n - from), err
}

// clean tells that nothing was found so far.
func (c *powerCut) clean() bool {
	found := c.d.Books.Found()
	return found.Total() == 0
}

// cutMoment is when the power is cut.
type cutMoment struct {
	name string
	// visits: nobody claims anything, so that no commit of the ledger comes between.
	visits bool
	// prepare is called before the load begins, with the server running. nil =
	// there is nothing to prepare.
	prepare func(ctx context.Context, c *powerCut) error
	// await returns when it is the moment.
	await func(ctx context.Context, c *powerCut) error
	// twice cuts once more during the recovery.
	twice bool
}

// cutMoments are taken in turn.
var cutMoments = []cutMoment{
	{name: "at any time", await: anyTime},
	{name: "a segment rolls, and there is no room for the next", visits: true, prepare: noRoomForNext, await: rolled},
	{name: "a checkpoint", await: checkpointed},
	{name: "start-up", await: startUp},
	{name: "loading", await: loading},
	{name: "recovery", await: anyTime, twice: true},
	{name: "a segment rolls", visits: true, await: rolled},
}

// round cuts the power once and compares.
func (c *powerCut) round(ctx context.Context, m cutMoment) error {
	since := homing.MillisOf(c.s.Clock().Add(-clockSlack))
	if m.prepare != nil {
		if err := m.prepare(ctx, c); err != nil {
			return err
		}
	}
	stop := c.load(ctx, m.visits)
	defer stop()
	if err := m.await(ctx, c); err != nil {
		return err
	}
	mark, err := c.cut(ctx)
	if err != nil {
		return err
	}
	c.kill()
	stop()
	c.d.doubt(mark, powerWorkers)
	if err := c.recover(ctx, m.twice); err != nil || c.p == nil {
		return err
	}
	client := c.p.Client()
	defer client.Close()
	return c.compare(ctx, client, m, since)
}

func (c *powerCut) compare(ctx context.Context, client *control.Client, m cutMoment, since homing.Millis) error {
	found := c.d.Books.Found()
	before := found.Total()
	if err := c.d.Compare(ctx, client, since, false); err != nil {
		return err
	}
	if found = c.d.Books.Found(); found.Total() > before {
		c.s.note("power cut: %d differences after a cut at the moment %q", found.Total()-before, m.name)
	}
	return nil
}

// load sends requests until it is stopped.
func (c *powerCut) load(ctx context.Context, visits bool) (stop func()) {
	seed := c.rand.Uint64()
	c.d.Bulk = 0
	if !visits {
		return c.d.Load(ctx, powerWorkers, seed)
	}
	c.d.Bulk = 800 // a file is full within a second
	return c.d.visits(ctx, powerWorkers, seed)
}

// cut cuts the power and goes on a little: what is sent now cannot be stored, and
// must not be acknowledged.
func (c *powerCut) cut(ctx context.Context) (mark cutMark, err error) {
	mark = c.d.markCut()
	if err := c.disk.Cut(); err != nil {
		return mark, err
	}
	mark.acknowledged = c.d.acknowledged()
	if err := Sleep(ctx, time.Duration(c.rand.IntN(150))*time.Millisecond); err != nil {
		return mark, err
	}
	select {
	case <-c.p.Exited():
		c.counts[endedItself]++
	default:
		c.counts[wasKilled]++
	}
	return mark, nil
}

// kill ends the server and what it had started.
func (c *powerCut) kill() {
	if c.p != nil {
		c.p.Kill()
		c.p.Sweep()
	}
	c.p = nil
}

// recover gives the disk back and starts the server on it; twice, if the power is
// to be cut on the way. c.p is nil if it does not start, which is noted.
func (c *powerCut) recover(ctx context.Context, twice bool) (err error) {
	if err := errors.Join(c.disk.Remount(), c.disk.Release()); err != nil {
		return err
	}
	if twice {
		if err := c.begin(ctx, 150*time.Millisecond); err != nil {
			return err
		}
		if err := c.disk.Cut(); err != nil {
			return err
		}
		c.kill()
		if err := c.disk.Remount(); err != nil {
			return err
		}
	}
	c.p, err = c.d.Reopen(ctx, c.launch)
	return err
}

// begin starts the server and returns at some moment of its start-up. When it
// serves the driver is told.
func (c *powerCut) begin(ctx context.Context, within time.Duration) (err error) {
	if c.p, err = process.Begin(c.launch); err != nil {
		return err
	}
	go func(p *process.Process) {
		// The power is cut meanwhile, so that it ends instead is nothing new.
		if status, err := p.Ready(ctx); err == nil {
			c.d.Point(status)
		}
	}(c.p)
	return Sleep(ctx, time.Duration(c.rand.Int64N(int64(within))))
}
