package ledgertest

import (
	"fmt"
	"sync/atomic"
	"testing"

	"homing"
	"homing/internal/engine/ledger"
)

func testPeople(t *testing.T, store Store) {
	t.Run("users", func(t *testing.T) { users(t, fresh(t, store)) })
	t.Run("levels and second factors", func(t *testing.T) { userExtras(t, fresh(t, store)) })
	t.Run("sessions", func(t *testing.T) { sessions(t, fresh(t, store)) })
	t.Run("sessions of a user", func(t *testing.T) { sessionsOf(t, fresh(t, store)) })
	t.Run("notices", func(t *testing.T) { notices(t, fresh(t, store)) })
	t.Run("links", func(t *testing.T) { links(t, fresh(t, store)) })
	t.Run("tokens", func(t *testing.T) { tokens(t, fresh(t, store)) })
}

func users(t *testing.T, l ledger.Ledger) {
	one := account(t, l, "one")
	a := homing.User{Email: "root@example.org", Role: homing.RoleOperator, Password: "$argon2id$a", Created: Noon}
	b := homing.User{Email: "b@example.org", Role: homing.RoleAdvertiser, Account: one, Created: Noon, Disabled: true}
	must(t, l.PutUser(ctx(t), by, &a))
	must(t, l.PutUser(ctx(t), by, &b))
	list, err := l.Users(ctx(t))
	must(t, err)
	equal(t, "users", fmt.Sprintf("%+v", list), fmt.Sprintf("%+v", []homing.User{a, b}))
	got, err := l.UserByEmail(ctx(t), "b@example.org")
	must(t, err)
	equal(t, "by e-mail", fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", b))
	got, err = l.UserByID(ctx(t), a.ID)
	must(t, err)
	equal(t, "by number", fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", a))
	_, err = l.UserByEmail(ctx(t), "nobody@example.org")
	mustBe(t, err, homing.ErrNotFound)
	_, err = l.UserByID(ctx(t), 99)
	mustBe(t, err, homing.ErrNotFound)

	twin := homing.User{Email: "root@example.org", Role: homing.RoleOperator}
	mustBe(t, l.PutUser(ctx(t), by, &twin), homing.ErrConflict)
	equal(t, "number of the twin", twin.ID, 0)
	b.Email = a.Email
	mustBe(t, l.PutUser(ctx(t), by, &b), homing.ErrConflict)
	mustBe(t, l.PutUser(ctx(t), by, &homing.User{ID: 99, Email: "x"}), homing.ErrNotFound)
	mustBe(t, l.PutUser(ctx(t), by, &homing.User{Email: "x", Account: 99}), homing.ErrNotFound)

	entries, err := l.Audit(ctx(t), ledger.AuditQuery{Limit: 1})
	must(t, err)
	equal(t, "audit", entries[0].Action+" "+entries[0].Object, "user.create user "+fmt.Sprint(b.ID))
}

func sessions(t *testing.T, l ledger.Ledger) {
	u := homing.User{Email: "a@example.org", Role: homing.RoleOperator, Password: "one"}
	other := homing.User{Email: "b@example.org", Role: homing.RoleOperator, Password: "one"}
	must(t, l.PutUser(ctx(t), by, &u))
	must(t, l.PutUser(ctx(t), by, &other))
	s := ledger.Session{Token: ledger.TokenHash{0xff, 1}, User: u.ID, Created: Noon, Expires: Noon - 1, Addr: "192.0.2.0", UserAgent: "b"}
	s2, s3 := s, s
	s2.Token, s3.Token, s3.User = ledger.TokenHash{2}, ledger.TokenHash{3}, other.ID
	for _, s := range []ledger.Session{s, s2, s3} {
		must(t, l.PutSession(ctx(t), s))
		got, err := l.SessionBy(ctx(t), s.Token)
		must(t, err)
		equal(t, "session", got, s)
	}
	_, err := l.SessionBy(ctx(t), ledger.TokenHash{9})
	mustBe(t, err, homing.ErrNotFound)
	must(t, l.DropSession(ctx(t), s.Token))
	must(t, l.DropSession(ctx(t), s.Token))
	_, err = l.SessionBy(ctx(t), s.Token)
	mustBe(t, err, homing.ErrNotFound)

	u.Zone = "Europe/Berlin" // what has nothing to do with signing in ends no session
	must(t, l.PutUser(ctx(t), by, &u))
	_, err = l.SessionBy(ctx(t), s2.Token)
	must(t, err)
	must(t, l.PutSession(ctx(t), s))
	must(t, l.DropSessionsOf(ctx(t), u.ID, s2.Token))
	of, err := l.SessionsOf(ctx(t), u.ID)
	must(t, err)
	equal(t, "sessions of the user", fmt.Sprint(of), fmt.Sprint([]ledger.Session{s2}))
	u.Password = "two"
	must(t, l.PutUser(ctx(t), by, &u))
	_, err = l.SessionBy(ctx(t), s2.Token)
	mustBe(t, err, homing.ErrNotFound)
	_, err = l.SessionBy(ctx(t), s3.Token)
	must(t, err)
	must(t, l.PutSession(ctx(t), s2))
	u.Disabled = true
	must(t, l.PutUser(ctx(t), by, &u))
	_, err = l.SessionBy(ctx(t), s2.Token)
	mustBe(t, err, homing.ErrNotFound)
	mustBe(t, l.PutSession(ctx(t), ledger.Session{Token: ledger.TokenHash{4}, User: 99}), homing.ErrNotFound)
}

func links(t *testing.T, l ledger.Ledger) {
	u := homing.User{Email: "a@example.org", Role: homing.RoleOperator}
	must(t, l.PutUser(ctx(t), by, &u))
	setUp := ledger.Link{Token: ledger.TokenHash{1}, Purpose: ledger.LinkSetUp, Created: Noon, Expires: Noon + 1}
	password := ledger.Link{Token: ledger.TokenHash{2}, Purpose: ledger.LinkPassword, User: u.ID, Created: Noon, Expires: Noon + 1}
	for _, k := range []ledger.Link{setUp, password} {
		must(t, l.PutLink(ctx(t), k))
		got, err := l.LinkBy(ctx(t), k.Token)
		must(t, err)
		equal(t, "link", got, k)
	}
	var taken atomic.Int32
	together(30, func(int) {
		k, err := l.TakeLink(ctx(t), setUp.Token)
		if err != nil {
			mustBe(t, err, homing.ErrNotFound)
			return
		}
		taken.Add(1)
		equal(t, "taken link", k, setUp)
	})
	equal(t, "takers", taken.Load(), 1)
	_, err := l.LinkBy(ctx(t), setUp.Token)
	mustBe(t, err, homing.ErrNotFound)

	must(t, l.PutLink(ctx(t), setUp))
	must(t, l.DropLinks(ctx(t), ledger.LinkPassword, 0))
	must(t, l.DropLinks(ctx(t), ledger.LinkPassword, u.ID))
	_, err = l.LinkBy(ctx(t), password.Token)
	mustBe(t, err, homing.ErrNotFound)
	_, err = l.LinkBy(ctx(t), setUp.Token)
	must(t, err)
	must(t, l.DropLinks(ctx(t), ledger.LinkSetUp, 0))
	_, err = l.LinkBy(ctx(t), setUp.Token)
	mustBe(t, err, homing.ErrNotFound)
}
