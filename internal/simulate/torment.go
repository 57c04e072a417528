package simulate

import (
	"context"
	"math/rand/v2"
	"os"
	"syscall"
	"time"
)

// The warehouse lives in a process of its own so that its death is felt by
// nobody but reports. So it is killed at random moments beside the server's own
// kills, and now and then stopped for a while, as a machine that runs out of
// memory does to a process.

// beast is a process that can be tormented.
type beast interface{ Signal(os.Signal) error }

// tormented counts what was done to the warehouse's process.
type tormented struct {
	Kills int `json:"kills"`
	Stops int `json:"stops"`
}

// torment does it until ctx is done, some times for each kill of the server. A
// process that was stopped goes on again, whatever became of its server.
func (c *Command) torment(ctx context.Context, h house) (done tormented) {
	r := c.source(-2)
	pause := c.Duration / time.Duration(3*c.Cycles)
	for sleep(ctx, pause/2+time.Duration(r.Int64N(int64(pause)+1))) == nil {
		b := h.Warehouse()
		if b == nil {
			continue // none has started yet
		}
		if r.IntN(3) > 0 {
			if b.Signal(syscall.SIGKILL) == nil {
				done.Kills++
			}
			continue
		}
		if stopForAWhile(ctx, b, r) {
			done.Stops++
		}
	}
	return done
}

// stopForAWhile stops a process for a second or two.
func stopForAWhile(ctx context.Context, b beast, r *rand.Rand) bool {
	if b.Signal(syscall.SIGSTOP) != nil {
		return false // it has just gone
	}
	_ = sleep(ctx, time.Second+time.Duration(r.Int64N(int64(time.Second)))) // shorter if all is over
	_ = b.Signal(syscall.SIGCONT)                                           // or it was killed meanwhile
	return true
}
