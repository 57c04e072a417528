package signin

import (
	"context"
	"fmt"
	"slices"

	"homing"
	"homing/internal/engine/ledger"
)

// People change people here. Whoever changes something reads the user anew while
// s.changing is held: what a request knew of a user when it began may be old, and
// storing that would bring back a password, a level or a code that is used up.
// (One process writes to a ledger of one machine. Ledgers that several share
// will have to compare when they store.)

// MayManage tells whether the person decides about the users of an account, or
// the operators if it is 0: owners do about their own people, operators' owners
// about everybody.
func (p *Person) MayManage(account homing.AccountID) bool {
	return p.Level.AtLeast(homing.Owner) && p.MaySee(account)
}

// PeopleOf lists the users of an account, or the operators if it is 0.
func (s *SignIn) PeopleOf(ctx context.Context, account homing.AccountID) ([]homing.User, error) {
	users, err := s.people.Users(ctx)
	if err != nil {
		return nil, fmt.Errorf("couldn't read the users: %w", err)
	}
	return slices.DeleteFunc(users, func(u homing.User) bool { return u.Account != account }), nil
}

// User finds a user by number; homing.ErrNotFound if there is none.
func (s *SignIn) User(ctx context.Context, id homing.UserID) (homing.User, error) {
	user, err := s.people.UserByID(ctx, id)
	if err != nil {
		return homing.User{}, fmt.Errorf("couldn't look user %s up: %w", id, err)
	}
	return user, nil
}

// ChangeUser changes the level of a user, whether amounts are hidden, and whether
// the user is disabled, as edit says; what else it changes is not kept. Disabling
// ends the user's sessions.
//
// homing.ErrUnauthorized: by may not. homing.ErrInvalid, in words that name
// "level", "amounts" or "user": nobody disables the own user, and the last owner
// stays one.
func (s *SignIn) ChangeUser(ctx context.Context, by *Person, id homing.UserID, edit func(*homing.User)) (homing.User, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	user, err := s.managed(ctx, by, id)
	if err != nil {
		return homing.User{}, err
	}
	wanted := user
	edit(&wanted)
	changed := user
	changed.Level, changed.HideMoney, changed.Disabled = wanted.Level, wanted.HideMoney, wanted.Disabled
	if changed.Level == user.Level && changed.HideMoney == user.HideMoney && changed.Disabled == user.Disabled {
		return user, nil
	}
	if err := checkLevel(&changed); err != nil {
		return homing.User{}, err
	}
	if id == by.ID && changed.Disabled {
		return homing.User{}, fmt.Errorf("%w user: nobody disables the own one; another owner can", homing.ErrInvalid)
	}
	if by.Account == user.Account && isOwner(&user) && !isOwner(&changed) {
		if err := s.anotherOwner(ctx, &user); err != nil {
			return homing.User{}, err
		}
	}
	if err := s.put(ctx, by, &changed); err != nil {
		return homing.User{}, err
	}
	return changed, nil
}

// managed reads a user anew, and whoever wants to change it: what by may was
// perhaps taken away since the request began. It needs s.changing.
func (s *SignIn) managed(ctx context.Context, by *Person, id homing.UserID) (homing.User, error) {
	user, err := s.User(ctx, id)
	if err != nil {
		return homing.User{}, err
	}
	me, err := s.User(ctx, by.ID)
	if err != nil {
		return homing.User{}, err
	}
	if now := (&Person{User: me}); me.Disabled || !now.MayManage(user.Account) {
		return homing.User{}, fmt.Errorf("%w: users are changed by the owners among their own people", homing.ErrUnauthorized)
	}
	return user, nil
}

// isOwner tells an owner who can sign in.
func isOwner(u *homing.User) bool {
	return u.Level.AtLeast(homing.Owner) && !u.Disabled && u.Password != ""
}

// anotherOwner wants one on the user's side.
func (s *SignIn) anotherOwner(ctx context.Context, user *homing.User) error {
	people, err := s.PeopleOf(ctx, user.Account)
	if err != nil {
		return err
	}
	for i := range people {
		if people[i].ID != user.ID && isOwner(&people[i]) {
			return nil
		}
	}
	return fmt.Errorf("%w level: this is the last owner; make somebody else one first", homing.ErrInvalid)
}

func checkLevel(u *homing.User) error {
	switch {
	case u.Level < homing.ReadOnly || u.Level > homing.Owner:
		return fmt.Errorf("%w level: want read-only, manager or owner", homing.ErrInvalid)
	case u.Level == homing.Owner && u.HideMoney:
		// An owner makes tokens and invites people, so it would hide nothing.
		return fmt.Errorf("%w amounts: they can't be hidden from owners; choose another level", homing.ErrInvalid)
	}
	return nil
}

// SetZone sets the time zone that a person sees times in; "" is the
// installation's.
func (s *SignIn) SetZone(ctx context.Context, p *Person, zone string) error {
	if _, err := homing.LoadZone(zone); err != nil && zone != "" {
		return fmt.Errorf("%w zone: want a name such as Europe/Berlin, or UTC", homing.ErrInvalid)
	}
	return s.changeOwn(ctx, p, func(u *homing.User) error { u.Zone = zone; return nil })
}

// changeOwn changes the own user.
func (s *SignIn) changeOwn(ctx context.Context, p *Person, edit func(*homing.User) error) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	user, err := s.User(ctx, p.ID)
	if err != nil {
		return err
	}
	if user.Disabled {
		return fmt.Errorf("%w: the user is disabled", homing.ErrUnauthorized)
	}
	if err := edit(&user); err != nil {
		return err
	}
	return s.put(ctx, p, &user)
}

// put stores a user. It needs s.changing.
func (s *SignIn) put(ctx context.Context, by *Person, user *homing.User) error {
	if err := s.people.PutUser(ctx, ledger.Actor{Name: by.Actor(), At: s.now()}, user); err != nil {
		return fmt.Errorf("couldn't store user %s: %w", user.ID, err)
	}
	return nil
}
