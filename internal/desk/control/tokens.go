package control

import (
	"context"
	"fmt"
	"net/http"

	"homing"
	"homing/internal/desk/signin"
	"homing/internal/flow/trace"
)

// Tokens makes, lists and ends tokens of the HTTP API, see signin.Tokens.
type Tokens interface {
	Make(ctx context.Context, by string, n signin.NewToken) (homing.Token, signin.Token, error)
	List(ctx context.Context) ([]homing.Token, error)
	Revoke(ctx context.Context, by string, id homing.TokenID) (homing.Token, error)
}

var _ Tokens = signin.Tokens{}

func (d desk) tokens(r *http.Request) (any, error) {
	all, err := d.Tokens.List(r.Context())
	if err != nil {
		return nil, err
	}
	list := []Token{}
	for _, t := range all {
		list = append(list, d.tokenOf(t))
	}
	return list, nil
}

func (d desk) tokenOf(t homing.Token) Token {
	state, now := "active", homing.MillisOf(d.Clock())
	switch {
	case t.Revoked != 0:
		state = "revoked"
	case t.Expires != 0 && t.Expires <= now:
		state = "expired"
	}
	return Token{
		ID: t.ID, Name: t.Name, Account: t.Account, Scopes: t.Scopes.Names(), State: state,
		Created: when(t.Created), Expires: when(t.Expires), Revoked: when(t.Revoked), LastUsed: when(t.Used),
	}
}

func (d desk) makeToken(r *http.Request) (any, error) {
	ask, err := read[TokenRequest](r)
	if err != nil {
		return nil, err
	}
	t := signin.NewToken{Name: ask.Name, Account: ask.Account}
	if t.Scopes, err = homing.ParseScopes(ask.Scopes...); err != nil {
		return nil, err
	}
	if a := d.Catalog.View().Account(t.Account); t.Account != 0 && (a == nil || a.Erased) {
		return nil, fmt.Errorf("account %s: %w", t.Account, homing.ErrNotFound)
	}
	if ask.Expires != "" {
		in, err := homing.ParseWindow(ask.Expires)
		if err != nil {
			return nil, fmt.Errorf("expires: %w", err)
		}
		t.Expires = homing.MillisOf(d.Clock()) + homing.MillisIn(in)
	}
	made, text, err := d.Tokens.Make(r.Context(), actor, t)
	if err != nil {
		return nil, err
	}
	told := d.tokenOf(made)
	told.Token = text.Reveal()
	return told, nil
}

func (d desk) revokeToken(r *http.Request) (any, error) {
	id, err := number[homing.TokenID](r, "token")
	if err != nil {
		return nil, err
	}
	ended, err := d.Tokens.Revoke(r.Context(), actor, id)
	if err != nil {
		return nil, err
	}
	return d.tokenOf(ended), nil
}

// eraseClick takes its text in a body, as trace does and for the same reason.
func (d desk) eraseClick(r *http.Request) (any, error) {
	ask, err := read[TraceRequest](r)
	if err != nil {
		return nil, err
	}
	id, ok := trace.FindID(ask.Text)
	if !ok {
		return nil, fmt.Errorf("%w click id: there are no 40 characters of 0-9 and a-f in it", homing.ErrInvalid)
	}
	click, genuine := d.Keyring().Open(id)
	if !genuine {
		return nil, fmt.Errorf("%w click id %s: it was not made by this homing, so there is nothing to erase", homing.ErrInvalid, id)
	}
	if err := d.EraseClick(r.Context(), actor, click); err != nil {
		return nil, err
	}
	return ClickErasure{ClickID: id, Erased: true}, nil
}
