package signin

import (
	"net/netip"
	"time"
)

// Tries counts wrong tries from addresses, in memory of a fixed size. It is safe
// for concurrent use.
type Tries struct{ byAddr *limiter }

// NewTries makes a count that nothing has been spent of.
func NewTries() *Tries { return &Tries{newLimiter(triesPerAddr)} }

// Spend takes a try of an address. It returns how long to wait if there is none
// left.
func (t *Tries) Spend(now time.Time, addr netip.Addr) time.Duration {
	return t.byAddr.spend(now, network(addr))
}
