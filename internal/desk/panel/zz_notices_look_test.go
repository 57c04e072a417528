package panel

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"homing"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/engine/ledger"
)

func TestZZLook(t *testing.T) {
	dir := os.Getenv("LOOK")
	if dir == "" {
		t.Skip()
	}
	h := newHouse(t)
	ctx := openBrowser(t)
	op := h.Operator()
	take := func(name, path string, b *paneltest.Browser) {
		for _, tw := range []struct {
			theme string
			width int64
		}{{"light", 1440}, {"dark", 390}} {
			h.Must(photograph(ctx, h, b, path, tw.theme, tw.width, filepath.Join(dir, fmt.Sprintf("%s-%s-%d.png", name, tw.theme, tw.width))))
		}
	}
	take("notices-empty", "/settings/notices", op)
	furnish(h)
	now := h.Millis()
	h.Must(h.Ledger.PutNotice(h.Context(), ledger.Notice{Kind: "refusals", Object: "account 1", Account: 1, Since: now - 7_000_000_0, Told: now - 7_000_000_0, Ended: now - 5_000_000_0, Detail: "Many calls from Northwind Traders are refused\nx\ny\n/postbacks"}))
	h.damages = []string{"ledger.db is damaged at page 3712 (checksum)"}
	h.watch.Look(h.Context())
	h.Pass(2 * time.Minute)
	h.watch.Look(h.Context())
	_, err := h.Catalog.UpdateInstallation(h.Context(), "test", func(i *homing.Installation) {
		i.Mail = homing.Mail{Host: "smtp.example.com", User: "homing", From: "Homing <n@example.com>"}
		i.Notices = homing.Notices{Emails: []string{"ops@example.com"}, Webhook: "https://hooks.example.com/x", Off: []string{"lag"}}
	})
	h.Must(err)
	h.Load()
	take("notices", "/settings/notices?done=saved", op)
	take("notices-theirs", "/settings/notices?account=1", op)
	take("advertisers", "/advertisers", op)
	take("advertiser", "/advertisers/1", op)
	take("erase", "/advertisers/1/erase", op)
	h.health = illSystem(h)
	take("system", "/system", op)
	op.Post("/advertisers/1/view").Want(moved)
	take("viewing", "/campaigns", op)
	script, err := os.ReadFile(axeFile)
	h.Must(err)
	for _, b := range []*paneltest.Browser{op, h.SignedInAs("ann@example.com")} {
		for _, path := range []string{"/settings/notices", "/settings/notices?account=1", "/advertisers", "/advertisers/1", "/advertisers/1/erase", "/system", "/campaigns"} {
			for theme, width := range map[string]int64{"light": 1440, "dark": 390} {
				h.Must(chromedp.Do(ctx, chromedp.EmulateViewport(width, 900), cookies(h, b, theme), chromedp.Navigate(h.Server.URL+path)))
				_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](string(script)+";true"))
				h.Must(err)
				found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](`axe.run().then(r => r.violations.map(
					v => v.impact + " " + v.id + ": " + v.nodes.map(n => n.target + " " + (n.any[0]?.message ?? "")).join(" | ")))`, chromedp.EvalAwaitPromise))
				h.Must(err)
				for _, v := range found {
					t.Errorf("%s, %s, %d px: %s", path, theme, width, v)
				}
			}
		}
	}
}
