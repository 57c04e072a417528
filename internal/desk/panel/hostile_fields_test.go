package panel

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/signin"
)

// worst is many of the hostile texts in one.
const worst = `"'><script>alert(1)</script><img src=x onerror=alert(1)>` + "\u202e"

// tame is taken for what worst is taken for.
var tame = strings.Repeat("harmless", len(worst)/8) + "\u202e"

// Every parameter and every field that a screen reads, alone, on every route: what
// is shown of it is text. Routes, parameters and fields are listed by themselves.
func TestHostileFieldsOfEveryRoute(t *testing.T) {
	t.Parallel() // with what waits for browsers
	w := newWorld(t)
	named := w.pathNames()
	routes, _ := page.Table(w.screens()...)
	op, mara := w.SignedInAs("ann@example.com"), w.SignedInAs("own@example.com")
	asked, reflected := 0, 0
	for _, r := range routes {
		path := fillIn(t, r.Pattern, named)
		if path == "" || leaves[r.Method+" "+r.Pattern] != "" {
			continue
		}
		for i, field := range fieldsOf(t, r) {
			b := op
			switch {
			case r.Who == page.Anyone:
				b = w.Stranger() // who is somebody after a one-time link
			case r.Who == page.SignedIn && i%2 == 1:
				b = mara // whose pages come of the same templates
			}
			asked++
			if probe := send(b, r.Method, path, field, worst); !strings.Contains(probe.Text, "alert") {
				continue // nothing of it is shown
			}
			reflected++
			harmless, shown := send(b, r.Method, path, field, tame), send(b, r.Method, path, field, worst)
			if harmless.StatusCode != shown.StatusCode {
				w.Pass(5 * time.Minute) // tries come back
				w.Load()
				harmless, shown = send(b, r.Method, path, field, tame), send(b, r.Method, path, field, worst)
			}
			if strings.HasSuffix(r.Pattern, "/tracking/repair") && field == "url" {
				harmless = shown // it has a line for everything that looks like a macro
			}
			checkShown(t, worst, harmless, shown)
		}
	}
	if asked < 500 || reflected < 50 {
		t.Errorf("only %d fields were tried, and %d shown: are they found?", asked, reflected)
	}
}

// leaves are routes whose answer leaves nothing to look at, or nobody behind.
var leaves = map[string]string{
	"POST /signout":                       "ends the session",
	"POST /advertisers/{account}/view":    "no form passes afterwards",
	"GET /postbacks/live":                 "does not end; see liveRows",
	"GET /settings/second-factor/picture": "a picture, which signin tests",
	"POST /settings/notices/mail/test":    "asks a mail server",
	"POST /demo":                          "fills the house",
}

func send(b *paneltest.Browser, method, path, field, text string) paneltest.Answer {
	if method == http.MethodPost {
		return b.Post(path, field, text)
	}
	return b.Get(path + "?once&" + url.Values{field: {text}}.Encode())
}

// pathNames are things for the names in patterns.
func (w *world) pathNames() map[string]string {
	made, err := w.Trials.Begin(w.Context(), w.Catalog.View().Campaign(w.campaign.ID), nil)
	w.Must(err)
	u, err := w.Ledger.UserByEmail(w.Context(), "reader@example.com")
	w.Must(err)
	token, _, err := signin.Tokens{People: w.Ledger, Clock: w.Time}.Make(w.Context(), "test", signin.NewToken{Name: "etl", Account: w.account.ID, Scopes: homing.ScopeReports})
	w.Must(err)
	link, _, err := w.SignIn.Invite(w.Context(), "test", signin.Invitation{Email: "new@example.com", Role: homing.RoleAdvertiser, Account: w.account.ID, Level: homing.ReadOnly})
	w.Must(err)
	job := w.SignedInAs("ann@example.com").Post("/conversions/change", "verb", "approve", "list", "1").Want(moved).Header.Get("Location")
	return map[string]string{
		"account": w.account.ID.String(), "campaign": w.campaign.ID.String(), "postback": w.request.String(), "key": w.key,
		"conversion": w.conversion.String(), "trial": made.Click.ID.String(), "user": u.ID.String(), "apitoken": fmt.Sprint(token.ID),
		"token": filepath.Base(w.Path(link)), "job": filepath.Base(job), "session": "0123456789abcdef",
		"file": "", // assets have no parameters
	}
}

// fillIn puts things into a pattern; empty if there is nothing to ask there.
func fillIn(t *testing.T, pattern string, named map[string]string) string {
	segments := strings.Split(pattern, "/")
	for i, s := range segments {
		if name, isName := strings.CutPrefix(strings.TrimSuffix(s, "}"), "{"); isName {
			value, known := named[name]
			if !known {
				t.Errorf("%s: say in pathNames what {%s} may stand for", pattern, name)
			}
			if value == "" {
				return ""
			}
			segments[i] = value
		}
	}
	return strings.Join(segments, "/")
}

var (
	fieldName = regexp.MustCompile(`(?:\bname="|\.(?:Get|All|Has|Trimmed|FormValue)\(")([A-Za-z_][A-Za-z_0-9-]*)"`)
	fieldPart = regexp.MustCompile(`field [$.\w]+ "([a-z_0-9]+)"`)
)

// datesPart is the part with the fields from and to.
const datesPart = `{{template "dates"`

// fieldsIn are those of screens that were looked at.
var fieldsIn = map[string][]string{}

// fieldsOf lists what the sources of a route's screen read by name.
func fieldsOf(t *testing.T, r page.Route) []string {
	t.Helper()
	do := runtime.FuncForPC(reflect.ValueOf(r.Do).Pointer()).Name()
	dir, _, _ := strings.Cut(filepath.Base(do), ".")
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("%s %s is of %s: there is no such screen", r.Method, r.Pattern, do)
	}
	if fields := fieldsIn[dir]; fields != nil {
		return fields
	}
	fields := []string{"done", "next", "q", "theme"} // what the frame reads, and what is often tried
	for _, glob := range []string{"*.go", "pages/*.html"} {
		files, _ := filepath.Glob(filepath.Join(dir, glob))
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), datesPart) && !slices.Contains(fields, "from") {
				fields = append(fields, "from", "to")
			}
			for _, of := range []*regexp.Regexp{fieldName, fieldPart} {
				for _, found := range of.FindAllStringSubmatch(string(text), -1) {
					if !slices.Contains(fields, found[1]) {
						fields = append(fields, found[1])
					}
				}
			}
		}
	}
	fieldsIn[dir] = fields
	return fields
}

// liveRows are the rows that a live view begins with, which it sends as HTML.
func liveRows(h *stage, b *paneltest.Browser) paneltest.Answer {
	ctx, cancel := context.WithTimeout(h.Context(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.Server.URL+"/postbacks/live", nil)
	h.Must(err)
	r.Header.Set("Last-Event-ID", homing.NewRequestID(h.Millis()-1000, 3, 1).String())
	answer, err := b.HTTP.Do(r)
	h.Must(err)
	defer answer.Body.Close()
	var sent strings.Builder
	lines := bufio.NewScanner(answer.Body)
	for events := 0; events < 3 && lines.Scan(); { // "retry", and two rows
		line := lines.Text()
		if line == "" {
			events++
		} else if data, ok := strings.CutPrefix(line, "data: "); ok {
			sent.WriteString(data + "\n")
		} else if name, _, _ := strings.Cut(line, ":"); !slices.Contains([]string{"retry", "event", "id"}, name) {
			h.T.Errorf("the live view has the line %q", line)
		}
	}
	if strings.Count(sent.String(), "<tr") != 2 {
		h.T.Errorf("the live view sends no two rows: %q", sent.String())
	}
	answer.Header.Set("Content-Type", "text/html") // so the browser takes it
	return paneltest.Answer{Response: answer, Text: sent.String()}
}
