package signin

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

// Ticket leads from the password to the code. It is sealed: whoever holds it
// does not learn whether the password was right. Whoever has a second factor
// gets one for every password; some addresses that nobody has get one as well, so
// that asking for a code does not tell that an address is known.
type Ticket string

// ticketFor is how long somebody may look for the telephone.
const ticketFor = 5 * time.Minute

const ticketPurpose = "sign-in, second step"

// ErrSecondStep is the one answer to a wrong code, a used one, and any code after
// a wrong password.
var ErrSecondStep = fmt.Errorf("%w: the code or the password isn't right", homing.ErrUnauthorized)

// ErrTicket is the answer to a ticket that is too old or none of ours.
var ErrTicket = fmt.Errorf("%w: that took too long; sign in again", homing.ErrNotFound)

// ticket is what is sealed: all of one length but for the address, which whoever
// holds it has typed.
type ticket struct {
	right    bool
	user     homing.UserID
	password [8]byte // of the hash's hash: a new password voids the ticket
	email    string
}

const ticketHead = 1 + 4 + 8

func (s *SignIn) newTicket(user *homing.User, email string, right bool) Ticket {
	plain := make([]byte, ticketHead, ticketHead+len(email))
	if right {
		plain[0] = 1
	}
	binary.BigEndian.PutUint32(plain[1:], uint32(user.ID))
	sum := passwordMark(user)
	copy(plain[5:], sum[:])
	return Ticket(s.seal(ticketPurpose, string(append(plain, email...)), ticketFor))
}

func (s *SignIn) readTicket(sealed Ticket) (t ticket, ok bool) {
	plain, ok := s.open(ticketPurpose, string(sealed))
	if !ok || len(plain) < ticketHead {
		return t, false
	}
	t.right, t.email = plain[0] == 1, plain[ticketHead:]
	t.user = homing.UserID(binary.BigEndian.Uint32([]byte(plain[1:5])))
	copy(t.password[:], plain[5:ticketHead])
	return t, true
}

// passwordMark tells a password from the next one.
func passwordMark(u *homing.User) (mark [8]byte) {
	sum := sha256.Sum256([]byte(u.Password))
	copy(mark[:], sum[:])
	return mark
}

// asksForCode tells whether a code is asked for after a password. Of unknown
// addresses a quarter is, always the same ones.
func (s *SignIn) asksForCode(u *homing.User, email string) bool {
	if u.ID != 0 {
		return len(u.TOTP) > 0
	}
	if checkEmail(email) != nil {
		return false // it can be nobody's
	}
	mark := s.keyring().MaskOf([]byte("asks for a code\x00" + email))
	return mark[len(mark)-1] < '4' // of 16 hex digits
}

// Finish is the second step: it takes a code, or a recovery code, and begins a
// session if the password of the first step was right as well. Each code opens
// once, whoever else tries it at the same time. Tries are bounded as those of
// passwords are.
//
// The errors are ErrSecondStep, ErrTicket, or homing.ErrOverloaded after too many
// tries.
func (s *SignIn) Finish(ctx context.Context, from Agent, sealed Ticket, code string) (Token, error) {
	t, ok := s.readTicket(sealed)
	if !ok {
		return "", ErrTicket
	}
	if err := s.spend(from.Addr, t.email); err != nil {
		return "", err
	}
	if err := s.takeCode(ctx, &t, code); err != nil {
		return "", err
	}
	s.byBoth.refund(both(from.Addr, t.email))
	return s.begin(ctx, t.user, from)
}

// takeCode uses a code up. After a wrong password it uses nothing up, whatever is
// typed.
func (s *SignIn) takeCode(ctx context.Context, t *ticket, code string) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	user, err := s.people.UserByID(ctx, t.user)
	if err != nil && !errors.Is(err, homing.ErrNotFound) {
		return fmt.Errorf("couldn't look a user up: %w", err)
	}
	if !t.right || user.ID == 0 || user.Disabled || len(user.TOTP) == 0 || passwordMark(&user) != t.password {
		return ErrSecondStep
	}
	if err := s.spendCode(&user, code); err != nil {
		return err
	}
	by := ledger.Actor{Name: "user " + user.ID.String(), At: s.now()}
	if err := s.people.PutUser(ctx, by, &user); err != nil {
		return fmt.Errorf("couldn't use a code up: %w", err)
	}
	return nil
}

// spendCode checks a code and notes in the user that it was used.
func (s *SignIn) spendCode(user *homing.User, code string) error {
	if recovery, ok := typedRecovery(code); ok {
		if !takeRecovery(user, recovery) {
			return ErrSecondStep
		}
		return nil
	}
	secret, err := s.secretOf(user)
	if err != nil {
		return err
	}
	step, ok := stepOfCode(secret, typedCode(code), s.clock(), user.TOTPStep)
	if !ok {
		return ErrSecondStep
	}
	user.TOTPStep = step
	// Sealed anew each time, it outlives the master key it was sealed under.
	user.TOTP = s.keyring().SealSecret(homing.Secret(base32Text.EncodeToString(secret)), factorOf(user.ID))
	return nil
}
