package panel

import (
	"homing"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/engine/ledger"
)

// hostileSettings puts text into the settings, as far as it can get there and, past
// the checks, where a bug elsewhere might put it.
func hostileSettings(h *stage, op, mara *paneltest.Browser, account homing.AccountID, text string) (pages []paneltest.Answer) {
	by := ledger.Actor{Name: "test"}
	u := homing.User{Email: text + "!", Role: homing.RoleAdvertiser, Account: account, Level: homing.Manager, Password: "x", TOTP: []byte{1}}
	h.Must(h.Ledger.PutUser(h.Context(), by, &u))
	h.Must(h.Ledger.PutToken(h.Context(), by, &homing.Token{Name: text, Account: account, Scopes: homing.AllScopes, Created: h.Millis()}))
	for i, user := range []homing.UserID{1, 2} {
		h.Must(h.Ledger.PutSession(h.Context(), ledger.Session{
			Token: ledger.TokenHash{byte(i + 1)}, User: user, Created: h.Millis() - 1, Expires: h.Millis() + 1e9, Addr: text, UserAgent: text,
		}))
	}
	page := "/settings/people/" + u.ID.String()
	for _, path := range []string{"/settings", "/settings/people?account=1", page, "/settings/tokens", "/settings/installation"} {
		pages = append(pages, op.Get(path).Want(ok))
	}
	for _, path := range []string{"/settings", "/settings/people", page, "/settings/tokens"} {
		pages = append(pages, mara.Get(path).Want(ok))
	}
	return append(pages,
		op.Post(page, "do", "save", "level", text, "hide_money", text).Want(unfit),
		op.Post("/settings/people", "email", text, "level", text).Want(unfit),
		op.Post("/settings/zone", "zone", text).Want(unfit),
		op.Post("/settings/tokens", "name", text, "scope", text, "expires", text, "account", text, "password", text).Want(unfit),
		op.Post("/settings/installation", "public_url", text, "zone", text, "currency", text).Want(unfit),
		op.Post("/settings/second-factor", "offer", text, "code", text, "password", text).Want(unfit),
		h.Stranger().Post("/signin/code", "ticket", text, "code", text, "next", text).Want(forbidden))
}
