package signin

import (
	"context"
	"fmt"
	"strings"
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

// The second factor: a secret that an app makes codes of.
//
//	OfferFactor (nothing is stored) ──► the app shows a code ──► SetFactor ──► recovery codes
//
// What is offered goes to the browser and back sealed, so that an offer takes no
// room here, and is good for its user and for a while only.

// offerFor is how long an offered secret can be taken up, and recovery codes be
// downloaded.
const offerFor = 15 * time.Minute

// ErrCode is the answer to a code that is wrong, or was used already.
var ErrCode = fmt.Errorf("%w code: it is wrong, over, or was used already; wait for the next one", homing.ErrInvalid)

// errOffer is the answer to an offer that is too old, or was made to somebody
// else.
var errOffer = fmt.Errorf("%w: this was offered too long ago; begin again", homing.ErrNotFound)

// Offer is a second factor that is being set up.
type Offer struct {
	Sealed string // for the browser to hand back
	Key    string // for people to type
	URI    string // for apps, as a QR code
}

// HasFactor tells whether the person signs in with a second factor.
func (p *Person) HasFactor() bool { return len(p.TOTP) > 0 }

// OfferFactor draws a secret for the person. The issuer is what apps call it by.
func (s *SignIn) OfferFactor(p *Person, issuer string) Offer {
	secret := base32Text.EncodeToString(random(secretLen))
	return Offer{
		Sealed: s.seal(offerOf(p.ID), secret, offerFor),
		Key:    grouped(secret), URI: keyURI(issuer, p.Email, secret),
	}
}

// Offered reads an offer that came back. homing.ErrNotFound: it is too old, or
// not the person's.
func (s *SignIn) Offered(p *Person, sealed, issuer string) (Offer, error) {
	secret, ok := s.open(offerOf(p.ID), sealed)
	if !ok {
		return Offer{}, errOffer
	}
	return Offer{Sealed: sealed, Key: grouped(secret), URI: keyURI(issuer, p.Email, secret)}, nil
}

// SetFactor takes an offer up, after the password and a code of it were typed.
// The person's other sessions end. It tells the recovery codes, for this once.
//
// The errors are those of Confirm, ErrCode, homing.ErrNotFound as of Offered, and
// homing.ErrConflict if there is a second factor already.
func (s *SignIn) SetFactor(ctx context.Context, from Agent, p *Person, sealed, code, password string) (codes []string, err error) {
	text, ok := s.open(offerOf(p.ID), sealed)
	if !ok {
		return nil, errOffer
	}
	if err := s.Confirm(ctx, from, p, password); err != nil {
		return nil, err
	}
	secret, err := base32Text.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("couldn't read an offer: %w", err) // we sealed it
	}
	err = s.changeOwn(ctx, p, func(u *homing.User) error {
		if len(u.TOTP) > 0 {
			return fmt.Errorf("%w: the second factor is on already; load the page again", homing.ErrConflict)
		}
		step, right := stepOfCode(secret, typedCode(code), s.clock(), u.TOTPStep)
		if !right {
			return ErrCode
		}
		u.TOTP, u.TOTPStep = s.keyring().SealSecret(homing.Secret(text), factorOf(u.ID)), step
		codes, u.Recovery = newRecovery(u.ID)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return codes, s.EndOthers(ctx, p)
}

// RenewRecovery replaces the recovery codes, after the password was typed, and
// tells them for this once. The errors are those of Confirm, and homing.ErrConflict
// if there is no second factor.
func (s *SignIn) RenewRecovery(ctx context.Context, from Agent, p *Person, password string) (codes []string, err error) {
	if err := s.Confirm(ctx, from, p, password); err != nil {
		return nil, err
	}
	err = s.changeOwn(ctx, p, func(u *homing.User) error {
		if len(u.TOTP) == 0 {
			return fmt.Errorf("%w: the second factor is off; load the page again", homing.ErrConflict)
		}
		codes, u.Recovery = newRecovery(u.ID)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// SealCodes wraps recovery codes that were made just now, so that the person can
// download them without their being stored.
func (s *SignIn) SealCodes(p *Person, codes []string) string {
	return s.seal(codesOf(p.ID), strings.Join(codes, "\n"), offerFor)
}

// SealedCodes unwraps them. homing.ErrNotFound: they are too old, or not the
// person's.
func (s *SignIn) SealedCodes(p *Person, sealed string) ([]string, error) {
	text, ok := s.open(codesOf(p.ID), sealed)
	if !ok {
		return nil, errOffer
	}
	return strings.Split(text, "\n"), nil
}

// RemoveFactor takes the person's second factor away, after the password was
// typed. The errors are those of Confirm.
func (s *SignIn) RemoveFactor(ctx context.Context, from Agent, p *Person, password string) error {
	if err := s.Confirm(ctx, from, p, password); err != nil {
		return err
	}
	return s.changeOwn(ctx, p, func(u *homing.User) error { dropFactor(u); return nil })
}

// ResetFactor takes somebody's second factor away, who has lost it, after the
// owner typed the own password. The errors are those of Confirm and ChangeUser.
func (s *SignIn) ResetFactor(ctx context.Context, from Agent, by *Person, id homing.UserID, password string) error {
	if err := s.Confirm(ctx, from, by, password); err != nil {
		return err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	user, err := s.managed(ctx, by, id)
	if err != nil {
		return err
	}
	dropFactor(&user)
	return s.put(ctx, by, &user)
}

// ResetFactorOf does so on the authority of whoever can open the data directory.
// It tells whether there was one.
func (s *SignIn) ResetFactorOf(ctx context.Context, by, email string) (there bool, err error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	user, err := s.people.UserByEmail(ctx, normalEmail(email))
	if err != nil {
		return false, fmt.Errorf("couldn't find the user %s: %w", normalEmail(email), err)
	}
	if len(user.TOTP) == 0 {
		return false, nil
	}
	dropFactor(&user)
	if err := s.people.PutUser(ctx, ledger.Actor{Name: by, At: s.now()}, &user); err != nil {
		return false, fmt.Errorf("couldn't store user %s: %w", user.ID, err)
	}
	return true, nil
}

// dropFactor leaves the last step as it is: a code stays used.
func dropFactor(u *homing.User) { u.TOTP, u.Recovery = nil, nil }

// secretOf opens a user's secret.
func (s *SignIn) secretOf(u *homing.User) ([]byte, error) {
	text, err := s.keyring().OpenSecret(u.TOTP, factorOf(u.ID))
	if err != nil {
		return nil, fmt.Errorf("couldn't open the second factor of user %s: %w", u.ID, err)
	}
	secret, err := base32Text.DecodeString(text.Reveal())
	if err != nil {
		return nil, fmt.Errorf("the second factor of user %s: %w", u.ID, homing.ErrDamaged)
	}
	return secret, nil
}

// What is sealed opens for the same purpose and user only.
func factorOf(id homing.UserID) string { return "second factor of user " + id.String() }
func offerOf(id homing.UserID) string  { return "second factor offered to user " + id.String() }
func codesOf(id homing.UserID) string  { return "recovery codes of user " + id.String() }
