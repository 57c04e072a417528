package panel

import (
	"bufio"
	"context"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/engine/ledger"
)

// planted are the amounts of this test, in whole cents behind 7319: of a
// conversion, a campaign, an advertiser's range, a click, and what it is owed.
// None of them comes about by chance.
var planted = map[string]string{
	"value": "77", "default value": "66", "lowest": "11", "highest": "99", "cost": "55", "price": "44",
}

// amountsIn are those of the planted amounts that a text has, however they are
// written.
func amountsIn(text string) (found []string) {
	for what, cents := range planted {
		for _, form := range []string{"7319." + cents, "7,319." + cents, "7319," + cents, "7319%2E" + cents, "7319" + cents} {
			if strings.Contains(text, form) {
				found = append(found, what)
				break
			}
		}
	}
	slices.Sort(found)
	return found
}

func money(cents string) homing.Money {
	amount, err := homing.ParseMoney("7319." + cents)
	if err != nil {
		panic(err)
	}
	return amount
}

// plant makes a world with recognizable amounts in everything that has some.
func plant(t *testing.T) *world {
	w := newWorld(t)
	_, err := w.Catalog.UpdateAccount(w.Context(), "user 1", w.account.ID, func(a *homing.Account) {
		a.PriceMin, a.PriceMax = money(planted["lowest"]), money(planted["highest"])
	})
	w.Must(err)
	w.campaign, err = w.Catalog.UpdateCampaign(w.Context(), "user 1", w.campaign.ID, func(c *homing.Campaign) {
		c.DefaultValue = homing.ValueOf(money(planted["default value"]))
	})
	w.Must(err)
	click := w.Click(w.campaign, func(c *homing.Click) { c.Params[homing.ParamCost] = []byte("7319." + planted["cost"]) })
	w.Pass(time.Second)
	w.request = w.Call(w.campaign, func(p *homing.Postback) { w.sold(p); p.Origin, p.Click = click.Origin, click.ID })
	w.conversion = 2
	w.Call(w.campaign, func(p *homing.Postback) { // an amount that is out of the range
		w.sold(p)
		p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonValueAbove}
	})
	w.Click(w.campaign, nil) // is waited for, and so is what was written before it
	w.Load()
	return w
}

func (w *world) sold(p *homing.Postback) {
	p.Value, p.Price = homing.ValueOf(money(planted["value"])), money(planted["price"])
	p.Target = strings.ReplaceAll(p.Target, "2.10", "7319."+planted["value"])
}

// Whoever may not see amounts sees none: on no page, in no file, in no answer to a
// form, and not live.
func TestHiddenAmountsStandNowhere(t *testing.T) {
	w := plant(t)
	named := w.pathNames()
	for _, email := range []string{"ann@example.com", "own@example.com"} {
		seen := w.amountsFor(email, named)
		told := map[string]bool{}
		for _, found := range seen {
			for _, what := range found {
				told[what] = true
			}
		}
		if len(seen) < 12 || len(told) != len(planted) {
			t.Errorf("%s sees amounts only on %v: this proves little", email, slices.Sorted(maps.Keys(seen)))
		}
		u, err := w.Ledger.UserByEmail(w.Context(), email)
		w.Must(err)
		u.HideMoney = true
		w.Must(w.Ledger.PutUser(w.Context(), ledger.Actor{Name: "test", At: w.Millis()}, &u))
		for where, found := range w.amountsFor(email, named) {
			t.Errorf("%s may see no amounts, and %s tells %v", email, where, found)
		}
	}
}

// amountsFor asks for everything that somebody can ask for, and lists where which
// amounts stand.
func (w *world) amountsFor(email string, named map[string]string) map[string][]string {
	w.T.Helper()
	b, found := w.SignedInAs(email), map[string][]string{}
	note := func(where, text string) {
		if amounts := amountsIn(text); len(amounts) > 0 {
			found[where] = amounts
		}
	}
	routes, _ := page.Table(w.screens()...)
	for _, r := range routes {
		path := fillIn(w.T, r.Pattern, named)
		if r.Method != http.MethodGet || path == "" || r.Lasting && strings.HasSuffix(r.Pattern, "/live") {
			continue
		}
		for _, query := range hiddenQueries(w, r.Pattern) {
			note("GET "+r.Pattern+query, b.Get(path+query).Text)
		}
	}
	w.follow(b, note)
	for where, form := range w.hiddenForms() {
		note("POST "+where, w.sendTo(b, where, form))
	}
	note("the live view", w.live(b))
	return found
}

// hiddenQueries are what a page is asked with.
func hiddenQueries(w *world, pattern string) []string {
	id := "?account=" + w.account.ID.String()
	switch pattern {
	case "/trace":
		return []string{"?q=" + w.clickOf(w.request)}
	case "/reports", "/reports/file":
		return []string{
			"?by=campaign&metrics=value,epc,cost,profit,cpa&format=csv", "?by=campaign&order=-value", "?by=campaign&metrics=clicks&order=-cost",
			"?by=campaign&metrics=value_pending,value_rejected,value_late",
		}
	case "/campaigns/new":
		return []string{"", "?like=" + w.campaign.ID.String()}
	case "/audit", "/audit/csv":
		return []string{"", id}
	case "/postbacks", "/postbacks/export", "/conversions", "/conversions/export":
		return []string{"?once", id, "?format=jsonl"}
	}
	return []string{"?once"}
}

// hiddenForms are forms whose answers could tell amounts that nobody typed.
func (w *world) hiddenForms() map[string][]string {
	account, campaign := page.AdvertiserPath(w.account.ID), page.CampaignPath(w.campaign.ID)
	click := w.clickOf(w.request)
	fresh := w.Click(w.campaign, nil).ID.String()
	return map[string][]string{
		campaign:                     {"do", "preview", "name", "x", "url", "https://shop.example/?c={click_id}", "window", "30d"},
		"/campaigns/new":             {"do", "preview", "like", w.campaign.ID.String(), "name", "x", "window", "30d"},
		account:                      {"name", "", "currency", "USD"},
		"/advertisers/new":           {"name", ""},
		account + "/console":         {"url", "https://track.example" + page.PostbackPath + fresh},
		account + "/tracking/repair": {"url", "https://tracker.example/?sub1=x"},
		"/trace":                     {"q", click},
		"/differ":                    {"list", click, "text", click, "ids", click},
		"/conversions/change":        {"verb", "approve", "list", click},
		"/conversions/2/status":      {"status", "pending", "from", "rejected"},
		"/settings/zone":             {"zone", "Nowhere/Land"},
	}
}

// sendTo sends a form, and follows to where it leads.
func (w *world) sendTo(b *paneltest.Browser, path string, form []string) string {
	a := b.Post(path, form...)
	if to := a.Header.Get("Location"); a.StatusCode == moved && to != "" {
		return b.Get(to).Text + b.Get(strings.TrimSuffix(to, "/")+"/result").Text
	}
	return a.Text
}

// follow goes through every link from the first page on, a few of each kind.
func (w *world) follow(b *paneltest.Browser, note func(where, text string)) {
	known, kinds := map[string]bool{"/overview": true}, map[string]int{}
	for paths := []string{"/overview"}; len(paths) > 0; paths = paths[1:] {
		path, _, _ := strings.Cut(paths[0], "#")
		bare, query, _ := strings.Cut(path, "?")
		asked, _ := url.ParseQuery(query)
		kind := bare + fmt.Sprint(slices.Sorted(maps.Keys(asked)))
		if kinds[kind]++; kinds[kind] > 2 || strings.HasSuffix(bare, "/live") || strings.HasPrefix(bare, "/assets/") {
			continue
		}
		text := b.Get(path).Text
		note("link to "+path, text)
		for _, found := range link.FindAllStringSubmatch(text, -1) {
			if next := html.UnescapeString(found[1]); !known[next] {
				known[next] = true
				paths = append(paths, next)
			}
		}
	}
}

// live is what the live view sends of a call that comes in while it is open.
func (w *world) live(b *paneltest.Browser) string {
	ctx, cancel := context.WithTimeout(w.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.Server.URL+"/postbacks/live", nil)
	w.Must(err)
	answer, err := b.HTTP.Do(r)
	w.Must(err)
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	lines.Scan() // it has begun
	w.Pass(time.Second)
	w.Call(w.campaign, w.sold)
	text := ""
	for began := false; lines.Scan(); {
		line := lines.Text()
		text += line + "\n"
		if began = began || strings.HasPrefix(line, "event: call"); began && line == "" {
			return text
		}
	}
	w.T.Error("the live view sent nothing")
	return text
}

// clickOf is the click that a call was for.
func (w *world) clickOf(request homing.RequestID) string {
	for _, e := range recent(w.stage) {
		if e.Request == request {
			return e.Click.String()
		}
	}
	w.T.Fatal("there is no such call")
	return ""
}

// A manager who sees no amounts changes none by saving a form.
func TestHiddenAmountsAreNotChanged(t *testing.T) {
	w := plant(t)
	w.person("blind@example.com", homing.User{Role: homing.RoleOperator, Level: homing.Manager})
	u, err := w.Ledger.UserByEmail(w.Context(), "blind@example.com")
	w.Must(err)
	u.HideMoney = true
	w.Must(w.Ledger.PutUser(w.Context(), ledger.Actor{Name: "test", At: w.Millis()}, &u))
	b := w.SignedInAs("blind@example.com")
	stand := func(what string) {
		t.Helper()
		a, c := w.Catalog.View().Account(w.account.ID), w.Catalog.View().Campaign(w.campaign.ID)
		if a.PriceMin != money("11") || a.PriceMax != money("99") || c.DefaultValue != homing.ValueOf(money("66")) {
			t.Errorf("%s: range %s to %s, default value %s", what, a.PriceMin, a.PriceMax, c.DefaultValue)
		}
	}
	for _, value := range []string{"", "1.00"} {
		b.Post(page.CampaignPath(w.campaign.ID), "do", "save", "name", "Renamed"+value, "url", "https://shop.example/?c={click_id}", "window", "30d",
			"default_value", value).Want(moved)
		stand("a campaign is saved")
		b.Post(page.AdvertiserPath(w.account.ID), "name", "Renamed"+value, "currency", "USD", "price_min", value, "price_max", value).Want(moved)
		stand("an advertiser is saved")
	}
	if c := w.Catalog.View().Campaign(w.campaign.ID); c.Name != "Renamed1.00" || c.Owner.Name != "Renamed1.00" {
		t.Errorf("not saved: %q of %q", c.Name, c.Owner.Name)
	}
	// A copy takes the default value over, unseen.
	b.Get("/campaigns/new?like=" + w.campaign.ID.String()).Want(ok).Has(`name="like" value="` + w.campaign.ID.String() + `"`).Lacks("default_value")
	b.Post("/campaigns/new", "do", "save", "like", w.campaign.ID.String(), "account", w.account.ID.String(), "name", "Copy",
		"url", "https://shop.example/?c={click_id}", "window", "30d", "default_value", "1.00").Want(moved)
	b.Post("/advertisers/new", "name", "Third", "currency", "EUR", "price_min", "3", "price_max", "4").Want(moved)
	view := w.Catalog.View()
	campaigns, accounts := view.CampaignsOf(w.account.ID), view.Accounts
	if c := campaigns[len(campaigns)-1]; c.Name != "Copy" || c.DefaultValue != homing.ValueOf(money("66")) {
		t.Errorf("the copy: %q, default value %s", c.Name, c.DefaultValue)
	}
	if a := accounts[len(accounts)-1]; a.Name != "Third" || a.PriceMin != homing.DefaultPriceMin || a.PriceMax != homing.DefaultPriceMax {
		t.Errorf("a new advertiser: %q, range %s to %s", a.Name, a.PriceMin, a.PriceMax)
	}
	// What a token reads is not narrowed to what its maker may see; so only owners
	// make them, from whom no amounts can be hidden.
	b.Get("/settings/tokens").Want(forbidden)
	b.Post("/settings/tokens", "name", "etl").Want(forbidden)
}
