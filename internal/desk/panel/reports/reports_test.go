package reports_test

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/panel/door"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/reports"
	"homing/internal/engine/ledger"
	"homing/internal/engine/warehouse"
)

func newHouse(t *testing.T) *paneltest.House {
	return paneltest.New(t, func(*paneltest.House) []page.Screen { return []page.Screen{door.New(), reports.New()} })
}

// sub sets what a click brings as sub1, and its country.
func sub(text string) func(*homing.Click) {
	return func(c *homing.Click) { c.Params[homing.ParamSub1] = []byte(text) }
}

var rows = regexp.MustCompile(`(?s)<tbody>(.*)</tbody>`)

// cells are a page's rows as text: cells with blanks between them.
func cells(a paneltest.Answer) (lines []string) {
	m := rows.FindStringSubmatch(a.Text)
	if m == nil {
		return nil
	}
	for _, line := range strings.Split(m[1], "</tr>") {
		text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(line, " ")
		if text = strings.Join(strings.Fields(html.UnescapeString(text)), " "); text != "" {
			lines = append(lines, strings.TrimSuffix(text, " ›"))
		}
	}
	return lines
}

// link finds the link on a text.
func link(t *testing.T, a paneltest.Answer, text string) string {
	t.Helper()
	m := regexp.MustCompile(`href="([^"]*)"[^>]*>(<bdi>)?` + regexp.QuoteMeta(text) + `<`).FindStringSubmatch(a.Text)
	if m == nil {
		t.Fatalf("no link on %q\n%s", text, paneltest.Excerpt(a.Text))
	}
	return html.UnescapeString(m[1])
}

func TestAReportIsBrokenDownNarrowedAndSorted(t *testing.T) {
	h := newHouse(t)
	spring := h.Campaign(h.Account("Mine").ID, "Spring sale")
	autumn := h.Campaign(spring.Account, "Autumn sale")
	for i, text := range []string{"a", "a", "b", "c,1", "c,1", "c,1"} {
		h.Click(spring, sub(text))
		if i < 2 {
			h.Click(autumn, sub("b"))
		}
	}
	h.Call(autumn, nil)
	h.Load()
	op := h.Operator()

	byDay := op.Get("/reports").Want(http.StatusOK).Has(`"name":"Clicks"`, "2026-03-02", "amounts in USD")
	if got := cells(byDay); len(got) != 7 || !strings.HasPrefix(got[6], "2026-03-02 8 ") {
		t.Errorf("by day: %q", got)
	}
	hours := op.Get(link(t, byDay, "2026-03-02")).Want(http.StatusOK)
	if got := cells(hours); len(got) != 24 || !strings.HasPrefix(got[9], "2026-03-02 09:00 8 ") {
		t.Errorf("a day opens into its hours: %q", got)
	}

	table := op.Get("/reports?by=campaign,sub1&metrics=clicks,conversions&range=today").Want(http.StatusOK)
	want := []string{"Spring sale 1 c,1 3 0", "Spring sale 1 a 2 0", "Autumn sale 2 b 2 0", "Spring sale 1 b 1 0", "Autumn sale 2 not known 0 1"}
	if got := cells(table); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	narrowed := op.Get(link(t, table, "c,1")).Want(http.StatusOK).Has("Sub1 is", "Without Sub1 is c,1")
	if got := cells(narrowed); len(got) != 1 || got[0] != want[0] {
		t.Errorf("narrowed: %q", got)
	}
	again := op.Get(link(t, narrowed, "×")).Want(http.StatusOK).Lacks("Without Sub1")
	if got := cells(again); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("without the condition: %q", got)
	}
	sorted := op.Get(link(t, table, "Conversions")).Want(http.StatusOK).Has(`aria-sort="descending"`)
	if got := cells(sorted); got[0] != want[4] {
		t.Errorf("by conversions: %q", got)
	}
	sorted = op.Get(link(t, sorted, "Conversions")).Want(http.StatusOK).Has(`aria-sort="ascending"`)
	if got := cells(sorted); got[4] != want[4] {
		t.Errorf("the other way round: %q", got)
	}
	opened := op.Get(link(t, op.Get("/reports?by=campaign&range=today").Want(http.StatusOK), "›")).Want(http.StatusOK)
	if got := opened.Request.URL.Query(); got.Get("where") != "campaign=1" || got.Get("by") != "source" {
		t.Errorf("a row opens into %v", got)
	}
}

func TestTheFormLeadsToOneURL(t *testing.T) {
	h := newHouse(t)
	h.Campaign(h.Account("Mine").ID, "Spring sale")
	op := h.Operator()
	for sent, want := range map[string]string{
		"by=day&by=&by=&by=&span=last_7_days&from=2026-02-24&to=2026-03-02&compare=&tz=&basis=&with=&op=%3D&is=":          "/reports?by=day",
		"by=campaign&by=country&by=&span=today&from=2026-01-01&to=2026-01-02":                                             "/reports?by=campaign%2Ccountry&range=today",
		"by=day&span=custom&from=2026-01-01&to=2026-01-02&metrics=clicks&metrics=value":                                   "/reports?by=day&from=2026-01-01&metrics=clicks%2Cvalue&to=2026-01-02",
		"by=day&span=24h&from=2026-01-01&to=2026-01-02":                                                                   "/reports?by=day&from=24h",
		"by=day&span=today&with=campaign&op=%3D&is=spring+SALE&where=sub1%3Da":                                            "/reports?by=day&range=today&where=sub1%3Da&where=campaign%3D1",
		"by=day&span=today&with=sub1&op=~%3D&is=x&where=sub1~%3Dx":                                                        "/reports?by=day&range=today&where=sub1~%3Dx",
		"by=country&span=today&order=-clicks%2Csub1":                                                                      "/reports?by=country&order=-clicks&range=today",
		"by=day&span=today&metrics=clicks&metrics=unique_clicks&metrics=conversions&metrics=value&metrics=cr&metrics=epc": "/reports?by=day&range=today",
	} {
		to := op.Get("/reports?" + sent).Want(http.StatusSeeOther).Header.Get("Location")
		if got, _ := url.QueryUnescape(to); got != unescaped(want) {
			t.Errorf("%s\nleads to %s\nwant %s", sent, got, unescaped(want))
		}
		op.Get(to).Want(http.StatusOK)
	}
}

func unescaped(text string) string { s, _ := url.QueryUnescape(text); return s }

func TestWhatIsWrongStandsAtItsField(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	for query, want := range map[string]string{
		"by=contry": "did you mean country?", "metrics=click": "did you mean clicks?", "from=yesterday-ish": "is no time",
		"compare=last_decade": "Unknown range", "tz=Mars%2FOlympus": "Unknown time zone", "basis=x": "Unknown basis",
		"where=country%3DGermany": "two letters", "nonsense=1": "Unknown parameter",
	} {
		op.Get("/reports?"+query).Want(http.StatusUnprocessableEntity).Has(want, "The question is not right yet").Lacks("<tbody>")
	}
	op.Get("/reports/file?format=exe").Want(http.StatusUnprocessableEntity)
	op.Get("/reports/file?format=csv&by=contry").Want(http.StatusUnprocessableEntity)
}

func TestFilesHaveWhatIsSeen(t *testing.T) {
	h := newHouse(t)
	c := h.Campaign(h.Account("Mine").ID, "Spring sale")
	h.Click(c, sub(`=HYPERLINK("https://evil.example","x")`))
	h.Click(c, sub("plain"))
	h.Load()
	op := h.Operator()
	table := op.Get("/reports?by=sub1&metrics=clicks&where=sub1!%3Dplain").Want(http.StatusOK)
	csv := op.Get(link(t, table, "CSV")).Want(http.StatusOK)
	if want := "sub1,clicks\r\n\"'=HYPERLINK(\"\"https://evil.example\"\",\"\"x\"\")\",1\r\n"; strings.ReplaceAll(csv.Text, "\r\n", "\n") != strings.ReplaceAll(want, "\r\n", "\n") {
		t.Errorf("the file is %q", csv.Text)
	}
	if got := csv.Header.Get("Content-Disposition"); !strings.HasPrefix(got, `attachment; filename="homing-report-`) || !strings.HasSuffix(got, `.csv"`) {
		t.Errorf("Content-Disposition: %s", got)
	}
	if parquet := op.Get(link(t, table, "Parquet")).Want(http.StatusOK); !strings.HasPrefix(parquet.Text, "PAR1") {
		t.Error("that is no Parquet file")
	}
}

func TestNobodySeesMoreThanTheOwn(t *testing.T) {
	h := newHouse(t)
	mine, theirs := h.Campaign(h.Account("Mine").ID, "Visible"), h.Campaign(h.Account("Theirs").ID, "Hidden campaign")
	h.Click(mine, nil)
	for range 137 {
		h.Click(theirs, sub("hidden-sub"))
	}
	h.Call(mine, nil)
	h.Load()
	h.Operator()
	b := h.Advertiser(mine.Account, "own@example.com")
	for _, query := range []string{"by=campaign", "by=account", "by=sub1", "where=campaign%3D2", "where=account%3D2", "by=none", "with=campaign&op=%3D&is=Hidden+campaign&span=today"} {
		a := b.Get("/reports?" + query)
		if a.StatusCode == http.StatusSeeOther {
			a = b.Get(a.Header.Get("Location"))
		}
		a.Lacks(">137<", ">138<", "Theirs", "hidden-sub", ">Hidden campaign<")
	}
	b.Get("/reports/file?format=csv&by=campaign").Want(http.StatusOK).Has("Visible").Lacks("Hidden", ",137")
	b.Get("/reports?account=2").Want(http.StatusNotFound)
	b.Get("/reports").Want(http.StatusOK).Lacks("of-whom")
	h.Operator().Get("/reports?account=2").Want(http.StatusOK).Has(`of-whom"><bdi>Theirs`) // no page is silently about one

	u, err := h.Ledger.UserByEmail(h.Context(), "own@example.com")
	h.Must(err)
	u.HideMoney = true
	h.Must(h.Ledger.PutUser(h.Context(), ledger.Actor{Name: "test", At: h.Millis()}, &u))
	b.Get("/reports?by=campaign").Want(http.StatusOK).Has("Visible").Lacks("2.10", "EPC", ">Value", "Profit")
	b.Get("/reports?metrics=value").Want(http.StatusUnprocessableEntity).Has("you may not see those").Lacks("2.10")
	b.Get("/reports?order=-value").Want(http.StatusUnprocessableEntity)
	b.Get("/reports/file?format=csv&metrics=value").Want(http.StatusUnprocessableEntity)
	b.Get("/reports/file?format=csv&by=campaign").Want(http.StatusOK).Lacks("2.1", "value")
}

func TestComparedRangesStandBesideTheirFigures(t *testing.T) {
	h := newHouse(t)
	c := h.Campaign(h.Account("Mine").ID, "Spring sale")
	for range 4 {
		h.Click(c, nil)
	}
	h.Pass(24 * time.Hour)
	for range 5 {
		h.Click(c, nil)
	}
	h.Load()
	a := h.Operator().Get("/reports?by=campaign&metrics=clicks,cr&range=today&compare=previous").Want(http.StatusOK)
	a.Has(`5<span class="vs"><span>4</span> <b>&#43;25`, "compared with")
	h.SignedInAs("ann@example.com").Get("/reports?by=hour&range=today&compare=previous&metrics=clicks").Want(http.StatusOK).
		Has(`"before":["0"`, `"befores":["2026-03-02 00:00"`)
}

// A page stays light however much there is to tell.
func TestLargeReportsAreCutAndSaySo(t *testing.T) {
	h := newHouse(t)
	c := h.Campaign(h.Account("Mine").ID, "Spring sale")
	for i := range 400 {
		h.Click(c, func(click *homing.Click) {
			click.Params[homing.ParamSub1] = fmt.Appendf(nil, "%03d%s", i, strings.Repeat("ü", 100))
			click.Params[homing.ParamSource] = fmt.Appendf(nil, "source %d", i)
		})
	}
	h.Load()
	op := h.Operator()
	for _, query := range []string{"by=sub1", "by=sub1,campaign,country,device", "by=hour&range=last_30_days", "by=day,sub1&compare=previous",
		"by=sub1&compare=previous&metrics=clicks,unique_clicks,bot_clicks,conversions,approved,pending,rejected,late,cr,time_median,time_p90,value,cost,profit,epc,cpa,roi,foreign,postbacks,duplicates,refusals,acceptance"} {
		a := op.Get("/reports?"+query).Want(http.StatusOK).Has("These are the first", "all rows as CSV")
		t.Logf("%s: %d rows, %d bytes", query, len(cells(a)), len(a.Text))
		if len(a.Text) > 100_000 {
			t.Errorf("%s: the page has %d bytes", query, len(a.Text))
		}
	}
	op.Get("/reports?by=source").Has("These are the first", "All others")
}

type away struct {
	warehouse.Source
	err error
}

func (a away) Ask(context.Context, *warehouse.Query) (*warehouse.Answer, error) { return nil, a.err }

func TestWithoutAnAnswerTheQuestionStays(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	h.Reports.Warehouse = away{h.Warehouse, homing.ErrUnavailable}
	op.Get("/reports?by=country&where=sub1%3Da").Want(http.StatusServiceUnavailable).Has("No answer just now", `<option value="country" selected>`, `value="sub1=a"`)
	h.Reports.Warehouse = away{h.Warehouse, homing.ErrOverloaded}
	op.Get("/reports?by=country").Want(http.StatusServiceUnavailable).Has("too much at once")
}

func TestEmptyRangesSaySo(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	op.Get("/reports").Want(http.StatusOK).Has("Nothing in this range", "Choose a longer range")
	op.Get("/reports?where=country%3DDE").Want(http.StatusOK).Has("Without conditions")
}
