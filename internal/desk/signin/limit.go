package signin

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// Tries: so many at once, and then one more per refill.
type allowance struct {
	burst  int
	refill time.Duration
}

var (
	triesPerAddr  = allowance{30, 20 * time.Second}
	triesPerBoth  = allowance{10, time.Minute}
	triesPerEmail = allowance{100, 6 * time.Second}
)

// slots is the size of a limiter's table. Two keys in one slot share its
// tries; that is rare, and nobody can bring it about, because the table is
// hashed with a seed of its own. In return memory is fixed and nothing is ever
// swept or pushed out by a flood of keys.
const slots = 1 << 14

// limiter counts tries by key. It is safe for concurrent use.
type limiter struct {
	allowance
	seed maphash.Seed

	mu    sync.Mutex
	spent [slots]struct { // guarded by mu
		tries int
		since time.Time // when tries was true
	}
}

func newLimiter(a allowance) *limiter { return &limiter{allowance: a, seed: maphash.MakeSeed()} }

// spend takes a try of a key. It returns how long to wait if there is none.
func (l *limiter) spend(now time.Time, key string) time.Duration {
	i := maphash.String(l.seed, key) % slots
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &l.spent[i]
	if back := int(now.Sub(s.since) / l.refill); back > 0 || s.tries == 0 {
		s.tries = max(0, s.tries-back)
		s.since = now
	}
	if s.tries >= l.burst {
		return l.refill - now.Sub(s.since)
	}
	s.tries++
	return 0
}

// refund forgets the tries of a key, after a right password.
func (l *limiter) refund(key string) {
	i := maphash.String(l.seed, key) % slots
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spent[i].tries = 0
}

// both is the key of tries from an address for an e-mail address.
func both(addr netip.Addr, email string) string { return network(addr) + " " + email }

// network is what an address counts as: whoever has one IPv6 address has its
// whole /64.
func network(addr netip.Addr) string {
	addr = addr.Unmap()
	if addr.Is6() {
		if p, err := addr.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}
