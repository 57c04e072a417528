package campaigns_test

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"homing"
	"homing/internal/desk/panel/campaigns"
	"homing/internal/desk/panel/door"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/engine/ledger"
	"homing/internal/engine/warehouse"
)

const (
	ok, moved, missing, forbidden, unfit = http.StatusOK, http.StatusSeeOther, http.StatusNotFound, http.StatusForbidden, http.StatusUnprocessableEntity
)

func newHouse(t *testing.T) *paneltest.House {
	return paneltest.New(t, func(*paneltest.House) []page.Screen { return []page.Screen{door.New(), campaigns.New()} })
}

// names are the campaigns that a list shows, in its order.
func names(a paneltest.Answer) string {
	var list []string
	for _, m := range regexp.MustCompile(`<th scope="row"><a href="/campaigns/\d+"><bdi>([^<]*)</bdi>`).FindAllStringSubmatch(a.Text, -1) {
		list = append(list, m[1])
	}
	return strings.Join(list, " ")
}

// text is a page without its elements.
func text(a paneltest.Answer) string {
	return regexp.MustCompile(`\s+`).ReplaceAllString(html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(a.Text, " ")), " ")
}

func TestTheListHasFigures(t *testing.T) {
	h := newHouse(t)
	a, b := h.Account("Northwind"), h.Account("Harbour")
	spring, autumn, brand := h.Campaign(a.ID, "Spring"), h.Campaign(a.ID, "Autumn"), h.Campaign(b.ID, "Brand")
	for range 4 {
		h.Click(spring, nil)
	}
	for range 6 {
		h.Click(brand, nil)
	}
	h.Call(spring, nil)
	h.Call(spring, func(p *homing.Postback) {
		p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonValueSyntax}
	})
	h.Load()
	_, err := h.Catalog.UpdateCampaign(h.Context(), "test", autumn.ID, func(c *homing.Campaign) { c.Status, c.Ref = homing.CampaignPaused, "au-77" })
	h.Must(err)
	op := h.Operator()
	page := text(op.Get("/campaigns").Want(ok))
	if want := "Spring Northwind active 4 4 today 1 1 today 25.00 % 25.00 % today 2.10 USD 2.10 today 1 1 today"; !strings.Contains(strings.ReplaceAll(page, "\u00a0", " "), want) {
		t.Errorf("%s\ndoes not have %s", page, want)
	}
	for query, want := range map[string]string{
		"": "Brand Spring Autumn", "?sort=clicks": "Autumn Spring Brand", "?sort=name": "Autumn Brand Spring", "?sort=-name": "Spring Brand Autumn",
		"?sort=-conversions": "Spring Autumn Brand", "?sort=-refusals": "Spring Autumn Brand", "?sort=nonsense": "Brand Spring Autumn",
		"?account=1": "Spring Autumn", "?q=SPR": "Spring", "?q=au-77": "Autumn", "?q=shop.example&status=paused": "Autumn", "?status=active": "Brand Spring",
		"?q=nothing": "",
	} {
		if got := names(op.Get("/campaigns" + query).Want(ok)); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	op.Get("/campaigns?q=nothing").Want(ok).Has("No campaign fits", "Show all campaigns")
	mara := h.Advertiser(a.ID, "mara@example.com")
	mara.Get("/campaigns").Want(ok).Has("Spring", "2.10").Lacks("Brand", "Harbour", "New campaign")
	h.Reports.Warehouse = away{h.Reports.Warehouse}
	if got := names(op.Get("/campaigns").Want(ok).Has("Reports are away").Lacks("4 today")); got != "Autumn Brand Spring" {
		t.Errorf("without figures: %s", got)
	}
	op.Get("/campaigns/1").Want(ok).Has("Reports are away")
}

type away struct{ warehouse.Source }

func (away) Ask(context.Context, *warehouse.Query) (*warehouse.Answer, error) {
	return nil, homing.ErrUnavailable
}

func TestThousandsOfCampaignsHavePages(t *testing.T) {
	h := newHouse(t)
	a := h.Account("Northwind")
	var edits []ledger.Edit
	for i := range 2500 {
		edits = append(edits, ledger.PutCampaign{Campaign: &homing.Campaign{
			Account: a.ID, Name: fmt.Sprintf("Campaign %04d", i), Slug: fmt.Sprintf("slug%08d", i), URL: "https://shop.example/?c={click_id}",
			Status: homing.CampaignActive, Window: homing.DefaultWindow,
		}})
	}
	for some := range slices.Chunk(edits, 250) {
		h.Must(h.Ledger.Apply(h.Context(), ledger.Actor{Name: "test"}, some...))
	}
	h.Must(h.Catalog.Reload(h.Context()))
	op := h.Operator()
	first := op.Get("/campaigns?sort=name").Want(ok).Has("1 to 50 of 2,500 campaigns", "Campaign 0049").Lacks("Campaign 0050")
	if len(first.Text) > 100_000 {
		t.Errorf("the page has %d bytes", len(first.Text))
	}
	next := html.UnescapeString(regexp.MustCompile(`href="([^"]*)" rel="next"`).FindStringSubmatch(first.Text)[1])
	op.Get(next).Want(ok).Has("51 to 100", "Campaign 0050", `rel="prev"`)
	op.Get("/campaigns?sort=name&page=99").Want(ok).Has("2,451 to 2,500", "Campaign 2499").Lacks(`rel="next"`)
	op.Get("/campaigns?page=x").Want(ok).Has("1 to 50")
}

func TestTheClickURLIsBuilt(t *testing.T) {
	h := newHouse(t)
	c := h.Campaign(h.Account("Northwind").ID, "Spring") // passes site_id on
	op := h.Operator()
	built := func(query string) string {
		t.Helper()
		m := regexp.MustCompile(`(?s)id="click-with">(.*?)</code>`).FindStringSubmatch(op.Get("/campaigns/1" + query).Want(ok).Text)
		return html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(m[1], ""))
	}
	base := "http://127.0.0.1:8080/c/" + c.Slug
	for query, want := range map[string]string{
		"": base + "?site_id={site_id}", "?add=cost&add=sub1": base + "?cost={cost}&sub1={sub1}", "?add=evil%22": base, "?add=": base,
	} {
		if got := built(query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	op.Get("/campaigns/1").Want(ok).Has("which only the ad server knows", `data-copy="click-with"`)
}

func TestGoalsAreRows(t *testing.T) {
	h := newHouse(t)
	c := h.Campaign(h.Account("Northwind").ID, "Spring")
	op := h.Operator()
	form := []string{"name", "Spring", "url", c.URL, "window", "30d", "goal_id", "1", "goal_name", "Sign-up", "goal_id", "2", "goal_name", "First deposit"}
	goals := func() string { return fmt.Sprint(h.Catalog.View().Campaign(c.ID).Goals) }
	before := goals()
	op.Post("/campaigns/1", append(form, "do", "goal")...).Want(ok).Has(`value="3"`, `value="First deposit"`)
	op.Post("/campaigns/1", append(form, "without", "0")...).Want(ok).Has(`value="First deposit"`).Lacks(`value="Sign-up"`)
	if goals() != before {
		t.Error("a button for rows saved something")
	}
	op.Post("/campaigns/1", append(form, "goal_id", "3", "goal_name", "", "do", "save")...).Want(unfit).Has("Row 3: give it a name")
	op.Post("/campaigns/1", append(form, "goal_id", "2", "goal_name", "Twice", "do", "save")...).Want(unfit).Has("f-goals-error")
	op.Post("/campaigns/1", append(form, "goal_id", "0", "goal_name", "Zero", "do", "save")...).Want(unfit).Has("f-goals-error")
	op.Post("/campaigns/1", append(form, "goal_id", "9", "goal_name", "Ninth", "goal_id", "", "goal_name", "", "do", "save")...).Want(moved)
	if got := goals(); got != "[{1 Sign-up} {2 First deposit} {9 Ninth}]" {
		t.Error(got)
	}
}

func TestACampaignIsDuplicated(t *testing.T) {
	h := newHouse(t)
	c := h.Campaign(h.Account("Northwind").ID, "Spring")
	_, err := h.Catalog.UpdateCampaign(h.Context(), "test", c.ID, func(c *homing.Campaign) { c.Ref, c.Hold = "sp-1", true })
	h.Must(err)
	op := h.Operator()
	op.Get("/campaigns/1").Want(ok).Has("/campaigns/new?like=1")
	op.Get("/campaigns/new?like=1").Want(ok).Has("Copy of Spring", "external={click_id}", `value="Sign-up"`, `value="1.50"`, " checked").Lacks("sp-1")
	op.Get("/campaigns/new?like=99").Want(ok).Lacks("Copy of")
	h.Advertiser(c.Account, "mara@example.com").Get("/campaigns/new?like=1").Want(forbidden)
}

// The preview is a part of the whole page, so it needs no page of its own.
func TestThePreviewIsAPartOfThePage(t *testing.T) {
	h := newHouse(t)
	h.Campaign(h.Account("Northwind").ID, "Spring")
	op := h.Operator()
	for _, path := range []string{"/campaigns/1", "/campaigns/new"} {
		shown := op.Post(path, "name", "Spring", "url", "http://shop.example/?a={sub1}&b={subb}", "window", "30d", "do", "preview").Want(ok)
		shown.Has(`id="preview"`, "There is no {click_id}", "Write https://", `<mark class="macro unknown">{subb}</mark>`, "a=value-1", `hx-select="#preview"`)
	}
}

func TestAnAdvertiserSeesTheCampaign(t *testing.T) {
	h := newHouse(t)
	c := h.Campaign(h.Account("Northwind").ID, "Spring")
	h.Click(c, nil)
	h.Load()
	mara := h.Advertiser(c.Account, "mara@example.com")
	mara.Get("/campaigns/1").Want(ok).Has("30d after the click", "1.50", "Sign-up", "What came of it", "/tracking", "/conversions?campaign=1", c.Slug).
		Lacks("<textarea", "Pause", "Duplicate", "Save")
	u, err := h.Ledger.UserByEmail(h.Context(), "mara@example.com")
	h.Must(err)
	u.HideMoney = true
	h.Must(h.Ledger.PutUser(h.Context(), ledger.Actor{Name: "test", At: h.Millis()}, &u))
	mara.Get("/campaigns/1").Want(ok).Lacks("1.50", "Value", "200.00")
	mara.Get("/campaigns").Want(ok).Lacks("Value", "USD")
	u, err = h.Ledger.UserByEmail(h.Context(), "mara@example.com")
	h.Must(err)
	op := h.Operator()
	reader, err := h.Ledger.UserByEmail(h.Context(), "ann@example.com")
	h.Must(err)
	reader.Level = homing.ReadOnly
	h.Must(h.Ledger.PutUser(h.Context(), ledger.Actor{Name: "test", At: h.Millis()}, &reader))
	op.Get("/campaigns/1").Want(ok).Has("Managers change these settings").Lacks("<textarea")
	op.Get("/campaigns/new").Want(forbidden)
	op.Post("/campaigns/1", "name", "x").Want(forbidden)
}
