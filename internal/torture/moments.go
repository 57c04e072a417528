package torture

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// visits is a load of visits only.
func (d *Driver) visits(ctx context.Context, workers int, seed uint64) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() {
			w := d.newWorker(rand.New(rand.NewPCG(seed, uint64(i))))
			defer w.close()
			for ctx.Err() == nil {
				if !w.visit(ctx) {
					_ = Sleep(ctx, 5*time.Millisecond) // or it is over
				}
			}
		})
	}
	return func() { cancel(); all.Wait() }
}

// anyTime is some time under load.
func anyTime(ctx context.Context, c *powerCut) error {
	return Sleep(ctx, 50*time.Millisecond+time.Duration(c.rand.IntN(400))*time.Millisecond)
}

// startUp is some moment of a start: the server is killed and begins again, and
// visitors come as soon as it serves.
func startUp(ctx context.Context, c *powerCut) error {
	c.kill()
	return c.begin(ctx, 350*time.Millisecond)
}

// momentPatience is how long a moment is waited for. If it does not come the
// power is cut all the same.
const momentPatience = 3 * time.Second

// rolled is the moment when a file of the spool has got its name, and those that
// follow: the records in it are lost if the directory was not synced.
func rolled(ctx context.Context, c *powerCut) error {
	return c.when(ctx, "spool", ".seg", named, 15*time.Millisecond)
}

// checkpointed is when the ledger's log is being folded into its file.
func checkpointed(ctx context.Context, c *powerCut) error {
	return c.when(ctx, "ledger.db", "", changed, 5*time.Millisecond)
}

// loading is when the warehouse writes what was loaded; some time, if it has not
// begun to.
func loading(ctx context.Context, c *powerCut) error {
	if _, err := os.Stat(filepath.Join(c.launch.Data, "warehouse", "warehouse.duckdb")); err != nil {
		return anyTime(ctx, c)
	}
	return c.when(ctx, "warehouse", "", changed, 20*time.Millisecond)
}

// when waits until something happens to a file of the data directory, and a
// little longer.
func (c *powerCut) when(ctx context.Context, path, suffix string, events uint32, within time.Duration) error {
	w, err := watchFor(filepath.Join(c.launch.Data, path), suffix, events)
	if err != nil {
		return err
	}
	if !w.wait(momentPatience) {
		c.s.note("power cut: nothing happened to %s in time", path)
	}
	return Sleep(ctx, time.Duration(c.rand.Int64N(int64(within))))
}

// noRoomForNext takes the room for the next file but one. Making a file of zeros
// has the journal written, and the name of the file before with it, whether
// anybody asked for that or not; so that this does not hide that nobody did,
// there is no room for one.
func noRoomForNext(ctx context.Context, c *powerCut) error {
	// The next file is there already, or soon.
	if err := Sleep(ctx, 50*time.Millisecond); err != nil {
		return err
	}
	const leftAlone = powerDisk / 20 // the spool leaves as much to others
	return c.disk.FillUp(leftAlone + 512<<10)
}
