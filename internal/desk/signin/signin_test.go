package signin

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/sqlite"
)

// door is a SignIn on a real ledger, with a clock that is moved by hand.
type door struct {
	*SignIn
	t      *testing.T
	ledger *sqlite.Ledger
	at     time.Time
}

const password = "correct horse battery"

var agent = Agent{Addr: netip.MustParseAddr("203.0.113.9"), UserAgent: "test"}

func newDoor(t *testing.T) *door {
	t.Helper()
	l, err := sqlite.Open(sqlite.Options{Path: filepath.Join(t.TempDir(), "ledger.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	ring, err := homing.NewKeyring(homing.MasterKey{ID: "0badcafe", Secret: [32]byte{1}})
	if err != nil {
		t.Fatal(err)
	}
	d := &door{t: t, ledger: l, at: time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)}
	d.SignIn = New(Options{
		People: l, Clock: func() time.Time { return d.at }, DeskURL: func() string { return "https://desk.example/" },
		Keyring: func() *homing.Keyring { return ring }, SecureCookies: true, Cost: Cost{Memory: 64, Passes: 1},
	})
	return d
}

func (d *door) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *door) want(err, kind error) {
	d.t.Helper()
	if !errors.Is(err, kind) {
		d.t.Fatalf("error is %v, want %v", err, kind)
	}
}

// tokenOf is what stands in a link.
func (d *door) tokenOf(link string) Token {
	d.t.Helper()
	token, ok := strings.CutPrefix(link, "https://desk.example/welcome/")
	if !ok || len(token) != 43 {
		d.t.Fatalf("link is %q", link)
	}
	return Token(token)
}

// firstOperator sets the house up.
func (d *door) firstOperator() Token {
	d.t.Helper()
	link, err := d.SetUpLink(d.t.Context())
	d.must(err)
	session, err := d.Choose(d.t.Context(), agent, d.tokenOf(link), "ann@example.com", password)
	d.must(err)
	return session
}

// who is recognized by a session's token, and the cookies that were set.
func (d *door) who(t Token) (*Person, []*http.Cookie) {
	d.t.Helper()
	var person *Person
	h := d.Recognize(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { person = PersonOf(r) }),
		func(_ http.ResponseWriter, _ *http.Request, err error) { d.t.Errorf("recognize: %v", err) })
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: "__Host-homing", Value: t.Reveal()})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return person, w.Result().Cookies()
}

func TestTheSetUpLink(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	first, err := d.SetUpLink(ctx)
	d.must(err)
	second, err := d.SetUpLink(ctx)
	d.must(err)
	_, err = d.Welcome(ctx, d.tokenOf(first))
	d.want(err, homing.ErrNotFound) // a new one at each start
	for range 3 {
		welcome, err := d.Welcome(ctx, d.tokenOf(second))
		d.must(err)
		if !welcome.First {
			t.Errorf("welcome is %+v", welcome)
		}
	}
	d.at = d.at.Add(24 * time.Hour)
	_, err = d.Choose(ctx, agent, d.tokenOf(second), "ann@example.com", password)
	d.want(err, homing.ErrNotFound)
	d.firstOperator()
	link, err := d.SetUpLink(ctx)
	d.must(err)
	if link != "" {
		t.Error("there is a set-up link although there is an operator")
	}
}

func TestAnOldSetUpLinkIsVoidOnceThereIsAnOperator(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	link, err := d.SetUpLink(ctx)
	d.must(err)
	invited, _, err := d.Invite(ctx, "command line", operator("bob@example.com"))
	d.must(err)
	_, err = d.Choose(ctx, agent, d.tokenOf(invited), "", password)
	d.must(err)
	_, err = d.Choose(ctx, agent, d.tokenOf(link), "eve@example.com", password)
	d.want(err, homing.ErrNotFound)
}

func TestOfTwoWhoChooseAtOnceOneGetsTheLink(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	link, err := d.SetUpLink(ctx)
	d.must(err)
	var wait sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for _, email := range []string{"a@example.com", "b@example.com", "c@example.com"} {
		wait.Go(func() {
			_, err := d.Choose(ctx, agent, d.tokenOf(link), email, password)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			}
		})
	}
	wait.Wait()
	if users, _ := d.ledger.Users(ctx); won != 1 || len(users) != 1 {
		t.Errorf("%d won, %d users", won, len(users))
	}
}

// failing is a ledger that cannot store users.
type failing struct{ ledger.People }

func (failing) PutUser(context.Context, ledger.Actor, *homing.User) error {
	return homing.ErrUnavailable
}

func TestALinkWhosePasswordCouldNotBeStoredGoesBack(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	link, err := d.SetUpLink(ctx)
	d.must(err)
	d.people = failing{d.ledger}
	_, err = d.Choose(ctx, agent, d.tokenOf(link), "ann@example.com", password)
	d.want(err, homing.ErrUnavailable)
	d.people = d.ledger
	_, err = d.Choose(ctx, agent, d.tokenOf(link), "ann@example.com", password)
	d.must(err)
}

func operator(email string) Invitation {
	return Invitation{Email: email, Role: homing.RoleOperator, Level: homing.Owner}
}

func TestInvite(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	for _, bad := range []Invitation{
		operator(""), operator("ann"), operator("Ann <a@example.com>"),
		{Email: "a@example.com\n", Role: homing.RoleOperator, Account: 1, Level: homing.Owner},
		{Email: "a@example.com", Role: homing.RoleAdvertiser, Level: homing.Owner}, {Email: "a@example.com", Level: homing.Owner},
		{Email: "a@example.com", Role: homing.RoleOperator}, {Email: "a@example.com", Role: homing.RoleOperator, Level: 4},
		{Email: "a@example.com", Role: homing.RoleOperator, Level: homing.Owner, HideMoney: true},
	} {
		_, _, err := d.Invite(ctx, "test", bad)
		d.want(err, homing.ErrInvalid)
	}
	link, expires, err := d.Invite(ctx, "test", operator(" Ann@Example.com "))
	d.must(err)
	if want := homing.MillisOf(d.at.Add(7 * 24 * time.Hour)); expires != want {
		t.Errorf("expires %s, want %s", expires, want)
	}
	_, _, err = d.Invite(ctx, "test", operator("ann@example.com"))
	d.want(err, homing.ErrConflict)
	// Nobody signs in before a password is chosen, not even with an empty one.
	_, _, err = d.SignIn.SignIn(ctx, agent, "ann@example.com", "")
	d.want(err, ErrMismatch)
	welcome, err := d.Welcome(ctx, d.tokenOf(link))
	d.must(err)
	if welcome.First || welcome.Email != "ann@example.com" || !welcome.New {
		t.Errorf("welcome is %+v", welcome)
	}
}

func TestReset(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	session := d.firstOperator()
	first, _, err := d.Reset(ctx, "command line", "ann@example.com")
	d.must(err)
	second, _, err := d.Reset(ctx, "command line", "ANN@example.com")
	d.must(err)
	if person, _ := d.who(session); person == nil {
		t.Error("asking for a link ended the session")
	}
	_, err = d.Choose(ctx, agent, d.tokenOf(first), "", "another fine password")
	d.want(err, homing.ErrNotFound)
	fresh, err := d.Choose(ctx, agent, d.tokenOf(second), "", "another fine password")
	d.must(err)
	if person, _ := d.who(session); person != nil {
		t.Error("the old session goes on with a new password")
	}
	if person, _ := d.who(fresh); person == nil || !person.Operator() {
		t.Error("the new session does not begin")
	}
	_, _, err = d.Reset(ctx, "command line", "nobody@example.com")
	d.want(err, homing.ErrNotFound)
}

func TestADisabledUserIsNobody(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	session := d.firstOperator()
	link, _, err := d.Reset(ctx, "test", "ann@example.com")
	d.must(err)
	user, err := d.ledger.UserByEmail(ctx, "ann@example.com")
	d.must(err)
	user.Disabled = true
	d.must(d.ledger.PutUser(ctx, ledger.Actor{Name: "test"}, &user))
	if person, _ := d.who(session); person != nil {
		t.Error("a disabled user is recognized")
	}
	_, _, err = d.SignIn.SignIn(ctx, agent, "ann@example.com", password)
	d.want(err, ErrMismatch)
	_, err = d.Choose(ctx, agent, d.tokenOf(link), "", password)
	d.want(err, homing.ErrNotFound)
}

func TestTheCookie(t *testing.T) {
	d := newDoor(t)
	session := d.firstOperator()
	w := httptest.NewRecorder()
	d.Remember(w, session)
	got := w.Header().Get("Set-Cookie")
	for _, part := range []string{"__Host-homing=" + session.Reveal(), "Path=/", "HttpOnly", "Secure", "SameSite=Lax", "Max-Age=1209600"} {
		if !strings.Contains(got, part) {
			t.Errorf("the cookie is %q, without %s", got, part)
		}
	}
	d.secure = false
	w = httptest.NewRecorder()
	d.Remember(w, session)
	if got = w.Header().Get("Set-Cookie"); !strings.HasPrefix(got, "homing=") || strings.Contains(got, "Secure") {
		t.Errorf("on loopback the cookie is %q", got)
	}
}

func TestASessionSlidesAndEnds(t *testing.T) {
	d := newDoor(t)
	session := d.firstOperator()
	step := func(after time.Duration, signedIn, renewed bool) {
		t.Helper()
		d.at = d.at.Add(after)
		person, cookies := d.who(session)
		if (person != nil) != signedIn || (len(cookies) > 0) != renewed {
			t.Fatalf("after %s more: signed in %t, renewed %t", after, person != nil, len(cookies) > 0)
		}
	}
	step(59*time.Minute, true, false)
	step(time.Minute, true, true)
	step(13*24*time.Hour, true, true)
	step(13*24*time.Hour, true, true)
	step(4*24*time.Hour-2*time.Hour, true, false) // 30 days are the end
	step(time.Hour, false, false)

	session, _, err := d.SignIn.SignIn(t.Context(), agent, "ann@example.com", password)
	d.must(err)
	step(14*24*time.Hour, false, false)
}

func TestSigningOutEndsTheSession(t *testing.T) {
	d := newDoor(t)
	session := d.firstOperator()
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.AddCookie(&http.Cookie{Name: "__Host-homing", Value: session.Reveal()})
	w := httptest.NewRecorder()
	d.must(d.End(w, r))
	if got := w.Header().Get("Set-Cookie"); !strings.Contains(got, "Max-Age=0") {
		t.Errorf("the cookie is %q", got)
	}
	if person, _ := d.who(session); person != nil {
		t.Error("the session goes on")
	}
}

func TestOnlyHashesAreStored(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	session := d.firstOperator()
	stored, err := d.ledger.SessionBy(ctx, session.hash())
	d.must(err)
	if stored.Addr != "203.0.113.0" {
		t.Errorf("the address is stored as %q", stored.Addr)
	}
	user, err := d.ledger.UserByEmail(ctx, "ann@example.com")
	d.must(err)
	if !strings.HasPrefix(user.Password, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Errorf("the password is stored as %q", user.Password)
	}
}

func TestWhoMaySeeWhat(t *testing.T) {
	operator := &Person{User: homing.User{Role: homing.RoleOperator}}
	advertiser := &Person{User: homing.User{Role: homing.RoleAdvertiser, Account: 7}}
	nobodys := &Person{User: homing.User{Role: homing.RoleAdvertiser}}
	for account, want := range map[homing.AccountID][3]bool{0: {true, false, false}, 7: {true, true, false}, 8: {true, false, false}} {
		for i, p := range []*Person{operator, advertiser, nobodys} {
			if got := p.MaySee(account); got != want[i] {
				t.Errorf("person %d and account %s: %t", i, account, got)
			}
		}
	}
}
