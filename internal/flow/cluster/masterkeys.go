package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/flow/cluster/masterkey"
)

// masterKeysName is where the master keys lie in the commons.
const masterKeysName = "master-keys"

// KeyMargin is how far behind every loan of a node number a new master key begins.
const KeyMargin = 48 * time.Hour

// mostKeyNotice is how far ahead a new key may begin. Loans go a week ahead; what lies
// further ahead comes from a clock that was wrong.
const mostKeyNotice = 30 * 24 * time.Hour

// KeyFrom is when a yearly master key that is made now may begin; 0 if none can be
// made yet, and then waits tells why.
//
// A node that does not know a key when its time begins mints ids that no other node
// opens. Nobody can wait for all nodes to have it: one may be cut off for days. But
// a node mints only up to the mark of its loan, and moves that by asking the ledger,
// where it finds the new key as well. So a key that begins behind every mark there
// is now is known to everybody who mints then.
func KeyFrom(loans []ledger.Loan, now homing.Millis) (from homing.Millis, waits string) {
	from = now
	for _, l := range loans {
		from = max(from, l.Mark)
	}
	if from > now+homing.MillisIn(mostKeyNotice) {
		return 0, fmt.Sprintf("click ids may have times up to %s, from a clock that was ahead", from)
	}
	return from + homing.MillisIn(KeyMargin), ""
}

// MasterKeys are the master keys that all nodes share.
//
//	make a key ──► ledger's commons, by comparison ──► this node's file ──► in use
//	look ────────► ledger's commons ─────────────────► this node's file ──► in use
//
// Of two nodes that make the yearly key at once one wins, and the other takes over
// what it made: there are never two. The file is what this node starts with when the
// ledger is away; a key is in it before the node uses it. All methods are safe for
// concurrent use.
type MasterKeys struct {
	commons ledger.Commons
	key     Key
	file    string
	clock   homing.Clock
	log     *slog.Logger

	ring atomic.Pointer[homing.Keyring]

	mu   sync.Mutex         // held from a look at the commons to what follows from it
	keys []homing.MasterKey // guarded by mu: sorted, as they are in the file

	trouble atomic.Pointer[error]
}

// MasterKeysOptions are what MasterKeys are made of.
type MasterKeysOptions struct {
	Commons ledger.Commons
	Key     Key
	File    string // this node's own copy
	Clock   homing.Clock
	Log     *slog.Logger // nil = nobody
}

// OpenMasterKeys reads the keys that are shared, and makes the first one of a new
// cluster; a node that has keys already, and finds none shared, brings its own. When
// the ledger is away it goes on with this node's file; without one that is
// homing.ErrUnavailable. homing.ErrConflict: the file's keys are of another cluster.
// homing.ErrDamaged: the file is not what was written, or the cluster key is another.
func OpenMasterKeys(ctx context.Context, o MasterKeysOptions) (*MasterKeys, error) {
	k := &MasterKeys{commons: o.Commons, key: o.Key, file: o.File, clock: o.Clock, log: o.Log}
	if k.log == nil {
		k.log = slog.New(slog.DiscardHandler)
	}
	keys, summed, err := masterkey.ReadSummed(o.File)
	if err != nil {
		return nil, err
	}
	masterkey.Sort(keys)
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(keys) > 0 {
		take := k.begin
		if !summed {
			take = k.use // a file of an earlier version is given its checksum
		}
		if err := take(keys); err != nil {
			return nil, err
		}
	}
	err = k.change(ctx, func(shared []homing.MasterKey) ([]homing.MasterKey, error) {
		return masterkey.Renew(shared, k.now(), 0), nil // the first one, if there is none
	})
	switch {
	case err == nil:
		return k, nil
	case isAway(err) && len(keys) > 0:
		k.log.Warn("the ledger is away: this node starts with the master keys it knows", "error", err)
		k.trouble.Store(&err)
		return k, nil
	}
	return nil, fmt.Errorf("couldn't read the master keys of the cluster: %w", err)
}

func isAway(err error) bool {
	return errors.Is(err, homing.ErrUnavailable) || errors.Is(err, homing.ErrOverloaded)
}

// Keyring is what the keys are used through; it changes when a key is added.
func (k *MasterKeys) Keyring() *homing.Keyring { return k.ring.Load() }

// Keys are the keys as this node knows them, oldest first.
func (k *MasterKeys) Keys() []homing.MasterKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.keys)
}

// Trouble tells why the ledger could not be asked for the keys last; nil if it could.
func (k *MasterKeys) Trouble() error {
	if err := k.trouble.Load(); err != nil {
		return *err
	}
	return nil
}

// Refresh takes over what other nodes have made. It is to be called every few
// seconds: a key that was made by hand begins soon.
func (k *MasterKeys) Refresh(ctx context.Context) error { return k.Renew(ctx, 0) }

// Renew is Refresh, and makes the yearly key if that is due, to be in use from a
// moment on, see KeyFrom; 0 makes none.
func (k *MasterKeys) Renew(ctx context.Context, from homing.Millis) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	err := k.change(ctx, func(shared []homing.MasterKey) ([]homing.MasterKey, error) {
		return masterkey.Renew(shared, k.now(), from), nil
	})
	if err != nil {
		k.trouble.Store(&err)
		return err
	}
	k.trouble.Store(nil)
	return nil
}

// Rotate makes a key by hand, which is in use from a moment on. newest is the id of
// the newest that whoever asks has seen: homing.ErrConflict if there is a newer one.
// Nodes that are cut off from the ledger until then mint ids that no other node
// opens; KeyFrom tells a moment for which that cannot be.
func (k *MasterKeys) Rotate(ctx context.Context, newest string, from homing.Millis) (homing.MasterKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var made homing.MasterKey
	err := k.change(ctx, func(shared []homing.MasterKey) ([]homing.MasterKey, error) {
		keys, err := masterkey.Add(shared, newest, k.now(), from)
		if err == nil {
			made = keys[len(keys)-1]
		}
		return keys, err
	})
	return made, err
}

func (k *MasterKeys) now() homing.Millis { return homing.MillisOf(k.clock()) }

// mostTries bounds how often a change is tried again because another node was
// faster: each time one of them has got on.
const mostTries = 20

// change changes the keys that are shared, and takes over what comes of it. It needs
// k.mu. to may be asked several times.
func (k *MasterKeys) change(ctx context.Context, to func(shared []homing.MasterKey) ([]homing.MasterKey, error)) error {
	for range mostTries {
		sealed, err := k.commons.Common(ctx, masterKeysName)
		if err != nil {
			return err
		}
		shared, err := k.open(sealed)
		if err != nil {
			return err
		}
		known, err := k.merge(shared)
		if err != nil {
			return err
		}
		wanted, err := to(known)
		if err != nil {
			return err
		}
		err = k.put(ctx, sealed, shared, wanted)
		if errors.Is(err, homing.ErrConflict) {
			continue // another node was faster: its keys are read
		}
		if err != nil {
			return err
		}
		// From here on every node has them, or will: this one may use them, once they
		// are in its file.
		return k.use(wanted)
	}
	return fmt.Errorf("other nodes are always faster: %w", homing.ErrUnavailable)
}

// put has all nodes have the keys that are wanted, if they do not.
func (k *MasterKeys) put(ctx context.Context, sealed []byte, shared, wanted []homing.MasterKey) error {
	if slices.Equal(shared, wanted) {
		return nil
	}
	text, err := masterkey.Text(wanted)
	if err != nil {
		return err
	}
	return k.commons.PutCommon(ctx, masterKeysName, sealed, k.key.Seal(masterKeysName, text))
}

// open opens what is shared; nothing if there is nothing.
func (k *MasterKeys) open(sealed []byte) ([]homing.MasterKey, error) {
	if sealed == nil {
		return nil, nil
	}
	text, err := k.key.Open(masterKeysName, sealed)
	if err != nil {
		return nil, err
	}
	keys, _, err := masterkey.Parse(text)
	masterkey.Sort(keys)
	return keys, err
}

// merge adds to what is shared what only this node still has: the ledger was brought
// back from a backup, and ids that were minted since are on their way home. What is
// older than all that is shared was given up there.
func (k *MasterKeys) merge(shared []homing.MasterKey) ([]homing.MasterKey, error) {
	if len(shared) == 0 {
		return k.keys, nil
	}
	known, common := slices.Clone(shared), len(k.keys) == 0
	for _, own := range k.keys {
		switch {
		case slices.ContainsFunc(shared, func(m homing.MasterKey) bool { return m == own }):
			common = true
		case own.From > shared[0].From:
			known = append(known, own)
		}
	}
	if !common {
		return nil, fmt.Errorf("%w: the master keys in %s are of another cluster, or of a house of its own; "+
			"a node that joins begins with an empty data directory", homing.ErrConflict, k.file)
	}
	masterkey.Sort(known)
	return known, nil
}

// use takes keys over: into the file first. It needs k.mu.
func (k *MasterKeys) use(keys []homing.MasterKey) error {
	if slices.Equal(keys, k.keys) {
		return nil
	}
	if err := masterkey.Write(k.file, keys); err != nil {
		return fmt.Errorf("%w: couldn't write the master keys: %w", homing.ErrUnavailable, err)
	}
	return k.begin(keys)
}

// begin uses keys that are in the file. It needs k.mu.
func (k *MasterKeys) begin(keys []homing.MasterKey) error {
	ring, err := homing.NewKeyring(keys...)
	if err != nil {
		return err
	}
	k.keys = keys
	k.ring.Store(ring)
	return nil
}
