package control

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/flow/catalog"
)

func (d desk) accounts(*http.Request) (any, error) {
	list := []Account{}
	for _, a := range d.Catalog.View().Accounts {
		if !a.Erased {
			list = append(list, accountOf(a))
		}
	}
	return list, nil
}

func accountOf(a *homing.Account) Account {
	return Account{
		ID: a.ID, Name: a.Name, PublicID: a.PublicID, Ref: a.Ref, MultiLead: a.MultiLead,
		PriceMin: a.PriceMin, PriceMax: a.PriceMax, Currency: a.Currency, Senders: catalog.SenderTexts(a.Senders), Created: when(a.Created),
	}
}

func (d desk) createAccount(r *http.Request) (any, error) {
	edit, err := read[AccountEdit](r)
	if err != nil {
		return nil, err
	}
	var n catalog.NewAccount
	set(&n.Name, edit.Name)
	set(&n.Ref, edit.Ref)
	set(&n.MultiLead, edit.MultiLead)
	set(&n.Currency, edit.Currency)
	if edit.PriceMin != nil {
		n.PriceMin = homing.ValueOf(*edit.PriceMin)
	}
	if edit.PriceMax != nil {
		n.PriceMax = homing.ValueOf(*edit.PriceMax)
	}
	account, _, secret, err := d.Catalog.CreateAccount(r.Context(), actor, n)
	if err != nil {
		return nil, err
	}
	made := accountOf(&account)
	made.Key = secret.Reveal()
	return made, nil
}

func (d desk) updateAccount(r *http.Request) (any, error) {
	id, err := number[homing.AccountID](r, "account")
	if err != nil {
		return nil, err
	}
	edit, err := read[AccountEdit](r)
	if err != nil {
		return nil, err
	}
	var senders []netip.Prefix
	if edit.Senders != nil {
		if senders, err = catalog.ParseSenders(*edit.Senders); err != nil {
			return nil, err
		}
	}
	account, err := d.Catalog.UpdateAccount(r.Context(), actor, id, func(a *homing.Account) {
		set(&a.Name, edit.Name)
		set(&a.Ref, edit.Ref)
		set(&a.MultiLead, edit.MultiLead)
		set(&a.PriceMin, edit.PriceMin)
		set(&a.PriceMax, edit.PriceMax)
		if edit.Currency != nil {
			a.Currency = strings.ToUpper(*edit.Currency)
		}
		if edit.Senders != nil {
			a.Senders = senders
		}
	})
	if err != nil {
		return nil, err
	}
	return accountOf(&account), nil
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func (d desk) eraseAccount(r *http.Request) (any, error) {
	id, err := number[homing.AccountID](r, "account")
	if err != nil {
		return nil, err
	}
	if err := d.Catalog.EraseAccount(r.Context(), actor, id); err != nil {
		return nil, err
	}
	return Erasure{ID: id, Erased: true}, nil
}

// erased tells whether an account was erased; what the spool still holds of it
// is shown no more.
func (d desk) erased(id homing.AccountID) bool {
	a := d.Catalog.View().Account(id)
	return a != nil && a.Erased
}

func (d desk) keys(r *http.Request) (any, error) {
	id, err := number[homing.AccountID](r, "account")
	if err != nil {
		return nil, err
	}
	view := d.Catalog.View()
	if a := view.Account(id); a == nil || a.Erased {
		return nil, fmt.Errorf("account %s: %w", id, homing.ErrNotFound)
	}
	uses, err := d.Catalog.KeyUses(r.Context())
	if err != nil {
		return nil, err
	}
	list := []Key{}
	for _, k := range view.KeysOf(id) {
		list = append(list, d.keyOf(k, uses[k.ID]))
	}
	return list, nil
}

func (d desk) keyOf(k *homing.Key, use ledger.KeyUse) Key {
	return Key{
		ID: k.ID, Account: k.Account, Name: k.Name, State: k.State(homing.MillisOf(d.Clock())).String(),
		Created: when(k.Created), Expires: when(k.Expires), Revoked: when(k.Revoked),
		Uses: use.Count, LastUsed: when(use.Last), LastAddr: use.Addr, OverHTTP: use.OverHTTP,
	}
}

// DefaultOverlap is how long the present keys go on beside a new one.
const DefaultOverlap = 30 * 24 * time.Hour

func (d desk) rotateKey(r *http.Request) (any, error) {
	id, err := number[homing.AccountID](r, "account")
	if err != nil {
		return nil, err
	}
	ask, err := read[Rotation](r)
	if err != nil {
		return nil, err
	}
	overlap, err := ask.overlap()
	if err != nil {
		return nil, err
	}
	key, secret, err := d.Catalog.RotateKey(r.Context(), actor, id, ask.Name, overlap)
	if err != nil {
		return nil, err
	}
	made := d.keyOf(&key, ledger.KeyUse{})
	made.Key = secret.Reveal()
	return made, nil
}

func (a Rotation) overlap() (time.Duration, error) {
	switch a.Overlap {
	case "":
		return DefaultOverlap, nil
	case "0":
		return 0, nil
	}
	d, err := homing.ParseWindow(a.Overlap)
	if err != nil {
		return 0, fmt.Errorf("overlap: %w", err)
	}
	return d, nil
}

func (d desk) revokeKey(r *http.Request) (any, error) {
	id, err := number[homing.AccountID](r, "account")
	if err != nil {
		return nil, err
	}
	key, err := number[homing.KeyID](r, "key")
	if err != nil {
		return nil, err
	}
	if err := d.Catalog.RevokeKey(r.Context(), actor, id, key); err != nil {
		return nil, err
	}
	return d.keyOf(d.Catalog.View().Key(key), ledger.KeyUse{}), nil
}
