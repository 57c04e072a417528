package page

import (
	"net/http"
	"sync"

	"homing"
)

// Places are how many of something that lasts may be under way at once, in all
// and by one person.
type Places struct {
	all, each int

	mu    sync.Mutex
	taken map[homing.UserID]int // guarded by mu
	n     int                   // guarded by mu
}

// NewPlaces makes them.
func NewPlaces(all, each int) *Places {
	return &Places{all: all, each: each, taken: map[homing.UserID]int{}}
}

// Enter takes a place, if there is one; leave gives it back, once.
func (p *Places) Enter(who homing.UserID) (leave func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.n >= p.all || p.taken[who] >= p.each {
		return nil, false
	}
	p.n++
	p.taken[who]++
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.n--
		if p.taken[who]--; p.taken[who] == 0 {
			delete(p.taken, who)
		}
	}, true
}

// Full answers a live view that found no place. It is no page of ours: the one
// that asked goes on as it was.
func (v *Visit) Full() error {
	v.W.Header().Set("Retry-After", "30")
	http.Error(v.W, "Too many of these are open already. Close one, and try again in a moment.", http.StatusTooManyRequests)
	return nil
}
