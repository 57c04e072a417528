package api

import (
	"context"
	"sync"
	"time"
)

// places bounds how many requests of a sort are under way at once: in all, and
// of one holder, so that nobody has all of them.
type places struct {
	all   chan struct{} // one for each request under way
	share int           // how many of one holder

	mu     sync.Mutex
	shares map[string]*share // of holders that have a place or wait; guarded by mu
}

type share struct {
	taken chan struct{}
	users int // guarded by places.mu
}

// newPlaces makes n places, of which one holder gets half.
func newPlaces(n int) *places {
	return &places{all: make(chan struct{}, n), share: max(1, n/2), shares: map[string]*share{}}
}

// enter takes a place, also out of the share of each holder, or gives up when
// turn fires. leave gives it back.
func (p *places) enter(ctx context.Context, turn <-chan time.Time, holders ...string) (leave func(), err error) {
	var back []func() // in the order they are called
	leave = func() {
		for _, give := range back {
			give()
		}
	}
	take := func(from chan struct{}) error {
		select {
		case from <- struct{}{}:
			back = append(back, func() { <-from })
			return nil
		case <-turn:
			return crowded(queueing)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	for _, holder := range holders {
		s := p.shareOf(holder)
		err := take(s.taken)
		back = append(back, func() { p.drop(holder, s) })
		if err != nil {
			leave()
			return nil, err
		}
	}
	if err := take(p.all); err != nil {
		leave()
		return nil, err
	}
	return leave, nil
}

func (p *places) shareOf(holder string) *share {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.shares[holder]
	if s == nil {
		s = &share{taken: make(chan struct{}, p.share)}
		p.shares[holder] = s
	}
	s.users++
	return s
}

func (p *places) drop(holder string, s *share) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.users--; s.users == 0 {
		delete(p.shares, holder)
	}
}
