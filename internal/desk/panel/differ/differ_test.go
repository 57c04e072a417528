package differ_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/panel/differ"
	"homing/internal/desk/panel/door"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/engine/ledger"
)

func house(t *testing.T) *paneltest.House {
	return paneltest.New(t, func(h *paneltest.House) []page.Screen {
		return []page.Screen{door.New(), differ.New(h.Comparer())}
	})
}

// conversion is a click that came home, and its id.
func conversion(h *paneltest.House, c homing.Campaign, outcome homing.Reason, lead string) string {
	h.Pass(time.Second)
	click := h.Click(c, nil)
	h.Pass(time.Minute)
	h.Call(c, func(p *homing.Postback) {
		p.Click, p.Origin, p.Lead = click.ID, click.Origin, lead
		p.Verdict = homing.Verdict{Outcome: outcome.Info().Outcome, Reason: outcome}
	})
	return click.ID.String()
}

func TestAListIsComparedLineByLine(t *testing.T) {
	h := house(t)
	op := h.Operator()
	c := h.Campaign(h.Account("Northwind").ID, "Spring sale")
	same, other := conversion(h, c, homing.ReasonCounted, ""), conversion(h, c, homing.ReasonCounted, "")
	late, refused := conversion(h, c, homing.ReasonLate, ""), conversion(h, c, homing.ReasonValueComma, "")
	conversion(h, c, homing.ReasonCounted, "lost-one")
	h.Load()
	list := "click_id;payout\n" + same + ";2,10\n" + other + ";3,00\n" + late + ";2,10\n" + refused + ";2,10\nrubbish;1\n"
	a := op.Post("/differ", "list", list).Want(http.StatusOK)
	a.Has("Matched", "Other value", "Late", "Refused", "No click id", "Not in the list", "5 lines, and 3 conversions",
		"The list is worth 10.30 USD, ours 6.30: a difference of 4.00", "The value is written with a comma.", "column <bdi>click_id</bdi> = click id")
	op.Post("/differ", "list", list, "view", "late:1").Want(http.StatusOK).Has(`<code class="break">`+late+`</code>`).
		Lacks(`<code class="break">`+same+`</code>`, `<code class="break">`+refused+`</code>`)
	op.Post("/differ", "list", list, "view", "lacking:1").Want(http.StatusOK).Has("lost-one")
	file := op.Post("/differ", "list", list, "as", "csv").Want(http.StatusOK)
	if kind := file.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/csv") || strings.Count(file.Text, "\r\n") != 7 {
		t.Errorf("%s:\n%s", kind, file.Text)
	}
	// Only what is asked for by date.
	op.Post("/differ", "list", list, "from", "2026-03-01", "to", "2026-03-01").Want(http.StatusOK).Has("and 0 conversions").Lacks("lost-one")
	op.Post("/differ", "list", list, "from", "2026-03-05", "to", "2026-03-01").Want(http.StatusUnprocessableEntity).Has("backwards")
	op.Post("/differ", "list", "").Want(http.StatusUnprocessableEntity).Has("nothing in it")
}

// send posts the form as a browser does.
func send(b *paneltest.Browser, file string, fields map[string]string) paneltest.Answer {
	b.T.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, value := range fields {
		b.Must(w.WriteField(name, value))
	}
	part, err := w.CreateFormFile("file", "list.csv")
	b.Must(err)
	_, err = part.Write([]byte(file))
	b.Must(err)
	b.Must(w.Close())
	return b.Send("/differ", w.FormDataContentType(), &body)
}

func TestAFileIsTaken(t *testing.T) {
	h := house(t)
	op := h.Operator()
	c := h.Campaign(h.Account("Northwind").ID, "Spring sale")
	id := conversion(h, c, homing.ReasonCounted, "")
	h.Load()
	send(op, "click_id,value\n"+id+",2.10\n", map[string]string{"list": "", "view": ""}).Want(http.StatusOK).Has("Matched", id)
	// 10,000 clicks are looked up within the time a page may take.
	var all strings.Builder
	all.WriteString("click_id\n")
	for i := range 10_000 {
		all.WriteString(h.Keyring.Seal(homing.Origin{Time: h.Millis() - 1, Node: 5, Seq: uint16(i % 4096), Campaign: c.ID + homing.CampaignID(i/4096)}).String() + "\n")
	}
	begun := time.Now()
	send(op, all.String(), nil).Want(http.StatusOK).Has("Never arrived")
	t.Logf("10,000 clicks took %s", time.Since(begun))
	// 10,000 lines: the list does not stay in the page, which stays small.
	many := "click_id\n" + strings.Repeat(id+"\n", 10_000)
	a := send(op, many, nil).Want(http.StatusOK).Has("10,000 lines", "too long to stay", "1 to 50 of 10,000")
	if len(a.Text) > 100<<10 {
		t.Errorf("the page has %d bytes", len(a.Text))
	}
	send(op, many, map[string]string{"view": ":200"}).Want(http.StatusOK).Has("9,951 to 10,000 of 10,000")
	send(op, strings.Repeat("x", 3<<20), nil).Want(http.StatusUnprocessableEntity).Has("larger than 2 MiB")
	send(op, "PK\x03\x04", nil).Want(http.StatusUnprocessableEntity).Has("save the sheet as CSV")
}

func TestAdvertisersCompareWithTheirOwn(t *testing.T) {
	h := house(t)
	h.Operator()
	mine, theirs := h.Account("Mine"), h.Account("Theirs")
	own := conversion(h, h.Campaign(mine.ID, "Own campaign"), homing.ReasonCounted, "")
	foreign := conversion(h, h.Campaign(theirs.ID, "Hidden campaign"), homing.ReasonCounted, "hidden-lead")
	h.Load()
	b := h.Reader(mine.ID, "own@example.com")
	a := b.Post("/differ", "list", own+"\n"+foreign, "from", "2026-03-01", "to", "2026-03-09").Want(http.StatusOK)
	a.Has("Own campaign", "Not ours", "and 1 conversion of ours").Lacks("Hidden campaign", "hidden-lead", "Theirs")
	b.Post("/differ?account="+theirs.ID.String(), "list", foreign).Want(http.StatusNotFound)
	b.Post("/differ", "list", foreign, "account", theirs.ID.String()).Want(http.StatusOK).Lacks("Hidden campaign")
	h.Operator().Post("/differ", "list", own+"\n"+foreign, "account", theirs.ID.String()).Want(http.StatusOK).Has("Hidden campaign").Lacks("Own campaign")
}

// Who compares, reads the time of their own clock; UTC is at hand.
func TestTimesAreInTheReadersZone(t *testing.T) {
	h := house(t)
	op := h.Operator()
	u, err := h.Ledger.UserByEmail(h.Context(), "ann@example.com")
	h.Must(err)
	u.Zone = "Asia/Kathmandu"
	h.Must(h.Ledger.PutUser(h.Context(), ledger.Actor{Name: "test", At: h.Millis()}, &u))
	id := conversion(h, h.Campaign(h.Account("Northwind").ID, "Spring sale"), homing.ReasonKeyWrong, "")
	h.Load()
	const says = "A postback came at 2026-03-02 15:16:01 UTC+05:45 (09:31:01 UTC)"
	op.Post("/differ", "list", id).Want(http.StatusOK).Has(strings.ReplaceAll(says, "+", "&#43;"), "in Asia/Kathmandu")
	op.Post("/differ", "list", id, "as", "csv").Want(http.StatusOK).Has(says)
}

// A list is somebody's: what others converted is not lacking in it.
func TestTheIDsTellWhoseListItIs(t *testing.T) {
	h := house(t)
	op := h.Operator()
	mine, theirs := h.Account("Mine"), h.Account("Theirs")
	_, err := h.Catalog.UpdateAccount(h.Context(), "test", theirs.ID, func(a *homing.Account) { a.Currency = "EUR" })
	h.Must(err)
	own := conversion(h, h.Campaign(mine.ID, "Own campaign"), homing.ReasonCounted, "")
	conversion(h, h.Campaign(mine.ID, "Other campaign"), homing.ReasonCounted, "lacking-lead")
	conversion(h, h.Campaign(theirs.ID, "Their campaign"), homing.ReasonCounted, "their-lead")
	h.Load()
	op.Post("/differ", "list", own+";2.10").Want(http.StatusOK).Has("and 2 conversions", "They are of <bdi>Mine</bdi>", "2.10 USD")
	op.Post("/differ", "list", own, "view", "lacking:1").Want(http.StatusOK).Has("lacking-lead").Lacks("their-lead", "Their campaign")
	nobodys := strings.Repeat("0123456789abcdef", 3)[:40]
	op.Post("/differ", "list", nobodys, "from", "2026-03-01", "to", "2026-03-09").Want(http.StatusOK).Has("Choose the advertiser").Lacks("their-lead", "lacking-lead")
}

func TestHiddenAmountsStayHidden(t *testing.T) {
	h := house(t)
	h.Operator()
	acc := h.Account("Mine")
	id := conversion(h, h.Campaign(acc.ID, "Own campaign"), homing.ReasonCounted, "")
	h.Load()
	b := h.Advertiser(acc.ID, "own@example.com")
	u, err := h.Ledger.UserByEmail(h.Context(), "own@example.com")
	h.Must(err)
	u.HideMoney = true
	h.Must(h.Ledger.PutUser(h.Context(), ledger.Actor{Name: "test", At: h.Millis()}, &u))
	b.Post("/differ", "list", "click_id,value\n"+id+",9.99").Want(http.StatusOK).Has("Amounts are hidden", "Matched").Lacks("2.10", "Our value", "Other value")
	b.Get("/differ/day?day=2026-03-02&count=1&value=9.99").Want(http.StatusOK).Lacks("2.10", "Value")
}

func TestADayIsLookedAtInEveryWay(t *testing.T) {
	h := house(t)
	op := h.Operator()
	c := h.Campaign(h.Account("Northwind").ID, "Spring sale")
	for range 3 {
		conversion(h, c, homing.ReasonCounted, "")
	}
	conversion(h, c, homing.ReasonLate, "")
	conversion(h, c, homing.ReasonKeyWrong, "")
	h.Pass(15 * time.Hour) // 2026-03-03 in UTC, 2026-03-02 in New York
	for range 2 {
		conversion(h, c, homing.ReasonCounted, "")
	}
	h.Load()
	day := func(query string) paneltest.Answer { return op.Get("/differ/day?day=2026-03-02&" + query) }
	day("count=3&tz=UTC").Want(http.StatusOK).Has("Your 3 = our 3 conversions by conversion time in UTC.", "fits best")
	day("count=3&value=6.30&tz=UTC").Want(http.StatusOK).Has("The value is the same, too: 6.30.")
	day("count=5&tz=America/New_York").Want(http.StatusOK).Has("Your 5 = our 5 conversions by conversion time in America/New_York.")
	// The tracker keeps to UTC without saying so.
	day("count=3&tz=America/New_York").Want(http.StatusOK).Has("Your 3 = our 3 conversions by conversion time in UTC.")
	day("count=4&tz=UTC").Want(http.StatusOK).Has("our 3 conversions plus 1 late by conversion time in UTC", "What was refused that day", "The key is none of this account")
	day("count=50&tz=UTC").Want(http.StatusOK).Has("No way of counting gives exactly 50")
	day("count=3&tz=UTC&account=1&campaign=1").Want(http.StatusOK).Has("Your 3 = our 3")
	day("count=x&tz=Europe/Berln&value=a&campaign=99").Want(http.StatusUnprocessableEntity).Has("did you mean Europe/Berlin", "such as 214", "such as 1234.50")
	op.Get("/differ/day").Want(http.StatusOK).Has("Most differences are a matter of days", `value="2026-03-02"`)
	op.Get("/differ/day?day=1999-01-01&count=1").Want(http.StatusUnprocessableEntity).Has("2024")
}
