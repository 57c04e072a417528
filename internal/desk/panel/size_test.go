package panel

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/engine/ledger"
)

// maxPage is how large a page may be, uncompressed.
const maxPage = 100_000

// TestPagesStaySmall: however many advertisers, campaigns, conversions and kinds
// of refusals there are, and with the longest names.
func TestPagesStaySmall(t *testing.T) {
	h := newHouse(t)
	const advertisers, campaigns, calls = 2500, 400, 150
	name := func(kind string, n int) string {
		return fmt.Sprintf("%s %04d %s", kind, n, strings.Repeat("with a very long name ", 9))[:200]
	}
	var edits []ledger.Edit
	for i := range advertisers {
		edits = append(edits, ledger.PutAccount{Account: &homing.Account{
			PublicID: fmt.Sprintf("public%08d", i), Name: name("Advertiser", i), Currency: "USD", PriceMin: 1, PriceMax: homing.DefaultPriceMax,
		}})
	}
	for i := range campaigns {
		edits = append(edits, ledger.PutCampaign{Campaign: &homing.Campaign{
			Account: 1, Name: name("Campaign", i), Slug: fmt.Sprintf("slug%08d", i), URL: "https://shop.example/?c={click_id}",
			Status: homing.CampaignActive, Window: homing.DefaultWindow, Ref: fmt.Sprintf("ref-%d", i),
		}})
	}
	for some := range slices.Chunk(edits, 250) {
		h.Must(h.Ledger.Apply(h.Context(), ledger.Actor{Name: "test"}, some...))
	}
	h.Must(h.Catalog.Reload(h.Context()))
	var last homing.RequestID
	for i := range calls {
		c := h.Catalog.View().Campaign(homing.CampaignID(i%campaigns + 1)).Campaign
		last = h.Call(c, func(p *homing.Postback) { p.Lead = strings.Repeat("l", 64) })
	}
	h.Load() // what follows is in memory only: enough, and quick
	for i, reason := range homing.Reasons() {
		if reason.Info().Outcome != homing.Refused {
			continue
		}
		for n := range 7 {
			p := homing.Postback{
				Request: homing.NewRequestID(h.Millis(), 3, uint32(1_000_000+100*i+n)), At: h.Millis(), Method: "GET", Account: 1, Campaign: homing.CampaignID(n + 1),
				Addr: netip.AddrFrom4([4]byte{198, 51, byte(n), 0}), Target: "/api/v1/cpa/action/x", Verdict: homing.Verdict{Outcome: homing.Refused, Reason: reason},
			}
			h.Journal.Refused(&p)
		}
	}
	op, adv := h.Operator(), h.Advertiser(1, "mara@example.com")
	for _, path := range []string{
		"/overview", "/reports", "/reports?by=day,campaign", "/campaigns", "/campaigns/1", "/conversions", "/conversions?limit=1000", "/conversions/1",
		"/postbacks", "/postbacks?group=reason", "/postbacks/" + last.String(), "/differ", "/settings", page.TrackingPath(1), "/advertisers/1/test", "/advertisers/1/console",
	} {
		for who, b := range map[string]*paneltest.Browser{"operator": op, "advertiser": adv} {
			if n := len(b.Get(path).Want(http.StatusOK).Text); n > maxPage {
				t.Errorf("%s has %d bytes for an %s", path, n, who)
			}
		}
	}
	for _, path := range []string{"/advertisers", "/advertisers/1", "/audit", "/campaigns/new", "/settings/tokens", "/settings/people"} {
		if n := len(op.Get(path).Want(http.StatusOK).Text); n > maxPage {
			t.Errorf("%s has %d bytes", path, n)
		}
	}
}
