package edge

import (
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"homing"
)

const jsonUTF8 = "application/json; charset=utf-8"

// TestGuards sends what fasthttp lets through, or answers in its own words.
func TestGuards(t *testing.T) {
	h := newHouse(t, nil).open()
	const path = "/api/v1/cpa/action/"
	for _, c := range []struct {
		name, raw string
		status    int
		closed    bool
	}{
		{"HTTP/1.0", "GET " + path + "ID HTTP/1.0\r\n\r\n", 200, true},
		{"Content-Length: 0", "GET " + path + "ID HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n", 200, false},
		{"Expect without a body", "GET " + path + "ID HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\n\r\n", 200, false},
		{"HTTP/2.0", "GET " + path + "ID HTTP/2.0\r\nHost: t\r\n\r\n", 400, true},
		{"HTTP/1.3", "GET " + path + "ID HTTP/1.3\r\nHost: t\r\n\r\n", 400, true},
		{"HTTP/0.9", "GET " + path + "ID HTTP/0.9\r\nHost: t\r\n\r\n", 400, true},
		{"no protocol", "GET " + path + "ID\r\nHost: t\r\n\r\n", 400, true},
		{"chunked", "GET " + path + "ID HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, true},
		{"identity", "GET " + path + "ID HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: identity\r\n\r\n", 400, true},
		{"gzip", "GET " + path + "ID HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\n", 400, true},
		{"odd case", "GET " + path + "ID HTTP/1.1\r\nHost: t\r\ntRANSFER-eNCODING: identity\r\n\r\n", 400, true},
		{"both", "GET " + path + "ID HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, true},
		{"both, other order", "GET " + path + "ID HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400, true},
		{"body", "GET " + path + "ID HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello", 400, true},
		{"body that never comes", "GET " + path + "ID HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", 400, true},
		{"body is not the next request", "GET " + path + "ID HTTP/1.1\r\nHost: t\r\nContent-Length: 40\r\n\r\nGET /c/slugA HTTP/1.1\r\nHost: t\r\n\r\n", 400, true},
		{"click with a body", "GET /c/slugA HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello", 400, true},
		{"POST with a body", "POST " + path + "ID HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello", 405, true},
		{"POST with much of it", "POST " + path + "ID HTTP/1.1\r\nHost: t\r\nContent-Length: 200000\r\n\r\n" + strings.Repeat("x", 200000), 405, true},
		{"POST, chunked", "POST " + path + "ID HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 405, true},
		{"POST elsewhere", "POST /other HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello", 404, true},
		{"multipart", "POST " + path + "ID HTTP/1.1\r\nHost: t\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 5\r\n\r\n--b--", 405, true},
		{"no Host", "GET " + path + "ID HTTP/1.1\r\n\r\n", 400, true},
		{"empty Host", "GET " + path + "ID HTTP/1.1\r\nHost: \r\n\r\n", 400, true},
		{"two Hosts", "GET " + path + "ID HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, true},
		{"space before colon", "GET " + path + "ID HTTP/1.1\r\nHost : a\r\n\r\n", 400, true},
		{"two lengths", "GET " + path + "ID HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400, true},
		{"bad length", "GET " + path + "ID HTTP/1.1\r\nHost: t\r\nContent-Length: +5\r\n\r\nhello", 400, true},
		{"space in the target", "GET " + path + "ID x HTTP/1.1\r\nHost: t\r\n\r\n", 400, true},
		{"NUL in the target", "GET " + path + "ID?value=1\x00 HTTP/1.1\r\nHost: t\r\n\r\n", 400, true},
		{"control in the target", "GET " + path + "ID?value=1\x01 HTTP/1.1\r\nHost: t\r\n\r\n", 400, true},
		{"control in a header", "GET " + path + "ID HTTP/1.1\r\nHost: t\r\nX: a\x00b\r\n\r\n", 400, true},
		{"header too large", "GET " + path + "ID HTTP/1.1\r\nHost: t\r\nX: " + strings.Repeat("a", 100_000) + "\r\n\r\n", 431, true},
		{"query of 4 KiB and one", "GET " + path + "ID?a=" + strings.Repeat("a", 4095) + " HTTP/1.1\r\nHost: t\r\n\r\n", 414, false},
		{"query of 4 KiB", "GET " + path + "ID?a=" + strings.Repeat("a", 4094) + " HTTP/1.1\r\nHost: t\r\n\r\n", 200, false},
		{"click query of 8 KiB and one", "GET /c/slugA?a=" + strings.Repeat("a", 8191) + " HTTP/1.1\r\nHost: t\r\n\r\n", 414, false},
		{"lower-case method", "get " + path + "ID HTTP/1.1\r\nHost: t\r\n\r\n", 405, false},
		{"odd method", "BREW " + path + "ID HTTP/1.1\r\nHost: t\r\n\r\n", 405, false},
		{"CONNECT", "CONNECT t:80 HTTP/1.1\r\nHost: t\r\n\r\n", 404, false},
		{"asterisk", "OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n", 404, false},
		{"POST to a click URL", "POST /c/slugA HTTP/1.1\r\nHost: t\r\n\r\n", 405, false},
		{"POST to health", "POST /healthz HTTP/1.1\r\nHost: t\r\n\r\n", 405, false},
		{"rubbish", "\x16\x03\x01 rubbish\r\n\r\n", 400, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.t = t
			a := h.send(strings.ReplaceAll(c.raw, "ID", h.fresh()), false)
			if a.status != c.status || c.closed != a.closed {
				t.Errorf("got %d closed=%v, want %d closed=%v (%q)", a.status, a.closed, c.status, c.closed, a.body)
			}
			if a.headers["content-type"] != jsonUTF8 || a.headers["cache-control"] != "no-store" ||
				a.headers["x-content-type-options"] != "nosniff" || len(a.headers["x-request-id"]) != 24 || a.headers["server"] != "" {
				t.Errorf("headers %v", a.headers)
			}
			if ok := strings.HasPrefix(a.body, `{"ok":true`); ok != (a.status == 200) || !ok && !strings.HasPrefix(a.body, `{"error":{"msg":"`) {
				t.Errorf("body %q", a.body)
			}
			if want := map[bool]string{true: "GET, HEAD", false: "GET"}[!strings.Contains(c.raw, path)]; a.status == 405 && a.headers["allow"] != want {
				t.Errorf("Allow %q, want %q", a.headers["allow"], want)
			}
		})
	}
	if n := h.ledger.counted(); n != 4 {
		t.Errorf("%d conversions were counted", n)
	}
	if log := h.log.String(); strings.Contains(log, path) || strings.Contains(log, "Host:") {
		t.Errorf("the log quotes requests: %s", log)
	}
	if len(h.spool.clicks(t)) != 0 {
		t.Error("a click was recorded")
	}
	for _, r := range []homing.Reason{homing.ReasonMethod, homing.ReasonBody, homing.ReasonTransferEncoding} {
		found := false
		for _, p := range h.spool.postbacks(t) {
			found = found || p.Verdict.Reason == r && p.Account == 1
		}
		if !found {
			t.Errorf("no refusal in the log says %s", r)
		}
	}
}

func TestHeadOfAPostbackHasNoBody(t *testing.T) {
	h := newHouse(t, nil).open()
	c, err := net.Dial("tcp", h.plain)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = io.WriteString(c, "HEAD /api/v1/cpa/action/"+h.fresh()+" HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
	all, _ := io.ReadAll(c)
	if s := string(all); !strings.HasPrefix(s, "HTTP/1.1 405 ") || !strings.HasSuffix(s, "\r\n\r\n") {
		t.Errorf("got %q", s)
	}
}

// TestSlowHeader needs five seconds.
func TestSlowHeader(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil).open()
	start := time.Now()
	a := h.send("GET /api/v1/cpa/action/"+h.fresh()+" HTTP/1.1\r\nHost: t\r\nX-", false)
	if took := time.Since(start); took > 6*time.Second || took < 4*time.Second {
		t.Errorf("closed after %s", took)
	}
	if a.status != 408 || a.body != `{"error":{"msg":"request timeout"}}` || !a.closed {
		t.Errorf("got %+v", a)
	}
}

func TestTooManyConnections(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.MaxConns = 2 }).open()
	var held []net.Conn
	for range 2 {
		c, err := net.Dial("tcp", h.plain)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
		_, _ = io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n")
		if a := readAnswer(c, false); a.status != 200 {
			t.Fatalf("got %+v", a)
		}
	}
	a := h.get("/healthz", false)
	if a.status != 503 || a.body != `{"error":{"msg":"temporarily unavailable"}}` || a.headers["retry-after"] == "" || !a.closed {
		t.Errorf("got %+v", a)
	}
	for _, c := range held {
		c.Close()
	}
	waitFor(t, func() bool { return h.conns.count() == 0 })
	if a := h.get("/healthz", false); a.status != 200 {
		t.Errorf("after the others had gone: %+v", a)
	}
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for range 600 {
		if ok() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("it did not happen")
}

func TestConnectionsPerAddress(t *testing.T) {
	l := &limits{perAddr: 2, trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, open: map[netip.Addr]int{}}
	admit := func(addr string) *conn {
		pipe, _ := net.Pipe()
		c, _ := l.admit(pipe, netip.MustParseAddr(addr))
		return c
	}
	first := admit("2001:db8::1")
	if first == nil || admit("2001:db8::2") == nil {
		t.Fatal("refused within the limit")
	}
	if admit("2001:db8::3") != nil {
		t.Error("an IPv6 /64 is not one address")
	}
	if admit("2001:db8:0:1::1") == nil {
		t.Error("another /64 was refused")
	}
	for range 5 {
		if admit("10.1.2.3") == nil || admit("127.0.0.1") == nil || admit("::1") == nil {
			t.Fatal("a trusted proxy or loopback was limited")
		}
	}
	first.Close()
	first.Close() // counts once
	if admit("2001:db8::4") == nil || admit("2001:db8::5") != nil {
		t.Error("closing did not make room for exactly one")
	}
}

func TestTooManyRequests(t *testing.T) {
	hold := make(chan struct{})
	h := newHouse(t, func(o *Options) { o.MaxRequests = 2 }).open()
	h.spool.hold = hold
	var waiting sync.WaitGroup
	for range 2 {
		waiting.Go(func() {
			if a := h.get("/c/slugA", false); a.status != 302 {
				t.Errorf("an admitted one got %+v", a)
			}
		})
	}
	waitFor(t, func() bool { return h.underWay.Load() == 2 })
	// The admitted ones are held until the end, so an answer here has waited for
	// nothing.
	for _, target := range []string{"/c/slugA", "/api/v1/cpa/action/" + h.fresh()} {
		a := h.get(target, false)
		if a.status != 503 || a.headers["retry-after"] == "" || a.body != `{"error":{"msg":"temporarily unavailable"}}` {
			t.Errorf("got %+v", a)
		}
	}
	if a := h.get("/healthz", false); a.status != 200 {
		t.Errorf("health got %+v", a)
	}
	close(hold)
	waiting.Wait()
}

func TestAFaultOfOursIsAnswered503(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Journal = nil }).open()
	a := h.get("/api/v1/cpa/action/"+strings.Repeat("0", 40)+"?key="+keyA.Reveal(), false)
	if a.status != 503 || a.headers["retry-after"] == "" || a.headers["postback-result"] != "" {
		t.Errorf("got %+v", a)
	}
	if log := h.log.String(); !strings.Contains(log, "fault of ours") || strings.Contains(log, keyA.Reveal()) {
		t.Errorf("log says %q", log)
	}
}
