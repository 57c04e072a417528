package desk_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"homing/internal/desk"
)

const token = "s3cret"

// options are a desk whose rooms tell their names.
func options() desk.Options {
	return desk.Options{
		Panel:   http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "panel") }),
		Metrics: func(w io.Writer) { _, _ = io.WriteString(w, "homing_up 1\n") },
		Ready:   func() error { return nil },
		Notices: func() []string { return nil },
	}
}

// call asks a desk from an address. Headers are written "Name: value".
func call(o desk.Options, from, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.RemoteAddr = from
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	desk.Handler(o).ServeHTTP(w, r)
	return w
}

func TestWhoMayReadMetrics(t *testing.T) {
	const near, far = "127.0.0.1:40000", "203.0.113.9:40000"
	for _, c := range []struct {
		from, token string // the desk's token
		headers     []string
		may         bool
	}{
		{from: near, may: true},
		{from: "127.9.9.9:1", may: true},
		{from: "[::1]:40000", may: true},
		{from: "[::ffff:127.0.0.1]:40000", may: true},
		{from: far},
		{from: "[2001:db8::1]:40000"},
		{from: "10.0.0.1:40000"},
		{from: "0.0.0.0:40000"},
		{from: ""},
		{from: "@"},
		{from: "localhost:80"},
		// A proxy on this machine passes on what comes from elsewhere.
		{from: near, headers: []string{"X-Forwarded-For: 203.0.113.9"}},
		{from: near, headers: []string{"X-Forwarded-For: "}},
		{from: near, headers: []string{"X-Forwarded-For: ", "X-Forwarded-For: 127.0.0.1"}},
		{from: near, headers: []string{"x-forwarded-for: 127.0.0.1"}},
		{from: near, headers: []string{"Forwarded: for=203.0.113.9;proto=https"}},
		{from: near, headers: []string{"Forwarded: "}},
		{from: near, headers: []string{"Via: 1.1 cache"}},
		{from: near, headers: []string{"X-Real-IP: 203.0.113.9"}},
		{from: near, headers: []string{"X-Forwarded-Proto: https"}},
		{from: near, headers: []string{"X-Forwarded-Host: homing.example"}},
		// With a token.
		{from: far, token: token},
		{from: far, token: token, headers: []string{"Authorization: Bearer " + token}, may: true},
		{from: near, token: token, headers: []string{"Authorization: Bearer " + token, "Via: 1.1 cache", "X-Forwarded-For: 203.0.113.9"}, may: true},
		{from: near, token: token, may: true},
		{from: near, token: token, headers: []string{"Forwarded: for=1.2.3.4"}},
		{from: far, token: token, headers: []string{"Authorization: Bearer s3cre"}},
		{from: far, token: token, headers: []string{"Authorization: Bearer "}},
		{from: far, token: token, headers: []string{"Authorization: Basic " + token}},
		{from: far, token: token, headers: []string{"Authorization: " + token}},
		{from: near, token: token, headers: []string{"Authorization: Bearer wrong"}},
		// Without one, none fits.
		{from: far, headers: []string{"Authorization: Bearer "}},
		{from: far, headers: []string{"Authorization: Bearer " + token}},
	} {
		o := options()
		o.MetricsToken = c.token
		got := call(o, c.from, "/metrics", c.headers...)
		want := http.StatusForbidden
		if c.may {
			want = http.StatusOK
		}
		if got.Code != want || strings.Contains(got.Body.String(), "homing_up") != c.may {
			t.Errorf("from %q with %q, token %q: %d %s", c.from, c.headers, c.token, got.Code, got.Body)
		}
		if strings.Contains(got.Body.String(), token) {
			t.Errorf("the answer tells the token: %s", got.Body)
		}
	}
	if got := call(options(), near, "/metrics").Header().Get("Content-Type"); got != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}
}

func TestHealth(t *testing.T) {
	broken := options()
	broken.Ready = func() error { return errors.New("the spool's disk is full") }
	noticed := options()
	noticed.Notices = func() []string { return []string{"the certificate ends soon"} }
	for _, c := range []struct {
		name string
		o    desk.Options
		path string
		code int
		body string
	}{
		{"alive", options(), "/healthz", 200, `{"ok":true}`},
		{"ready", options(), "/readyz", 200, `{"ok":true}`},
		{"alive, not ready", broken, "/healthz", 200, `{"ok":true}`},
		{"not ready", broken, "/readyz", 503, `{"ok":false,"error":"the spool's disk is full"}`},
		{"with a notice", noticed, "/readyz", 200, `{"ok":true,"notices":["the certificate ends soon"]}`},
	} {
		// Whoever looks after the process may be anywhere.
		got := call(c.o, "203.0.113.9:40000", c.path, "Forwarded: for=1.2.3.4")
		if got.Code != c.code || strings.TrimSpace(got.Body.String()) != c.body || got.Header().Get("Cache-Control") != "no-store" ||
			got.Header().Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("%s: %d %v %s", c.name, got.Code, got.Header(), got.Body)
		}
	}
}

func TestTheRestIsThePanels(t *testing.T) {
	for _, path := range []string{"/", "/signin", "/metrics/", "/healthz/x", "/metricsx"} {
		if got := call(options(), "203.0.113.9:40000", path); got.Code != http.StatusOK || got.Body.String() != "panel" {
			t.Errorf("%s: %d %s", path, got.Code, got.Body)
		}
	}
}

func TestTheAPIHasItsPaths(t *testing.T) {
	o := options()
	o.API = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "api") })
	for path, want := range map[string]string{
		"/api/v1": "api", "/api/v1/": "api", "/api/v1/reports": "api", "/api%2Fv1/reports": "api", "/api/v1/../../signin": "api",
		"/api": "panel", "/api/v10/x": "panel", "/api/v1x": "panel", "//api/v1/reports": "panel", "/API/v1/reports": "panel",
	} {
		if got := call(o, "203.0.113.9:40000", path); got.Body.String() != want {
			t.Errorf("%s: %s, want the %s", path, got.Body, want)
		}
	}
}
