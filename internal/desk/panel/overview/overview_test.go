package overview_test

import (
	"context"
	"html"
	"net/http"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/panel/door"
	"homing/internal/desk/panel/overview"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/engine/ledger"
	"homing/internal/engine/warehouse"
)

func newHouse(t *testing.T) *paneltest.House {
	return paneltest.New(t, func(*paneltest.House) []page.Screen { return []page.Screen{door.New(), overview.New()} })
}

func clicks(h *paneltest.House, c homing.Campaign, n int) {
	for range n {
		h.Click(c, nil)
	}
}

// change changes a user as the settings do.
func change(h *paneltest.House, email string, edit func(*homing.User)) {
	u, err := h.Ledger.UserByEmail(h.Context(), email)
	h.Must(err)
	edit(&u)
	h.Must(h.Ledger.PutUser(h.Context(), ledger.Actor{Name: "test", At: h.Millis()}, &u))
}

func TestTodayStandsAgainstTheSameTimeYesterday(t *testing.T) {
	h := newHouse(t)
	c := h.Campaign(h.Account("Mine").ID, "Spring sale")
	clicks(h, c, 4)
	h.Call(c, nil)
	h.Pass(time.Hour)
	clicks(h, c, 7) // later yesterday than it is today
	h.Pass(23*time.Hour + time.Minute)
	clicks(h, c, 6)
	h.Call(c, nil)
	h.Call(c, nil)
	h.Call(c, func(p *homing.Postback) {
		p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonKeyWrong}
	})
	h.Load()
	h.Operator().Get("/overview").Want(http.StatusOK).Has(
		`<dd class="tile-figure">6</dd>`, "yesterday</span> <span class=\"then\">4</span> <strong>&#43;50\u00a0%",
		`4.20 <span class="unit">USD</span>`, "66.67\u00a0%", // two of three calls were taken
		"Spring sale", "Mine", `"name":"Conversions"`, html.EscapeString(homing.ReasonKeyWrong.Info().Title), "1 call",
		"/postbacks?outcome=refused&amp;reason="+homing.ReasonKeyWrong.String(), "last Tuesday")
}

func TestAnAdvertiserSeesTheOwnDay(t *testing.T) {
	h := newHouse(t)
	mine, theirs := h.Campaign(h.Account("Mine").ID, "Visible"), h.Campaign(h.Account("Theirs").ID, "Hidden campaign")
	clicks(h, mine, 3)
	clicks(h, theirs, 137)
	h.Call(theirs, func(p *homing.Postback) {
		p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonValueComma}
	})
	h.Load()
	h.Operator()
	b := h.Advertiser(mine.Account, "own@example.com")
	b.Get("/overview").Want(http.StatusOK).Has("Visible", `<dd class="tile-figure">3</dd>`, "Value").
		Lacks("Hidden campaign", "Theirs", ">137<", ">140<", homing.ReasonValueComma.Info().Title)
	b.Get("/overview?account=" + theirs.Account.String()).Want(http.StatusNotFound)
	change(h, "own@example.com", func(u *homing.User) { u.HideMoney, u.Zone = true, "Asia/Tokyo" })
	b.Get("/overview").Want(http.StatusOK).Has(`<dd class="tile-figure">3</dd>`, "18:30:00", "Asia/Tokyo").Lacks("Value", "EPC", "USD")
}

func TestCurrenciesAreNotAddedUp(t *testing.T) {
	h := newHouse(t)
	a := h.Campaign(h.Account("Mine").ID, "In dollars")
	other := h.Account("Theirs")
	_, err := h.Catalog.UpdateAccount(h.Context(), "test", other.ID, func(a *homing.Account) { a.Currency = "EUR" })
	h.Must(err)
	b := h.Campaign(other.ID, "In euros")
	for _, c := range []homing.Campaign{a, b} {
		clicks(h, c, 1)
		h.Call(c, nil)
	}
	h.Load()
	op := h.Operator()
	op.Get("/overview").Want(http.StatusOK).Has("several currencies", "EUR", "USD").Lacks("4.20")
	op.Get("/overview?account="+other.ID.String()).Want(http.StatusOK).Has(`2.10 <span class="unit">EUR</span>`).Lacks("several currencies", "In dollars")
}

func TestEmptyDaysSayWhatToDo(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	op.Get("/overview").Want(http.StatusOK).Has("Nothing to see yet", "/advertisers/new")
	a := h.Account("Mine")
	op.Get("/overview").Want(http.StatusOK).Has("/campaigns/new")
	h.Campaign(a.ID, "First")
	op.Get("/overview").Want(http.StatusOK).Has("Quiet so far").Lacks("Nothing to see yet")
}

// away is a warehouse that cannot be reached.
type away struct{ warehouse.Source }

func (away) Ask(context.Context, *warehouse.Query) (*warehouse.Answer, error) {
	return nil, homing.ErrUnavailable
}

func TestWithoutFiguresThereIsStillTheLog(t *testing.T) {
	h := newHouse(t)
	c := h.Campaign(h.Account("Mine").ID, "Spring sale")
	h.Call(c, func(p *homing.Postback) {
		p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonKeyWrong}
	})
	h.Load()
	h.Reports.Warehouse = away{h.Warehouse}
	h.Operator().Get("/overview").Want(http.StatusOK).Has("be told just now", html.EscapeString(homing.ReasonKeyWrong.Info().Title)).Lacks("tile-figure")
}
