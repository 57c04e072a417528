package edge

import (
	"net/netip"
	"strconv"
	"sync"
	"time"
)

// refusals counts, by address and minute, the calls that guess: a well-formed
// id that was not minted here, a wrong key. Beyond the limit their answer
// becomes 429; nothing else ever does, so that nobody pays for what others do
// behind the same address.
type refusals struct {
	perMinute int // 0 = no limit

	mu     sync.Mutex
	minute int64                 // guarded by mu
	counts map[netip.Addr]uint32 // guarded by mu: of this minute; IPv6 by its /64
}

// maxRefusing bounds the addresses that are counted in a minute, to some 4 MB.
// More than that are not limited: a guess is hopeless anyway, this only keeps
// a broken sender from being a nuisance.
const maxRefusing = 1 << 16

// beyond counts a guess and tells whether it is beyond the limit.
func (r *refusals) beyond(addr netip.Addr, now time.Time) bool {
	if r.perMinute <= 0 {
		return false
	}
	addr = network(addr)
	r.mu.Lock()
	defer r.mu.Unlock()
	if minute := now.Unix() / 60; minute != r.minute || r.counts == nil {
		r.minute, r.counts = minute, map[netip.Addr]uint32{}
	}
	n, known := r.counts[addr]
	if !known && len(r.counts) >= maxRefusing {
		return false
	}
	r.counts[addr] = n + 1
	return int(n) >= r.perMinute
}

// untilNextMinute is when a new count begins, in seconds, as Retry-After.
func untilNextMinute(now time.Time) []byte {
	return strconv.AppendInt(nil, 60-now.Unix()%60, 10)
}
