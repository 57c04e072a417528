package postbacks_test

import (
	"html"
	"net/http"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/flow/journal"
)

func TestACallIsExplained(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	a := h.Account("Northwind")
	c := h.Campaign(a.ID, "Spring")
	for range 3 {
		refuse(h, c, homing.ReasonValueComma, nil)
		h.Pass(time.Minute)
	}
	id := refuse(h, c, homing.ReasonValueComma, func(p *homing.Postback) {
		p.Target = "/api/v1/cpa/action/" + p.Click.String() + "?value=2,10&lead_code=it's&key=key:3fa9c1"
		p.Lead, p.HTTPS = "it's", true
	})
	e := last(h)
	for _, loaded := range []bool{false, true} {
		if loaded {
			settle(h, c)
			h.Forget()
		}
		page := op.Get("/postbacks/"+id.String()).Want(200).Has(
			homing.ReasonValueComma.Info().Cause, homing.ReasonValueComma.Info().Fix, "key=key:3fa9c1", "400 Bad Request",
			html.EscapeString(`{"error":{"msg":"invalid price value: 'parsing \"2,10\": invalid syntax'"}}`),
			`class="pb-step passed"`, `class="pb-step failed"`, `class="pb-step unreached"`,
			"/trace?q="+e.Click.String(), "key=YOUR_SECRET_KEY", "https://127.0.0.1:8443/api/", html.EscapeString(`it'\''s`),
			"/postbacks/"+id.String()+"/replay", `data-copy="curl"`)
		if !loaded {
			page.Has("3 other calls", "sender=203.0.113.0")
		}
	}
}

// A reader of the page may be asked for the call long after it came.
func TestACallIsFoundWhereverItIs(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	c := h.Campaign(h.Account("Northwind").ID, "Spring")
	counted, refused := h.Call(c, nil), refuse(h, c, homing.ReasonValueComma, nil)
	see := func(where string) {
		t.Helper()
		for _, id := range []homing.RequestID{counted, refused} {
			if a := op.Get("/postbacks/" + id.String()); a.StatusCode != http.StatusOK {
				t.Errorf("%s: %s is not found", where, id)
			}
		}
	}
	see("in memory")
	h.Click(c, nil)
	h.Pass(3 * day)
	h.Forget()
	reports := h.Reports.Warehouse
	h.Reports.Warehouse = away{h.Warehouse}
	see("in the stores")
	h.Reports.Warehouse = reports
	h.Load()
	see("in the warehouse")
	op.Get("/postbacks/" + homing.NewRequestID(h.Millis(), 9, 9).String()).Want(404)
	op.Get("/postbacks/" + strings.ToUpper(counted.String())).Want(404)
	op.Get("/postbacks/000000000000000000000000").Want(404)
}

func TestARefusedCallIsReplayed(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	a := h.Account("Northwind")
	c := h.Campaign(a.ID, "Spring")
	id := refuse(h, c, homing.ReasonValueAbove, func(p *homing.Postback) { p.Target = strings.Replace(p.Target, "2.10", "250", 1) })
	path := "/postbacks/" + id.String() + "/replay"
	op.Get(path).Want(200).Has("badge warning").Lacks("Count it")
	op.Post(path, "why", "because").Want(409).Has("Nothing was counted")
	_, err := h.Catalog.UpdateAccount(h.Context(), "test", a.ID, func(a *homing.Account) { a.PriceMax = 300 * homing.Unit })
	h.Must(err)
	h.Pass(time.Hour)
	op.Get(path).Want(200).Has("Count it", "250.00", "on the operator&#39;s authority")
	op.Post(path, "why", " ").Want(422).Has("f-why-error")
	if n := len(h.Journal.Recent(journal.Filter{Outcome: homing.Counted}, 9)); n != 0 {
		t.Fatalf("%d were counted by looking", n)
	}
	to := op.Post(path, "why", "the range was <b>too</b> narrow").Want(303).Header.Get("Location")
	shown := op.Get(to).Want(200).Has("The call was replayed", "Nobody sent this", "/postbacks/"+id.String(), "Conversion 1",
		"the range was &lt;b&gt;too&lt;/b&gt; narrow").Lacks("Replay…")
	op.Post(path, "why", "again").Want(409).Has("had been counted before")
	op.Get(strings.TrimSuffix(to, "?done=replayed") + "/replay").Want(200).Has("can't be replayed")
	mara := h.Advertiser(a.ID, "mara@example.com")
	mara.Get(path).Want(403)
	mara.Post(path, "why", "please").Want(403)
	mara.Get(to).Want(200).Has("the operator", "Nobody sent this").Lacks("ann@example.com")
	settle(h, c)
	h.Forget()
	again := op.Get(to).Want(200)
	if strings.Count(again.Text, "Conversion 1") != strings.Count(shown.Text, "Conversion 1") {
		t.Error("once it is loaded it tells something else")
	}
	list := op.Get("/postbacks").Want(200).Has("replay</span>")
	if len(rows(list)) != 2 {
		t.Errorf("the log has %d rows", len(rows(list)))
	}
}

// What strangers wrote is text on the pages of a replay, too.
func TestHostileTextOfAReplayIsText(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	c := h.Campaign(h.Account("Northwind").ID, "Spring")
	id := refuse(h, c, homing.ReasonKeyMissing, func(p *homing.Postback) {
		p.Lead = `"><script>alert(1)</script>` + "\u202egnp"
		p.Target += "&lead_code=x"
	})
	path := "/postbacks/" + id.String() + "/replay"
	op.Get(path).Want(200).Has("&lt;script&gt;", "⟨U&#43;202E⟩").Lacks("<script>", "\u202e")
	to := op.Post(path, "why", "<script>alert(2)</script>\u202e").Want(303).Header.Get("Location")
	op.Get(to).Want(200).Has("&lt;script&gt;alert(2)").Lacks("<script>", "\u202e")
	op.Post(path, "why", strings.Repeat("<script>", 100)).Want(422).Lacks("<script>")
}
