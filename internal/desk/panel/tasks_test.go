package panel

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/walktest"
)

// tasks are what people come to the screens for, one after the other, in every
// look. Those that take a test of their own stand there: setting up, tracking,
// the live log, replays, the second factor, charts and reports.
var tasks = []struct {
	name string
	do   func(w *walktest.Walk, s *scene)
}{
	{"overview", func(w *walktest.Walk, s *scene) {
		w.Open("/overview")
		w.See(".tiles .tile-figure")
		w.Shot("task-overview")
		w.Click("#top-h ~ a, .part-head a") // breaks the day down further
		w.See("#report")
	}},
	{"conversion", func(w *walktest.Walk, s *scene) {
		w.Open("/conversions/" + s.conversions[0])
		w.Write("#f-reason", "Charged back by the bank")
		w.Click(`button[value="rejected"]`)
		w.See("h1 .badge.rejected")
		w.Write("#f-reason", "The bank was wrong")
		w.Click(`button[value="approved"]`)
		w.See("h1 .badge.approved")
		w.See(".history li:nth-child(3)")
		w.Shot("task-conversion")
	}},
	{"conversions by a list", func(w *walktest.Walk, s *scene) {
		w.Open("/conversions/change")
		w.Choose("#f-verb", "reject")
		w.Write("#f-reason", "Returned")
		w.Write("#f-list", s.conversions[1]+"\n"+s.conversions[2]+"\nnot an id\n")
		w.Click(".actions .button.main")
		w.Expect(`document.querySelector("h1").textContent === "Preview" && document.querySelectorAll(".badge.result-ready").length === 2`)
		w.See(".badge.result-refused")
		w.Shot("task-conversions-preview")
		w.Click(".strip .button.main")
		for range 50 {
			w.See("h1")
			if w.Has(".notice.good") {
				break
			}
			time.Sleep(20 * time.Millisecond) // it is carried out beside the page
			w.Evaluate("location.reload()")
		}
		w.Expect(`document.querySelectorAll(".badge.result-changed").length === 2`)
		w.Shot("task-conversions-done")
	}},
	{"campaign", func(w *walktest.Walk, s *scene) {
		w.Open("/campaigns/new?account=1")
		w.Write("#f-name", s.named("Summer sale"))
		w.Write("#f-url", "http://shop.example/?c={clickid}&x={sub99}")
		w.Expect(`document.querySelector("#preview").textContent.includes("Write https://")`) // by itself
		w.See("#preview .macro.unknown")
		w.Shot("task-campaign-linted")
		w.Rewrite("#f-url", "https://shop.example/?c={click_id}")
		w.Expect(`document.querySelector("#preview").textContent.includes("nothing looks odd")`)
		w.Click(".actions .button.main")
		w.See("#click")
		w.Click(`button[data-copy="click"]`)
		w.Expect(`["Copied", "Selected"].includes(document.getElementById("told").textContent)`)
		w.Shot("task-campaign")
	}},
	{"trace", func(w *walktest.Walk, s *scene) {
		w.Open("/trace")
		w.Write("#f-q", "https://shop.example/?c="+s.click)
		w.Click(".button.main")
		w.See(".story .event h3")
		w.Shot("task-trace")
	}},
	{"numbers differ", func(w *walktest.Walk, s *scene) {
		w.Open("/differ")
		w.Upload("#f-file", "click_id,payout\n"+s.click+",9.99\n"+strings.Repeat("0123456789", 4)+",2.10\n")
		w.Click("#differ-form .button.main")
		w.See(".differ-sums")
		w.Click(`.differ-groups button[value="other_value:1"]`)
		w.See(".differ-groups tr.here")
		w.Shot("task-differ")
		w.Open("/differ/day?day=2026-03-03&count=3")
		w.See("#views-h")
		w.Shot("task-differ-day")
	}},
	{"invitation", func(w *walktest.Walk, s *scene) {
		w.Open("/settings/people")
		w.Write("#f-email", s.named("kim")+"@example.com")
		w.Click(`input[name="level"][value="manager"]`)
		w.Click("main .button.main")
		link := w.Text("#link")
		w.Shot("task-invitation")
		w.As(s.h.Stranger())
		w.Open(s.h.Path(link))
		w.Write("#f-password", paneltest.Password)
		w.Click(".door .button.main")
		w.See("body.framed")
	}},
	{"view as", func(w *walktest.Walk, s *scene) {
		w.Open("/advertisers/1")
		w.Click(`form[action$="/view"] button`)
		w.See(".viewing")
		w.Open("/campaigns/1")
		w.See(".viewing")
		w.Shot("task-viewing")
		w.Click(".viewing button")
		w.Expect(`!document.querySelector(".viewing")`)
	}},
	{"advertiser", func(w *walktest.Walk, s *scene) {
		w.Open("/advertisers/new")
		w.Write("#f-name", s.named("Blue Fjord"))
		w.Click("main .actions .button.main")
		w.See(".notice.good, .notice.next")
		w.Shot("task-advertiser")
	}},
	{"system", func(w *walktest.Walk, s *scene) {
		s.h.health, s.h.Ills = illSystem(s.h), []string{"reports are 3 minutes behind"}
		defer func() { s.h.health.Parts, s.h.Ills = nil, nil }()
		w.Open("/advertisers")
		w.Click(".troubles a")
		w.See(".part-head .badge.refused")
		w.Shot("task-system")
	}},
	{"master keys", func(w *walktest.Walk, s *scene) {
		w.Open("/system/keys")
		w.Write("#f-password", paneltest.Password)
		w.Click("main .button.main, main .button.danger")
		w.See(".notice.good")
		w.Shot("task-masterkeys")
	}},
	{"audit", func(w *walktest.Walk, s *scene) {
		w.Open("/audit")
		w.Choose("#f-action", "campaign")
		w.Click(".audit-filters .button")
		w.Expect(`location.search.includes("action=campaign")`)
		w.See(".audit-list tbody tr")
		w.Shot("task-audit")
	}},
	{"notices", func(w *walktest.Walk, s *scene) {
		w.Open("/settings/notices")
		w.Rewrite("#f-emails", s.named("ops")+"@example.com")
		w.Click("main .button.main")
		w.See(".notice.good")
		w.Shot("task-notices")
	}},
	{"test", func(w *walktest.Walk, s *scene) {
		w.Open("/advertisers/1/test")
		w.Choose("#f-campaign", "1")
		w.Click("main .button.main")
		w.See("#destination")
		w.See(`#heard [data-live="yes"]`)
		id, ok := homing.ParseClickID([]byte(w.Path()[strings.LastIndexByte(w.Path(), '/')+1:]))
		if !ok {
			w.T().Fatalf("no click stands in %s", w.Path())
		}
		origin, _ := s.h.Keyring.Open(id)
		s.h.Call(s.campaign, func(p *homing.Postback) {
			p.Click, p.Origin, p.Verdict.Flags = id, origin, homing.FlagTest
		})
		w.See("#heard .badge.counted") // the page notices by itself
		w.Shot("task-test")
	}},
	{"console", func(w *walktest.Walk, s *scene) {
		w.Open("/advertisers/1/console")
		call := "http://127.0.0.1:8080/api/v1/cpa/action/" + s.click + "?value=2,10"
		w.Write("#f-call", call)
		w.Click("main .button.main")
		w.See("#finding .badge.refused")
		w.Expect(fmt.Sprintf("document.querySelector('#f-call').value.trim() === %q", call)) // to be corrected
		w.Shot("task-console")
	}},
	{"postback log", func(w *walktest.Walk, s *scene) {
		w.Open("/postbacks")
		w.Click(".pb-narrow summary")
		w.Choose("#f-reason", "value_comma")
		w.Evaluate(`document.querySelector("#f-from").value = "2026-03-01"`) // a calendar's
		w.Click(".pb-narrow .actions .button")
		w.Expect(`location.search.includes("from=2026-03-01") && !document.querySelector(".badge.counted")`)
		w.Click(".log tbody a")
		w.See("#steps-h")
		w.Shot("task-postback")
	}},
	{"start", func(w *walktest.Walk, s *scene) {
		w.Open("/start")
		w.See(".home-steps")
		w.Shot("task-start")
	}},
	{"an advertiser's campaign", func(w *walktest.Walk, s *scene) {
		w.As(s.mara)
		w.Open("/campaigns")
		w.Click("main tbody a")
		w.See("h1 .badge")
		if w.Has(`form[method="post"][action="/campaigns/1"]`) {
			w.T().Error("an advertiser may change where visitors are sent")
		}
		w.Shot("task-advertisers-campaign")
	}},
}

// scene is what a task needs: a furnished house, and things that no other look
// has used up.
type scene struct {
	h           *stage
	op, mara    *paneltest.Browser
	campaign    homing.Campaign
	click       string // has converted
	conversions []string
	look        walktest.Look
}

// named is a name of this look's own.
func (s *scene) named(name string) string {
	return strings.ToLower(strings.ReplaceAll(name, " ", "-")) + "-" + s.look.String()
}

// setScene calls some conversions home.
func setScene(h *stage, op, mara *paneltest.Browser, look walktest.Look) *scene {
	s := &scene{h: h, op: op, mara: mara, campaign: h.Catalog.View().Campaigns[0].Campaign, look: look}
	for range 4 { // the last one stays as it is
		h.Pass(time.Second)
		click := h.Click(s.campaign, nil)
		h.Pass(time.Minute)
		request := h.Call(s.campaign, func(p *homing.Postback) { p.Click, p.Origin = click.ID, click.Origin })
		made, err := h.Ledger.ConversionsOf(h.Context(), click.Origin)
		h.Must(err)
		if len(made) != 1 || made[0].Request != request {
			h.T.Fatal("the call did not count")
		}
		s.click = click.ID.String()
		s.conversions = append(s.conversions, made[0].ID.String())
	}
	h.Load()
	return s
}

// TestEveryScreensTaskInABrowser does them all in one browser.
func TestEveryScreensTaskInABrowser(t *testing.T) {
	chrome := walktest.Open(t)
	h := newHouse(t)
	op := h.Operator()
	furnish(h)
	mara := h.Advertiser(h.Accounts()[0].ID, "mara@northwind.example")
	for _, look := range walktest.Looks {
		s := setScene(h, op, mara, look)
		for _, task := range tasks {
			t.Run(look.String()+" "+task.name, func(t *testing.T) {
				w := chrome.Walk(t, h.House, look)
				w.As(op)
				task.do(w, s)
				chrome.Quiet(t)
			})
		}
	}
	op.Get("/overview").Want(http.StatusOK)
}
