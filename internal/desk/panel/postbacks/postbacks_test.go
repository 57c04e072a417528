package postbacks_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/warehouse"
)

// What has just come stands on the page, and once, however far the warehouse is.
func TestACallShowsAtOnceAndOnce(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	c := h.Campaign(h.Account("Northwind").ID, "Spring")
	first := h.Call(c, nil)
	wantRows(t, "before it is loaded", op.Get("/postbacks"), first)
	settle(h, c)
	wantRows(t, "after it is loaded", op.Get("/postbacks"), first)
	h.Pass(time.Minute)
	second := refuse(h, c, homing.ReasonValueComma, nil)
	wantRows(t, "half of it loaded", op.Get("/postbacks"), second, first)
	h.Forget()
	settle(h, c)
	wantRows(t, "with nothing in memory", op.Get("/postbacks"), second, first)
}

func TestTheLogIsNarrowedByTheURL(t *testing.T) {
	for _, loaded := range []bool{false, true} {
		h := newHouse(t)
		op := h.Operator()
		a, b := h.Account("A"), h.Account("B")
		one, two, other := h.Campaign(a.ID, "One"), h.Campaign(a.ID, "Two"), h.Campaign(b.ID, "Other")
		counted := h.Call(one, nil)
		h.Pass(time.Second)
		lead := h.Call(two, func(p *homing.Postback) { p.Lead, p.UserAgent = "order-1", "Tracker/7" })
		click := last(h)
		h.Pass(time.Second)
		comma := refuse(h, one, homing.ReasonValueComma, addr("198.51.100.0"))
		h.Pass(time.Second)
		cut := refuse(h, other, homing.ReasonCodeCut, func(p *homing.Postback) { p.Target = "/api/v1/cpa/action/abc?sub=zebra" })
		if loaded {
			settle(h, one)
			h.Forget()
		}
		for query, want := range map[string][]homing.RequestID{
			"":                                 {cut, comma, lead, counted},
			"account=2":                        {cut},
			"campaign=1":                       {comma, counted},
			"outcome=refused":                  {cut, comma},
			"outcome=counted":                  {lead, counted},
			"reason=value_comma":               {comma},
			"where=campaign!=1":                {cut, lead},
			"where=campaign=2&outcome=counted": {lead},
			"lead=order-1":                     {lead},
			"lead=order":                       nil,
			"sender=198.51.100.99":             {comma},
			"sender=203.0.113.0/24":            {cut, lead, counted},
			"sender=203.0.0.0/16":              {cut, lead, counted},
			"q=zebra":                          {cut},
			"q=order-1":                        {lead},
			"q=Tracker":                        {lead},
			"q=" + lead.String():               {lead},
			"q=" + url.QueryEscape("https://x.example/?c="+click.Click.String()+"&y=1"): {lead},
			"click_id=" + click.Click.String():                                          {lead},
			"range=today":                                                               {cut, comma, lead, counted},
			"range=yesterday":                                                           nil,
			"from=2026-03-01&to=2026-03-02":                                             {cut, comma, lead, counted},
			"from=2026-03-01&to=2026-03-01":                                             nil,
			"from=24h&range=yesterday":                                                  {cut, comma, lead, counted}, // dates go first
		} {
			wantRows(t, fmt.Sprintf("%q (loaded: %v)", query, loaded), op.Get("/postbacks?"+query), want...)
		}
		h.Server.Close()
	}
}

func TestAWrongFilterIsToldAtItsField(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	for query, part := range map[string]string{
		"outcome=nonsense": "nonsense", "reason=nope": "nope", "sender=nowhere": "f-sender-error", "from=yesterdayish": "f-from-error",
		"from=2026-03-02&to=2026-03-01": "backwards", "campaign=x": "want its number", "before=soon": "no place", "where=sub1": "operator",
		"q=" + strings.Repeat("x", 301): "f-q-error", "tz=Mars/Base": "Mars",
	} {
		op.Get("/postbacks?" + query).Want(http.StatusUnprocessableEntity).Has(part)
	}
	op.Get("/postbacks?account=99").Want(http.StatusNotFound)
	op.Get("/postbacks?unknown=1").Want(http.StatusOK)
}

// Pages go on where the last one ended, without gap or repeat, across memory and
// warehouse, many rows of one millisecond included.
func TestPagesHaveEveryRowOnce(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	c := h.Campaign(h.Account("Northwind").ID, "Spring")
	var want []string
	for i := range 260 {
		if i%3 == 0 {
			h.Pass(time.Millisecond)
		}
		if i == 200 {
			settle(h, c)
		}
		want = append(want, refuse(h, c, homing.ReasonValueComma, nil).String())
	}
	slices.Sort(want)
	for _, query := range []string{"", "q=" + url.QueryEscape("value=2.10")} {
		var got []string
		path, pages := "/postbacks?"+query, 0
		for path != "" {
			a := op.Get(path).Want(http.StatusOK)
			got = append(got, rows(a)...)
			if pages++; pages > 9 {
				t.Fatal("there is no end to it")
			}
			path = ""
			if _, rest, ok := strings.Cut(a.Text, `rel="next" href="`); ok {
				path, _, _ = strings.Cut(rest, `"`)
				path = strings.ReplaceAll(path, "&amp;", "&")
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) || pages < 3 {
			t.Errorf("%q: %d rows on %d pages, %d distinct, want %d", query, len(got), pages, len(slices.Compact(got)), len(want))
		}
	}
}

// away is a warehouse that does not answer.
type away struct{ warehouse.Source }

func (away) Postbacks(context.Context, *warehouse.List) iter.Seq2[warehouse.Postback, error] {
	return func(yield func(warehouse.Postback, error) bool) {
		yield(warehouse.Postback{}, fmt.Errorf("it was killed: %w", homing.ErrUnavailable))
	}
}

func (away) Ask(context.Context, *warehouse.Query) (*warehouse.Answer, error) {
	return nil, homing.ErrUnavailable
}

func TestWithoutTheWarehouseTheLastDayIsShown(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	c := h.Campaign(h.Account("Northwind").ID, "Spring")
	first := h.Call(c, nil)
	settle(h, c)
	h.Pass(time.Hour)
	second := refuse(h, c, homing.ReasonValueComma, nil)
	h.Reports.Warehouse = away{h.Warehouse}
	a := op.Get("/postbacks").Has("Reports are away")
	wantRows(t, "the page", a, second, first)
	op.Get("/postbacks?group=reason").Want(200).Has("Reports are away", "The value is written with a comma.")
	op.Get("/postbacks/" + first.String()).Want(200)
	op.Get("/postbacks/export").Want(http.StatusServiceUnavailable)
	h.Pass(2 * day)
	if got := rows(op.Get("/postbacks").Want(200)); len(got) != 0 {
		t.Errorf("of two days ago: %v", got)
	}
}

func TestRefusalsAreGroupedByReason(t *testing.T) {
	for _, loaded := range []bool{false, true} {
		h := newHouse(t)
		op := h.Operator()
		a := h.Account("Northwind")
		c, d := h.Campaign(a.ID, "Spring"), h.Campaign(a.ID, "Autumn")
		h.Call(c, nil)
		for range 3 {
			refuse(h, c, homing.ReasonValueComma, nil)
			h.Pass(time.Minute)
		}
		example := refuse(h, d, homing.ReasonValueComma, addr("198.51.100.0"))
		refuse(h, c, homing.ReasonCodeCut, nil)
		if loaded {
			settle(h, c)
			h.Forget()
		}
		page := op.Get("/postbacks?group=reason").Want(200).Has(
			"5 refused calls", "The value is written with a comma.", ">4 calls<", ">1 call<", homing.ReasonValueComma.Info().Fix,
			"198.51.100.0/24", "Autumn", "/postbacks/"+example.String(), "reason=value_comma", "sender=198.51.100.0").Lacks("badge counted")
		if comma, cut := strings.Index(page.Text, "why-value_comma"), strings.Index(page.Text, "why-code_cut"); comma < 0 || cut < comma {
			t.Error("the most frequent reason does not stand first")
		}
		op.Get("/postbacks?group=reason&campaign=2").Want(200).Has("1 refused call").Lacks("why-code_cut")
		op.Get("/postbacks?group=reason&range=yesterday").Want(200).Has("Nothing was refused")
		h.Server.Close()
	}
}

// Many reasons of a sender each leave room for the few that have two.
func TestNoSenderIsHiddenWhileThereIsRoom(t *testing.T) {
	h := newHouse(t)
	c := h.Campaign(h.Account("Northwind").ID, "Spring")
	var reasons []homing.Reason
	for _, reason := range homing.Reasons() {
		if reason.Info().Outcome == homing.Refused && len(reasons) < 14 {
			reasons = append(reasons, reason)
		}
	}
	for _, reason := range reasons {
		refuse(h, c, reason, nil)
	}
	refuse(h, c, reasons[0], addr("198.51.100.0"))
	h.Operator().Get("/postbacks?group=reason").Want(200).Has("15 refused calls", "198.51.100.0/24").Lacks("more: <a")
	for i := range 6 { // more of one reason than are shown
		refuse(h, c, reasons[0], addr(fmt.Sprintf("198.51.%d.0", i+1)))
	}
	h.Operator().Get("/postbacks?group=reason").Want(200).Has("more: <a")
}

func TestWhatIsSeenIsExported(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	c := h.Campaign(h.Account("Northwind").ID, "Spring")
	h.Call(c, func(p *homing.Postback) { p.Lead = "=1+1" })
	refuse(h, c, homing.ReasonValueComma, addr("198.51.100.0"))
	settle(h, c)
	for query, want := range map[string]int{"": 2, "outcome=refused": 1, "sender=198.51.100.0": 1, "lead=%3D1%2B1": 1, "q=nothing+like+it": 0} {
		a := op.Get("/postbacks/export?" + query).Want(200)
		if kind := a.Header.Get("Content-Type"); kind != "text/csv; charset=utf-8" || !strings.Contains(a.Header.Get("Content-Disposition"), "postbacks-2026-") {
			t.Errorf("it comes as %q, %q", kind, a.Header.Get("Content-Disposition"))
		}
		lines, err := csv.NewReader(strings.NewReader(a.Text)).ReadAll()
		h.Must(err)
		if len(lines) != want+1 || lines[0][0] != "request_id" {
			t.Errorf("%q: %d lines", query, len(lines))
		}
		if strings.Contains(a.Text, ",=1+1") {
			t.Error("a formula is in the file")
		}
	}
	op.Get("/postbacks/export?outcome=nonsense").Want(422)
}

func TestAnAdvertiserSeesTheOwnCallsOnly(t *testing.T) {
	h := newHouse(t)
	mine, theirs := h.Account("Mine"), h.Account("Theirs")
	c, d := h.Campaign(mine.ID, "Visible"), h.Campaign(theirs.ID, "Hidden")
	own := h.Call(c, nil)
	h.Pass(time.Second)
	other := h.Call(d, func(p *homing.Postback) { p.Lead = "hidden-lead" })
	hidden := last(h)
	nobodys := refuse(h, d, homing.ReasonCodeFormat, func(p *homing.Postback) { p.Account, p.Campaign = 0, 0 })
	b := h.Advertiser(mine.ID, "own@example.com")
	for _, loaded := range []bool{false, true} {
		if loaded {
			settle(h, c)
			h.Forget()
		}
		wantRows(t, "the log", b.Get("/postbacks").Lacks("Hidden", "Theirs", "hidden-lead"), own)
		wantRows(t, "a search", b.Get("/postbacks?q=hidden-lead").Lacks("Hidden"))
		wantRows(t, "another's click", b.Get("/postbacks?click_id="+hidden.Click.String()))
		wantRows(t, "another's campaign", b.Get("/postbacks?campaign=2").Lacks("Hidden"))
		wantRows(t, "a condition", b.Get("/postbacks?where=account=1,2"), own)
		b.Get("/postbacks?group=reason").Want(200).Has("Nothing was refused")
		b.Get("/postbacks/export").Want(200).Lacks("hidden-lead", other.String(), nobodys.String())
		b.Get("/postbacks/" + own.String()).Want(200).Lacks("Replay")
		b.Get("/postbacks/" + other.String()).Want(404)
		b.Get("/postbacks/" + nobodys.String()).Want(404)
		b.Get("/postbacks?account=2").Want(404)
		b.Get("/postbacks/export?account=2").Want(404)
		b.Get("/postbacks/live?account=2").Want(404)
	}
}

// Whoever may not see amounts sees none, and finds none by looking for it.
func TestAmountsAreHidden(t *testing.T) {
	h := newHouse(t)
	a := h.Account("Mine")
	c := h.Campaign(a.ID, "Visible")
	own := h.Call(c, func(p *homing.Postback) {
		p.Value = homing.ValueOf(7_770_000)
		p.Target = strings.Replace(p.Target, "2.10", "7.77", 1)
	})
	wrong := refuse(h, c, homing.ReasonValueSyntax, func(p *homing.Postback) { p.Target = "/api/v1/cpa/action/" + p.Click.String() + "?value=7.77x" })
	b := h.Reader(a.ID, "reader@example.com")
	u, err := h.Ledger.UserByEmail(h.Context(), "reader@example.com")
	h.Must(err)
	u.HideMoney = true
	h.Must(h.Ledger.PutUser(h.Context(), ledger.Actor{Name: "test", At: h.Millis()}, &u))
	for _, loaded := range []bool{false, true} {
		if loaded {
			settle(h, c)
			h.Forget()
		}
		for _, path := range []string{"/postbacks", "/postbacks/" + own.String(), "/postbacks/" + wrong.String(), "/postbacks?group=reason", "/postbacks/export"} {
			b.Get(path).Want(200).Lacks("7.77")
		}
		wantRows(t, "a search for an amount", b.Get("/postbacks?q=value%3D7"))
	}
}
