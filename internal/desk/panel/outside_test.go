package panel

import (
	"homing/internal/desk/panel/page"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestHeadersStandOnEveryAnswer(t *testing.T) {
	h := newHouse(t)
	for _, path := range []string{"/signin", "/nowhere", "/campaigns", "/welcome/x"} {
		answer := h.Stranger().Get(path)
		for name, want := range map[string]string{
			"Content-Security-Policy": page.Policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
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
	op := h.Operator()
	furnish(h)
	for name, path := range operatorPages(h) {
		answer := op.Get(path)
		if !strings.HasSuffix(name, "-wrong") {
			answer.Want(ok)
		}
		body := answer.Text
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
	op := h.Operator()
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
		for _, c := range op.HTTP.Jar.Cookies(mustURL(h.Server.URL)) {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusNotFound || w.Header().Get("Location") != "" {
			t.Errorf("%s: status %d, Location %q; want a plain 404", path, w.Code, w.Header().Get("Location"))
		}
	}
}

func TestMethods(t *testing.T) {
	h := newHouse(t)
	s := h.Stranger()
	head := s.Do(http.MethodHead, "/signin", nil).Want(http.StatusOK)
	if head.Text != "" || head.Header.Get("Content-Type") == "" {
		t.Error("HEAD is not GET without the body")
	}
	answer := s.Do(http.MethodDelete, "/signin", nil).Want(http.StatusMethodNotAllowed)
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
		h.ServeHTTP(w, r)
		if w.Code != http.StatusForbidden {
			t.Errorf("with %s: %s: status %d, want 403", name, value, w.Code)
		}
	}
}

func TestLargeFormsAreRefused(t *testing.T) {
	h := newHouse(t)
	h.Stranger().Post("/signin", "email", strings.Repeat("a", 64<<10)).Want(http.StatusUnprocessableEntity)
}

func TestAssetsAreKeptForGood(t *testing.T) {
	h := newHouse(t)
	text := h.Stranger().Get("/signin").Text
	for _, kind := range []string{"css", "js", "svg"} {
		i := strings.Index(text, "/assets/")
		for !strings.HasSuffix(text[i:i+strings.Index(text[i:], `"`)], kind) {
			i += 8 + strings.Index(text[i+8:], "/assets/")
		}
		path := text[i : i+strings.Index(text[i:], `"`)]
		answer := h.Stranger().Get(path).Want(http.StatusOK)
		if got := answer.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
			t.Errorf("%s: Cache-Control is %q", path, got)
		}
	}
}

func mustURL(text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil {
		panic(err)
	}
	return u
}
