package catalog

import (
	"fmt"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/rule/macro"
)

// View is all settings at one moment, arranged for the doors. It is immutable.
type View struct {
	Version int64
	// Installation is what is settled for the whole.
	Installation homing.Installation
	// Accounts, Keys and Campaigns are in the order of their numbers.
	Accounts  []*homing.Account
	Keys      []*homing.Key
	Campaigns []*Campaign

	bySlug     map[string]*Campaign
	byID       map[homing.CampaignID]*Campaign
	accounts   map[homing.AccountID]*homing.Account
	byPublicID map[string]*homing.Account
	byHash     map[homing.KeyHash]*homing.Key
	byKeyID    map[homing.KeyID]*homing.Key
	keySet     *keySet
}

// Campaign is a campaign with what the doors need beside it.
type Campaign struct {
	homing.Campaign
	Owner *homing.Account
	// Template is compiled from URL; nil if the account was erased.
	Template *macro.Template
}

// newView arranges a snapshot. Templates that have not changed since the view
// before are taken over, and so is what is known of the keys; others are opened
// with ring.
func newView(s *ledger.Snapshot, before *View, ring *homing.Keyring) (*View, error) {
	v := &View{
		Version:      s.Version,
		Installation: s.Installation,
		bySlug:       make(map[string]*Campaign, len(s.Campaigns)),
		byID:         make(map[homing.CampaignID]*Campaign, len(s.Campaigns)),
		accounts:     make(map[homing.AccountID]*homing.Account, len(s.Accounts)),
		byPublicID:   make(map[string]*homing.Account, len(s.Accounts)),
		byHash:       make(map[homing.KeyHash]*homing.Key, len(s.Keys)),
		byKeyID:      make(map[homing.KeyID]*homing.Key, len(s.Keys)),
	}
	for i := range s.Accounts {
		a := &s.Accounts[i]
		v.Accounts = append(v.Accounts, a)
		v.accounts[a.ID] = a
		if !a.Erased {
			v.byPublicID[a.PublicID] = a
		}
	}
	for i := range s.Keys {
		k := &s.Keys[i]
		v.Keys = append(v.Keys, k)
		v.byHash[k.Hash] = k
		v.byKeyID[k.ID] = k
	}
	v.keySet = v.newKeySet(before, ring)
	for i := range s.Campaigns {
		c := &Campaign{Campaign: s.Campaigns[i], Owner: v.accounts[s.Campaigns[i].Account]}
		if c.Owner == nil {
			return nil, fmt.Errorf("campaign %s belongs to account %s, which does not exist: %w",
				c.ID, c.Account, homing.ErrDamaged)
		}
		if err := c.compile(before); err != nil {
			return nil, err
		}
		v.Campaigns = append(v.Campaigns, c)
		v.byID[c.ID] = c
		if !c.Owner.Erased {
			v.bySlug[c.Slug] = c
		}
	}
	return v, nil
}

func (c *Campaign) compile(before *View) error {
	if c.Owner.Erased {
		return nil
	}
	if before != nil {
		if old := before.byID[c.ID]; old != nil && old.URL == c.URL && old.Template != nil {
			c.Template = old.Template
			return nil
		}
	}
	template, err := macro.Compile(c.URL)
	if err != nil {
		return fmt.Errorf("campaign %s: %w", c.ID, err)
	}
	c.Template = template
	return nil
}

// BySlug finds the campaign of a click URL; nil if there is none. It allocates
// nothing.
func (v *View) BySlug(slug []byte) *Campaign { return v.bySlug[string(slug)] }

// Campaign finds a campaign by its number; nil if there is none. Campaigns of
// erased accounts are found.
func (v *View) Campaign(id homing.CampaignID) *Campaign { return v.byID[id] }

// Account finds an account by its number; nil if there is none. Erased ones are
// found.
func (v *View) Account(id homing.AccountID) *homing.Account { return v.accounts[id] }

// AccountByPublicID finds an account by its public id; nil if there is none.
func (v *View) AccountByPublicID(id []byte) *homing.Account { return v.byPublicID[string(id)] }

// AccountNamed finds the account of a ref, or, of those without one, of a public
// id; nil if there is none.
func (v *View) AccountNamed(name string) *homing.Account {
	if name == "" {
		return nil
	}
	for _, a := range v.Accounts {
		if !a.Erased && a.Ref == name {
			return a
		}
	}
	if a := v.byPublicID[name]; a != nil && a.Ref == "" {
		return a
	}
	return nil
}

// CampaignNamed finds the campaign of an account by its ref, or, of those
// without one, by its slug; nil if there is none.
func (v *View) CampaignNamed(owner homing.AccountID, name string) *Campaign {
	if name == "" {
		return nil
	}
	for _, c := range v.Campaigns {
		if c.Account == owner && c.Ref == name && !c.Owner.Erased {
			return c
		}
	}
	if c := v.bySlug[name]; c != nil && c.Account == owner && c.Ref == "" {
		return c
	}
	return nil
}

// KeyByHash finds a key, in whichever state; nil if there is none.
func (v *View) KeyByHash(hash homing.KeyHash) *homing.Key { return v.byHash[hash] }

// Key finds a key by its number; nil if there is none.
func (v *View) Key(id homing.KeyID) *homing.Key { return v.byKeyID[id] }

// KeyIn finds the first key, in whichever state, in a run of letters and digits:
// run[start:end]. It is what masks ask, and allocates nothing.
func (v *View) KeyIn(run []byte) (start, end int, ok bool) { return v.keySet.find(run) }

func (v *View) newKeySet(before *View, ring *homing.Keyring) *keySet {
	var known *keySet
	if before != nil {
		known = before.keySet
	}
	return newKeySet(v.Keys, known, func(k *homing.Key) (homing.Secret, error) {
		owner := v.accounts[k.Account]
		if owner == nil {
			return "", homing.ErrNotFound
		}
		return ring.OpenSecret(k.Sealed, keyContext(owner))
	})
}

// KeysOf lists the keys of an account, oldest first.
func (v *View) KeysOf(account homing.AccountID) (keys []*homing.Key) {
	for _, k := range v.Keys {
		if k.Account == account {
			keys = append(keys, k)
		}
	}
	return keys
}

// CampaignsOf lists the campaigns of an account, or of all if it is 0, oldest
// first.
func (v *View) CampaignsOf(account homing.AccountID) (campaigns []*Campaign) {
	for _, c := range v.Campaigns {
		if (account == 0 || c.Account == account) && !c.Owner.Erased {
			campaigns = append(campaigns, c)
		}
	}
	return campaigns
}
