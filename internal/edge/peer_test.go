package edge

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"homing"
	"homing/internal/rule/judge"
)

func TestHTTPSOnlyFromATrustedProxy(t *testing.T) {
	near, far := newHouse(t, trusted("127.0.0.0/8")).open(), newHouse(t, nil).open()
	for _, c := range []struct {
		name    string
		headers []string
		trusted bool
		want    int
	}{
		{"says https", []string{"X-Forwarded-Proto: https"}, true, 200},
		{"says HTTPS", []string{"x-forwarded-proto: HTTPS"}, true, 200},
		{"all say https", []string{"X-Forwarded-Proto: https , https", "X-Forwarded-Proto: https"}, true, 200},
		{"one says http", []string{"X-Forwarded-Proto: https,http"}, true, 403},
		{"the second line says http", []string{"X-Forwarded-Proto: https", "X-Forwarded-Proto: http"}, true, 403},
		{"an empty one", []string{"X-Forwarded-Proto: https,"}, true, 403},
		{"says nothing", nil, true, 403},
		{"another header", []string{"X-Forwarded-Ssl: on", "Front-End-Https: on", "Forwarded: proto=https"}, true, 403},
		{"untrusted", []string{"X-Forwarded-Proto: https"}, false, 403},
	} {
		h := far
		if c.trusted {
			h = near
		}
		h.t = t
		target := action + h.fresh() + "?lead_code=L&key=" + keyA.Reveal()
		if a := h.get(target, false, c.headers...); a.status != c.want {
			t.Errorf("%s: %+v", c.name, a)
		}
		if a := h.get(target, true, c.headers...); a.status != 200 {
			t.Errorf("%s, over TLS: %+v", c.name, a)
		}
	}
	all := far.spool.postbacks(t)
	if last := all[0]; last.Verdict.Reason != homing.ReasonHTTPSUntrustedProxy || !last.Verdict.Flags.Has(homing.FlagUntrustedProxy) {
		t.Errorf("the log says %+v", last)
	}
	near.t = t
	if n := near.Notices(); len(n) != 0 {
		t.Errorf("a trusted proxy made notices: %q", n)
	}
}

func TestUntrustedProxyIsToldOnce(t *testing.T) {
	h := newHouse(t, nil).open()
	for range 3 {
		h.get("/c/slugA", false, "X-Forwarded-For: 1.2.3.4")
	}
	if c := h.spool.clicks(t)[0]; c.Addr.String() != "127.0.0.1" {
		t.Errorf("its word was believed: %s", c.Addr)
	}
	const want = "X-Forwarded-* comes from 127.0.0.1, which is not trusted"
	if n := h.Notices(); len(n) != 1 || !strings.HasPrefix(n[0], want) {
		t.Errorf("notices %q", n)
	}
	if n := strings.Count(h.log.String(), want); n != 1 {
		t.Errorf("logged %d times", n)
	}
	if a := h.get("/readyz", false); a.status != 200 || !strings.HasPrefix(a.body, `{"ok":true,"notices":["`+want) {
		t.Errorf("readyz: %+v", a)
	}
}

func TestStrangersDoNotPushOutTheProxy(t *testing.T) {
	h := newHouse(t, nil)
	for i := range 100 {
		h.notices.untrusted(netip.AddrFrom4([4]byte{8, 8, 8, byte(i)}))
	}
	h.notices.untrusted(netip.MustParseAddr("10.1.2.3"))
	n := h.Notices()
	if len(n) != maxFar+1 || !strings.Contains(n[maxFar], "10.1.2.3") {
		t.Errorf("notices %q", n)
	}
}

func TestClientAddr(t *testing.T) {
	e := &Edge{}
	e.conns.trusted = unmapped([]netip.Prefix{netip.MustParsePrefix("::ffff:10.0.0.0/104"), netip.MustParsePrefix("2001:db8::/32")})
	for _, c := range []struct{ lines, want string }{
		{"", "10.0.0.1"},
		{"203.0.113.9", "203.0.113.9"},
		{"1.1.1.1, 203.0.113.9", "203.0.113.9"},
		{"1.1.1.1, 203.0.113.9, 10.9.9.9", "203.0.113.9"},
		{"1.1.1.1|203.0.113.9,10.9.9.9|10.8.8.8", "203.0.113.9"},
		{"10.9.9.9", "10.9.9.9"},
		{"203.0.113.9:4711", "203.0.113.9"},
		{"[2a00::1]:4711, 2001:db8::7", "2a00::1"},
		{"[2a00::1]", "2a00::1"},
		{"::ffff:203.0.113.9", "203.0.113.9"},
		{"unknown", "10.0.0.1"},
		{"203.0.113.9, unknown, 10.9.9.9", "10.9.9.9"},
		{"203.0.113.9, ", "10.0.0.1"},
		{"fe80::1%eth0", "10.0.0.1"},
		{strings.Repeat("1", 500), "10.0.0.1"},
	} {
		var lines [][]byte
		if c.lines != "" {
			lines = bytes.Split([]byte(c.lines), []byte("|"))
		}
		if got := e.clientAddr(netip.MustParseAddr("10.0.0.1"), lines); got.String() != c.want {
			t.Errorf("%q: %s, want %s", c.lines, got, c.want)
		}
	}
}

func TestJSONStrings(t *testing.T) {
	for text, want := range map[string]string{
		`a"b\c`:         `"a\"b\\c"`,
		"<b>&":          `"\u003cb\u003e\u0026"`,
		"a\x00\n\x7f":   `"a\u0000\u000a\u007f"`,
		"é\u2028\u2029": `"é\u2028\u2029"`,
		"\xff\xc0\xafz": `"\ufffd\ufffd\ufffdz"`,
		"plain":         `"plain"`,
	} {
		if got := string(judge.AppendJSON(nil, text)); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
