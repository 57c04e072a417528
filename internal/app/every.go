package app

import (
	"context"
	"time"
)

// every does something again and again, the first time after a period, until it says
// that it is done or ctx is.
func every(ctx context.Context, period time.Duration, do func() (done bool)) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if do() {
				return
			}
		}
	}
}
