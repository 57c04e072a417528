package edge

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"homing"
)

// cause says why something was answered 503.
type cause uint8

const (
	causeOverloaded  cause = iota // spool, ledger or minter has no room
	causeUnavailable              // it could not be made durable
	causeRequests                 // too many requests under way
	causeProcessor                // too little processor for all
	causeCampaign                 // a genuine id of a campaign not known here yet
	causes
)

var causeNames = [causes]string{"overloaded", "unavailable", "requests", "processor", "campaign_unknown"}

func causeOf(err error) cause {
	if errors.Is(err, homing.ErrOverloaded) {
		return causeOverloaded
	}
	return causeUnavailable
}

// faults tells the log why requests are answered 503, without telling each: a
// full disk would fill the log as well.
type faults struct {
	log   *slog.Logger
	clock homing.Clock

	mu   sync.Mutex
	last [causes]time.Time // guarded by mu
	left [causes]int       // guarded by mu: not told since
}

const faultEvery = 10 * time.Second

func (f *faults) tell(c cause, err error) {
	f.mu.Lock()
	now := f.clock()
	if since := now.Sub(f.last[c]); since >= 0 && since < faultEvery {
		f.left[c]++
		f.mu.Unlock()
		return
	}
	untold := f.left[c]
	f.last[c], f.left[c] = now, 0
	f.mu.Unlock()
	f.log.Error("a request could not be taken on", "cause", causeNames[c], "error", err, "untold_before", untold)
}
