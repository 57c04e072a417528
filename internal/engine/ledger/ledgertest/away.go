package ledgertest

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"homing"
	"homing/internal/engine/ledger"
)

// Shared is what the nodes of a cluster share of a ledger, in memory: loans and
// commons, as the contracts say. It outlives every crash of a node.
type Shared struct {
	mu     sync.Mutex
	leases map[homing.NodeID]*lent     // guarded by mu
	duties map[string]held             // guarded by mu
	values map[string][]byte           // guarded by mu
	Writes int                         // guarded by mu: values that were put
	OnPut  func(name string, v []byte) // called with mu held, before a value is put; nil = nobody
}

type lent struct {
	token       uint64
	mark, floor homing.Millis
}

type held struct {
	holder uint64
	until  homing.Millis
}

var (
	_ ledger.Lessor  = (*Shared)(nil)
	_ ledger.Commons = (*Shared)(nil)
)

// NewShared is a ledger that nobody has used.
func NewShared() *Shared {
	return &Shared{leases: map[homing.NodeID]*lent{}, duties: map[string]held{}, values: map[string][]byte{}}
}

// Lease implements ledger.Lessor.
func (s *Shared) Lease(_ context.Context, now, until homing.Millis, test bool) (ledger.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, last := homing.NodeID(1), homing.DemoNode-1
	if test {
		first, last = homing.FirstTestNode, homing.MaxNode
	}
	for node := first; node <= last; node++ {
		present := s.leases[node]
		if present != nil && present.mark >= now {
			continue
		}
		l := &lent{token: rand.Uint64() | 1, mark: until}
		if present != nil {
			l.floor = present.mark
		}
		s.leases[node] = l
		return ledger.Lease{Node: node, Token: l.token, Mark: until}, nil
	}
	return ledger.Lease{}, fmt.Errorf("every node number is in use: %w", homing.ErrUnavailable)
}

// Extend implements ledger.Lessor.
func (s *Shared) Extend(_ context.Context, l ledger.Lease, until homing.Millis) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	present := s.leases[l.Node]
	if present == nil || present.token != l.Token {
		return fmt.Errorf("node %d: %w", l.Node, homing.ErrConflict)
	}
	present.mark = max(present.mark, until)
	return nil
}

// Release implements ledger.Lessor.
func (s *Shared) Release(_ context.Context, l ledger.Lease, used homing.Millis) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	present := s.leases[l.Node]
	if present == nil || present.token != l.Token {
		return fmt.Errorf("node %d: %w", l.Node, homing.ErrConflict)
	}
	present.mark, present.token = max(present.floor, used), 0
	return nil
}

// Mark is how far ahead a node number is taken; 0 if it never was.
func (s *Shared) Mark(node homing.NodeID) homing.Millis {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.leases[node]; l != nil {
		return l.mark
	}
	return 0
}

// Lent counts the node numbers that were ever lent.
func (s *Shared) Lent() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.leases)
}

// Hold implements ledger.Commons.
func (s *Shared) Hold(_ context.Context, duty string, holder uint64, now, until homing.Millis) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h, ok := s.duties[duty]; ok && h.holder != holder && h.until > now {
		return fmt.Errorf("%s is held by somebody else: %w", duty, homing.ErrConflict)
	}
	if until <= now {
		delete(s.duties, duty)
	} else {
		s.duties[duty] = held{holder, until}
	}
	return nil
}

// Common implements ledger.Commons.
func (s *Shared) Common(_ context.Context, name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.values[name]), nil
}

// PutCommon implements ledger.Commons.
func (s *Shared) PutCommon(_ context.Context, name string, old, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	present, there := s.values[name]
	if there != (old != nil) || !bytes.Equal(present, old) {
		return fmt.Errorf("%s was changed: %w", name, homing.ErrConflict)
	}
	if s.OnPut != nil {
		s.OnPut(name, value)
	}
	s.Writes++
	if value == nil {
		delete(s.values, name)
	} else {
		s.values[name] = bytes.Clone(value)
	}
	return nil
}

// CommonNames implements ledger.Commons.
func (s *Shared) CommonNames(_ context.Context, prefix string) (names []string, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.values {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// State is how a link stands.
type State int

const (
	Near  State = iota
	Away        // nothing gets through: homing.ErrUnavailable, and nothing was done
	Mute        // it is done, and the answer is lost: homing.ErrUnavailable all the same
	Hangs       // no answer before the context ends
)

// Link is one node's way to a ledger, which can be cut. The zero State is Near.
// Parts that are nil may not be asked.
type Link struct {
	Lessor   ledger.Lessor
	Commons  ledger.Commons
	Settings ledger.Settings

	mu    sync.Mutex
	state State
	asked int
}

// LinkTo is a link to what is shared.
func LinkTo(s *Shared) *Link { return &Link{Lessor: s, Commons: s} }

// Turn changes how the link stands.
func (l *Link) Turn(to State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = to
}

// Asked counts what the ledger was asked for, whatever it answered.
func (l *Link) Asked() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked
}

var errAway = fmt.Errorf("the ledger is away: %w", homing.ErrUnavailable)

// over carries a call over the link.
func (l *Link) over(ctx context.Context, call func() error) error {
	l.mu.Lock()
	state := l.state
	l.asked++
	l.mu.Unlock()
	switch state {
	case Away:
		return errAway
	case Mute:
		_ = call() // whoever asked is never told
		return errAway
	case Hangs:
		<-ctx.Done()
		return fmt.Errorf("%w: %w", homing.ErrUnavailable, ctx.Err())
	}
	return call()
}
