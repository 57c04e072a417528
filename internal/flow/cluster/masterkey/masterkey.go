// Package masterkey keeps master keys: when one is made, when one goes, and the file
// that they lie in.
//
// On one machine the file is all there is. In a cluster it is what a node knows of
// the keys that all of them share, so that it starts without them; see package
// cluster.
package masterkey

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"homing"
)

const (
	// Age is when a new master key is made.
	Age = 365 * 24 * time.Hour
	// Kept is how long a key is kept beyond the longest window after its successor
	// took over.
	Kept = 400*24*time.Hour + homing.MaxWindow
	// Most bounds how many keys an id is tried with.
	Most = 32
	// atHand is how many keys there are before those go whose time is over.
	atHand = 16
)

// Sort puts the oldest first.
func Sort(keys []homing.MasterKey) {
	slices.SortFunc(keys, func(a, b homing.MasterKey) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.ID, b.ID))
	})
}

// New makes a key that is in use from a moment on.
func New(from homing.Millis) homing.MasterKey {
	var id [4]byte
	k := homing.MasterKey{From: from}
	rand.Read(id[:]) // never fails, see crypto/rand
	rand.Read(k.Secret[:])
	k.ID = hex.EncodeToString(id[:])
	return k
}

// Good are those whose time is not over by now, of sorted keys. A key was last
// minted under when its successor took over.
func Good(keys []homing.MasterKey, now homing.Millis) []homing.MasterKey {
	for len(keys) > 1 && now-keys[1].From > homing.MillisIn(Kept) {
		keys = keys[1:]
	}
	return keys
}

// Renew adds and drops keys as their ages ask, and makes the first one. A new one is
// in use from next on; if that is 0, the clock may be wrong: none is made but the
// first, and none goes. The result is sorted, oldest first. A key whose time is over
// stays, and goes on verifying ids of its own time, which are late by then, until
// there are many: the clock that says so may be years ahead for a moment, and what
// was deleted then is gone for good.
func Renew(keys []homing.MasterKey, now, next homing.Millis) []homing.MasterKey {
	keys = slices.Clone(keys)
	Sort(keys)
	if len(keys) == 0 {
		return []homing.MasterKey{New(now)}
	}
	if next == 0 {
		return keys
	}
	if newest := keys[len(keys)-1]; now-newest.From > homing.MillisIn(Age) {
		keys = append(keys, New(next))
	}
	if over := len(keys) - atHand; over > 0 {
		keys = keys[min(over, len(keys)-len(Good(keys, now))):]
	}
	return keys
}

// Add adds a key that is in use from a moment on. newest must be the id of the
// newest there is: two who ask at once get one key. keys are sorted, oldest first.
func Add(keys []homing.MasterKey, newest string, now, from homing.Millis) ([]homing.MasterKey, error) {
	last := keys[len(keys)-1]
	switch {
	case last.ID != newest:
		return nil, fmt.Errorf("%w: a master key was made in the meantime", homing.ErrConflict)
	case last.From > now:
		return nil, fmt.Errorf("%w request: master key %s was made just now and is in use from %s on; make another one after that", homing.ErrInvalid, last.ID, last.From)
	case len(keys) >= Most:
		return nil, fmt.Errorf("%w request: there are %d master keys, and every id is tried with each; the oldest goes by itself in time", homing.ErrInvalid, len(keys))
	}
	return append(slices.Clone(keys), New(from)), nil
}
