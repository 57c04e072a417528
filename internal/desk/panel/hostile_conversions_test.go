package panel

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"homing/internal/desk/panel/paneltest"
)

// hostileConversions puts a text into lists, reasons and filters of conversions.
// Reasons with control characters are refused where they are given.
func hostileConversions(h *stage, op, mara *paneltest.Browser, text string) []paneltest.Answer {
	reason := text
	if strings.ContainsFunc(text, unicode.IsControl) || !utf8.ValidString(text) || len(text) > 400 {
		reason = "safe"
	}
	op.Post("/conversions/1/status", "status", "rejected", "from", "approved", "reason", reason).Want(moved)
	list := "click_id," + reason + "\nx" + reason + "\n"
	job := op.Post("/conversions/change", "verb", "set", "reason", reason, "list", list).Want(moved).Header.Get("Location")
	uploaded := upload(op, "/conversions/change", text, list, "verb", "set", "reason", reason).Want(moved).Header.Get("Location")
	h.Load() // the figures above the list follow
	asked := url.Values{"where": {text}, "tz": {text}, "from": {text}, "status": {text}, "campaign": {text}, "find": {text}, "order": {text}}
	return []paneltest.Answer{
		op.Get("/conversions").Want(ok), op.Get("/conversions/1").Want(ok), op.Get("/conversions/1?done=" + url.QueryEscape(text)).Want(ok),
		op.Get(job).Want(ok), op.Get(job + "/result").Want(ok), op.Get(uploaded).Want(ok), op.Get(uploaded + "/result").Want(ok),
		op.Get("/conversions/export").Want(ok), mara.Get("/conversions/export").Want(ok),
		op.Get("/conversions?" + asked.Encode()).Want(unfit), op.Get("/conversions?find=" + url.QueryEscape(text)),
		op.Post("/conversions/change", "verb", text, "reason", text, "list", text).Want(unfit),
		op.Post("/conversions/1/status", "status", text, "from", text, "reason", text).Want(unfit),
		op.Get("/campaigns?" + url.Values{"q": {text}, "sort": {text}, "status": {text}, "page": {text}}.Encode()).Want(ok),
		op.Get("/campaigns/1?add=" + url.QueryEscape(text)).Want(ok),
		mara.Get("/conversions").Want(ok), mara.Get("/conversions/1").Want(ok),
	}
}
