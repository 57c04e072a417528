package edge

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"homing"
)

func addrs(t *testing.T, a, b string) (netip.Addr, netip.Addr) {
	t.Helper()
	return netip.MustParseAddr(a), netip.MustParseAddr(b)
}

func TestClickIsRecordedAndSentOn(t *testing.T) {
	h := newHouse(t, trusted("127.0.0.1/32")).open()
	a := h.get("/c/slugA?sub1=a%26b&site_id=9&sub2=", false, "User-Agent: Mozilla/5.0", "Referer: https://blog.example/",
		"Accept-Language: de-AT", "X-Forwarded-For: 198.51.100.7")
	found := regexp.MustCompile(`^https://adv\.example/lp\?some=1&t=([0-9a-f]{40})&s=a%26b$`).FindStringSubmatch(a.headers["location"])
	if a.status != 302 || found == nil || a.headers["cache-control"] != "no-store" || a.body != "" {
		t.Fatalf("got %+v", a)
	}
	clicks := h.spool.clicks(t)
	if len(clicks) != 1 {
		t.Fatalf("%d clicks", len(clicks))
	}
	c := clicks[0]
	id, _ := homing.ParseClickID(found[1])
	if origin, ok := h.keyring.Open(id); !ok || origin != c.Origin || origin.Campaign != campaignA {
		t.Errorf("the id in the URL is not the click's")
	}
	if c.Class != homing.Billable || c.Addr.String() != "198.51.100.7" || string(c.UserAgent) != "Mozilla/5.0" ||
		string(c.Referrer) != "https://blog.example/" || string(c.Language) != "de-AT" {
		t.Errorf("click %+v", c)
	}
	if string(c.Params[homing.ParamSub1]) != "a&b" || string(c.Params[homing.ParamSiteID]) != "9" {
		t.Errorf("params %q", c.Params)
	}
	if b := h.get(action+found[1], false); b.status != 200 || b.headers["postback-result"] != "counted" {
		t.Errorf("the id did not come home: %+v", b)
	}
}

func TestClickClasses(t *testing.T) {
	h := newHouse(t, nil).open()
	for _, c := range []struct {
		method, header string
		want           homing.ClickClass
	}{
		{"GET", "User-Agent: Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", homing.Billable},
		{"GET", "X-A: b", homing.Billable},
		{"HEAD", "X-A: b", homing.HeadClick},
		{"GET", "Sec-Purpose: prefetch;prerender", homing.PrefetchClick},
		{"GET", "Purpose: prefetch", homing.PrefetchClick},
		{"GET", "X-moz: Prefetch", homing.PrefetchClick},
		{"GET", "User-Agent: Googlebot/2.1 (+http://www.google.com/bot.html)", homing.BotClick},
		{"GET", "User-Agent: WhatsApp/2.23.20.0", homing.PreviewClick},
	} {
		a := h.send(c.method+" /c/slugA HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"+c.header+"\r\n\r\n", false)
		clicks := h.spool.clicks(t)
		if got := clicks[len(clicks)-1].Class; a.status != 302 || got != c.want {
			t.Errorf("%s %s: %d, class %s, want %s", c.method, c.header, a.status, got, c.want)
		}
	}
}

func TestNoCampaign(t *testing.T) {
	for _, fallback := range []string{"", "https://fallback.example/?a=%20b"} {
		h := newHouse(t, func(o *Options) { o.FallbackURL = fallback }).open()
		for _, target := range []string{"/c/nobody", "/c/slugP", "/c/slugE", "/c/", "/c/slugA/x"} {
			a := h.get(target, false)
			want := 404
			if fallback != "" {
				want = 302
			}
			if a.status != want || a.headers["location"] != fallback {
				t.Errorf("%s with fallback %q: %+v", target, fallback, a)
			}
		}
		if n := len(h.spool.clicks(t)); n != 0 {
			t.Errorf("%d clicks were recorded", n)
		}
	}
}

func TestDeviceOnlyFromTheUserAgent(t *testing.T) {
	h := newHouse(t, nil).open()
	const ua = "User-Agent: Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36"
	for range 2 { // the second comes from memory
		if a := h.get("/c/slugD", false, ua); !strings.HasPrefix(a.headers["location"], "https://adv.example/Android/mobile?t=") {
			t.Errorf("got %+v", a)
		}
	}
}

func TestSpoolFailure(t *testing.T) {
	for _, redirect := range []bool{false, true} {
		h := newHouse(t, func(o *Options) { o.RedirectUnrecorded = redirect }).open()
		err := fmt.Errorf("disk full: %w", homing.ErrUnavailable)
		h.spool.fail.Store(&err)
		a := h.get("/c/slugA", false)
		if redirect {
			if a.status != 302 || h.Unrecorded() != 1 {
				t.Errorf("redirect: %+v, %d unrecorded", a, h.Unrecorded())
			}
			continue
		}
		if a.status != 503 || a.headers["retry-after"] == "" || a.headers["location"] != "" || h.Unrecorded() != 0 {
			t.Errorf("refuse: %+v", a)
		}
	}
}

func TestClickKeepsNoKey(t *testing.T) {
	h := newHouse(t, nil).open()
	key := keyA.Reveal()
	encoded := ""
	for i := range len(key) {
		encoded += fmt.Sprintf("%%%02X", key[i])
	}
	a := h.get("/c/slugA?sub1="+key+"&sub2=longbutnokeylongbutnokey", false, "Referer: https://x.example/?k="+encoded, "User-Agent: a "+key)
	if !strings.Contains(a.headers["location"], "&s="+key) {
		t.Errorf("the advertiser's URL was changed: %+v", a)
	}
	c := h.spool.clicks(t)[0]
	text := fmt.Sprintf("%s %s %q", c.UserAgent, c.Referrer, c.Params)
	if strings.Contains(text, key) || strings.Contains(text, encoded) || strings.Count(text, "key:") != 3 {
		t.Errorf("stored: %s", text)
	}
	if string(c.Params[homing.ParamSub1+1]) != "longbutnokeylongbutnokey" {
		t.Error("what is no key was masked")
	}
}

func TestLongHeadersAreCut(t *testing.T) {
	h := newHouse(t, nil).open()
	h.get("/c/slugA", false, "User-Agent: "+strings.Repeat("u ", 1000), "Referer: "+strings.Repeat("r/", 1000), "Accept-Language: "+strings.Repeat("l,", 500))
	c := h.spool.clicks(t)[0]
	if len(c.UserAgent) != maxUserAgent || len(c.Referrer) != maxReferrer || len(c.Language) != maxLanguage {
		t.Errorf("%d %d %d", len(c.UserAgent), len(c.Referrer), len(c.Language))
	}
}
