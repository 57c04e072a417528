package settings_test

import (
	"bytes"
	"image/png"
	"regexp"
	"strings"
	"testing"
	"time"

	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/settings"
)

// offered is what the page of the second factor shows.
type offered struct{ key, sealed, picture string }

func offer(t *testing.T, b *paneltest.Browser) offered {
	t.Helper()
	shown := b.Get("/settings/second-factor").Want(ok)
	return offered{
		find(t, shown.Text, `id="factor-key">([A-Z2-7-]+)<`), find(t, shown.Text, `name="offer" value="([^"]+)"`), find(t, shown.Text, `src="(/settings/second-factor/picture[^"]+)"`),
	}
}

// switchOn sets the second factor up. It returns the key and the recovery codes.
func switchOn(t *testing.T, h *paneltest.House, b *paneltest.Browser) (key string, codes []string) {
	t.Helper()
	o := offer(t, b)
	shown := b.Post("/settings/second-factor", "offer", o.sealed, "code", paneltest.Code(o.key, h.Time()), "password", paneltest.Password).Want(ok)
	codes = regexp.MustCompile(`[0-9a-z]{4}(-[0-9a-z]{4}){3}`).FindAllString(shown.Text, -1)
	if len(codes) != 10 {
		t.Fatalf("%d recovery codes are shown", len(codes))
	}
	h.Pass(time.Minute)
	return o.key, codes
}

func TestTheSecondFactorIsSetUp(t *testing.T) {
	h := open(t, settings.Given{})
	b := h.Operator()
	b.Get("/settings").Want(ok).Has(`href="/settings/second-factor"`)
	o := offer(t, b)
	picture := b.Get(o.picture).Want(ok)
	if kind := picture.Header.Get("Content-Type"); kind != "image/png" || picture.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the picture is %s, %s", kind, picture.Header.Get("Cache-Control"))
	}
	if image, err := png.Decode(bytes.NewReader([]byte(picture.Text))); err != nil || image.Bounds().Dx() < 150 || image.Bounds().Dx() != image.Bounds().Dy() {
		t.Errorf("the picture: %v", err)
	}
	mara := h.Advertiser(h.Account("Northwind").ID, "mara@example.com")
	mara.Get(o.picture).Want(missing)

	code := paneltest.Code(o.key, h.Time())
	b.Post("/settings/second-factor", "offer", o.sealed, "code", "000000", "password", paneltest.Password).Want(unfit).Has("f-code-error", o.key)
	b.Post("/settings/second-factor", "offer", o.sealed, "code", code, "password", "wrong").Want(forbidden).Has("That is not your password", o.key)
	again := b.Post("/settings/second-factor", "offer", "none", "code", code, "password", paneltest.Password).Want(unfit).Has("That took too long")
	if find(t, again.Text, `id="factor-key">([A-Z2-7-]+)<`) == o.key {
		t.Error("the new key is the old one")
	}
	shown := b.Post("/settings/second-factor", "offer", o.sealed, "code", code, "password", paneltest.Password).Want(ok).Has("The second factor is on")
	sealed := find(t, shown.Text, `name="codes" value="([^"]+)"`)
	file := b.Post("/settings/second-factor/download", "codes", sealed).Want(ok).Has("ann@example.com")
	if file.Header.Get("Content-Disposition") != `attachment; filename="homing-recovery-codes.txt"` || !strings.HasPrefix(file.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("the file comes as %v", file.Header)
	}
	for _, code := range regexp.MustCompile(`[0-9a-z]{4}(-[0-9a-z]{4}){3}`).FindAllString(shown.Text, -1) {
		file.Has(code)
	}
	mara.Post("/settings/second-factor/download", "codes", sealed).Want(missing)
	b.Get("/settings").Want(ok).Has("10 recovery codes").Lacks(o.key, `href="/settings/second-factor"`)
	b.Get("/settings/second-factor").Want(moved)
	h.Pass(15 * time.Minute)
	b.Post("/settings/second-factor/download", "codes", sealed).Want(missing)
}

func TestSigningInWithTheSecondFactor(t *testing.T) {
	h := open(t, settings.Given{})
	b := h.Operator()
	key, codes := switchOn(t, h, b)

	in := h.Stranger()
	step := in.Post("/signin", "email", "ann@example.com", "password", paneltest.Password, "next", "/settings?a=b").Want(ok).Has("Enter your code")
	if len(step.Cookies()) > 0 {
		t.Error("the password alone brings a cookie")
	}
	in.Get("/settings").Want(moved)
	ticket := find(t, step.Text, `name="ticket" value="([^"]+)"`)
	wrong := h.Stranger().Post("/signin", "email", "ann@example.com", "password", "wrong password", "next", "/settings?a=b").Want(ok)
	other := find(t, wrong.Text, `name="ticket" value="([^"]+)"`)
	if strings.ReplaceAll(wrong.Text, other, ticket) != step.Text {
		t.Error("a wrong password is answered otherwise than the right one")
	}
	now := paneltest.Code(key, h.Time())
	refused := in.Post("/signin/code", "ticket", ticket, "code", "000000", "next", "/settings?a=b").Want(forbidden).Has("That did not open the door").Text
	after := h.Stranger().Post("/signin/code", "ticket", other, "code", now, "next", "/settings?a=b").Want(forbidden).Text
	if strings.ReplaceAll(after, other, ticket) != refused {
		t.Error("after a wrong password the right code is answered otherwise than a wrong one")
	}
	if to := in.Post("/signin/code", "ticket", ticket, "code", now, "next", "/settings?a=b").Want(moved).Header.Get("Location"); to != "/settings?a=b" {
		t.Errorf("signing in leads to %q", to)
	}
	in.Get("/settings").Want(ok)
	h.Stranger().Post("/signin/code", "ticket", ticket, "code", now).Want(forbidden) // used
	late := h.Stranger()
	to := late.Post("/signin/code", "ticket", ticket, "code", codes[0], "next", "//evil.example").Want(moved).Header.Get("Location")
	if to != "/" {
		t.Errorf("signing in leads to %q", to)
	}
	late.Get("/settings").Want(ok).Has("9 recovery codes")
	h.Pass(10 * time.Minute)
	h.Stranger().Post("/signin/code", "ticket", ticket, "code", codes[1]).Want(forbidden).Has("That took too long", `action="/signin"`)
	h.Stranger().Get("/signin/code").Want(moved)
}

func TestRecoveryCodesAreRenewedAndTheFactorIsRemoved(t *testing.T) {
	h := open(t, settings.Given{})
	b := h.Operator()
	_, codes := switchOn(t, h, b)
	b.Post("/settings/second-factor/codes", "password", "wrong").Want(forbidden).Has("That is not your password")
	b.Post("/settings/second-factor/codes", "password", paneltest.Password).Want(ok).Has("Recovery codes").Lacks(codes[0], "The second factor is on.")
	b.Post("/settings/second-factor/remove", "password", "wrong").Want(forbidden).Has("That is not your password")
	b.Post("/settings/second-factor/remove", "password", paneltest.Password).Want(moved)
	b.Get("/settings?done=factor-off").Want(ok).Has("The second factor is off", `href="/settings/second-factor"`)
	h.Stranger().Post("/signin", "email", "ann@example.com", "password", paneltest.Password).Want(moved)
}

func TestAnOwnerTakesASecondFactorAway(t *testing.T) {
	h := open(t, settings.Given{})
	op := h.Operator()
	a := h.Account("Northwind")
	mara := h.Advertiser(a.ID, "mara@example.com")
	switchOn(t, h, mara)
	page := "/settings/people/2"
	op.Get(page).Want(ok).Has("Take the second factor away", "10 recovery codes left")
	op.Post(page+"/second-factor", "password", "wrong").Want(forbidden).Has("That is not your password")
	op.Post(page+"/second-factor", "password", paneltest.Password).Want(moved)
	op.Get(page + "?done=factor-reset").Want(ok).Lacks("Take the second factor away").Has("The second factor is taken away")
	h.Stranger().Post("/signin", "email", "mara@example.com", "password", paneltest.Password).Want(moved)
}

// Over a one-time link somebody with a second factor gets a new password, and no
// session.
func TestALinkEndsAtTheSecondFactor(t *testing.T) {
	h := open(t, settings.Given{})
	op := h.Operator()
	mara := h.Advertiser(h.Account("Northwind").ID, "mara@example.com")
	switchOn(t, h, mara)
	link := find(t, op.Post("/settings/people/2/link").Want(ok).Text, linkPattern)
	b := h.Stranger()
	to := b.Post(link, "password", "another fine password").Want(moved).Header.Get("Location")
	if to != "/signin?done=chosen" {
		t.Errorf("the link leads to %q", to)
	}
	b.Get(to).Want(ok).Has("Your password is saved")
	b.Get("/settings").Want(moved)
	b.Post("/signin", "email", "mara@example.com", "password", "another fine password").Want(ok).Has("Enter your code")
}
