package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/warehouse"
)

// saltPrefix begins the names of salts; a day follows, as 2026-11-20.
const saltPrefix = "salt/"

// Salt is the key that a day's visitors are told apart with.
type Salt = [16]byte

// Salts are the salts of the days, one for all nodes: a visitor who comes to two
// edges is one visitor. Whoever needs a day's salt first proposes one at random; of
// several at once, one wins. They are sealed, and removed when their days are over:
// from then on nobody can tell from a visitor's hash who it was. All methods are
// safe for concurrent use.
type Salts struct {
	commons ledger.Commons
	key     Key
	clock   homing.Clock

	mu    sync.Mutex
	byDay map[warehouse.Day]Salt // guarded by mu: what is known here
}

// SaltsOptions are what Salts are made of.
type SaltsOptions struct {
	Commons ledger.Commons
	Key     Key
	Clock   homing.Clock
}

// NewSalts knows none yet.
func NewSalts(o SaltsOptions) *Salts {
	return &Salts{commons: o.Commons, key: o.Key, clock: o.Clock, byDay: map[warehouse.Day]Salt{}}
}

// mostSaltDays bounds what is remembered, whatever the clocks of clicks say.
const mostSaltDays = 32

// Of is the salt of a day. homing.ErrUnavailable: it is not known here, and the
// ledger is away; whoever cannot wait must not go on without it, for a visitor
// would count twice.
func (s *Salts) Of(ctx context.Context, day warehouse.Day) (Salt, error) {
	s.mu.Lock()
	salt, ok := s.byDay[day]
	s.mu.Unlock()
	if ok {
		return salt, nil
	}
	salt, err := s.agree(ctx, day)
	if err != nil {
		return Salt{}, fmt.Errorf("couldn't agree on the salt of %s: %w", day, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byDay) >= mostSaltDays {
		clear(s.byDay)
	}
	s.byDay[day] = salt
	return salt, nil
}

// Prepare has the salts of today and tomorrow at hand, so that midnight needs no
// ledger. It asks only for what is not known.
func (s *Salts) Prepare(ctx context.Context) error {
	today := warehouse.DayAt(homing.MillisOf(s.clock()))
	for _, day := range []warehouse.Day{today, today + 1} {
		if _, err := s.Of(ctx, day); err != nil {
			return err
		}
	}
	return nil
}

// agree reads the salt of a day, or proposes one.
func (s *Salts) agree(ctx context.Context, day warehouse.Day) (Salt, error) {
	name := saltPrefix + day.String()
	for range 10 { // each turn somebody else has removed it, which happens once
		sealed, err := s.commons.Common(ctx, name)
		if err != nil {
			return Salt{}, err
		}
		if sealed != nil {
			return s.open(name, sealed)
		}
		var proposed Salt
		rand.Read(proposed[:]) // never fails, see crypto/rand
		err = s.commons.PutCommon(ctx, name, nil, s.key.Seal(name, proposed[:]))
		if err == nil {
			return proposed, nil
		}
		if !errors.Is(err, homing.ErrConflict) {
			return Salt{}, err // it may stand all the same: it is read then
		}
	}
	return Salt{}, fmt.Errorf("it comes and goes: %w", homing.ErrUnavailable)
}

func (s *Salts) open(name string, sealed []byte) (salt Salt, err error) {
	value, err := s.key.Open(name, sealed)
	if err == nil && len(value) != len(salt) {
		err = fmt.Errorf("%s has %d bytes: %w", name, len(value), homing.ErrDamaged)
	}
	copy(salt[:], value)
	return salt, err
}

// Drop removes the salts of days before one, here and for all nodes.
func (s *Salts) Drop(ctx context.Context, before warehouse.Day) error {
	s.Forget(before)
	names, err := s.commons.CommonNames(ctx, saltPrefix)
	if err != nil {
		return fmt.Errorf("couldn't list the salts: %w", err)
	}
	for _, name := range names {
		date, err := time.Parse(time.DateOnly, strings.TrimPrefix(name, saltPrefix))
		if err != nil || warehouse.DayAt(homing.MillisOf(date)) >= before {
			continue // what is no day is somebody else's
		}
		if err := s.remove(ctx, name); err != nil {
			return fmt.Errorf("couldn't remove %s: %w", name, err)
		}
	}
	return nil
}

func (s *Salts) remove(ctx context.Context, name string) error {
	sealed, err := s.commons.Common(ctx, name)
	if err != nil || sealed == nil {
		return err
	}
	err = s.commons.PutCommon(ctx, name, sealed, nil)
	if errors.Is(err, homing.ErrConflict) {
		return nil // somebody else was faster
	}
	return err
}

// Forget forgets the salts of days before one, here.
func (s *Salts) Forget(before warehouse.Day) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for day := range s.byDay {
		if day < before {
			delete(s.byDay, day)
		}
	}
}
