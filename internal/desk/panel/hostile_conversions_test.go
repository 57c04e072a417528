package panel

import (
	"net/url"

	"homing/internal/desk/panel/paneltest"
)

// hostileConversions puts a text into lists, reasons and filters of conversions;
// name is the text if reasons may have it.
func hostileConversions(op, mara *paneltest.Browser, text, name string) []paneltest.Answer {
	op.Post("/conversions/1/status", "status", "rejected", "from", "approved", "reason", name).Want(moved)
	job := op.Post("/conversions/change", "verb", "set", "reason", name, "list", "click_id,"+name+"\nx"+name+"\n").Want(moved).Header.Get("Location")
	asked := url.Values{"where": {text}, "tz": {text}, "from": {text}, "status": {text}, "campaign": {text}, "find": {text}, "order": {text}}
	return []paneltest.Answer{
		op.Get("/conversions").Want(ok), op.Get("/conversions/1").Want(ok), op.Get("/conversions/1?done=" + url.QueryEscape(text)).Want(ok),
		op.Get(job).Want(ok), op.Get("/conversions?" + asked.Encode()).Want(unfit), op.Get("/conversions?find=" + url.QueryEscape(text)).Want(ok),
		op.Post("/conversions/change", "verb", text, "reason", name, "list", text).Want(unfit),
		op.Post("/conversions/1/status", "status", text, "from", text, "reason", name).Want(unfit),
		op.Get("/campaigns?" + url.Values{"q": {text}, "sort": {text}, "status": {text}, "page": {text}}.Encode()).Want(ok),
		op.Get("/campaigns/1?add=" + url.QueryEscape(text)).Want(ok),
		mara.Get("/conversions").Want(ok), mara.Get("/conversions/1").Want(ok),
	}
}
