package torture

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"homing"
	"homing/internal/simulate/process"
	"homing/internal/torture/interpose"
)

// ioFaults lets one disk operation of the server, or of the warehouse's process,
// fail. Engines have tests of their own that do this in memory, operation by
// operation (segment's TestEveryOperationFailsOnce, sqlite's fault_test.go); here
// it is the whole program on a real file system, and a failed fsync loses what it
// was to keep.
var ioFaults = Row{
	Name: "operation fails",
	How: "the n-th write, fsync, truncate, allocation, creation, rename, link, removal, mapping or read below the data directory fails " +
		"(EIO, ENOSPC, a short write, EMFILE, …), by seccomp user notification around the real program, at start and under load; " +
		"what a failed fsync did not confirm is put back to what it was before",
	Proof: "the process ends, or goes on within 5 s; after the next start everything acknowledged is there, once; " +
		"a fault of the warehouse is not felt by anybody, and reports agree afterwards",
	Short: 20, Long: ioEvery, Unit: "faults",
	Mistakes: []string{"failed fsync ignored"},
	Needs:    interpose.Needs,
	Run:      runIOFaults,
}

// point is an operation that is to fail, and how.
type point struct {
	operation
	nth    int // of its kind, from when it is armed
	manner manner
}

// operation is a kind of disk operation.
type operation struct {
	start bool // while the server starts, after it was killed; else under load
	call  interpose.Call
	place string // "spool", "ledger", "warehouse", "other"
}

func (o operation) String() string {
	if o.start {
		return fmt.Sprintf("%s of %s at start", o.call, o.place)
	}
	return fmt.Sprintf("%s of %s under load", o.call, o.place)
}

func (p point) String() string {
	return fmt.Sprintf("%s no. %d: %s", p.operation, p.nth, p.manner.name)
}

// manner is how an operation fails.
type manner struct {
	name    string
	outcome interpose.Outcome
}

func fails(errno syscall.Errno, name string) manner {
	return manner{name, interpose.Outcome{Errno: errno}}
}

var (
	broken  = fails(syscall.EIO, "EIO")
	noSpace = fails(syscall.ENOSPC, "ENOSPC")
	manners = map[interpose.Call][]manner{
		interpose.Sync: {
			{"EIO, and what was written is gone", interpose.Outcome{Errno: syscall.EIO, Forget: true}},
			{"EIO, although it was done", interpose.Outcome{Errno: syscall.EIO, Done: true}},
			{"ENOSPC, and what was written is gone", interpose.Outcome{Errno: syscall.ENOSPC, Forget: true}},
		},
		interpose.Write:    {broken, noSpace, {"half is written, then ENOSPC", interpose.Outcome{Half: true}}},
		interpose.Truncate: {broken},
		interpose.Allocate: {broken, noSpace, fails(syscall.EOPNOTSUPP, "EOPNOTSUPP")},
		interpose.Create:   {broken, noSpace, fails(syscall.EMFILE, "EMFILE")},
		interpose.Rename:   {broken, noSpace},
		interpose.Link:     {broken},
		interpose.Remove:   {broken},
		interpose.MakeDir:  {noSpace},
		interpose.Map:      {fails(syscall.ENOMEM, "ENOMEM")},
		interpose.Read:     {broken},
	}
)

// placeOf tells whose file it is.
func placeOf(path string) string {
	for _, place := range []string{"spool", "ledger", "warehouse"} {
		if strings.HasPrefix(path, place) {
			return place
		}
	}
	return "other"
}

const (
	// ioEvery is more than a run has points, so that each of them comes.
	ioEvery = 3200
	// ioOfAKind is how many operations of a kind are let fail under load, which does
	// the same again and again, and how many reads at start.
	ioOfAKind  = 40
	ioLoadTime = 700 * time.Millisecond
	ioWorkers  = 4
	// ioAfter is how long the load goes on after the fault.
	ioAfter   = 150 * time.Millisecond
	ioChapter = 100
)

func runIOFaults(ctx context.Context, s *Stage, rounds int) (r Result, err error) {
	points, err := recordPoints(ctx, s)
	if err != nil {
		return r, err
	}
	s.Note("a run has %d points: each operation of a start but for reads, and the first %d of each kind of reads and under load, in every manner", len(points), ioOfAKind)
	if rounds >= ioEvery && len(points) > rounds {
		s.Note("%d rounds are too few to let each of them fail", rounds)
	}
	counts, next := s.counts(), s.Past.Result.Rounds
	r, err = chapters(ctx, s, rounds, ioChapter, func(below *Stage, from, to int) (Result, error) {
		f, err := newIOFaulter(ctx, below, s.Rand(uint64(from)))
		if err != nil {
			return Result{}, err
		}
		f.counts = counts
		return f.chapter(ctx, func() point { next++; return points[(next-1)%len(points)] }, from, to, s)
	})
	r.Figures = append(r.Figures, Figure{Name: "points of a run", Value: fmt.Sprint(len(points))})
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		r.Figures = append(r.Figures, Figure{Name: name, Value: fmt.Sprint(counts[name])})
	}
	return r, err
}

// ioFaulter is a server whose disk operations pass through a Watch.
type ioFaulter struct {
	*Driver
	stage  *Stage
	rand   *rand.Rand
	launch process.Launch
	watch  *interpose.Watch
	server *process.Process
	counts map[string]int
	since  homing.Millis // from when on nothing has been compared; 0 = all has been
}

func newIOFaulter(ctx context.Context, s *Stage, r *rand.Rand) (f *ioFaulter, err error) {
	f = &ioFaulter{stage: s, rand: r}
	f.launch = s.Launch(filepath.Join(s.Dir, "data"), "--spool-segment-size", "1048576")
	if f.watch, err = interpose.New(f.launch.Data); err != nil {
		return nil, err
	}
	if f.launch.Around, err = f.watch.Around(); err == nil {
		f.server, err = Open(ctx, s, &f.Driver, f.launch)
	}
	if err != nil {
		return nil, errors.Join(err, f.watch.Close())
	}
	return f, nil
}

func (f *ioFaulter) close() error {
	f.kill()
	return f.watch.Close()
}

// kill also ends the warehouse's process, which has the same filter.
func (f *ioFaulter) kill() {
	if f.server != nil {
		f.server.Kill()
		f.server.Sweep()
	}
	f.server = nil
}

// recordPoints lets a server be killed, start and work, and lists what can fail.
func recordPoints(ctx context.Context, s *Stage) (points []point, err error) {
	below, err := s.within("record")
	if err != nil {
		return nil, err
	}
	f, err := newIOFaulter(ctx, below, s.Rand(0))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	stop := f.Load(ctx, ioWorkers, f.rand.Uint64())
	err = Sleep(ctx, ioLoadTime)
	stop()
	if err != nil {
		return nil, err
	}
	f.kill()
	seen := newTrap(point{})
	seen.start = true
	f.watch.Decide(seen.decide)
	if f.server, err = Open(ctx, below, &f.Driver, f.launch); err != nil {
		return nil, err
	}
	seen.setStart(false)
	stop = f.Load(ctx, ioWorkers, f.rand.Uint64())
	err = Sleep(ctx, ioLoadTime)
	stop()
	f.watch.Decide(nil)
	if err != nil {
		return nil, err
	}
	points = listPoints(seen.seen, s.Rand(1))
	if len(points) == 0 {
		return nil, errors.New("the server did nothing with its disk")
	}
	if err := f.Settle(ctx, f.server); err != nil || f.Books.Found().Total() > 0 {
		return nil, errors.Join(fmt.Errorf("without a fault it is wrong already: %q", f.Books.Found().First), err)
	}
	f.kill()
	return points, os.RemoveAll(below.Dir)
}

// listPoints lists what can fail, of each kind of operation one after the other,
// so that few rounds see something of everything; what loses most comes first.
func listPoints(seen map[operation]int, r *rand.Rand) (points []point) {
	var kinds [][]point
	for o, n := range seen {
		if !o.start || o.call == interpose.Read {
			n = min(n, ioOfAKind)
		}
		var kind []point
		for nth := range n {
			for _, m := range manners[o.call] {
				kind = append(kind, point{o, nth + 1, m})
			}
		}
		kinds = append(kinds, kind)
	}
	slices.SortFunc(kinds, func(a, b []point) int { return strings.Compare(a[0].String(), b[0].String()) })
	r.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	for _, kind := range kinds {
		r.Shuffle(len(kind), func(i, j int) { kind[i], kind[j] = kind[j], kind[i] })
		slices.SortStableFunc(kind, func(a, b point) int { return btoi(b.manner.outcome.Forget) - btoi(a.manner.outcome.Forget) })
	}
	slices.SortStableFunc(kinds, func(a, b []point) int { return btoi(b[0].vital()) - btoi(a[0].vital()) })
	for i, some := 0, true; some; i++ {
		some = false
		for _, kind := range kinds {
			if i < len(kind) {
				points, some = append(points, kind[i]), true
			}
		}
	}
	return points
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// vital tells whether acknowledgements wait for operations of the kind.
func (o operation) vital() bool {
	return (o.call == interpose.Sync || o.call == interpose.Write) && (o.place == "spool" || o.place == "ledger")
}

// chapter lets operations fail on one data directory. A point that does not come,
// because the threads ran otherwise this time, is no round.
func (f *ioFaulter) chapter(ctx context.Context, next func() point, from, to int, whole *Stage) (r Result, err error) {
	defer func() { err = errors.Join(err, f.close()) }()
	done, missed := from, 0
	for done < to && f.server != nil && f.Books.Found().Total() == 0 {
		p := next()
		came, err := f.round(ctx, p)
		if err != nil {
			return f.Result(done - from), fmt.Errorf("%s: %w", p, err)
		}
		if !came {
			f.counts["operations that did not come"]++
			if missed++; missed > 100+5*(to-from) {
				return f.Result(done - from), errors.New("hardly any operation comes that came at first")
			}
			continue
		}
		done++
		f.counts["failed: "+string(p.call)+" of "+p.place]++
		whole.Done(done)
	}
	if f.server != nil {
		if err := f.Settle(ctx, f.server); err != nil {
			return f.Result(done - from), err
		}
	}
	return f.Result(done - from), nil
}

// round lets a point fail and looks at what became of it. It tells whether the
// operation came.
func (f *ioFaulter) round(ctx context.Context, p point) (came bool, err error) {
	if f.since == 0 {
		f.since = homing.MillisOf(f.stage.Clock()) - 1000
	}
	before := f.Books.Found().Total()
	t := newTrap(p)
	if p.start {
		err = f.atStart(ctx, t)
	} else {
		err = f.underLoad(ctx, t)
	}
	if err != nil {
		return false, err
	}
	f.watch.Decide(nil)
	if t.fired() == "" && f.server != nil {
		return false, nil
	}
	if f.server != nil {
		if err := f.goesOn(ctx, p); err != nil {
			return true, err
		}
	}
	f.kill()
	if f.server, err = f.Reopen(ctx, f.launch); err == nil && f.server != nil {
		client := f.server.Client()
		defer client.Close()
		err = f.Compare(ctx, client, f.since, false)
		f.since = 0
	}
	if f.Books.Found().Total() > before {
		f.Books.Wrong(Other, "that was after %s (%s)", p, t.fired())
	}
	return t.fired() != "", err
}

// atStart arms the trap and starts the server.
func (f *ioFaulter) atStart(ctx context.Context, t *trap) (err error) {
	f.kill()
	t.start = true
	f.watch.Decide(t.decide)
	if f.server, err = process.Begin(f.launch); err != nil {
		return err
	}
	status, failed := f.server.Ready(ctx)
	if failed == nil {
		f.Point(status)
		return f.loadUntil(ctx, t) // the warehouse may still be starting
	}
	select {
	case <-f.server.Exited():
		f.ended(t.point)
	default:
		if ctx.Err() == nil {
			f.Books.Wrong(Other, "it neither serves nor ends: %v", failed)
		}
	}
	return ctx.Err()
}

// underLoad arms the trap while the server works.
func (f *ioFaulter) underLoad(ctx context.Context, t *trap) error {
	f.watch.Decide(t.decide)
	return f.loadUntil(ctx, t)
}

// loadUntil sends until the fault has come, and a moment longer.
func (f *ioFaulter) loadUntil(ctx context.Context, t *trap) error {
	shed := f.Sent().Shed.Load() + f.Sent().Broken.Load()
	stop := f.Load(ctx, ioWorkers, f.rand.Uint64())
	t.wait(ctx, ioLoadTime)
	err := Sleep(ctx, ioAfter)
	stop()
	if t.fired() == "" {
		return err
	}
	if shed = f.Sent().Shed.Load() + f.Sent().Broken.Load() - shed; shed > 0 && t.point.place == "warehouse" {
		f.Books.Wrong(Other, "%d requests were not served because of the warehouse", shed)
	}
	// A server that ends does so at once; what it prints may take a moment.
	select {
	case <-f.server.Exited():
		f.ended(t.point)
	default:
	}
	return err
}

// ended notes that the server has ended by itself.
func (f *ioFaulter) ended(p point) {
	f.counts["servers that ended"]++
	if p.place == "warehouse" {
		f.Books.Wrong(Other, "the server ended because of the warehouse: %s", f.server.LastWords())
	}
	f.kill()
}

// goesOn wants a server that did not end to serve visitors and advertisers soon.
func (f *ioFaulter) goesOn(ctx context.Context, p point) error {
	clicks, claims := f.Sent().Redirected.Load(), f.Sent().Counted.Load()
	stop := f.Load(ctx, ioWorkers, f.rand.Uint64())
	defer stop()
	late := time.NewTimer(resumeTime)
	defer late.Stop()
	for f.Sent().Redirected.Load() == clicks || f.Sent().Counted.Load() == claims {
		select {
		case <-f.server.Exited():
			stop()
			f.ended(p)
			return ctx.Err()
		case <-late.C:
			f.Books.Wrong(Other, "it neither ends nor serves %s after one operation failed", resumeTime)
			return nil
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	f.counts["servers that went on"]++
	return nil
}
