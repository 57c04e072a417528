package signin

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode"

	"homing"
	"homing/internal/engine/ledger"
)

// How long links are good for.
const (
	setUpFor  = 24 * time.Hour
	inviteFor = 7 * 24 * time.Hour
	resetFor  = 24 * time.Hour
)

// errLink is the answer to every link that does not open: unknown, used up,
// expired, or of somebody who was disabled.
var errLink = fmt.Errorf("%w: this link was used already or has expired", homing.ErrNotFound)

// SetUpLink makes the link over which the first operator signs up. The links
// before it are void. It is empty once there is an operator with a password.
func (s *SignIn) SetUpLink(ctx context.Context) (string, error) {
	there, err := s.hasOperator(ctx)
	if err != nil || there {
		return "", err
	}
	link, _, err := s.newLink(ctx, ledger.LinkSetUp, 0, setUpFor)
	return link, err
}

// hasOperator tells whether an operator can sign in.
func (s *SignIn) hasOperator(ctx context.Context) (bool, error) {
	users, err := s.people.Users(ctx)
	if err != nil {
		return false, fmt.Errorf("couldn't read the users: %w", err)
	}
	for _, u := range users {
		if u.Role == homing.RoleOperator && u.Password != "" && !u.Disabled {
			return true, nil
		}
	}
	return false, nil
}

// Invitation is whom to invite, as what.
type Invitation struct {
	Email     string
	Role      homing.Role
	Account   homing.AccountID // an advertiser's; an operator belongs to none
	Level     homing.Level
	HideMoney bool
}

// Invite makes a user without a password, and the link over which the user
// chooses one. Whether by may is for the caller to ask, see Person.MayManage.
// homing.ErrConflict: the address is taken.
func (s *SignIn) Invite(ctx context.Context, by string, n Invitation) (link string, expires homing.Millis, err error) {
	user := homing.User{
		Email: normalEmail(n.Email), Role: n.Role, Account: n.Account, Created: s.now(), Level: n.Level, HideMoney: n.HideMoney,
	}
	if err := checkUser(&user); err != nil {
		return "", 0, err
	}
	if err := s.people.PutUser(ctx, ledger.Actor{Name: by, At: s.now()}, &user); err != nil {
		return "", 0, fmt.Errorf("couldn't make the user %s: %w", user.Email, err)
	}
	return s.newLink(ctx, ledger.LinkPassword, user.ID, inviteFor)
}

// Reset makes a link over which a user chooses a new password. The present one
// stays good until then; links before it are void. Who asks is not written
// down: only the change of the password reaches the audit log.
func (s *SignIn) Reset(ctx context.Context, _, email string) (link string, expires homing.Millis, err error) {
	user, err := s.people.UserByEmail(ctx, normalEmail(email))
	if err != nil {
		return "", 0, fmt.Errorf("couldn't find the user %s: %w", normalEmail(email), err)
	}
	if user.Disabled {
		return "", 0, fmt.Errorf("%w: user %s is disabled", homing.ErrInvalid, user.Email)
	}
	return s.newLink(ctx, ledger.LinkPassword, user.ID, resetFor)
}

func checkUser(u *homing.User) error {
	if err := checkEmail(u.Email); err != nil {
		return err
	}
	switch {
	case u.Role == homing.RoleOperator && u.Account != 0:
		return fmt.Errorf("%w user: an operator belongs to no account", homing.ErrInvalid)
	case u.Role == homing.RoleAdvertiser && u.Account == 0:
		return fmt.Errorf("%w user: an advertiser belongs to an account; name it", homing.ErrInvalid)
	case u.Role != homing.RoleOperator && u.Role != homing.RoleAdvertiser:
		return fmt.Errorf("%w user: want operator or advertiser", homing.ErrInvalid)
	}
	return checkLevel(u)
}

func checkEmail(email string) error {
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || len(email) > 254 || strings.ContainsFunc(email, unicode.IsControl) {
		return fmt.Errorf("%w e-mail address %q: write it like ann@example.com", homing.ErrInvalid, email)
	}
	return nil
}

// newLink makes the only link of its purpose for a user.
func (s *SignIn) newLink(ctx context.Context, purpose ledger.LinkPurpose, user homing.UserID, good time.Duration) (string, homing.Millis, error) {
	if err := s.people.DropLinks(ctx, purpose, user); err != nil {
		return "", 0, fmt.Errorf("couldn't void the links before: %w", err)
	}
	token, now := newToken(), s.now()
	l := ledger.Link{Token: token.hash(), Purpose: purpose, User: user, Created: now, Expires: now + homing.MillisIn(good)}
	if err := s.people.PutLink(ctx, l); err != nil {
		return "", 0, fmt.Errorf("couldn't store the link: %w", err)
	}
	return strings.TrimSuffix(s.deskURL(), "/") + "/welcome/" + token.Reveal(), l.Expires, nil
}

// Welcome is what a link that was opened leads to.
type Welcome struct {
	// First: the link makes the first operator, who still has to say an e-mail
	// address.
	First bool
	// Email is the user's otherwise.
	Email string
	// New: the user never had a password.
	New bool
}

// Welcome looks at a link without using it up. homing.ErrNotFound: it opens
// nothing (any more).
func (s *SignIn) Welcome(ctx context.Context, t Token) (Welcome, error) {
	_, user, err := s.look(ctx, t)
	if err != nil {
		return Welcome{}, err
	}
	return Welcome{First: user.ID == 0, Email: user.Email, New: user.Password == ""}, nil
}

// look finds the user of a link; of a set-up link, one who is to be made.
func (s *SignIn) look(ctx context.Context, t Token) (ledger.Link, homing.User, error) {
	link, err := s.people.LinkBy(ctx, t.hash())
	if errors.Is(err, homing.ErrNotFound) || err == nil && s.now() >= link.Expires {
		return link, homing.User{}, errLink
	} else if err != nil {
		return link, homing.User{}, fmt.Errorf("couldn't read the link: %w", err)
	}
	if link.Purpose == ledger.LinkSetUp {
		there, err := s.hasOperator(ctx)
		if err == nil && there {
			err = errLink
		}
		return link, homing.User{Role: homing.RoleOperator, Level: homing.Owner}, err
	}
	user, err := s.people.UserByID(ctx, link.User)
	if errors.Is(err, homing.ErrNotFound) || err == nil && user.Disabled {
		err = errLink
	}
	return link, user, err
}

// Choose sets the password of a link's user, uses the link up and begins a
// session. The e-mail address is asked of the first operator only. Whoever has a
// second factor gets no session ("") and signs in with it: a link is no better
// than a password.
//
// Everything that can be found wrong is found before the link is taken; of two
// who choose at once, one gets it. If storing fails after that, the link is put
// back, for nothing was done with it.
func (s *SignIn) Choose(ctx context.Context, from Agent, t Token, email, password string) (Token, error) {
	if wait := s.byAddr.spend(s.clock(), network(from.Addr)); wait > 0 {
		return "", fmt.Errorf("%w: too many tries; wait a minute and try again", homing.ErrOverloaded)
	}
	link, user, err := s.look(ctx, t)
	if err != nil {
		return "", err
	}
	actor := ledger.Actor{Name: "set-up", At: s.now()}
	if user.ID == 0 {
		user.Email, user.Created = normalEmail(email), s.now()
		if err := checkEmail(user.Email); err != nil {
			return "", err
		}
	} else {
		actor.Name = "user " + user.ID.String()
	}
	if err := CheckPassword(password, user.Email); err != nil {
		return "", err
	}
	if _, err := s.people.TakeLink(ctx, t.hash()); err != nil {
		if errors.Is(err, homing.ErrNotFound) {
			return "", errLink
		}
		return "", fmt.Errorf("couldn't use the link: %w", err)
	}
	if err := s.setPassword(ctx, actor, &user, password); err != nil {
		// If this fails too, the link is lost, and another one can be made.
		return "", errors.Join(err, s.people.PutLink(context.WithoutCancel(ctx), link))
	}
	if len(user.TOTP) > 0 {
		return "", nil
	}
	return s.begin(ctx, user.ID, from)
}
