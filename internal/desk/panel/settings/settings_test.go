package settings_test

import (
	"html"
	"net/http"
	"regexp"
	"testing"

	"homing"
	"homing/internal/desk/panel/door"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/settings"
	"homing/internal/desk/signin"
	"homing/internal/engine/ledger"
)

const (
	ok        = http.StatusOK
	moved     = http.StatusSeeOther
	missing   = http.StatusNotFound
	forbidden = http.StatusForbidden
	unfit     = http.StatusUnprocessableEntity
)

func open(t *testing.T, given settings.Given) *paneltest.House {
	return paneltest.New(t, func(h *paneltest.House) []page.Screen {
		return []page.Screen{door.New(), settings.New(settings.Options{Tokens: tokensOf(h), Given: given})}
	})
}

func tokensOf(h *paneltest.House) signin.Tokens {
	return signin.Tokens{People: h.Ledger, Clock: h.Time}
}

// find is the first group of a pattern in a page.
func find(t *testing.T, text, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("nothing fits %s in\n%s", pattern, paneltest.Excerpt(text))
	}
	return html.UnescapeString(m[1])
}

var linkPattern = `(/welcome/[\w-]{43})`

func user(h *paneltest.House, email string) homing.User {
	u, err := h.Ledger.UserByEmail(h.Context(), email)
	h.Must(err)
	return u
}

// member is somebody of a level, signed in.
func member(h *paneltest.House, account homing.AccountID, email string, level homing.Level) *paneltest.Browser {
	h.T.Helper()
	n := signin.Invitation{Email: email, Role: homing.RoleAdvertiser, Account: account, Level: level}
	if account == 0 {
		n.Role = homing.RoleOperator
	}
	link, _, err := h.SignIn.Invite(h.Context(), "test", n)
	h.Must(err)
	b := h.Stranger()
	b.Post(h.Path(link), "password", paneltest.Password).Want(moved)
	return b
}

func TestTheTabsAreThoseOfTheLevel(t *testing.T) {
	h := open(t, settings.Given{})
	op := h.Operator()
	a := h.Account("Northwind")
	tabs := []string{`href="/settings/people"`, `href="/settings/tokens"`, `href="/settings/notices"`, `href="/settings/installation"`}
	for _, c := range []struct {
		b    *paneltest.Browser
		has  int // of tabs, each bit one
		told string
	}{
		{op, 0b1111, "owner"},
		{member(h, 0, "opm@example.com", homing.Manager), 0b0100, "Operator · manager"},
		{member(h, 0, "opr@example.com", homing.ReadOnly), 0, "Operator · read-only"},
		{member(h, a.ID, "own@example.com", homing.Owner), 0b0111, "Northwind"},
		{member(h, a.ID, "man@example.com", homing.Manager), 0b0100, "</bdi> · manager"},
		{member(h, a.ID, "read@example.com", homing.ReadOnly), 0, "</bdi> · read-only"},
	} {
		shown := c.b.Get("/settings").Want(ok).Has(c.told)
		for i, tab := range tabs {
			if c.has>>i&1 == 1 {
				shown.Has(tab)
			} else {
				shown.Lacks(tab)
			}
		}
	}
	if to := op.Get("/you").Want(moved).Header.Get("Location"); to != "/settings" {
		t.Errorf("/you leads to %q", to)
	}
}

func TestAZoneOfOnesOwn(t *testing.T) {
	h := open(t, settings.Given{})
	b := h.Operator()
	b.Get("/settings").Want(ok).Has("Empty means UTC", "2026-03-02 09:30:00", " UTC ", `<option value="Asia/Kathmandu">`)
	b.Post("/settings/zone", "zone", "Nowhere/Land").Want(unfit).Has("f-zone-error", `value="Nowhere/Land"`)
	b.Post("/settings/zone", "zone", " Asia/Kathmandu ").Want(moved)
	b.Get("/settings?done=saved").Want(ok).Has("2026-03-02 15:15:00", "UTC&#43;05:45", `title="2026-03-02 09:30:00 UTC"`, "Saved.")
	b.Post("/settings/zone", "zone", "").Want(moved)
	b.Post("/settings/installation", "zone", "Europe/Berlin").Want(moved)
	b.Get("/settings").Want(ok).Has("2026-03-02 10:30:00", "CET", "Empty means Europe/Berlin")
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	h := open(t, settings.Given{})
	b := h.Operator()
	put := func(n byte, agent string) {
		h.Must(h.Ledger.PutSession(h.Context(), ledger.Session{
			Token: ledger.TokenHash{n}, User: 1, Created: h.Millis() - 1000, Expires: h.Millis() + 1000, Addr: "198.51.100.0", UserAgent: agent,
		}))
	}
	put(1, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	put(2, "<b>evil\u202e</b>")
	put(3, "")
	h.Advertiser(h.Account("Northwind").ID, "mara@example.com")
	shown := b.Get("/settings").Want(ok).Has("Firefox on Linux", "&lt;b&gt;evil⟨U&#43;202E⟩", "a program that does not say its name", "this one", "198.51.100.0")
	if n := len(regexp.MustCompile(`/settings/sessions/[0-9a-f]{16}/end`).FindAllString(shown.Text, -1)); n != 3 {
		t.Errorf("%d sessions can be ended, want 3", n)
	}
	theirs, err := h.Ledger.SessionsOf(h.Context(), 2)
	h.Must(err)
	b.Post("/settings/sessions/" + hexOf(theirs[0].Token) + "/end").Want(missing)
	b.Post("/settings/sessions/0100000000000000/end").Want(moved)
	b.Get("/settings?done=session-ended").Want(ok).Lacks("Firefox on Linux").Has("The session has ended")
	b.Post("/settings/sessions/end").Want(moved)
	b.Get("/settings").Want(ok).Lacks("a program that", "End all others")
	if left, _ := h.Ledger.SessionsOf(h.Context(), 2); len(left) != 1 {
		t.Errorf("%d sessions of somebody else are left", len(left))
	}
	own := user(h, "ann@example.com")
	mine, err := h.Ledger.SessionsOf(h.Context(), own.ID)
	h.Must(err)
	if to := b.Post("/settings/sessions/" + hexOf(mine[0].Token) + "/end").Want(moved).Header.Get("Location"); to != "/signin" {
		t.Errorf("ending one's own session leads to %q", to)
	}
	b.Get("/settings").Want(moved)
}

func hexOf(token ledger.TokenHash) string {
	const digits = "0123456789abcdef"
	var text []byte
	for _, b := range token[:8] {
		text = append(text, digits[b>>4], digits[b&15])
	}
	return string(text)
}

func TestTheInstallation(t *testing.T) {
	h := open(t, settings.Given{})
	b := h.Operator()
	b.Get("/settings/installation").Want(ok).Has(`<option value="Europe/Berlin">`, "http://127.0.0.1:8080").Lacks("which goes before this")
	for field, bad := range map[string]string{"name": "a\x00b", "public_url": "track.example.com", "desk_url": "https://x.example/panel", "zone": "Local", "currency": "EURO"} {
		b.Post("/settings/installation", field, bad).Want(unfit).Has("f-" + field + "-error")
	}
	if i := h.Catalog.View().Installation; i.Name+i.PublicURL+i.Zone+i.Currency != "" {
		t.Errorf("kept %+v", i)
	}
	b.Post("/settings/installation", "name", " North <Ads> ", "public_url", "https://t.example.com/", "zone", "Europe/Berlin", "currency", "eur").Want(moved)
	i := h.Catalog.View().Installation
	if i.Name != "North <Ads>" || i.PublicURL != "https://t.example.com" || i.Zone != "Europe/Berlin" || i.Currency != "EUR" {
		t.Errorf("kept %+v", i)
	}
	if a := h.Account("New"); a.Currency != "EUR" {
		t.Errorf("a new advertiser has %s", a.Currency)
	}
	b.Get("/settings/installation").Want(ok).Has(`value="North &lt;Ads&gt;"`, "North &lt;Ads&gt;</bdi></a>")
	h.Stranger().Get("/signin").Want(ok).Has("<title>Sign in · North &lt;Ads&gt;</title>")
	if mail := h.Catalog.View().Installation.Mail; mail.Host != "" {
		t.Errorf("mail became %+v", mail)
	}
}

func TestTheInstallationTellsWhatGoesBeforeIt(t *testing.T) {
	h := open(t, settings.Given{PublicURL: "https://given.example", Zone: "Asia/Tokyo"})
	h.Operator().Get("/settings/installation").Want(ok).Has("--public-url https://given.example", "--time-zone Asia/Tokyo", "which goes before this")
}
