package signin

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"homing"
	"homing/internal/engine/ledger"
)

// these are users by their addresses, with passwords chosen.
func (d *door) these(invitations ...Invitation) map[string]*Person {
	d.t.Helper()
	all := map[string]*Person{}
	for _, n := range invitations {
		link, _, err := d.Invite(d.t.Context(), "test", n)
		d.must(err)
		_, err = d.Choose(d.t.Context(), agent, d.tokenOf(link), "", password)
		d.must(err)
		d.at = d.at.Add(1e11) // tries come back
		all[n.Email] = d.person(n.Email)
	}
	return all
}

func (d *door) account(name string) homing.AccountID {
	d.t.Helper()
	a := homing.Account{Name: name, PublicID: name, Currency: "USD"}
	d.must(d.ledger.Apply(d.t.Context(), ledger.Actor{Name: "test"}, ledger.PutAccount{Account: &a}))
	return a.ID
}

func member(email string, account homing.AccountID, level homing.Level) Invitation {
	n := Invitation{Email: email, Role: homing.RoleAdvertiser, Account: account, Level: level}
	if account == 0 {
		n.Role = homing.RoleOperator
	}
	return n
}

func TestWhoMayChangeWhom(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	one, two := d.account("one"), d.account("two")
	p := d.these(
		member("op-owner", 0, homing.Owner).at(), member("op-manager", 0, homing.Manager).at(), member("op-target", 0, homing.ReadOnly).at(),
		member("one-owner", one, homing.Owner).at(), member("one-manager", one, homing.Manager).at(), member("one-target", one, homing.ReadOnly).at(),
		member("two-owner", two, homing.Owner).at(), member("two-target", two, homing.ReadOnly).at(),
	)
	for who, may := range map[string][3]bool{ // the operators', one's and two's
		"op-owner": {true, true, true}, "op-manager": {}, "op-target": {},
		"one-owner": {false, true, false}, "one-manager": {}, "one-target": {}, "two-owner": {false, false, true}, "two-target": {},
	} {
		by := p[who+"@example.com"]
		for i, target := range []string{"op-target", "one-target", "two-target"} {
			user := p[target+"@example.com"]
			if got := by.MayManage(user.Account); got != may[i] {
				t.Errorf("%s may manage %s: %t", who, target, got)
			}
			_, err := d.ChangeUser(ctx, by, user.ID, func(u *homing.User) { u.HideMoney = !u.HideMoney })
			if may[i] != (err == nil) || err != nil && !errors.Is(err, homing.ErrUnauthorized) {
				t.Errorf("%s changes %s: %v", who, target, err)
			}
			d.at = d.at.Add(1e11)
			err = d.ResetFactor(ctx, agent, by, user.ID, password)
			if may[i] != (err == nil) || err != nil && !errors.Is(err, homing.ErrUnauthorized) {
				t.Errorf("%s resets the second factor of %s: %v", who, target, err)
			}
		}
	}
}

func (n Invitation) at() Invitation { n.Email += "@example.com"; return n }

func TestWhatAChangeOfAUserMayBe(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	p := d.these(member("ann", 0, homing.Owner).at(), member("bob", 0, homing.Manager).at())
	ann, bob := p["ann@example.com"], p["bob@example.com"]
	change := func(by, of *Person, edit func(*homing.User)) error {
		_, err := d.ChangeUser(ctx, by, of.ID, edit)
		return err
	}
	d.want(change(ann, bob, func(u *homing.User) { u.Level = 0 }), homing.ErrInvalid)
	d.want(change(ann, bob, func(u *homing.User) { u.Level = 9 }), homing.ErrInvalid)
	d.want(change(ann, bob, func(u *homing.User) { u.Level, u.HideMoney = homing.Owner, true }), homing.ErrInvalid)
	d.want(change(ann, ann, func(u *homing.User) { u.Disabled = true }), homing.ErrInvalid)
	d.want(change(ann, ann, func(u *homing.User) { u.Level = homing.Manager }), homing.ErrInvalid) // the last owner
	_, err := d.ChangeUser(ctx, ann, 99, func(u *homing.User) {})
	d.want(err, homing.ErrNotFound)

	// Whoever was invited and has no password yet is no owner to rely on.
	_, _, err = d.Invite(ctx, "test", operator("new@example.com"))
	d.must(err)
	d.want(change(ann, ann, func(u *homing.User) { u.Level = homing.Manager }), homing.ErrInvalid)

	// Nothing but level, amounts and disabling is taken over.
	d.must(change(ann, bob, func(u *homing.User) {
		u.Level, u.Email, u.Password, u.Role, u.Account, u.TOTP = homing.Owner, "eve@example.com", "x", 0, 7, []byte("x")
	}))
	u, err := d.ledger.UserByID(ctx, bob.ID)
	d.must(err)
	if u.Level != homing.Owner || u.Email != bob.Email || u.Password != bob.Password || u.Role != bob.Role || u.Account != 0 || len(u.TOTP) > 0 {
		t.Errorf("changed to %+v", u)
	}
	entries, err := d.ledger.Audit(ctx, ledger.AuditQuery{Limit: 1})
	d.must(err)
	if entries[0].Actor != ann.Actor() || entries[0].Object != "user "+bob.ID.String() || entries[0].Detail != `level "manager" → "owner"` {
		t.Errorf("the audit log says %+v", entries[0])
	}
	d.must(change(ann, ann, func(u *homing.User) { u.Level = homing.ReadOnly })) // Bob is one now
	// Ann was an owner when her request began.
	d.want(change(ann, bob, func(u *homing.User) { u.Disabled = true }), homing.ErrUnauthorized)
	d.must(change(bob, ann, func(u *homing.User) { u.Disabled = true }))
	if sessions, _ := d.ledger.SessionsOf(ctx, ann.ID); len(sessions) > 0 {
		t.Error("a disabled user's sessions go on")
	}
	d.want(d.SetZone(ctx, ann, "UTC"), homing.ErrUnauthorized)
	d.must(change(bob, ann, func(u *homing.User) { u.Disabled = false }))
}

// Two owners take each other's level away at once: one stays.
func TestAnOwnerIsAlwaysLeft(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	var invitations []Invitation
	for i := range 4 {
		invitations = append(invitations, member(fmt.Sprint("owner", i), 0, homing.Owner).at())
	}
	p := d.these(invitations...)
	var wait sync.WaitGroup
	for i := range invitations {
		by, next := p[invitations[i].Email], p[invitations[(i+1)%4].Email]
		wait.Go(func() {
			_, _ = d.ChangeUser(ctx, by, next.ID, func(u *homing.User) { u.Level = homing.Manager })
			_, _ = d.ChangeUser(ctx, by, by.ID, func(u *homing.User) { u.Level = homing.Manager })
		})
	}
	wait.Wait()
	users, err := d.ledger.Users(ctx)
	d.must(err)
	owners := 0
	for i := range users {
		if isOwner(&users[i]) {
			owners++
		}
	}
	if owners == 0 {
		t.Error("nobody is an owner any more")
	}
}

// An operator may leave an advertiser without owners; an advertiser's owner not.
func TestTheLastOwnerOfAnAdvertiser(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	one := d.account("one")
	p := d.these(member("ann", 0, homing.Owner).at(), member("mara", one, homing.Owner).at())
	ann, mara := p["ann@example.com"], p["mara@example.com"]
	_, err := d.ChangeUser(ctx, mara, mara.ID, func(u *homing.User) { u.Level = homing.Manager })
	d.want(err, homing.ErrInvalid)
	_, err = d.ChangeUser(ctx, ann, mara.ID, func(u *homing.User) { u.Disabled = true })
	d.must(err)
}

func TestResettingASecondFactor(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	d.firstOperator()
	d.factor()
	p := d.these(member("bob", 0, homing.Owner).at())
	ann, bob := d.person("ann@example.com"), p["bob@example.com"]
	d.want(d.ResetFactor(ctx, agent, bob, ann.ID, "wrong password"), ErrWrongPassword)
	d.must(d.ResetFactor(ctx, agent, bob, ann.ID, password))
	if token, _, err := d.SignIn.SignIn(ctx, agent, "ann@example.com", password); token == "" || err != nil {
		t.Errorf("after the reset: %v", err)
	}
	entries, err := d.ledger.Audit(ctx, ledger.AuditQuery{Limit: 1})
	d.must(err)
	if entries[0].Actor != bob.Actor() || !strings.Contains(entries[0].Detail, `second factor "set up" → "removed"`) {
		t.Errorf("the audit log says %+v", entries[0])
	}
	d.at = d.at.Add(1e11)
	d.factor()
	there, err := d.ResetFactorOf(ctx, "command line", "ANN@example.com")
	if !there || err != nil {
		t.Errorf("from the command line: %t, %v", there, err)
	}
	there, err = d.ResetFactorOf(ctx, "command line", "ann@example.com")
	if there || err != nil {
		t.Errorf("once more: %t, %v", there, err)
	}
	_, err = d.ResetFactorOf(ctx, "command line", "nobody@example.com")
	d.want(err, homing.ErrNotFound)
}

func TestSessionsOfAPerson(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	d.firstOperator()
	d.these(member("bob", 0, homing.Owner).at())
	d.at = d.at.Add(1e9)
	mine := d.person("ann@example.com")
	d.at = d.at.Add(1e9)
	other := d.person("ann@example.com")
	list, err := d.Sessions(ctx, mine)
	d.must(err)
	if len(list) != 3 || list[0].Token != other.Session.Token || list[1].Token != mine.Session.Token {
		t.Fatalf("sessions %+v", list)
	}
	d.must(d.EndSession(ctx, list[2]))
	d.must(d.EndOthers(ctx, mine))
	list, err = d.Sessions(ctx, mine)
	d.must(err)
	if len(list) != 1 || list[0].Token != mine.Session.Token {
		t.Errorf("sessions left %+v", list)
	}
	if bobs, _ := d.ledger.SessionsOf(ctx, 2); len(bobs) != 2 {
		t.Errorf("%d sessions of Bob", len(bobs))
	}
	d.at = d.at.Add(idle)
	if list, err = d.Sessions(ctx, mine); err != nil || len(list) != 0 {
		t.Errorf("over, and listed: %v, %v", list, err)
	}
}

func TestAZoneOfOnesOwn(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	d.firstOperator()
	p := d.person("ann@example.com")
	for _, bad := range []string{"Local", "Nowhere/Land", "../etc/passwd", "Europe/Berlin\n"} {
		d.want(d.SetZone(ctx, p, bad), homing.ErrInvalid)
	}
	for _, zone := range []string{"Europe/Berlin", "UTC", ""} {
		d.must(d.SetZone(ctx, p, zone))
		if u, _ := d.ledger.UserByID(ctx, p.ID); u.Zone != zone {
			t.Errorf("the zone is %q, want %q", u.Zone, zone)
		}
	}
}
