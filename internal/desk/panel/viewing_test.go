package panel

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/ledger"
)

func TestAnOperatorLooksAsAnAdvertiser(t *testing.T) {
	h := newHouse(t)
	mine, theirs := h.Account("Northwind"), h.Account("Harbour")
	h.Call(h.Campaign(mine.ID, "Visible campaign"), nil)
	h.Call(h.Campaign(theirs.ID, "Hidden campaign"), nil)
	h.Ills = []string{"reports are 12 s behind"}
	op := h.Operator()
	op.Post("/advertisers/1/view").Want(moved)
	op.Get("/campaigns").Want(ok).Has("You look as", "Northwind", "Visible campaign", "/viewing/stop").
		Lacks("Hidden campaign", "/system", `href="/advertisers"`, "12 s behind", "New campaign", "/signout")
	op.Get("/postbacks").Want(ok).Has("Visible campaign").Lacks("Hidden campaign")
	for path, want := range map[string]int{
		"/advertisers": forbidden, "/system": forbidden, "/advertisers/2/tracking": missing, "/campaigns?account=2": missing,
		"/campaigns/2": missing, "/settings/people": forbidden, "/settings/notices": forbidden, "/nowhere": missing,
	} {
		op.Get(path).Want(want).Has("You look as").Lacks("Harbour", "Hidden")
	}
	// Of the operator nothing is on the pages of one's own.
	op.Get("/settings").Want(ok).Lacks("/sessions/")
	// No form goes through, whatever it is.
	for path, form := range map[string][]string{
		"/theme": {"theme", "dark"}, "/signout": nil, "/advertisers/1/view": nil, "/advertisers/2/view": nil, "/settings/zone": {"zone", "UTC"},
		"/advertisers/new": {"name", "x"}, "/campaigns/new": nil, page.TrackingPath(1) + "/repair": nil, "/trace": nil,
	} {
		if got := op.Post(path, form...).StatusCode; got != forbidden {
			t.Errorf("POST %s while looking as an advertiser: %d", path, got)
		}
	}
	routes, _ := page.Table(h.screens()...)
	for _, r := range routes {
		if path := strings.NewReplacer("{account}", "1", "{campaign}", "1").Replace(r.Pattern); r.Method == http.MethodPost && path != "/viewing/stop" {
			if got := op.Post(path).StatusCode; got != forbidden {
				t.Errorf("POST %s while looking as an advertiser: %d", path, got)
			}
		}
	}
	if to := op.Post("/viewing/stop").Want(moved).Header.Get("Location"); to != "/advertisers/1" {
		t.Errorf("stopping leads to %q", to)
	}
	op.Get("/campaigns").Want(ok).Has("Hidden campaign", "/system").Lacks("You look as")
	entries, err := h.Ledger.Audit(h.Context(), ledger.AuditQuery{Action: "account.view", Limit: 10})
	h.Must(err)
	if len(entries) != 1 || entries[0].Actor != "user 1" || entries[0].Object != "account 1" {
		t.Errorf("the audit log has %+v", entries)
	}
}

func TestOnlyOperatorsLookAsOthersAndOnlyInTheirSession(t *testing.T) {
	h := newHouse(t)
	mine, theirs := h.Account("Northwind"), h.Account("Harbour")
	h.Campaign(theirs.ID, "Hidden campaign")
	op, mara := h.Operator(), h.Advertiser(mine.ID, "mara@example.com")
	mara.Post("/advertisers/2/view").Want(forbidden)
	op.Post("/advertisers/2/view").Want(moved)
	site := mustURL(h.Server.URL)
	var stolen []*http.Cookie
	for _, c := range op.HTTP.Jar.Cookies(site) {
		if c.Name == "homing-view" {
			stolen = append(stolen, c)
		}
	}
	if len(stolen) != 1 {
		t.Fatal("there is no cookie")
	}
	mara.HTTP.Jar.SetCookies(site, stolen)
	mara.Get("/campaigns").Want(ok).Lacks("Hidden campaign", "You look as")
	// Whoever knows the own session can make a cookie that fits it.
	for _, c := range mara.HTTP.Jar.Cookies(site) {
		if c.Name != "homing" {
			continue
		}
		session := sha256.Sum256([]byte(c.Value))
		sum := sha256.Sum256(append([]byte("view as 2 "), session[:]...))
		mara.HTTP.Jar.SetCookies(site, []*http.Cookie{{Name: "homing-view", Value: "2." + hex.EncodeToString(sum[:12])}})
		mara.Get("/campaigns").Want(ok).Lacks("Hidden campaign", "You look as")
	}
	other := h.SignedInAs("ann@example.com")
	other.HTTP.Jar.SetCookies(site, stolen)
	other.Get("/advertisers").Want(ok).Lacks("You look as") // of another session
	for _, value := range []string{"1", "2.", "2.00", ".", "2." + strings.Repeat("0", 24), "02" + stolen[0].Value[1:]} {
		other.HTTP.Jar.SetCookies(site, []*http.Cookie{{Name: "homing-view", Value: value}})
		other.Get("/advertisers").Want(ok).Lacks("You look as")
	}
	h.Must(h.Catalog.EraseAccount(h.Context(), "test", theirs.ID))
	op.Get("/advertisers").Want(ok).Has("Northwind").Lacks("You look as") // nobody is there to look as
}

func TestHiddenAmountsStayHiddenWhileLookingAsAnother(t *testing.T) {
	h := newHouse(t)
	c := h.Campaign(h.Account("Northwind").ID, "Spring")
	h.Call(c, nil)
	h.Load()
	op := h.Operator()
	u, err := h.Ledger.UserByEmail(h.Context(), "ann@example.com")
	h.Must(err)
	u.HideMoney, u.Level = true, homing.Manager
	h.Must(h.Ledger.PutUser(h.Context(), ledger.Actor{Name: "test", At: h.Millis()}, &u))
	op.Post("/advertisers/1/view").Want(moved)
	op.Get("/overview").Want(ok).Has("You look as").Lacks("2.10")
	op.Get("/postbacks").Want(ok).Lacks("2.10 ", ">2.10<")
}
