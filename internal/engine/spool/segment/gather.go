package segment

import (
	"runtime"
	"time"
)

// crowd lets appenders share their fsyncs. A commit is worth waiting for when many
// ask again as soon as they are answered: without it, those who come back first get
// an fsync of their own, and the many behind them wait for two. (PostgreSQL has
// commit_delay and commit_siblings for it.)
//
// A commit takes three quarters of the crowd: while the disk works for them, the
// processors work for the others. Fewer make as many clicks a second, with more
// processor time and smaller blocks, which compress worse. Whoever comes alone waits
// for nobody. What is waited for may never come, so there is a limit.
//
// It is of the spool's lock, but for limit, which is the committer's.
type crowd struct {
	size   uint32        // how many there are, by what was seen lately
	wanted uint32        // so many in the open batch are enough; 0 = nobody waits
	enough chan struct{} // holds one word when they are there
	limit  *time.Timer
}

const (
	// smallest is what counts as a crowd.
	smallest = 24
	// gatherTime is how long is waited at most.
	gatherTime = 500 * time.Microsecond
)

func newCrowd() crowd {
	c := crowd{enough: make(chan struct{}, 1), limit: time.NewTimer(time.Hour)}
	c.limit.Stop()
	return c
}

// seen takes in how many wait for a commit or have just been answered. A crowd that
// has gone is forgotten after some dozens of commits.
func (c *crowd) seen(n uint32) { c.size = max(n, c.size-c.size/16) }

// came tells the committer if there are enough now.
func (c *crowd) came(count uint32) {
	if c.wanted > 0 && count >= c.wanted {
		c.wanted = 0
		c.enough <- struct{}{} // there is room: it is taken before more are wanted
	}
}

// gather waits until most of the crowd is in the open batch.
func (s *Spool) gather(answered uint32) {
	runtime.Gosched()
	if !s.want(answered) {
		return
	}
	c := &s.crowd
	c.limit.Reset(gatherTime)
	select {
	case <-c.enough:
		c.limit.Stop()
	case <-c.limit.C:
		s.wantNoMore()
	}
}

// want tells whether to wait.
func (s *Spool) want(answered uint32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	var open uint32
	if len(s.queue) > 0 {
		open = s.queue[0].count
	}
	c := &s.crowd
	c.seen(answered + open)
	most := c.size / 4 * 3
	if c.size < smallest || open >= most || s.closing || s.dead != nil || len(s.queue) > 1 {
		return false
	}
	c.wanted = most
	return true
}

// wantNoMore ends the wait when they have not come.
func (s *Spool) wantNoMore() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.crowd.wanted == 0 {
		<-s.crowd.enough // they have come meanwhile
	}
	s.crowd.wanted = 0
}
