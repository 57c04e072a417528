// Package signin knows the people of the panel: their passwords, their
// sessions, and the one-time links that let them choose a password.
//
//	link ──► Welcome (look) ──► Choose (password; uses the link up) ──► session
//	e-mail, password ──► SignIn ──► session ──► cookie ──► Recognize ──► Person
//	                        └─ ticket ──► Finish (code) ──┘   with a second factor
//
// What it promises:
//
//   - Nobody learns from an answer, or from the time it takes, whether an
//     e-mail address is known.
//   - With a second factor the right password opens nothing, and nobody learns
//     that it was right before the code is, too. A code opens once.
//   - There is always an owner among the operators, and nobody disables the own
//     user.
//   - Tokens of links and sessions are 32 random bytes; only their SHA-256 is
//     stored, so that a copy of the ledger opens no door.
//   - A link is used up by choosing the password, not by looking at it: mail
//     programs and messengers fetch links ahead.
//   - Memory is bounded: at most two passwords are hashed at once, and tries
//     are counted in tables of fixed size.
package signin

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"

	"homing"
	"homing/internal/engine/ledger"
)

// Options are what a SignIn is made of.
type Options struct {
	People ledger.People
	Clock  homing.Clock
	// DeskURL tells how the panel is reached, without a slash at its end; for
	// one-time links.
	DeskURL func() string
	// Keyring gives the present keyring, which seals second factors.
	Keyring func() *homing.Keyring
	// SecureCookies gives cookies the __Host- prefix, which needs https. Without
	// it the panel must be on loopback.
	SecureCookies bool
	// Cost of a new password's hash. The zero value is the one to use; tests
	// take less.
	Cost Cost
}

// SignIn lets people in. It is safe for concurrent use.
type SignIn struct {
	people  ledger.People
	clock   homing.Clock
	deskURL func() string
	keyring func() *homing.Keyring
	secure  bool
	hasher  *hasher
	// changing is held from a look at a user to the change of it.
	changing sync.Mutex
	// Tries are counted by where they come from, by whom they are for, and by
	// both. The count for both is the tight one: with only a tight count by
	// e-mail address, anybody could keep anybody from signing in.
	byAddr, byEmail, byBoth *limiter
}

// New makes a SignIn.
func New(o Options) *SignIn {
	return &SignIn{
		people: o.People, clock: o.Clock, deskURL: o.DeskURL, keyring: o.Keyring, secure: o.SecureCookies,
		hasher:  newHasher(o.Cost),
		byAddr:  newLimiter(triesPerAddr),
		byEmail: newLimiter(triesPerEmail),
		byBoth:  newLimiter(triesPerBoth),
	}
}

// Person is somebody who is signed in.
type Person struct {
	homing.User
	// Session is what they are recognized by.
	Session ledger.Session
}

// Operator tells whether the person runs the installation.
func (p *Person) Operator() bool { return p.Role == homing.RoleOperator }

// Manager tells whether the person may do the daily work, and not only look.
func (p *Person) Manager() bool { return p.Level.AtLeast(homing.Manager) }

// MaySee tells whether the person may see what belongs to an account. What
// belongs to nobody (number 0) is the operators'.
func (p *Person) MaySee(account homing.AccountID) bool {
	return p.Operator() || account != 0 && p.Account == account
}

// Actor is how the person stands in the audit log.
func (p *Person) Actor() string { return "user " + p.ID.String() }

// ErrMismatch is the one answer to an unknown address, a wrong password, a
// disabled user and one who has not chosen a password yet.
var ErrMismatch = fmt.Errorf("%w: the e-mail address and the password don't belong together", homing.ErrUnauthorized)

// ErrWrongPassword is the answer to a person who is signed in and types another
// password than the own one.
var ErrWrongPassword = fmt.Errorf("%w: that is not your password", homing.ErrUnauthorized)

// Agent is where a try comes from.
type Agent struct {
	Addr      netip.Addr
	UserAgent string
}

// SignIn checks an e-mail address with its password and begins a session; or, if
// there is a second factor, gives a ticket to Finish with. The errors are
// ErrMismatch, or homing.ErrOverloaded after too many tries.
func (s *SignIn) SignIn(ctx context.Context, from Agent, email, password string) (Token, Ticket, error) {
	email = normalEmail(email)
	if err := s.spend(from.Addr, email); err != nil {
		return "", "", err
	}
	user, err := s.people.UserByEmail(ctx, email)
	if err != nil && !errors.Is(err, homing.ErrNotFound) {
		return "", "", fmt.Errorf("couldn't look a user up: %w", err)
	}
	// Unknown users are checked against a hash of nothing, so that they take
	// as long as known ones.
	right, err := s.hasher.matches(ctx, user.Password, password)
	if err != nil {
		return "", "", err
	}
	right = right && !user.Disabled
	if s.asksForCode(&user, email) {
		return "", s.newTicket(&user, email, right), nil
	}
	if !right {
		return "", "", ErrMismatch
	}
	s.byBoth.refund(both(from.Addr, email))
	token, err := s.begin(ctx, user.ID, from)
	return token, "", err
}

// Confirm asks a person who is signed in for the password once more, before
// something delicate is done.
func (s *SignIn) Confirm(ctx context.Context, from Agent, p *Person, password string) error {
	if err := s.spend(from.Addr, p.Email); err != nil {
		return err
	}
	right, err := s.hasher.matches(ctx, p.Password, password)
	if err != nil {
		return err
	}
	if !right {
		return ErrWrongPassword
	}
	s.byBoth.refund(both(from.Addr, p.Email))
	return nil
}

// ChangePassword gives a person a new password, which ends all sessions, and
// begins a new one for the browser it was done in.
func (s *SignIn) ChangePassword(ctx context.Context, from Agent, p *Person, present, next string) (Token, error) {
	if err := s.Confirm(ctx, from, p, present); err != nil {
		return "", err
	}
	user := p.User
	if err := s.setPassword(ctx, ledger.Actor{Name: p.Actor(), At: s.now()}, &user, next); err != nil {
		return "", err
	}
	return s.begin(ctx, user.ID, from)
}

// setPassword checks and hashes a password and stores the user with it; all else
// of a user who is there already stays as the ledger has it now.
func (s *SignIn) setPassword(ctx context.Context, by ledger.Actor, user *homing.User, password string) error {
	if err := CheckPassword(password, user.Email); err != nil {
		return err
	}
	encoded, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	if user.ID != 0 {
		if *user, err = s.User(ctx, user.ID); err != nil {
			return err
		}
	}
	user.Password = encoded
	if err := s.people.PutUser(ctx, by, user); err != nil {
		return fmt.Errorf("couldn't store the password: %w", err)
	}
	return nil
}

// spend takes one try of an address and of an e-mail address.
func (s *SignIn) spend(addr netip.Addr, email string) error {
	now := s.clock()
	wait := max(s.byAddr.spend(now, network(addr)), s.byBoth.spend(now, both(addr, email)))
	if wait == 0 { // who is held up here takes nothing from others' tries
		wait = s.byEmail.spend(now, email)
	}
	if wait > 0 {
		minutes := int(wait.Minutes()) + 1
		return fmt.Errorf("%w: too many tries; wait %d min and try again", homing.ErrOverloaded, minutes)
	}
	return nil
}

func (s *SignIn) now() homing.Millis { return homing.MillisOf(s.clock()) }

// normalEmail is how an address is stored and looked up.
func normalEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }
