package ledgertest

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"homing"
	"homing/internal/engine/ledger"
)

// What people settle in the panel.

func installation(t *testing.T, l ledger.Ledger) {
	equal(t, "of an empty ledger", fmt.Sprintf("%+v", snapshot(t, l).Installation), fmt.Sprintf("%+v", homing.Installation{}))
	before := snapshot(t, l).Version
	i := homing.Installation{
		Name: "Nörth", PublicURL: "https://t.example.com", DeskURL: "https://desk.example.com", Zone: "Europe/Berlin", Currency: "EUR",
		Mail: homing.Mail{Host: "mail.example.com", Port: 465, Security: homing.MailTLS, User: "token-user", Password: []byte("sealed-mail"), From: "a@example.com"},
		Notices: homing.Notices{
			Emails: []string{"a@example.com", "b@example.com"}, Webhook: "https://hook.example.com/T01/token-hook", WebhookKey: []byte("sealed-hook"), Off: []string{"lag"},
		},
	}
	must(t, l.Apply(ctx(t), by, ledger.PutInstallation{Installation: i}))
	s := snapshot(t, l)
	equal(t, "installation", fmt.Sprintf("%+v", s.Installation), fmt.Sprintf("%+v", i))
	if s.Version <= before {
		t.Errorf("version %d after %d", s.Version, before)
	}
	entries, err := l.Audit(ctx(t), ledger.AuditQuery{Action: "installation", Limit: 9})
	must(t, err)
	equal(t, "entries", len(entries), 1)
	equal(t, "entry", entries[0].Actor+" "+entries[0].Action+" "+entries[0].Object, "user 3 installation.update installation")
	for _, word := range []string{"Nörth", "https://t.example.com", "https://desk.example.com", "Europe/Berlin", "EUR", "mail.example.com:465", "https://hook.example.com/…", "with a user", "replaced"} {
		if !strings.Contains(entries[0].Detail, word) {
			t.Errorf("%q does not tell %q", entries[0].Detail, word)
		}
	}
	must(t, l.Apply(ctx(t), by, ledger.PutInstallation{Installation: i})) // changes nothing
	again, err := l.Audit(ctx(t), ledger.AuditQuery{Limit: 9})
	must(t, err)
	equal(t, "entries after the same once more", len(again), 1)
	i.Notices.Webhook, i.Mail.User = "https://hook.example.com/T02/token-other", "token-another"
	must(t, l.Apply(ctx(t), by, ledger.PutInstallation{Installation: i}))
	again, err = l.Audit(ctx(t), ledger.AuditQuery{Limit: 9})
	must(t, err)
	equal(t, "entries after other secrets", len(again), 2)
	for _, word := range []string{"webhook replaced", "user replaced"} {
		if !strings.Contains(again[0].Detail, word) {
			t.Errorf("%q does not tell %q", again[0].Detail, word)
		}
	}
	for _, e := range again {
		if strings.Contains(e.Detail, "sealed") || strings.Contains(e.Detail, "token") {
			t.Errorf("a secret in the audit log: %q", e.Detail)
		}
	}
	must(t, l.Apply(ctx(t), by, ledger.PutInstallation{}))
	equal(t, "emptied", fmt.Sprintf("%+v", snapshot(t, l).Installation), fmt.Sprintf("%+v", homing.Installation{}))
}

func accountExtras(t *testing.T, l ledger.Ledger) {
	a := homing.Account{
		PublicID: "pub", Name: "extras", Currency: "USD", Demo: true,
		Senders: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::1/128")},
		Notices: homing.Notices{Emails: []string{"mara@example.com"}, Webhook: "https://hook.example.com/?key=token-hook", WebhookKey: []byte("sealed-hook"), Off: []string{"lag"}},
	}
	must(t, l.Apply(ctx(t), by, ledger.PutAccount{Account: &a}))
	equal(t, "account", fmt.Sprintf("%+v", snapshot(t, l).Accounts), fmt.Sprintf("%+v", []homing.Account{a}))
	must(t, l.PutNotice(ctx(t), ledger.Notice{Kind: "silence", Object: "account 1", Account: a.ID, Since: Noon, Detail: "quiet"}))
	a.Senders, a.Demo, a.Notices = nil, false, homing.Notices{}
	must(t, l.Apply(ctx(t), by, ledger.PutAccount{Account: &a}))
	equal(t, "emptied", fmt.Sprintf("%+v", snapshot(t, l).Accounts), fmt.Sprintf("%+v", []homing.Account{a}))
	entries, err := l.Audit(ctx(t), ledger.AuditQuery{Account: a.ID, Limit: 9})
	must(t, err)
	for _, e := range entries {
		if strings.Contains(e.Detail, "sealed") || strings.Contains(e.Detail, "token") {
			t.Errorf("a secret in the audit log: %q", e.Detail)
		}
		if !strings.Contains(e.Detail, "203.0.113.0/24") || !strings.Contains(e.Detail, "mara@example.com") {
			t.Errorf("%q does not tell what changed", e.Detail)
		}
	}
	must(t, l.Apply(ctx(t), by, ledger.EraseAccount{Account: a.ID, Lead: HashLead}))
	notices, err := l.Notices(ctx(t))
	must(t, err)
	equal(t, "notices of an erased account", len(notices), 0)
}

func userExtras(t *testing.T, l ledger.Ledger) {
	u := homing.User{
		Email: "a@example.org", Role: homing.RoleOperator, Password: "$argon2id$a", Created: Noon, Level: homing.Manager, HideMoney: true,
		Zone: "Asia/Kathmandu", TOTP: []byte{0, 0xff, 's', 'e', 'a', 'l', 'e', 'd'}, TOTPStep: 1 << 40, Recovery: []homing.KeyHash{{1}, {2, 31: 0xff}, {}},
	}
	check := func(what string) {
		t.Helper()
		for _, look := range []func() (homing.User, error){
			func() (homing.User, error) { return l.UserByID(ctx(t), u.ID) },
			func() (homing.User, error) { return l.UserByEmail(ctx(t), u.Email) },
		} {
			got, err := look()
			must(t, err)
			equal(t, what, fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", u))
		}
	}
	must(t, l.PutUser(ctx(t), by, &u))
	check("new user")
	must(t, l.PutSession(ctx(t), ledger.Session{Token: ledger.TokenHash{1}, User: u.ID, Created: Noon, Expires: Noon + 9}))
	u.Level, u.HideMoney, u.Zone, u.Recovery, u.TOTPStep = homing.Owner, false, "", u.Recovery[1:], u.TOTPStep+1
	must(t, l.PutUser(ctx(t), by, &u))
	check("changed user")
	u.TOTP, u.Recovery = nil, nil
	must(t, l.PutUser(ctx(t), by, &u))
	check("without second factor")
	if of, err := l.SessionsOf(ctx(t), u.ID); err != nil || len(of) != 1 {
		t.Errorf("sessions after changes that are no reason to end them: %v, %v", of, err)
	}
	entries, err := l.Audit(ctx(t), ledger.AuditQuery{Action: "user.update", Limit: 9})
	must(t, err)
	equal(t, "entries", len(entries), 2)
	for i, words := range [][]string{{`second factor "set up" → "removed"`, `recovery codes "2" → "0"`}, {`level "manager" → "owner"`, `amounts hidden "true" → "false"`, `recovery codes "3" → "2"`}} {
		for _, word := range words {
			if !strings.Contains(entries[i].Detail, word) {
				t.Errorf("%q does not tell %q", entries[i].Detail, word)
			}
		}
		if strings.Contains(entries[i].Detail, "sealed") {
			t.Errorf("a secret in the audit log: %q", entries[i].Detail)
		}
	}
}

func sessionsOf(t *testing.T, l ledger.Ledger) {
	u, other := homing.User{Email: "a@example.org", Role: homing.RoleOperator}, homing.User{Email: "b@example.org", Role: homing.RoleOperator}
	must(t, l.PutUser(ctx(t), by, &u))
	must(t, l.PutUser(ctx(t), by, &other))
	session := func(n byte, user homing.UserID, created homing.Millis) ledger.Session {
		s := ledger.Session{Token: ledger.TokenHash{n}, User: user, Created: created, Expires: Noon - 1, UserAgent: "b"}
		must(t, l.PutSession(ctx(t), s))
		return s
	}
	first, second, third := session(1, u.ID, Noon), session(2, u.ID, Noon+2), session(3, u.ID, Noon+1)
	theirs := session(4, other.ID, Noon)
	list := func(user homing.UserID, want ...ledger.Session) {
		t.Helper()
		got, err := l.SessionsOf(ctx(t), user)
		must(t, err)
		equal(t, "sessions", fmt.Sprint(got), fmt.Sprint(want))
	}
	list(u.ID, second, third, first)
	list(99)
	must(t, l.DropSessionsOf(ctx(t), u.ID, theirs.Token)) // somebody else's token keeps nothing
	list(u.ID)
	list(other.ID, theirs)
	must(t, l.DropSessionsOf(ctx(t), other.ID, ledger.TokenHash{}))
	list(other.ID)
}

func notices(t *testing.T, l ledger.Ledger) {
	one := account(t, l, "one")
	const week = homing.Millis(7 * 24 * 3600 * 1000)
	put := func(n ledger.Notice) ledger.Notice { t.Helper(); must(t, l.PutNotice(ctx(t), n)); return n }
	list := func(want ...ledger.Notice) {
		t.Helper()
		got, err := l.Notices(ctx(t))
		must(t, err)
		equal(t, "notices", fmt.Sprint(got), fmt.Sprint(want))
	}
	list()
	silence := put(ledger.Notice{Kind: "silence", Object: "account 1", Account: one, Since: Noon + 1, Detail: "nothing since Noon"})
	disk := put(ledger.Notice{Kind: "disk", Object: "disk", Since: Noon})
	key := put(ledger.Notice{Kind: "silence", Object: "account 2", Since: Noon + 1})
	list(disk, silence, key)
	silence.Told, silence.Detail = Noon+5, "still nothing"
	put(silence) // one for each kind and object
	list(disk, silence, key)
	silence.Ended = Noon + 10
	put(silence)
	list(disk, silence, key) // over, and kept for a while
	disk.Told = Noon + 10 + week
	put(disk)
	list(disk, silence, key)
	disk.Told++
	put(disk)
	list(disk, key) // one that stands is kept for as long as it does
}

func auditQuery(t *testing.T, l ledger.Ledger) {
	one, two := account(t, l, "one"), account(t, l, "two")
	k := key(one, "secretsecretsecret")
	must(t, l.Apply(ctx(t), ledger.Actor{Name: "user 9", At: Noon}, ledger.PutKey{Key: &k}))
	k.Revoked = Noon
	must(t, l.Apply(ctx(t), by, ledger.PutKey{Key: &k}))
	must(t, l.Apply(ctx(t), by, ledger.PutInstallation{Installation: homing.Installation{Name: "x"}}))
	all, err := l.Audit(ctx(t), ledger.AuditQuery{Limit: 100})
	must(t, err)
	equal(t, "entries", len(all), 5)
	for i := 1; i < len(all); i++ {
		if all[i].Number >= all[i-1].Number {
			t.Errorf("entry %d comes after %d", all[i].Number, all[i-1].Number)
		}
	}
	for _, c := range []struct {
		q    ledger.AuditQuery
		want []int // of all
	}{
		{ledger.AuditQuery{Limit: 2}, []int{0, 1}},
		{ledger.AuditQuery{Limit: 2, Before: all[1].Number}, []int{2, 3}},
		{ledger.AuditQuery{Limit: 9, Before: all[4].Number}, nil},
		{ledger.AuditQuery{Limit: 9, Account: one}, []int{1, 2, 4}},
		{ledger.AuditQuery{Limit: 9, Account: two}, []int{3}},
		{ledger.AuditQuery{Limit: 9, Actor: "user 9"}, []int{2}},
		{ledger.AuditQuery{Limit: 9, Actor: "user"}, nil},
		{ledger.AuditQuery{Limit: 9, Action: "key"}, []int{1, 2}},
		{ledger.AuditQuery{Limit: 9, Action: "key.create"}, []int{2}},
		{ledger.AuditQuery{Limit: 9, Action: "ke"}, nil},
		{ledger.AuditQuery{Limit: 9, Action: "%"}, nil},
		{ledger.AuditQuery{Limit: 9, Action: "account", Account: two, Actor: by.Name}, []int{3}},
		{ledger.AuditQuery{}, nil},
	} {
		got, err := l.Audit(ctx(t), c.q)
		must(t, err)
		var want []ledger.AuditEntry
		for _, i := range c.want {
			want = append(want, all[i])
		}
		equal(t, fmt.Sprintf("%+v", c.q), fmt.Sprint(got), fmt.Sprint(want))
	}
}
