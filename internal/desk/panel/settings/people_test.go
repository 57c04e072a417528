package settings_test

import (
	"fmt"
	"testing"

	"homing"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/settings"
	"homing/internal/engine/ledger"
)

func TestInvitingSomebody(t *testing.T) {
	h := open(t, settings.Given{})
	op := h.Operator()
	op.Get("/settings/people").Want(ok).Has("ann@example.com", "you", `value="manager" required checked`)
	op.Post("/settings/people", "email", "bob", "level", "manager").Want(unfit).Has("f-email-error", `value="bob"`)
	op.Post("/settings/people", "email", "bob@example.com", "level", "god").Want(unfit).Has("Want one of")
	op.Post("/settings/people", "email", "bob@example.com", "level", "owner", "hide_money", "on").Want(unfit).Has("hidden from owners")
	op.Post("/settings/people", "email", "ann@example.com", "level", "manager").Want(unfit).Has("Somebody signs in with this address already")
	shown := op.Post("/settings/people", "email", " Bob@example.com", "level", "manager", "hide_money", "on").Want(ok).Has("is not shown again", "invited")
	bob := user(h, "bob@example.com")
	if bob.Level != homing.Manager || !bob.HideMoney || bob.Role != homing.RoleOperator || bob.Account != 0 {
		t.Errorf("invited %+v", bob)
	}
	link := find(t, shown.Text, linkPattern)
	op.Get("/settings/people").Want(ok).Lacks(link).Has("amounts hidden")
	b := h.Stranger()
	b.Post(link, "password", paneltest.Password).Want(moved)
	b.Get("/settings").Want(ok).Has("manager, amounts hidden")
	b.Get("/settings/people").Want(forbidden)

	entries, err := h.Ledger.Audit(h.Context(), ledger.AuditQuery{Action: "user.create", Limit: 1})
	h.Must(err)
	if len(entries) != 1 || entries[0].Actor != "user 1" {
		t.Errorf("the audit log says %+v", entries)
	}
}

func TestAnAdvertisersOwnerSeesToTheOwnPeople(t *testing.T) {
	h := open(t, settings.Given{})
	op := h.Operator()
	a, other := h.Account("Northwind"), h.Account("Other")
	mara := h.Advertiser(a.ID, "mara@example.com")
	h.Advertiser(other.ID, "eve@example.com")
	mara.Post("/settings/people", "email", "new@example.com", "level", "read-only", "account", other.ID.String(), "role", "operator").Want(ok)
	if u := user(h, "new@example.com"); u.Role != homing.RoleAdvertiser || u.Account != a.ID || u.Level != homing.ReadOnly {
		t.Errorf("invited %+v", u)
	}
	mara.Get("/settings/people").Want(ok).Has("new@example.com", "mara@example.com").Lacks("eve@example.com", "ann@example.com")
	eve := "/settings/people/" + user(h, "eve@example.com").ID.String()
	for _, path := range []string{eve, "/settings/people/1", "/settings/people/99", "/settings/people/02", "/settings/people?account=" + other.ID.String()} {
		mara.Get(path).Want(missing)
	}
	for _, path := range []string{eve, eve + "/link", eve + "/second-factor", "/settings/people/1", "/settings/people/1/link"} {
		mara.Post(path, "do", "disable", "password", paneltest.Password).Want(missing)
	}
	if user(h, "eve@example.com").Disabled || user(h, "ann@example.com").Disabled {
		t.Error("somebody of another side was disabled")
	}
	// Operators' owners see to everybody.
	theirs := "/settings/people?account=" + a.ID.String()
	op.Get(theirs).Want(ok).Has(`aria-current="page">People`, "Northwind", "mara@example.com").Lacks("eve@example.com")
	op.Post(theirs, "email", "third@example.com", "level", "owner").Want(ok)
	if u := user(h, "third@example.com"); u.Account != a.ID || u.Role != homing.RoleAdvertiser {
		t.Errorf("invited %+v", u)
	}
	op.Get("/settings/people").Want(ok).Lacks("mara@example.com")
	op.Get("/settings/people?account=" + h.Account("Empty").ID.String()).Want(ok).Has("Nobody yet")
}

func TestChangingSomebody(t *testing.T) {
	h := open(t, settings.Given{})
	op := h.Operator()
	bob := member(h, 0, "bob@example.com", homing.Manager)
	page := "/settings/people/" + user(h, "bob@example.com").ID.String()
	op.Get(page).Want(ok).Has(`value="manager" required checked`, "Disable")
	op.Post(page, "do", "save", "level", "god").Want(unfit)
	op.Post(page, "do", "nothing").Want(unfit)
	op.Post(page, "do", "save", "level", "read-only", "hide_money", "on").Want(moved)
	bob.Get("/settings").Want(ok).Has("read-only, amounts hidden") // in force at once
	op.Post(page, "do", "disable").Want(moved)
	bob.Get("/settings").Want(moved)
	op.Get(page+"?done=user-disabled").Want(ok).Has("Let the person in again", "disabled and signed out")
	op.Post(page + "/link").Want(unfit).Has("enable it first")
	if u := user(h, "bob@example.com"); u.Level != homing.ReadOnly || !u.HideMoney {
		t.Errorf("disabling changed %+v", u)
	}
	op.Post(page, "do", "enable").Want(moved)
	h.Stranger().Post("/signin", "email", "bob@example.com", "password", paneltest.Password).Want(moved)
	link := find(t, op.Post(page+"/link").Want(ok).Text, linkPattern)
	h.Stranger().Post(link, "password", "another fine password").Want(moved)
}

func TestNobodyLocksThemselvesOut(t *testing.T) {
	h := open(t, settings.Given{})
	op := h.Operator()
	op.Get("/settings/people/1").Want(ok).Lacks(`value="disable"`)
	op.Post("/settings/people/1", "do", "disable").Want(unfit).Has("Nobody disables the own one")
	op.Post("/settings/people/1", "do", "save", "level", "manager").Want(unfit).Has("This is the last owner")
	member(h, 0, "bob@example.com", homing.Owner)
	to := op.Post("/settings/people/1", "do", "save", "level", "manager").Want(moved).Header.Get("Location")
	op.Get(to).Want(ok).Has("manager")
	op.Get("/settings/people/1").Want(forbidden)
}

func TestManyPeopleHavePages(t *testing.T) {
	h := open(t, settings.Given{})
	op := h.Operator()
	a := h.Account("Northwind")
	for i := range 120 {
		u := homing.User{Email: fmt.Sprintf("person%03d@example.com", i), Role: homing.RoleAdvertiser, Account: a.ID, Level: homing.ReadOnly, Password: "x"}
		h.Must(h.Ledger.PutUser(h.Context(), ledger.Actor{Name: "test"}, &u))
	}
	theirs := "/settings/people?account=" + a.ID.String()
	op.Get(theirs).Want(ok).Has("1 to 50 of 120 users", "account=1&amp;page=2").Lacks("person050")
	op.Get(theirs+"&page=3").Want(ok).Has("person119@example.com", "101 to 120 of 120 users", "account=1&amp;page=2").Lacks("person099")
	// Whoever is invited from a later page finds the pages where they were.
	op.Post(theirs+"&page=3", "email", "zoe@example.com", "level", "manager").Want(ok).Has("is not shown again", "/settings/people?account=1&amp;page=2")
}
