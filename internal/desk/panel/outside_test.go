package panel

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"homing/internal/desk/sender"
)

func TestHeadersStandOnEveryAnswer(t *testing.T) {
	h := newHouse(t)
	for _, path := range []string{"/signin", "/nowhere", "/campaigns", "/welcome/x"} {
		answer := h.stranger().get(path)
		for name, want := range map[string]string{
			"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store",
		} {
			if got := answer.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
}

func TestPagesHaveNothingInline(t *testing.T) {
	h := newHouse(t)
	op := h.operator()
	furnish(h)
	for name, path := range operatorPages(h) {
		body := op.get(path).want(ok).body
		for _, bad := range []string{"<style", " style=", "<script>", " onclick=", "javascript:", "ZgotmplZ"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s has %q", name, bad)
			}
		}
		if len(body) > 100_000 {
			t.Errorf("%s has %d bytes", name, len(body))
		}
	}
}

func TestOnlyExactPathsAreServed(t *testing.T) {
	h := newHouse(t)
	op := h.operator()
	for _, path := range []string{"//", "/campaigns/", "//campaigns", "/./campaigns", "/advertisers/../campaigns", "/c%61mpaigns",
		"/campaigns/01", "/campaigns/+1", "/advertisers/0", "/advertisers/99", "/postbacks/zz", "/postbacks/%2e%2e"} {
		r := httptest.NewRequest(http.MethodGet, "http://desk.example/", nil)
		u := *r.URL
		u.Path, u.RawPath = path, ""
		if strings.Contains(path, "%") {
			parsed := mustURL("http://desk.example" + path)
			u = *parsed
		}
		r.URL = &u
		for _, c := range op.http.Jar.Cookies(mustURL(h.server.URL)) {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		h.handler.ServeHTTP(w, r)
		if w.Code != http.StatusNotFound || w.Header().Get("Location") != "" {
			t.Errorf("%s: status %d, Location %q; want a plain 404", path, w.Code, w.Header().Get("Location"))
		}
	}
}

func TestMethods(t *testing.T) {
	h := newHouse(t)
	s := h.stranger()
	head := s.do(http.MethodHead, "/signin", nil).want(http.StatusOK)
	if head.body != "" || head.Header.Get("Content-Type") == "" {
		t.Error("HEAD is not GET without the body")
	}
	answer := s.do(http.MethodDelete, "/signin", nil).want(http.StatusMethodNotAllowed)
	if got := answer.Header.Get("Allow"); got != "GET, POST" {
		t.Errorf("Allow is %q", got)
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	h := newHouse(t)
	for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		r := httptest.NewRequest(http.MethodPost, "http://desk.example/signout", strings.NewReader(""))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set(name, value)
		w := httptest.NewRecorder()
		h.handler.ServeHTTP(w, r)
		if w.Code != http.StatusForbidden {
			t.Errorf("with %s: %s: status %d, want 403", name, value, w.Code)
		}
	}
}

func TestLargeFormsAreRefused(t *testing.T) {
	h := newHouse(t)
	h.stranger().post("/signin", "email", strings.Repeat("a", maxBody)).want(http.StatusUnprocessableEntity)
}

func TestAssetsAreKeptForGood(t *testing.T) {
	h := newHouse(t)
	page := h.stranger().get("/signin").body
	for _, kind := range []string{"css", "js", "svg"} {
		i := strings.Index(page, "/assets/")
		for !strings.HasSuffix(page[i:i+strings.Index(page[i:], `"`)], kind) {
			i += 8 + strings.Index(page[i+8:], "/assets/")
		}
		path := page[i : i+strings.Index(page[i:], `"`)]
		answer := h.stranger().get(path).want(http.StatusOK)
		if got := answer.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
			t.Errorf("%s: Cache-Control is %q", path, got)
		}
	}
}

func TestComingBackStaysHere(t *testing.T) {
	for target, want := range map[string]bool{
		"/": true, "/postbacks?outcome=late": true, "": false, "//evil.example": false, `/\evil.example`: false,
		"https://evil.example": false, "/a\nb": false, "javascript:alert(1)": false, "/\t/evil.example": false,
	} {
		if got := localPath(target); got != want {
			t.Errorf("localPath(%q) is %t", target, got)
		}
	}
}

func TestXForwardedForIsBelievedOfTrustedProxiesOnly(t *testing.T) {
	p := &panel{}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = "10.0.0.1:5000"
	r.Header["X-Forwarded-For"] = []string{"198.51.100.7, 203.0.113.9", "10.0.0.2"}
	if got := sender.Of(r, p.TrustedProxies).String(); got != "10.0.0.1" {
		t.Errorf("without trust: %s", got)
	}
	p.TrustedProxies = prefixes("10.0.0.0/8")
	if got := sender.Of(r, p.TrustedProxies).String(); got != "203.0.113.9" {
		t.Errorf("with trust: %s", got)
	}
}
