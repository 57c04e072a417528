package audit_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"homing"
	"homing/internal/desk/panel/audit"
	"homing/internal/desk/panel/door"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/engine/ledger"
	"homing/internal/flow/catalog"
)

func house(t *testing.T) *paneltest.House {
	return paneltest.New(t, func(h *paneltest.House) []page.Screen {
		return []page.Screen{door.New(), audit.New(h.Ledger)}
	})
}

func note(h *paneltest.House, account homing.AccountID, action, object, detail string) {
	h.Must(h.Ledger.Apply(h.Context(), ledger.Actor{Name: "user 1", At: h.Millis()}, ledger.Note{Action: action, Object: object, Detail: detail, Account: account}))
}

func TestOperatorsReadWhoDidWhat(t *testing.T) {
	h := house(t)
	op := h.Operator()
	a := h.Account("Northwind")
	c := h.Campaign(a.ID, "Spring sale")
	_, err := h.Catalog.UpdateCampaign(h.Context(), "user 1", c.ID, func(c *homing.Campaign) { c.Name = "Summer sale" })
	h.Must(err)
	op.Get("/audit").Want(http.StatusOK).Has("ann@example.com", "changed the campaign", "Summer sale", "Spring sale", "created the advertiser", "/advertisers/1")
	op.Get("/audit?action=campaign.update").Want(http.StatusOK).Has("changed the campaign").Lacks("created the advertiser")
	op.Get("/audit?actor=user+1").Want(http.StatusOK).Has("changed the campaign").Lacks("created the advertiser")
	op.Get("/audit?action=nonsense").Want(http.StatusOK).Has("Nothing fits")
	op.Get("/audit?before=x").Want(http.StatusNotFound)
	op.Get("/audit/csv").Want(http.StatusOK).Has("number,at,who,what,object,detail,action\r\n", ",ann@example.com,changed the campaign,Summer sale (campaign 1),")
}

func TestOwnersReadWhatIsTheirs(t *testing.T) {
	h := house(t)
	h.Operator()
	mine, theirs := h.Account("Mine"), h.Account("Theirs")
	h.Campaign(theirs.ID, "Hidden campaign")
	_, err := h.Catalog.CreateCampaign(h.Context(), "user 1", catalog.NewCampaign{
		Account: mine.ID, Name: "Own; campaign", Ref: "crm-77", URL: "https://shop.example/?c={click_id}",
	})
	h.Must(err)
	note(h, 0, "masterkey.rotate", "master key 0badcafe", "in use")
	b := h.Advertiser(mine.ID, "own@example.com")
	for _, path := range []string{"/audit", "/audit/csv", "/audit?actor=user+1"} {
		b.Get(path).Want(http.StatusOK).Has("Own; campaign", "the operator").Lacks("Hidden", "Theirs", "ann@example.com", "crm-77", "0badcafe")
	}
	b.Get("/audit?account=" + theirs.ID.String()).Want(http.StatusNotFound)
	b.Get("/audit/csv?account=" + theirs.ID.String()).Want(http.StatusNotFound)
	h.Reader(mine.ID, "reader@example.com").Get("/audit").Want(http.StatusForbidden)
}

func TestPagesAreGoneThroughWithoutGaps(t *testing.T) {
	h := house(t)
	op := h.Operator()
	for i := range 230 {
		note(h, 0, "test.count", "", fmt.Sprintf("entry %03d", i))
	}
	seen := map[string]int{}
	next := "/audit?action=test"
	for pages := 0; next != ""; pages++ {
		if pages > 5 {
			t.Fatal("it does not end")
		}
		a := op.Get(next).Want(http.StatusOK)
		for _, e := range regexp.MustCompile(`entry \d{3}`).FindAllString(a.Text, -1) {
			seen[e]++
		}
		next = ""
		if m := regexp.MustCompile(`href="([^"]*before=[^"]*)"`).FindStringSubmatch(a.Text); m != nil {
			next = strings.ReplaceAll(m[1], "&amp;", "&")
		}
	}
	if len(seen) != 230 {
		t.Errorf("%d entries of 230", len(seen))
	}
	if lines := strings.Count(op.Get("/audit/csv?action=test").Text, "entry "); lines != 230 {
		t.Errorf("the file has %d entries of 230", lines)
	}
}

func TestFilesAreSafeInSpreadsheets(t *testing.T) {
	h := house(t)
	op := h.Operator()
	note(h, 0, "test.evil", "=1+1", `=HYPERLINK("https://evil.example")`)
	op.Get("/audit/csv?action=test").Want(http.StatusOK).Has(`'=1+1`, `"'=HYPERLINK(""`)
}

// Entries that an earlier version wrote hold more than may be told.
func TestOldEntriesTellNoSecrets(t *testing.T) {
	h := house(t)
	op := h.Operator()
	note(h, 0, "installation.update", "installation",
		`name "Acme"; mail "tls smtp.example.com:465 as \"token-user\" from a@example.com"; notices "a@example.com, https://hooks.example.com/T0/token-hook?k=token" → "https://hooks.example.com/T1/token-other, not lag, key replaced"`)
	for _, path := range []string{"/audit", "/audit/csv"} {
		op.Get(path).Want(http.StatusOK).Has("smtp.example.com:465", "https://hooks.example.com/…", "not lag", "a@example.com").Lacks("token-", "=token")
	}
}

func TestHiddenAmountsAreLeftOut(t *testing.T) {
	h := house(t)
	op := h.Operator()
	c := h.Campaign(h.Account("Northwind").ID, "Spring sale")
	_, err := h.Catalog.UpdateAccount(h.Context(), "user 1", c.Account, func(a *homing.Account) { a.PriceMin, a.PriceMax = 7319, 7_319_880_000 })
	h.Must(err)
	_, err = h.Catalog.UpdateCampaign(h.Context(), "user 1", c.ID, func(c *homing.Campaign) {
		c.Name, c.DefaultValue = "Summer; sale", homing.ValueOf(7_319_770_000)
	})
	h.Must(err)
	op.Get("/audit").Want(http.StatusOK).Has("7319.77", "7319.88", "0.007319")
	u, err := h.Ledger.UserByEmail(h.Context(), "ann@example.com")
	h.Must(err)
	u.Level, u.HideMoney = homing.Manager, true
	h.Must(h.Ledger.PutUser(h.Context(), ledger.Actor{Name: "test", At: h.Millis()}, &u))
	for _, path := range []string{"/audit", "/audit/csv"} {
		op.Get(path).Want(http.StatusOK).Has("Summer; sale").Lacks("7319.77", "7319.88", "0.007319", "default value", "price_m")
	}
}
