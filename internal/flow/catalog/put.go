package catalog

import (
	"context"
	"errors"
	"fmt"

	"homing"
	"homing/internal/engine/ledger"
)

// PutAccount makes or changes the account that l.Ref names, as one line of an
// import would: what the line leaves out keeps its present value, or begins with
// the default. Repeating it changes nothing. An account without a ref is named
// by its public id. A new account has no key.
func (c *Catalog) PutAccount(ctx context.Context, by string, l *ImportLine) (_ homing.Account, created bool, err error) {
	if err := c.begin(ctx); err != nil {
		return homing.Account{}, false, err
	}
	defer c.changing.Unlock()
	in := newImporter(c)
	if present := in.view.AccountNamed(l.Ref); present != nil {
		in.accounts[l.Ref] = present
	}
	if field := l.campaignField(); field != "" {
		return homing.Account{}, false, fmt.Errorf("%w field %s: it is of campaigns", homing.ErrInvalid, field)
	}
	if err := in.carryOut(ctx, by, in.account(ctx, l)); err != nil {
		return homing.Account{}, false, err
	}
	return *in.accounts[l.Ref], in.result.Accounts.Created > 0, nil
}

// PutCampaign makes or changes the campaign that l.Ref names of the account that
// l.Account names; as PutAccount. A campaign without a ref is named by its slug.
func (c *Catalog) PutCampaign(ctx context.Context, by string, l *ImportLine) (_ homing.Campaign, created bool, err error) {
	if err := c.begin(ctx); err != nil {
		return homing.Campaign{}, false, err
	}
	defer c.changing.Unlock()
	in := newImporter(c)
	owner := in.view.AccountNamed(l.Account)
	if owner == nil {
		return homing.Campaign{}, false, fmt.Errorf("account: %w", homing.ErrNotFound)
	}
	in.accounts[l.Account] = owner
	if present := in.view.CampaignNamed(owner.ID, l.Ref); present != nil {
		in.present[l.Account+"\x00"+l.Ref] = present
	}
	if field := l.accountField(); field != "" {
		return homing.Campaign{}, false, fmt.Errorf("%w field %s: it is of accounts", homing.ErrInvalid, field)
	}
	if err := in.carryOut(ctx, by, in.campaign(l)); err != nil {
		return homing.Campaign{}, false, err
	}
	return *in.campaigns[0], in.result.Campaigns.Created > 0, nil
}

// carryOut applies what a line has come to, unless something is wrong with it.
func (in *importer) carryOut(ctx context.Context, by string, wrong error) error {
	if wrong != nil && !isOurs(wrong) && !errors.Is(wrong, homing.ErrConflict) && !errors.Is(wrong, homing.ErrInvalid) {
		wrong = fmt.Errorf("%w: %w", homing.ErrInvalid, wrong)
	}
	if wrong != nil {
		return wrong
	}
	return in.catalog.change(ctx, by, in.edits...)
}

// isOurs tells whether an error has nothing to do with what was given: the
// ledger could not be asked.
func isOurs(err error) bool {
	for _, kind := range []error{homing.ErrUnavailable, homing.ErrOverloaded, homing.ErrDamaged, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// PutKey sees to it that an account has an active key of that name. If it has
// none, it becomes present, or a new one if that is empty, whose text is told
// here. A key never changes: homing.ErrConflict if the name has another text, or
// the text another name, or another owner.
func (c *Catalog) PutKey(ctx context.Context, by string, account homing.AccountID, name string, present homing.Secret) (_ homing.Key, made homing.Secret, created bool, err error) {
	if err := c.begin(ctx); err != nil {
		return homing.Key{}, "", false, err
	}
	defer c.changing.Unlock()
	owner, err := c.liveAccount(account)
	if err == nil {
		err = checkName("name", name)
	}
	if err != nil {
		return homing.Key{}, "", false, err
	}
	if key := c.View().KeyNamed(account, name, c.now()); key != nil && key.State(c.now()) == homing.KeyActive {
		if present != "" && present.Hash() != key.Hash {
			return homing.Key{}, "", false, fmt.Errorf("%w: the key of this name has another text; keys do not change: revoke it first, or give another name", homing.ErrConflict)
		}
		return *key, "", false, nil
	}
	secret := present
	if secret == "" {
		secret = homing.NewSecret()
		made = secret
	}
	if err := c.mayAdd(account, secret); err != nil {
		return homing.Key{}, "", false, err
	}
	key := c.newKey(owner, name, secret)
	if err := c.change(ctx, by, ledger.PutKey{Key: key}); err != nil {
		return homing.Key{}, "", false, fmt.Errorf("couldn't add a key to account %s: %w", account, err)
	}
	return *key, made, true, nil
}

// mayAdd says why a key cannot be given to an account. Whose it is instead is
// not told.
func (c *Catalog) mayAdd(account homing.AccountID, secret homing.Secret) error {
	if k := c.View().KeyByHash(secret.Hash()); k != nil {
		if k.Account != account {
			return fmt.Errorf("%w: this key is taken", homing.ErrConflict)
		}
		return fmt.Errorf("%w: the account has, or had, this key under the name %q", homing.ErrConflict, k.Name)
	}
	if c.activeKeys(account) >= maxActiveKeys {
		return fmt.Errorf("%w: account %s has %d active keys; revoke one first", homing.ErrConflict, account, maxActiveKeys)
	}
	return nil
}

// KeyNamed finds an account's key of a name: the newest active one, else the
// newest; nil if there is none.
func (v *View) KeyNamed(account homing.AccountID, name string, now homing.Millis) (found *homing.Key) {
	for _, k := range v.KeysOf(account) {
		if k.Name == name && (found == nil || k.State(now) == homing.KeyActive || found.State(now) != homing.KeyActive) {
			found = k
		}
	}
	return found
}
