package catalog

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

// maxActiveKeys bounds how many keys an account may have active at once.
const maxActiveKeys = 20

// AddKey gives an account another key; those it has stay as they are.
func (c *Catalog) AddKey(ctx context.Context, by string, account homing.AccountID, name string) (homing.Key, homing.Secret, error) {
	if err := c.begin(ctx); err != nil {
		return homing.Key{}, "", err
	}
	defer c.changing.Unlock()
	return c.rotate(ctx, by, account, name, nil)
}

// RotateKey gives an account a new key and lets its other active ones end after
// the overlap, or at once if that is 0.
func (c *Catalog) RotateKey(ctx context.Context, by string, account homing.AccountID, name string, overlap time.Duration) (homing.Key, homing.Secret, error) {
	if err := c.begin(ctx); err != nil {
		return homing.Key{}, "", err
	}
	defer c.changing.Unlock()
	ends := c.now() + homing.MillisIn(overlap)
	var ending []ledger.Edit
	for _, k := range c.View().KeysOf(account) {
		if k.State(c.now()) == homing.KeyActive && (k.Expires == 0 || k.Expires > ends) {
			old := *k
			old.Expires = ends
			ending = append(ending, ledger.PutKey{Key: &old})
		}
	}
	return c.rotate(ctx, by, account, name, ending)
}

func (c *Catalog) rotate(ctx context.Context, by string, account homing.AccountID, name string, ending []ledger.Edit) (homing.Key, homing.Secret, error) {
	owner, err := c.liveAccount(account)
	if err != nil {
		return homing.Key{}, "", err
	}
	if c.activeKeys(account) >= maxActiveKeys {
		return homing.Key{}, "", fmt.Errorf("%w: account %s has %d active keys; revoke one first", homing.ErrConflict, account, maxActiveKeys)
	}
	secret := homing.NewSecret()
	key := c.newKey(owner, name, secret)
	if err := c.change(ctx, by, append(ending, ledger.PutKey{Key: key})...); err != nil {
		return homing.Key{}, "", fmt.Errorf("couldn't add a key to account %s: %w", account, err)
	}
	return *key, secret, nil
}

func (c *Catalog) activeKeys(account homing.AccountID) (n int) {
	for _, k := range c.View().KeysOf(account) {
		if k.State(c.now()) == homing.KeyActive {
			n++
		}
	}
	return n
}

func (c *Catalog) newKey(owner *homing.Account, name string, secret homing.Secret) *homing.Key {
	return &homing.Key{
		Account: owner.ID, Name: name, Hash: secret.Hash(), Created: c.now(),
		Sealed: c.keyring().SealSecret(secret, keyContext(owner)),
	}
}

// keyContext ties the sealed copy of a key to its account. The public id is
// known before the number is.
func keyContext(owner *homing.Account) string { return "account " + owner.PublicID }

// RevokeKey ends a key for good, at once.
func (c *Catalog) RevokeKey(ctx context.Context, by string, account homing.AccountID, id homing.KeyID) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	defer c.changing.Unlock()
	key, err := c.keyOf(account, id)
	if err != nil {
		return err
	}
	if key.Revoked != 0 {
		return nil
	}
	revoked := *key
	revoked.Revoked = c.now()
	if err := c.change(ctx, by, ledger.PutKey{Key: &revoked}); err != nil {
		return fmt.Errorf("couldn't revoke key %s: %w", id, err)
	}
	return nil
}

// RevealKey tells a key's text, for its owner's eyes. That it was shown, and to
// whom, is in the audit log before it is.
func (c *Catalog) RevealKey(ctx context.Context, by string, account homing.AccountID, id homing.KeyID) (homing.Secret, error) {
	if err := c.begin(ctx); err != nil {
		return "", err
	}
	defer c.changing.Unlock()
	key, err := c.keyOf(account, id)
	if err != nil {
		return "", err
	}
	note := ledger.Note{Action: "key.reveal", Object: "key " + id.String(), Account: account}
	if err := c.change(ctx, by, note); err != nil {
		return "", fmt.Errorf("couldn't note that key %s is shown: %w", id, err)
	}
	return c.keyring().OpenSecret(key.Sealed, keyContext(c.View().Account(account)))
}

func (c *Catalog) keyOf(account homing.AccountID, id homing.KeyID) (*homing.Key, error) {
	if _, err := c.liveAccount(account); err != nil {
		return nil, err
	}
	key := c.View().Key(id)
	if key == nil || key.Account != account {
		return nil, fmt.Errorf("key %s of account %s: %w", id, account, homing.ErrNotFound)
	}
	return key, nil
}

// keyUses gathers uses of keys until they are written to the ledger.
type keyUses struct {
	mu      sync.Mutex
	pending map[homing.KeyID]*keyUse // guarded by mu
}

type keyUse struct {
	ledger.KeyUse
	addr netip.Addr // becomes text when it is written
}

// NoteKeyUse remembers that a key was used just now, from an address that was
// cut by policy. It is written to the ledger by Follow.
func (c *Catalog) NoteKeyUse(id homing.KeyID, at homing.Millis, addr netip.Addr, https bool) {
	c.uses.mu.Lock()
	defer c.uses.mu.Unlock()
	u := c.uses.pending[id]
	if u == nil {
		u = &keyUse{KeyUse: ledger.KeyUse{Key: id}}
		c.uses.pending[id] = u
	}
	u.Count++
	u.Last = max(u.Last, at)
	u.addr = addr
	if !https {
		u.OverHTTP++
	}
}

func (c *Catalog) flushKeyUses(ctx context.Context) error {
	c.uses.mu.Lock()
	var uses []ledger.KeyUse
	for _, u := range c.uses.pending {
		u.Addr = u.addr.String()
		uses = append(uses, u.KeyUse)
	}
	taken := c.uses.pending
	c.uses.pending = map[homing.KeyID]*keyUse{}
	c.uses.mu.Unlock()
	if len(uses) == 0 {
		return nil
	}
	slices.SortFunc(uses, func(a, b ledger.KeyUse) int { return int(a.Key) - int(b.Key) })
	err := c.ledger.NoteKeyUse(ctx, uses)
	if isAway(err) {
		c.uses.putBack(taken) // should they have been written all the same, they count twice
	}
	return err
}

// putBack keeps uses that could not be written: the ledger may be away for long, and
// there are no more of them than keys.
func (u *keyUses) putBack(taken map[homing.KeyID]*keyUse) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, old := range taken {
		if newer := u.pending[id]; newer != nil {
			newer.Count, newer.OverHTTP = newer.Count+old.Count, newer.OverHTTP+old.OverHTTP
			newer.Last = max(newer.Last, old.Last)
		} else {
			u.pending[id] = old
		}
	}
}

// KeyUses tells how the keys were used, those of the last seconds included.
func (c *Catalog) KeyUses(ctx context.Context) (map[homing.KeyID]ledger.KeyUse, error) {
	if err := c.flushKeyUses(ctx); err != nil {
		return nil, err
	}
	list, err := c.ledger.KeyUses(ctx)
	uses := make(map[homing.KeyID]ledger.KeyUse, len(list))
	for _, u := range list {
		uses[u.Key] = u
	}
	return uses, err
}
