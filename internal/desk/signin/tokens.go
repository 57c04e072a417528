package signin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"homing"
	"homing/internal/engine/ledger"
)

// Tokens looks after the bearer tokens of the HTTP API. Like links, only their
// hashes are stored. It is safe for
// concurrent use.
type Tokens struct {
	People ledger.People
	Clock  homing.Clock
}

// A token's text is "hmg_" and 40 of [0-9A-Za-z] (238 bits). The beginning lets
// people, and programs that look for leaked secrets, tell what they have found.
const (
	BearerPrefix = "hmg_"
	bearerLen    = 40
)

// NewToken is what a token begins with.
type NewToken struct {
	Name    string
	Account homing.AccountID // 0 = every account
	Scopes  homing.Scopes    // at least one
	Expires homing.Millis    // 0 = never
}

// Make makes a token. Its text is told here and never again.
func (t Tokens) Make(ctx context.Context, by string, n NewToken) (homing.Token, Token, error) {
	now := homing.MillisOf(t.Clock())
	n.Name = strings.TrimSpace(n.Name)
	if err := n.check(now); err != nil {
		return homing.Token{}, "", err
	}
	text := Token(BearerPrefix + homing.RandomText(bearerLen))
	made := homing.Token{
		Name: n.Name, Account: n.Account, Scopes: n.Scopes, Hash: homing.HashKey([]byte(text)),
		Created: now, Expires: n.Expires,
	}
	if err := t.People.PutToken(ctx, ledger.Actor{Name: by, At: now}, &made); err != nil {
		return homing.Token{}, "", fmt.Errorf("couldn't make a token: %w", err)
	}
	return made, text, nil
}

func (n *NewToken) check(now homing.Millis) error {
	switch {
	case n.Name == "":
		return fmt.Errorf("%w name: it is empty; say what the token is for", homing.ErrInvalid)
	case len(n.Name) > 200 || !utf8.ValidString(n.Name) || strings.ContainsFunc(n.Name, unicode.IsControl):
		return fmt.Errorf("%w name: up to 200 bytes of text, without control characters", homing.ErrInvalid)
	case n.Scopes == 0 || !homing.AllScopes.Has(n.Scopes):
		return fmt.Errorf("%w scopes: a token needs at least one of %s", homing.ErrInvalid, homing.AllScopes)
	case n.Expires != 0 && n.Expires <= now:
		return fmt.Errorf("%w expires: %s has passed", homing.ErrInvalid, n.Expires)
	}
	return nil
}

// List tells all tokens, in the order of their making, revoked ones too.
func (t Tokens) List(ctx context.Context) ([]homing.Token, error) {
	tokens, err := t.People.Tokens(ctx)
	if err != nil {
		return nil, fmt.Errorf("couldn't read the tokens: %w", err)
	}
	return tokens, nil
}

// Revoke ends a token for good, at once. Revoking one again changes nothing.
func (t Tokens) Revoke(ctx context.Context, by string, id homing.TokenID) (homing.Token, error) {
	tokens, err := t.List(ctx)
	if err != nil {
		return homing.Token{}, err
	}
	for _, token := range tokens {
		if token.ID != id {
			continue
		}
		if token.Revoked != 0 {
			return token, nil
		}
		token.Revoked = homing.MillisOf(t.Clock())
		if err := t.People.PutToken(ctx, ledger.Actor{Name: by, At: token.Revoked}, &token); err != nil {
			return homing.Token{}, fmt.Errorf("couldn't revoke token %d: %w", id, err)
		}
		return token, nil
	}
	return homing.Token{}, fmt.Errorf("token %d: %w", id, homing.ErrNotFound)
}

// ErrNoToken is the one answer to a text that is no token, and to one that is
// unknown, revoked or expired.
var ErrNoToken = fmt.Errorf("%w: the token is not known, or not any more", homing.ErrUnauthorized)

// noteEvery is how finely the last use of a token is told: each is a durable
// write.
const noteEvery = homing.Millis(60_000)

// Bearer finds the token of a text, if it is good now, and notes its use at most
// once a minute. It looks up a hash, so nobody learns from the time it takes how
// much of a token was right.
func (t Tokens) Bearer(ctx context.Context, text string) (homing.Token, error) {
	if !wellFormed(text) {
		return homing.Token{}, ErrNoToken
	}
	token, err := t.People.TokenBy(ctx, homing.HashKey([]byte(text)))
	if errors.Is(err, homing.ErrNotFound) {
		return homing.Token{}, ErrNoToken
	} else if err != nil {
		return homing.Token{}, fmt.Errorf("couldn't look a token up: %w", err)
	}
	now := homing.MillisOf(t.Clock())
	if token.Revoked != 0 || token.Expires != 0 && now >= token.Expires {
		return homing.Token{}, ErrNoToken
	}
	if now-token.Used >= noteEvery {
		// A failure is no reason to turn the caller away: the token is good.
		if t.People.NoteTokenUse(ctx, token.ID, now) == nil {
			token.Used = now
		}
	}
	return token, nil
}

func wellFormed(text string) bool {
	random, ok := strings.CutPrefix(text, BearerPrefix)
	if !ok || len(random) != bearerLen {
		return false
	}
	for i := range len(random) {
		if !homing.IsAlnum(random[i]) {
			return false
		}
	}
	return true
}
