package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/flow/report"
)

// stocked is a house with a click and a conversion of each of two accounts.
func stocked(t *testing.T, edits ...func(*Options)) (h *house, mine *homing.Account, click homing.Origin) {
	h = newHouse(t, edits...)
	mine = h.account("mine")
	for _, a := range []*homing.Account{mine, h.account("theirs")} {
		click = h.click(a)
		h.convert(a, click, "lead-"+a.Ref)
		h.loadConversion(click)
		if a == mine {
			h.click(a)
		}
	}
	return h, mine, click
}

func TestReport(t *testing.T) {
	h, mine, _ := stocked(t)
	const path = "/reports?by=campaign&metrics=clicks,conversions,value&range=today&order=campaign"
	type answer struct {
		Rows     []map[string]any
		Totals   map[string]any
		Currency string
	}
	read := func(token string) answer {
		t.Helper()
		var a answer
		s := h.get(token, path).want(200)
		h.must(jsonInto(s.Body.Bytes(), &a))
		return a
	}
	all := read(h.token(0, homing.ScopeReports))
	if len(all.Rows) != 2 || all.Totals["clicks"] != 3.0 || all.Totals["value"] != "3" && all.Totals["value"] != "3.00" || all.Currency != "EUR" {
		t.Errorf("%+v", all)
	}
	own := read(h.token(mine.ID, homing.ScopeReports))
	if len(own.Rows) != 1 || own.Totals["clicks"] != 2.0 {
		t.Errorf("%+v", own)
	}
	token := h.token(0, homing.ScopeReports)
	got := h.get(token, "/reports?by=planet&metrics=clcks&limti=3").problem(400, "invalid")
	fields := map[string]bool{}
	for _, f := range got.Errors {
		fields[f.Field] = true
	}
	if !fields["by"] || !fields["metrics"] || !fields["limti"] || got.Errors[0].Problem == "" {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{"by=day;campaign", "where=%zz", "format=xml", "format=csv&format=csv", "by=day&by=campaign", "tz=Mars", "from=x"} {
		h.get(token, "/reports?"+bad).problem(400, "invalid")
	}
}

func TestExports(t *testing.T) {
	h, mine, _ := stocked(t)
	token := h.token(mine.ID, homing.AllScopes)
	for path, name := range map[string]string{
		"/reports?by=campaign": "report", "/clicks?": "clicks", "/postbacks?": "postbacks", "/conversions/search?": "conversions",
	} {
		for _, f := range []string{"csv", "jsonl", "parquet"} {
			got := h.get(token, path+"&range=today&format="+f).want(200)
			if d := got.Header().Get("Content-Disposition"); d != `attachment; filename="homing-`+name+`-2026-11-22-2026-11-22.`+f+`"` {
				t.Errorf("%s as %s: %q", path, f, d)
			}
			if got.Body.Len() == 0 || strings.Contains(got.Body.String(), "theirs") {
				t.Errorf("%s as %s: %s", path, f, got.Body)
			}
		}
	}
	rows, err := csv.NewReader(h.get(token, "/clicks?range=today&format=csv").Body).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Errorf("%d lines, %v", len(rows), err)
	}
	if got := h.get(token, "/clicks?range=today&format=csv&limit=5000"); got.Code != 200 {
		t.Errorf("a file of 5000 rows: %s", got.Body)
	}
	h.get(token, "/clicks?range=today&limit=5000").problem(400, "invalid")
}

func TestListsGoOn(t *testing.T) {
	h, mine, _ := stocked(t)
	token := h.token(mine.ID, homing.AllScopes)
	path, seen := "/clicks?range=today&limit=1", map[homing.ClickID]bool{}
	for range 3 {
		got := h.get(token, path).want(200)
		page := into[struct {
			Rows  []report.Click `json:"rows"`
			Next  string         `json:"next"`
			Notes []string       `json:"notes"`
			AsOf  string         `json:"as_of"`
		}](got)
		for _, c := range page.Rows {
			seen[c.ClickID] = true
		}
		if page.Next == "" {
			break
		}
		link := got.Header().Get("Link")
		path = strings.TrimPrefix(link[1:strings.Index(link, ">")], prefix)
	}
	if len(seen) != 2 {
		t.Errorf("seen %v", seen)
	}
	h.get(token, "/clicks?cursor=x").problem(400, "invalid")
}

func TestClick(t *testing.T) {
	h, mine, theirs := stocked(t)
	token := h.token(0, homing.AllScopes)
	got := into[ClickStory](h.get(token, "/clicks/"+h.clickID(theirs)).want(200))
	if got.Click.ClickID != h.ring.Seal(theirs) || len(got.Conversions) != 1 || got.Conversions[0].LeadCode != "lead-theirs" {
		t.Errorf("%+v", got)
	}
	h.get(token, "/clicks/"+h.clickID(theirs)+"?x=1").problem(400, "invalid")
	gone := homing.Origin{Time: homing.MillisOf(noon) - 1e9, Node: 1, Campaign: theirs.Campaign}
	early := homing.Origin{Time: homing.MillisOf(noon) + 5, Node: 1, Campaign: theirs.Campaign}
	if got := h.get(token, "/clicks/"+h.clickID(early)).problem(404, "not-found"); !strings.Contains(got.Detail, "not arrived") {
		t.Errorf("%+v", got)
	}
	h.get(token, "/clicks/"+h.clickID(gone)).problem(404, "not-found")
	own := h.token(mine.ID, homing.AllScopes)
	foreign := h.get(own, "/clicks/"+h.clickID(theirs))
	forged := h.get(own, "/clicks/"+strings.Repeat("0", 40))
	if foreign.problem(404, "not-found"); foreign.Body.String() != forged.Body.String() {
		t.Errorf("%s, and %s", foreign.Body, forged.Body)
	}
	for _, bad := range []string{"x", strings.ToUpper(h.clickID(theirs)), h.clickID(theirs) + "0", "%00"} {
		h.get(token, "/clicks/"+bad).problem(404, "not-found")
	}
}

// moody answers reports as a test wants.
type moody struct {
	Reports
	report func(context.Context) error
	export func(context.Context, io.Writer) error
}

func (m moody) Report(ctx context.Context, _ report.Scope, q *report.Question) (*report.Table, error) {
	if err := m.report(ctx); err != nil {
		return nil, err
	}
	return &report.Table{Question: q}, nil
}

func (m moody) Export(ctx context.Context, _ report.Scope, _ *report.Question, _ report.Format, w io.Writer, _ report.Progress) error {
	return m.export(ctx, w)
}

func (moody) ExportNotes(context.Context, report.Scope, *report.Question) ([]string, error) {
	return nil, nil
}

func TestTroubleOfTheWarehouse(t *testing.T) {
	var trouble error
	h := newHouse(t, func(o *Options) {
		o.Reports = moody{report: func(context.Context) error { return trouble }, export: func(context.Context, io.Writer) error { return trouble }}
	})
	token := h.token(0, homing.AllScopes)
	for _, c := range []struct {
		err    error
		status int
		slug   string
	}{
		{homing.ErrUnavailable, 503, "unavailable"}, {homing.ErrOverloaded, 503, "overloaded"}, {context.DeadlineExceeded, 503, "unavailable"},
		{homing.ErrDamaged, 500, "fault"}, {errors.New("secret cause"), 500, "fault"}, {homing.ErrInvalid, 400, "invalid"},
	} {
		trouble = fmt.Errorf("couldn't ask: %w", c.err)
		for _, path := range []string{"/reports", "/reports?format=csv"} {
			got := h.get(token, path)
			if p := got.problem(c.status, c.slug); strings.Contains(p.Detail, "secret") || (got.Header().Get("Retry-After") != "") != (c.status == 503) {
				t.Errorf("%v: %+v %v", c.err, p, got.Header())
			}
		}
	}
	if !strings.Contains(h.logged(), "secret cause") || !strings.Contains(h.logged(), "GET /reports") {
		t.Errorf("the cause is not logged: %s", h.logged())
	}
}

// A file that cannot be finished breaks off, so that it does not look whole.
func TestABrokenExportBreaksOff(t *testing.T) {
	h := newHouse(t, func(o *Options) {
		o.Reports = moody{export: func(_ context.Context, w io.Writer) error {
			_, _ = w.Write(bytes.Repeat([]byte("a,b\n"), 5000))
			return errors.New("the warehouse died")
		}}
	})
	server := h.serve(nil)
	answer, err := server.get(h.token(0, homing.AllScopes), "/reports?format=csv")
	h.must(err)
	defer answer.Body.Close()
	if _, err := io.ReadAll(answer.Body); err == nil || answer.StatusCode != 200 {
		t.Errorf("%d, and the file ended as if it were whole", answer.StatusCode)
	}
}

// Questions beyond the bound are asked to come again, others still answered;
// whoever goes away ends the question.
func TestHeavyQuestionsAreBounded(t *testing.T) {
	asked, ended := make(chan struct{}, 8), make(chan error, 8)
	h := newHouse(t, func(o *Options) {
		o.Heavy = 1
		o.Reports = moody{report: func(ctx context.Context) error {
			asked <- struct{}{}
			<-ctx.Done()
			ended <- ctx.Err()
			return ctx.Err()
		}, export: func(context.Context, io.Writer) error { return nil }}
	})
	token := h.token(0, homing.AllScopes)
	server := h.serve(nil)
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		r, _ := http.NewRequestWithContext(ctx, "GET", server.URL+prefix+"/reports", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		if answer, err := server.client.Do(r); err == nil {
			answer.Body.Close()
		}
	}()
	<-asked
	if got := h.get(token, "/reports"); got.problem(503, "overloaded").Status != 503 || got.Header().Get("Retry-After") == "" {
		t.Errorf("%v", got.Header())
	}
	h.get(token, "/accounts").want(200)
	h.get(token, "/reports?format=csv").want(200)
	leave()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("ended by %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("the question goes on although nobody waits for it")
	}
}

// An export outlasts the listener's deadlines.
func TestExportsTakeTheirTime(t *testing.T) {
	h := newHouse(t, func(o *Options) {
		o.Reports = moody{export: func(ctx context.Context, w io.Writer) error {
			for range 4 {
				time.Sleep(200 * time.Millisecond)
				if _, err := w.Write(bytes.Repeat([]byte("a,b\n"), 5000)); err != nil {
					return err
				}
			}
			return ctx.Err()
		}}
	})
	server := h.serve(func(s *http.Server) { s.ReadTimeout, s.WriteTimeout = 400*time.Millisecond, 400*time.Millisecond })
	answer, err := server.get(h.token(0, homing.AllScopes), "/reports?format=csv")
	h.must(err)
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); err != nil || len(text) != 80000 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

func TestHostilePaths(t *testing.T) {
	h := newHouse(t)
	h.account("one")
	token := h.token(0, homing.AllScopes)
	for _, path := range []string{"", "/", "/x", "//reports", "/reports/", "/./reports", "/x/../reports", "/%72eports", "/reports%2f", "/Reports",
		"/accounts//keys", "/accounts/one/", "/accounts/one//", "/openapi.json/", "/conversions/", "/conversions/search/x"} {
		got := h.get(token, path)
		got.problem(404, "not-found")
		if got.Header().Get("Location") != "" {
			t.Errorf("%q leads to %q", path, got.Header().Get("Location"))
		}
	}
	for _, c := range []struct{ method, path, allow string }{
		{"POST", "/reports", "GET"}, {"HEAD", "/reports", "GET"}, {"OPTIONS", "/reports", "GET"}, {"DELETE", "/accounts/one", "GET, PUT"},
		{"PATCH", "/accounts/one/keys/main", "DELETE, GET, PUT"}, {"GET", "/erasures", "POST"}, {"get", "/reports", "GET"}, {"POST", "/openapi.json", "GET"},
	} {
		if got := h.ask(c.method, c.path, token, ""); got.Code != 405 || got.Header().Get("Allow") != c.allow {
			t.Errorf("%s %s: %d, Allow %q", c.method, c.path, got.Code, got.Header().Get("Allow"))
		}
	}
}

func TestHostileBodies(t *testing.T) {
	h := newHouse(t)
	token := h.token(0, homing.AllScopes)
	const path = "/accounts/one"
	h.put(token, path, `{"name":"`+strings.Repeat("x", maxBody)+`"}`).problem(413, "too-large")
	h.ask("PUT", path, token, `name=x`, "Content-Type: application/x-www-form-urlencoded").problem(415, "media-type")
	h.ask("PUT", path, token, `{"name":"x"}`, "Content-Type: text/plain").problem(415, "media-type")
	h.ask("PUT", path, token, `{"name":"x"}`, "Content-Type: application/json; charset=utf-8").want(201)
	// A browser's session opens nothing here.
	r := httptest.NewRequest("GET", prefix+"/accounts", nil)
	r.AddCookie(&http.Cookie{Name: "homing", Value: "x"})
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	if w.Code != 401 {
		t.Errorf("with a cookie: %d", w.Code)
	}
	for name, value := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"} {
		if w.Header().Get(name) != value {
			t.Errorf("%s: %q", name, w.Header().Get(name))
		}
	}
}
