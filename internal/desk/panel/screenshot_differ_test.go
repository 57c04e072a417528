package panel

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"homing"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/walktest"
	"homing/internal/engine/ledger"
)

// TestScreenshotsOfNumbers takes pictures of tracing, comparing, the audit log
// and the master keys, and works with them: see TestScreenshots.
func TestScreenshotsOfNumbers(t *testing.T) {
	dir := os.Getenv("HOMING_TEST_SCREENSHOTS")
	if dir == "" {
		t.Skip("set HOMING_TEST_SCREENSHOTS to a folder to take pictures of every page")
	}
	h := newHouse(t)
	chrome := walktest.Open(t)
	ctx := chrome.Ctx
	op := h.Operator()
	story, list := storied(h)
	adv := h.Advertiser(h.Accounts()[0].ID, "mara@northwind.example")
	h.Load()
	take := func(name, path string, b *paneltest.Browser, then ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		for _, theme := range []string{"light", "dark"} {
			for _, width := range []int64{1440, 390} {
				file := filepath.Join(dir, fmt.Sprintf("%s-%s-%d.png", name, theme, width))
				h.Must(photograph(ctx, h, b, path, theme, width, file, then...))
			}
		}
	}
	take("trace-empty", "/trace", adv)
	take("trace", "/trace?q="+story, op)
	take("trace-adv", "/trace?q="+story, adv)
	take("trace-lines", "/trace?q="+url.QueryEscape(list), adv)
	take("trace-none", "/trace?q="+url.QueryEscape("https://t.example/api/v1/cpa/action/{externalid}?value=2"), adv)
	take("trace-foreign", "/trace?q=0123456789abcdef0123456789abcdef01234567", adv)
	take("differ-empty", "/differ", adv)
	written := []chromedp.Action[chromedp.Void]{
		chromedp.Evaluate[chromedp.Void]("document.getElementById('f-list').value = " + fmt.Sprintf("%q", list)),
		chromedp.Click(chromedp.CSS(`#differ-form .button.main`)), chromedp.WaitVisible(chromedp.CSS(".differ-sums")),
	}
	take("differ", "/differ", op, written...)
	take("differ-late", "/differ", adv, append(written, chromedp.Click(chromedp.CSS(`.differ-groups button[value="late:1"]`)),
		chromedp.WaitVisible(chromedp.CSS(".differ-groups tr.here")))...)
	take("differ-day-empty", "/differ/day", adv)
	take("differ-day", "/differ/day?day=2026-03-02&count=4&value=8.40&tz=Europe/Berlin", op)
	take("differ-day-off", "/differ/day?day=2026-03-02&count=40&tz=America/New_York", adv)
	take("audit", "/audit", op)
	take("audit-adv", "/audit", adv)
	take("audit-none", "/audit?action=token", op)
	take("masterkeys", "/system/keys", op)
	chrome.Quiet(t)
}

// storied leaves a click with a long story, and a tracker's list about others.
func storied(h *stage) (id, list string) {
	north := h.Account("Northwind Traders")
	c := h.Campaign(north.ID, "Spring sale – DE")
	click := func() homing.Click {
		h.Pass(time.Second)
		return h.Click(c, func(k *homing.Click) {
			k.Referrer, k.Language = []byte("https://news.example/travel"), []byte("de-DE,de;q=0.9")
			k.Params[homing.ParamSub1], k.Params[homing.ParamSiteID], k.Params[homing.ParamCost] = []byte("banner-7"), []byte("4711"), []byte("0.0375")
		})
	}
	call := func(k homing.Click, reason homing.Reason, lead string) {
		h.Pass(4 * time.Minute)
		h.Call(c, func(p *homing.Postback) {
			p.Click, p.Origin, p.Lead = k.ID, k.Origin, lead
			p.Verdict = homing.Verdict{Outcome: reason.Info().Outcome, Reason: reason}
		})
	}
	told := click()
	call(told, homing.ReasonValueComma, "")
	call(told, homing.ReasonCounted, "order-99321")
	call(told, homing.ReasonDuplicateValue, "order-99321")
	h.Pass(50 * time.Minute)
	found, err := h.Ledger.ConversionsOf(h.Context(), told.Origin)
	h.Must(err)
	h.Must(h.Ledger.Amend(h.Context(), ledger.Amendment{
		Conversion: found[0].ID, From: homing.Approved, To: homing.Rejected, At: h.Millis(), Actor: "user 1", Reason: "charged back by the bank",
	}))
	lines := []string{"click_id;payout;txid"}
	for i, reason := range []homing.Reason{homing.ReasonCounted, homing.ReasonCounted, homing.ReasonCounted, homing.ReasonLate, homing.ReasonKeyWrong} {
		k := click()
		call(k, reason, "")
		lines = append(lines, fmt.Sprintf("%s;%d,10;", k.ID, 2+i%2))
	}
	call(click(), homing.ReasonCounted, "order-77") // which the list lacks
	lines = append(lines, fmt.Sprintf("%s;2,10;", click().ID), told.ID.String()+";2,10;order-99321",
		"0123456789abcdef0123456789abcdef01234567;1,00;", "{externalid};1,00;")
	return told.ID.String(), strings.Join(lines, "\n")
}
