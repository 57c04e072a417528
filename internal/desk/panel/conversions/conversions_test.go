package conversions_test

import (
	"bytes"
	"fmt"
	"html"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/panel/conversions"
	"homing/internal/desk/panel/door"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/engine/ledger"
	"homing/internal/flow/amend"
	"homing/internal/flow/report"
)

const (
	ok, moved, missing, forbidden, conflict, unfit = http.StatusOK, http.StatusSeeOther, http.StatusNotFound, http.StatusForbidden, http.StatusConflict, http.StatusUnprocessableEntity
)

func newHouse(t *testing.T) *paneltest.House {
	return paneltest.New(t, func(h *paneltest.House) []page.Screen {
		return []page.Screen{door.New(), conversions.New(conversions.Options{Amender: h.Amender()})}
	})
}

// convert makes a conversion of a click that is recorded, and returns its number.
func convert(h *paneltest.House, c homing.Campaign, change func(*homing.Postback)) homing.ConversionID {
	h.T.Helper()
	click := h.Click(c, nil)
	h.Pass(time.Second)
	var id homing.ConversionID
	h.Call(c, func(p *homing.Postback) {
		p.Origin, p.Click = click.Origin, click.ID
		if change != nil {
			change(p)
		}
	})
	found, err := h.Ledger.ConversionsOf(h.Context(), click.Origin)
	h.Must(err)
	id = found[len(found)-1].ID
	return id
}

// late makes a postback late.
func late(p *homing.Postback) {
	p.Verdict = homing.Verdict{Outcome: homing.Late, Reason: homing.ReasonLate}
}

func (s stage) status(id homing.ConversionID) homing.Status {
	c, err := s.Amender().Find(s.Context(), id)
	s.Must(err)
	return c.Status
}

type stage struct{ *paneltest.House }

func path(id homing.ConversionID) string { return "/conversions/" + id.String() }

// rows are the conversions that a list shows, in its order.
func rows(a paneltest.Answer) (ids []string) {
	for _, m := range regexp.MustCompile(`<th scope="row"><a href="/conversions/(\d+)">`).FindAllStringSubmatch(a.Text, -1) {
		ids = append(ids, m[1])
	}
	return ids
}

func wantRows(t *testing.T, a paneltest.Answer, want string) {
	t.Helper()
	if got := strings.Join(rows(a), " "); got != want {
		t.Errorf("%s: rows %q, want %q", a.Request.URL, got, want)
	}
}

func TestAConversionShowsAtOnce(t *testing.T) {
	h := newHouse(t)
	c := h.Campaign(h.Account("Northwind").ID, "Spring")
	op := h.Operator()
	op.Get("/conversions").Want(ok).Has("No conversion in the last 7 days", "Look at the postback log")
	convert(h, c, func(p *homing.Postback) { p.Lead = "order-7" })
	wantRows(t, op.Get("/conversions").Want(ok).Has("order-7", "2.10", "Spring", "Northwind"), "1")
	h.Load()
	h.Pass(time.Second)
	convert(h, c, nil)
	wantRows(t, op.Get("/conversions").Want(ok), "2 1")
	h.Load()
	wantRows(t, op.Get("/conversions").Want(ok), "2 1")
}

// TestAPageIsAPage: what was loaded of the same moment is on the next page, and what
// was not loaded yet stands above, a page of it at most.
func TestAPageIsAPage(t *testing.T) {
	h := newHouse(t)
	c := h.Campaign(h.Account("Northwind").ID, "Spring")
	for range 5 {
		h.Call(c, nil)
	}
	h.Load()
	op := h.Operator()
	wantRows(t, op.Get("/conversions?limit=2").Want(ok), "5 4")
	if n := len(rows(op.Get("/conversions?limit=1000").Want(ok).Lacks("Reports are behind"))); n != 5 {
		t.Errorf("%d rows", n)
	}
	h.Pass(time.Second)
	for range 60 {
		h.Call(c, nil)
	}
	if n := len(rows(op.Get("/conversions").Want(ok))); n < 50 || n > 100 { // as much as is loaded by then
		t.Errorf("%d rows with those that are not loaded", n)
	}
	h.Load()
	if n := len(rows(op.Get("/conversions?limit=1000").Want(ok).Lacks("Reports are behind"))); n != 50 {
		t.Errorf("%d rows", n)
	}
}

func TestFiltersAndPagesAreInTheURL(t *testing.T) {
	h := newHouse(t)
	a, b := h.Account("Northwind"), h.Account("Harbour")
	spring, brand := h.Campaign(a.ID, "Spring"), h.Campaign(b.ID, "Brand")
	for i := range 5 {
		convert(h, spring, func(p *homing.Postback) { p.Goal = homing.GoalID(i % 2) })
	}
	convert(h, brand, late)
	h.Load()
	op := h.Operator()
	for query, want := range map[string]string{
		"": "6 5 4 3 2 1", "account=1": "5 4 3 2 1", "campaign=2": "6", "status=late": "6", "status=approved,late": "6 5 4 3 2 1", "status=pending": "",
		"where=goal=1": "4 2", "order=oldest&account=1": "1 2 3 4 5", "conversion=3": "3", "account=2&campaign=1": "", "where=country=DE": "", "range=yesterday": "",
		"range=last_7_days&from=2026-03-02&to=": "6 5 4 3 2 1", "from=2026-03-03&to=2026-03-04": "", "campaign=": "6 5 4 3 2 1",
	} {
		wantRows(t, op.Get("/conversions?"+query).Want(ok), want)
	}
	first := op.Get("/conversions?account=1&limit=2").Want(ok)
	wantRows(t, first, "5 4")
	next := html.UnescapeString(regexp.MustCompile(`href="([^"]*)" rel="next"`).FindStringSubmatch(first.Text)[1])
	second := op.Get(next).Want(ok).Has("Newest")
	wantRows(t, second, "3 2")
	for query, says := range map[string]string{
		"status=gone": "status: unknown", "from=soon": "from: ", "campaign=77": "campaign: there is no campaign", "cursor=xyz": "cursor: it is not one of this list",
		"where=colour=red": "where: ", "find=hello": "find: want a click id",
	} {
		status := unfit
		if strings.HasPrefix(query, "find") {
			status = ok
		}
		op.Get("/conversions?" + query).Want(status).Has(says)
	}
	click := h.Keyring.Seal(homing.Origin{Time: 1, Node: 1, Campaign: 1}).String()
	for find, to := range map[string]string{
		"17": "conversion=17", click: "click_id=" + click, "https://x.example/?c=" + click + "&y=1": "click_id=" + click,
		"0195c2d00000000300000001": "request=0195c2d00000000300000001",
	} {
		if got := op.Get("/conversions?find=" + strings.NewReplacer("&", "%26", "?", "%3F").Replace(find)).Want(moved).Header.Get("Location"); got != "/conversions?"+to {
			t.Errorf("%s leads to %s", find, got)
		}
	}
}

func TestSumsAreOfTheFilter(t *testing.T) {
	h := newHouse(t)
	c := h.Campaign(h.Account("Northwind").ID, "Spring")
	for range 3 {
		convert(h, c, nil)
	}
	convert(h, c, late)
	s := stage{h}
	op := h.Operator()
	op.Post(path(2)+"/status", "status", "rejected", "from", "approved", "reason", "returned").Want(moved)
	op.Post(path(3)+"/status", "status", "pending", "from", "approved").Want(moved)
	h.Load()
	text := regexp.MustCompile(`\s+`).ReplaceAllString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(op.Get("/conversions?range=today").Want(ok).Text, " "), " ")
	for _, want := range []string{"All 4 4.20 USD", "Approved 1 2.10 USD", "Pending 1 2.10 USD", "Rejected 1 2.10 USD", "Late 1 2.10 USD", "approved and pending: 4.20 USD"} {
		if !strings.Contains(text, want) {
			t.Errorf("the sums do not have %q: %s", want, text[max(0, strings.Index(text, "All 4")):][:300])
		}
	}
	if s.status(2) != homing.Rejected {
		t.Error("it was not rejected")
	}
}

// Values are told by status and currency, of all advertisers at once.
func TestSumsAreByCurrency(t *testing.T) {
	h := newHouse(t)
	c := h.Campaign(h.Account("Northwind").ID, "Spring")
	euro := h.Account("Harbour")
	_, err := h.Catalog.UpdateAccount(h.Context(), "test", euro.ID, func(a *homing.Account) { a.Currency = "EUR" })
	h.Must(err)
	abroad := h.Campaign(euro.ID, "Autumn")
	for range 3 {
		convert(h, c, nil)
		convert(h, abroad, nil)
	}
	convert(h, abroad, late)
	op := h.Operator()
	op.Post(path(1)+"/status", "status", "pending", "from", "approved").Want(moved)
	op.Post(path(4)+"/status", "status", "rejected", "from", "approved", "reason", "returned").Want(moved)
	h.Load()
	sumsOf := func(query string) string {
		t.Helper()
		text := op.Get("/conversions?range=today" + query).Want(ok).Text
		_, text, _ = strings.Cut(text, `<nav class="sums"`)
		text, _, _ = strings.Cut(text, "</p>")
		return regexp.MustCompile(`\s+`).ReplaceAllString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(text, " "), " ")
	}
	for query, wanted := range map[string][]string{
		"":                 {"All 7 4.20 EUR 6.30 USD", "Approved 4 4.20 EUR 4.20 USD", "Pending 1 2.10 USD", "Rejected 1 2.10 EUR", "Late 1 2.10 EUR"},
		"&status=rejected": {"All 7 4.20 EUR 6.30 USD", "Rejected 1 2.10 EUR"},
		"&account=1":       {"All 3 6.30 USD", "Approved 2 4.20 USD", "Rejected 0 Late 0", "approved and pending: 6.30 USD"},
		"&campaign=2":      {"All 4 4.20 EUR", "Pending 0 Rejected 1 2.10 EUR"},
	} {
		got := sumsOf(query)
		for _, want := range wanted {
			if !strings.Contains(got, want) {
				t.Errorf("%s: the sums do not have %q: %s", query, want, got)
			}
		}
	}
	if got := sumsOf(""); strings.Contains(got, "approved and pending:") {
		t.Errorf("amounts of two currencies are added: %s", got)
	}
}

// A change is in the reports as soon as they have loaded it, to the last digit.
func TestReportsFollowAChange(t *testing.T) {
	h := newHouse(t)
	c := h.Campaign(h.Account("Northwind").ID, "Spring")
	convert(h, c, nil)
	convert(h, c, late)
	figures := func() string {
		h.Load()
		q, err := report.Parse(map[string][]string{"by": {"none"}, "range": {"today"}, "metrics": {"conversions,approved,pending,rejected,late,value"}},
			report.Defaults{Now: h.Millis()})
		h.Must(err)
		table, err := h.Reports.Report(h.Context(), report.Scope{}, q)
		h.Must(err)
		var cells []string
		for _, cell := range table.Total.Cells {
			cells = append(cells, cell.Text)
		}
		return strings.Join(cells, " ")
	}
	op := h.Operator()
	for _, step := range []struct {
		id           homing.ConversionID
		from, to     string
		want, notice string
	}{
		{1, "", "", "1 1 0 0 1 2.10", ""},
		{1, "approved", "rejected", "0 0 0 1 1 0.00", ""},
		{1, "rejected", "pending", "1 0 1 0 1 2.10", ""},
		{2, "late", "approved", "2 1 1 0 0 4.20", ""},
		{1, "pending", "approved", "2 2 0 0 0 4.20", ""},
	} {
		if step.to != "" {
			op.Post(path(step.id)+"/status", "status", step.to, "from", step.from, "reason", "why").Want(moved)
		}
		if got := figures(); got != step.want {
			t.Errorf("%s → %s: %s, want %s", step.from, step.to, got, step.want)
		}
	}
	op.Get(path(2)+"?done=status").Want(ok).Has("The conversion is changed.", "the operator accepted it", "ann@example.com", "why", "its postback")
}

func TestAConversionIsChangedWithCare(t *testing.T) {
	h := newHouse(t)
	c := h.Campaign(h.Account("Northwind").ID, "Spring")
	convert(h, c, func(p *homing.Postback) { p.Lead = "order-7"; p.Goal = 2 })
	h.Load()
	op := h.Operator()
	op.Get(path(1)).Want(ok).Has("First deposit", "order-7", "Reject", "Make pending", "/postbacks/", "/trace?q="+h.Keyring.Seal(origin(h, 1)).String(), "desktop")
	op.Post(path(1)+"/status", "status", "rejected", "from", "approved").Want(unfit).Has("Say why it is rejected")
	op.Post(path(1)+"/status", "status", "rejected", "from", "approved", "reason", "a\nb").Want(unfit).Has("control characters")
	op.Post(path(1)+"/status", "status", "late", "from", "approved").Want(unfit).Has("Nothing can be made late")
	op.Post(path(1)+"/status", "status", "gone", "from", "approved").Want(unfit)
	op.Post(path(1)+"/status", "status", "rejected", "from", "approved", "reason", "returned").Want(moved)
	// Somebody else still sees the old page.
	op.Post(path(1)+"/status", "status", "pending", "from", "approved").Want(conflict).Has("It is rejected, not approved.", "Restore as approved")
	op.Post(path(1)+"/status", "status", "approved", "from", "rejected").Want(moved)
	for _, nothing := range []string{"0", "01", "2", "x", "99999999999999999999"} {
		op.Get("/conversions/" + nothing).Want(missing)
	}
}

func origin(h *paneltest.House, id homing.ConversionID) homing.Origin {
	c, err := h.Amender().Find(h.Context(), id)
	h.Must(err)
	return c.Click
}

func TestAdvertisersOnlyLook(t *testing.T) {
	h := newHouse(t)
	a, b := h.Account("Northwind"), h.Account("Harbour")
	convert(h, h.Campaign(a.ID, "Spring"), func(p *homing.Postback) { p.Lead = "mine-lead" })
	convert(h, h.Campaign(b.ID, "Brand"), func(p *homing.Postback) { p.Lead = "their-lead" })
	op := h.Operator()
	op.Post(path(1)+"/status", "status", "rejected", "from", "approved", "reason", "returned goods").Want(moved)
	for _, loaded := range []bool{false, true} {
		if loaded {
			h.Load()
		}
		mara := h.Advertiser(a.ID, fmt.Sprintf("mara%v@example.com", loaded))
		mara.Get("/conversions").Want(ok).Has("mine-lead").Lacks("their-lead", "Harbour", "Change many", "checkbox")
		mara.Get("/conversions?account=2").Want(missing)
		mara.Get("/conversions?campaign=2").Want(unfit).Lacks("their-lead", "Brand")
		mara.Get("/conversions?where=account=2").Want(ok).Lacks("their-lead", "mine-lead")
		mara.Get("/conversions?conversion=2").Want(ok).Lacks("their-lead")
		mara.Get("/conversions/export?format=csv").Want(ok).Lacks("their-lead")
		mara.Get(path(1)).Want(ok).Has("returned goods", "the operator").Lacks("ann@example.com", "Restore", "<form class=\"card\"")
		mara.Get(path(2)).Want(missing)
		for _, form := range []string{path(1) + "/status", path(2) + "/status", "/conversions/change"} {
			mara.Post(form, "status", "approved", "from", "rejected").Want(forbidden)
		}
		mara.Get("/conversions/change").Want(forbidden)
	}
	if (stage{h}).status(1) != homing.Rejected {
		t.Error("an advertiser changed a status")
	}
}

func TestHiddenMoneyIsNowhere(t *testing.T) {
	h := newHouse(t)
	c := h.Campaign(h.Account("Northwind").ID, "Spring")
	convert(h, c, func(p *homing.Postback) { p.Value, p.Price = homing.ValueOf(7_770_000), 3_330_000 })
	h.Load()
	for email, b := range map[string]*paneltest.Browser{"ann@example.com": h.Operator(), "mara@example.com": h.Advertiser(c.Account, "mara@example.com")} {
		b.Get("/conversions").Want(ok).Has("7.77")
		u, err := h.Ledger.UserByEmail(h.Context(), email)
		h.Must(err)
		u.HideMoney = true
		h.Must(h.Ledger.PutUser(h.Context(), ledger.Actor{Name: "test", At: h.Millis()}, &u))
		for _, p := range []string{"/conversions", "/conversions?click_id=" + h.Keyring.Seal(origin(h, 1)).String(), path(1), "/conversions/export?format=csv", "/conversions/export?format=jsonl"} {
			b.Get(p).Want(ok).Lacks("7.77", "3.33")
		}
	}
	op := h.SignedInAs("ann@example.com")
	job := op.Post("/conversions/change", "verb", "set", "list", "id,status\n1,pending").Want(moved).Header.Get("Location")
	op.Get(job).Want(ok).Lacks("7.77", "3.33")
	op.Get(job+"/result").Want(ok).Lacks("7.77", "3.33")
}

func TestAListIsPreviewedThenCarriedOut(t *testing.T) {
	h := newHouse(t)
	c := h.Campaign(h.Account("Northwind").ID, "Spring")
	for range 3 {
		convert(h, c, nil)
	}
	s, op := stage{h}, h.Operator()
	op.Get("/conversions/change").Want(ok).Has("How a list looks")
	list := "1\n" + h.Keyring.Seal(origin(h, 2)).String() + "\n9\nnonsense <b>\n3"
	op.Post("/conversions/change", "verb", "reject", "list", list).Want(unfit).Has("Say why they are rejected", "nonsense")
	op.Post("/conversions/change", "verb", "", "reason", "x").Want(unfit).Has("Choose what to do", "Paste a list")
	op.Post("/conversions/change", "verb", "reject", "reason", "x", "list", "id,status").Want(unfit).Has("There is no line in it")
	job := op.Post("/conversions/change", "verb", "reject", "reason", "returned", "list", list).Want(moved).Header.Get("Location")
	op.Get(job).Want(ok).Has("Nothing is changed yet", "3 conversions would be changed", "There is no conversion 9.", "nonsense &lt;b&gt;", "Can&#39;t <span class=\"of\">2</span>")
	if s.status(1) != homing.Approved {
		t.Error("the preview changed something")
	}
	op.Post(path(3)+"/status", "status", "pending", "from", "approved").Want(moved) // meanwhile
	op.Post(job).Want(moved)
	op.Get(job).Want(ok).Has("It is done", "Somebody else made it pending in the meantime")
	op.Get(job + "?show=changed").Want(ok).Has("returned").Lacks("no conversion 9")
	if s.status(1) != homing.Rejected || s.status(2) != homing.Rejected || s.status(3) != homing.Pending {
		t.Errorf("%v %v %v", s.status(1), s.status(2), s.status(3))
	}
	op.Post(job).Want(moved) // once is enough
	history, err := h.Ledger.History(h.Context(), 1)
	h.Must(err)
	if len(history) != 2 || history[1].Reason != "returned" || !strings.HasPrefix(history[1].Actor, "user ") {
		t.Errorf("%+v", history)
	}
	csv := op.Get(job + "/result").Want(ok)
	if csv.Header.Get("Content-Type") != "text/csv; charset=utf-8" || strings.Count(csv.Text, "\r\n") != 6 {
		t.Errorf("%v %q", csv.Header, csv.Text)
	}
	csv.Has("3,9,,,,rejected,refused,There is no conversion 9.,returned,\r\n", "overtaken")
	// Another operator does not see it, nor does anybody after two hours.
	h.Pass(3 * time.Hour)
	op.Get(job).Want(missing)
}

func TestTickedRowsAreAList(t *testing.T) {
	h := newHouse(t)
	c := h.Campaign(h.Account("Northwind").ID, "Spring")
	convert(h, c, nil)
	convert(h, c, nil)
	op := h.Operator()
	job := op.Post("/conversions/change", "id", "1", "id", "2", "verb", "reject", "reason", "x").Want(moved).Header.Get("Location")
	op.Get(job).Want(ok).Has("2 conversions would be changed")
}

func TestAFileIsTaken(t *testing.T) {
	h := newHouse(t)
	c := h.Campaign(h.Account("Northwind").ID, "Spring")
	convert(h, c, func(p *homing.Postback) { p.Lead = "=cmd|x" })
	h.Load()
	op := h.Operator()
	// The file of the list itself, with a column more.
	export := op.Get("/conversions/export?format=csv").Want(ok).Text
	head, line, _ := strings.Cut(strings.TrimSpace(export), "\r\n")
	if line == "" {
		head, line, _ = strings.Cut(strings.TrimSpace(export), "\n")
	}
	send := func(file string) (*http.Response, error) {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		h.Must(w.WriteField("verb", "set"))
		h.Must(w.WriteField("list", ""))
		part, err := w.CreateFormFile("file", "list.csv")
		h.Must(err)
		part.Write([]byte(file))
		h.Must(w.Close())
		r, err := http.NewRequestWithContext(h.Context(), http.MethodPost, h.Server.URL+"/conversions/change", &body)
		h.Must(err)
		r.Header.Set("Content-Type", w.FormDataContentType())
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		return op.HTTP.Do(r)
	}
	answer, err := send(strings.TrimRight(head, "\r") + ",new_status,reason\r\n" + strings.TrimRight(line, "\r") + ",rejected,why\r\n")
	h.Must(err)
	answer.Body.Close()
	if answer.StatusCode != moved {
		t.Fatalf("status %d", answer.StatusCode)
	}
	op.Get(answer.Header.Get("Location")).Want(ok).Has("1 conversion would be changed", "passed over: account")
	answer, err = send(strings.Repeat("1\n", amend.MaxText/2+formRoom))
	if err == nil {
		answer.Body.Close()
		if answer.StatusCode != unfit {
			t.Errorf("a file too large: status %d", answer.StatusCode)
		}
	}
}

const formRoom = 64 << 10

// Without the reports the newest conversions are there all the same.
func TestWithoutReports(t *testing.T) {
	h := newHouse(t)
	a, b := h.Account("Northwind"), h.Account("Harbour")
	convert(h, h.Campaign(a.ID, "Spring"), nil)
	convert(h, h.Campaign(b.ID, "Brand"), nil)
	op, mara := h.Operator(), h.Advertiser(a.ID, "mara@example.com")
	h.Reports.Warehouse = away{h.Reports.Warehouse}
	wantRows(t, op.Get("/conversions").Want(ok).Has("Reports are away for the moment"), "2 1")
	wantRows(t, op.Get("/conversions?account=2").Want(ok), "2")
	wantRows(t, op.Get("/conversions?status=rejected").Want(ok), "")
	wantRows(t, mara.Get("/conversions").Want(ok), "1")
	mara.Get(path(1)).Want(ok).Has("Reports are away for the moment")
	if to := op.Get("/conversions/export?status=late&format=csv").Want(moved).Header.Get("Location"); to != "/conversions?status=late" {
		t.Errorf("an export leads to %s", to)
	}
	op.Post(path(1)+"/status", "status", "pending", "from", "approved").Want(moved)
}
