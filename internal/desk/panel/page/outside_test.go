package page

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"homing/internal/desk/sender"
)

func TestComingBackStaysHere(t *testing.T) {
	for target, want := range map[string]bool{
		"/": true, "/postbacks?outcome=late": true, "": false, "//evil.example": false, `/\evil.example`: false,
		"https://evil.example": false, "/a\nb": false, "javascript:alert(1)": false, "/\t/evil.example": false,
	} {
		if got := LocalPath(target); got != want {
			t.Errorf("LocalPath(%q) is %t", target, got)
		}
	}
}

func TestXForwardedForIsBelievedOfTrustedProxiesOnly(t *testing.T) {
	p := &Rooms{}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = "10.0.0.1:5000"
	r.Header["X-Forwarded-For"] = []string{"198.51.100.7, 203.0.113.9", "10.0.0.2"}
	if got := sender.Of(r, p.TrustedProxies).String(); got != "10.0.0.1" {
		t.Errorf("without trust: %s", got)
	}
	p.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	if got := sender.Of(r, p.TrustedProxies).String(); got != "203.0.113.9" {
		t.Errorf("with trust: %s", got)
	}
}
