package process

import (
	"fmt"
	"time"

	"homing/internal/engine/warehouse/duckdb/process/wire"
)

// watch pings the child, and kills it when it is silent, does not give up what
// it was told to, or holds too much memory. Times are counted in ticks: a
// machine that slept does not make the child look silent.
func (s *session) watch(o Options) {
	tick := min(o.Silence/6, time.Second)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	silent := time.Duration(0)
	for {
		select {
		case <-s.dead:
			return
		case <-ticker.C:
		}
		silent += tick
		if s.heard.Swap(false) {
			silent = 0
		}
		if silent >= o.Silence {
			s.kill(fate{what: fmt.Sprintf("the warehouse process was silent for %s and was killed", o.Silence)})
			return
		}
		if s.stuck(tick, o.Silence) {
			s.kill(fate{what: fmt.Sprintf("the warehouse process did not give up a statement for %s and was killed", o.Silence)})
			return
		}
		held := heldMemory(s.cmd.Process.Pid)
		s.memory.Store(held)
		if limit := o.Memory + o.allowance; held > limit {
			s.kill(fate{what: fmt.Sprintf("the warehouse process held %d MiB of memory where %d are allowed, and was killed", held>>20, limit>>20)})
			return
		}
		select {
		case s.queue <- outgoing{kind: wire.Ping}:
		default: // what waits to be sent will be answered, or not
		}
	}
}

// stuck tells whether a call was given up so long ago and is not over.
func (s *session) stuck(tick, patience time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		if c.cancelled.Load() {
			if c.waited += tick; c.waited >= patience {
				return true
			}
		}
	}
	return false
}
