package app

import (
	"context"
	"fmt"
	"path/filepath"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/desk/panel/masterkeys"
	"homing/internal/engine/ledger"
	"homing/internal/flow/cluster"
)

// masterKeyKeeper is the house for those who may look after its master keys.
type masterKeyKeeper struct{ *house }

var _ masterkeys.Keeper = masterKeyKeeper{}

// MasterKeys implements masterkeys.Keeper.
func (h masterKeyKeeper) MasterKeys(context.Context) ([]masterkeys.Key, error) {
	h.renewing.Lock()
	defer h.renewing.Unlock()
	keys, err := h.sortedMasterKeys()
	if err != nil {
		return nil, err
	}
	return termsOf(keys, homing.MillisOf(h.clock())), nil
}

// sortedMasterKeys reads the file, which is there since the house was opened.
func (h *house) sortedMasterKeys() ([]homing.MasterKey, error) {
	if h.member != nil {
		return h.member.keys.Keys(), nil
	}
	keys, err := readMasterKeys(filepath.Join(h.dir.path, masterKeyFile))
	if err == nil && len(keys) == 0 {
		err = fmt.Errorf("master keys in %s: %w: the file is gone; bring it back from a backup", h.dir.path, homing.ErrDamaged)
	}
	sortMasterKeys(keys)
	return keys, err
}

// termsOf tells from when to when each key is good for what, the newest first.
func termsOf(keys []homing.MasterKey, now homing.Millis) (terms []masterkeys.Key) {
	inUse := 0 // before all of them, the oldest
	for i, k := range keys {
		if k.From <= now {
			inUse = i
		}
	}
	for i := len(keys) - 1; i >= 0; i-- {
		t := masterkeys.Key{ID: keys[i].ID, From: keys[i].From, InUse: i == inUse}
		if i+1 < len(keys) {
			t.Until = keys[i+1].From + homing.MillisIn(masterKeyKept)
		} else {
			t.Renewal = keys[i].From + homing.MillisIn(masterKeyAge)
		}
		terms = append(terms, t)
	}
	return terms
}

// RotateMasterKey implements masterkeys.Keeper. The key is durable before anybody
// uses it; from then on a crash is harmless. It is in use soon, and so without a
// restart.
func (h masterKeyKeeper) RotateMasterKey(ctx context.Context, by, newest string) (masterkeys.Key, error) {
	h.renewing.Lock()
	defer h.renewing.Unlock()
	now := homing.MillisOf(h.clock())
	if h.member != nil {
		return h.rotateShared(ctx, by, newest, now)
	}
	keys, err := h.sortedMasterKeys()
	if err != nil {
		return masterkeys.Key{}, err
	}
	if keys, err = addMasterKey(keys, newest, now); err != nil {
		return masterkeys.Key{}, err
	}
	ring, err := homing.NewKeyring(keys...)
	if err != nil {
		return masterkeys.Key{}, err
	}
	if err := writeMasterKeys(filepath.Join(h.dir.path, masterKeyFile), keys); err != nil {
		return masterkeys.Key{}, fmt.Errorf("%w: couldn't write the master keys: %w", homing.ErrUnavailable, err)
	}
	h.keys.Store(ring)
	return h.noteRotation(ctx, by, newest, keys, now)
}

// rotateShared is RotateMasterKey in a cluster. The key begins behind every loan of a
// node number, so that no node mints under another one by then, not even one that
// is cut off from the ledger now.
func (h masterKeyKeeper) rotateShared(ctx context.Context, by, newest string, now homing.Millis) (masterkeys.Key, error) {
	loans, err := h.ledger.Loans(ctx)
	if err != nil {
		return masterkeys.Key{}, fmt.Errorf("couldn't list the node numbers: %w", err)
	}
	from, waits := cluster.KeyFrom(loans, now)
	if waits != "" {
		return masterkeys.Key{}, fmt.Errorf("%w request: %s", homing.ErrInvalid, waits)
	}
	if _, err := h.member.keys.Rotate(ctx, newest, from); err != nil {
		return masterkeys.Key{}, err
	}
	return h.noteRotation(ctx, by, newest, h.member.keys.Keys(), now)
}

// noteRotation tells the audit log of the newest key.
func (h masterKeyKeeper) noteRotation(ctx context.Context, by, newest string, keys []homing.MasterKey, now homing.Millis) (masterkeys.Key, error) {
	made := termsOf(keys, now)[0]
	note := ledger.Note{
		Action: "masterkey.rotate", Object: "master key " + made.ID,
		Detail: fmt.Sprintf("in use from %s; the one before was %s", made.From, newest),
	}
	if err := h.ledger.Apply(ctx, ledger.Actor{Name: by, At: now}, note); err != nil {
		return made, fmt.Errorf("the new master key %s stands, but couldn't be noted in the audit log: %w", made.ID, err)
	}
	return made, nil
}

// noteRenewal writes master keys into the audit log that are not there: such as
// were made by themselves, because the one before was old, and such as could not
// be noted when they were made. The first key of all is made with the
// installation, which is not noted.
func (h *house) noteRenewal(ctx context.Context) error {
	h.renewing.Lock()
	defer h.renewing.Unlock()
	keys, err := h.sortedMasterKeys()
	if err != nil || len(keys) < 2 {
		return err
	}
	entries, err := h.ledger.Audit(ctx, ledger.AuditQuery{Action: "masterkey", Limit: 4 * maxMasterKeys})
	if err != nil {
		return err
	}
	noted := map[string]bool{}
	for _, e := range entries {
		noted[e.Object] = true
	}
	for i, k := range keys[1:] {
		note := ledger.Note{
			Action: "masterkey.renew", Object: "master key " + k.ID,
			Detail: fmt.Sprintf("in use from %s; the one before, %s, was a year old", k.From, keys[i].ID),
		}
		if k.From-keys[i].From < homing.MillisIn(masterKeyAge) {
			note.Action = "masterkey.rotate"
			note.Detail = fmt.Sprintf("in use from %s; the one before was %s; who made it could not be noted then", k.From, keys[i].ID)
		}
		if noted[note.Object] {
			continue
		}
		if err := h.ledger.Apply(ctx, ledger.Actor{Name: "homing", At: homing.MillisOf(h.clock())}, note); err != nil {
			return err
		}
	}
	return nil
}

// controlMasterKeys are the same for the command line.
type controlMasterKeys struct{ keeper masterKeyKeeper }

// List implements control.MasterKeys.
func (c controlMasterKeys) List(ctx context.Context) ([]control.MasterKeyTerm, error) {
	keys, err := c.keeper.MasterKeys(ctx)
	var list []control.MasterKeyTerm
	for _, k := range keys {
		list = append(list, control.MasterKeyTerm(k))
	}
	return list, err
}

// Rotate implements control.MasterKeys.
func (c controlMasterKeys) Rotate(ctx context.Context, by string) (control.MasterKeyTerm, error) {
	keys, err := c.keeper.MasterKeys(ctx)
	if err != nil {
		return control.MasterKeyTerm{}, err
	}
	made, err := c.keeper.RotateMasterKey(ctx, by, keys[0].ID)
	return control.MasterKeyTerm(made), err
}
