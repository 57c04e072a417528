package edge

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"homing"
)

// TestLongRequestLine: a query that has no room is as much too long as one that
// just has.
func TestLongRequestLine(t *testing.T) {
	h := newHouse(t, nil).open()
	id := h.fresh()
	long := strings.Repeat("a%20", 5000)
	key := keyA.Reveal()
	// The buffer ends within the key: "GET " + target.
	endsInKey := action + id + "?x=" + strings.Repeat("Z", readBuffer-len("GET "+action+id+"?x=&lead_code=")-30) + "&lead_code=" + key + key + key
	big := strings.Repeat("b", readBuffer)
	for _, c := range []struct {
		name, request  string
		status         int
		result, target string // target of the entry in the log, "" = none
	}{
		{"postback", "GET " + action + id + "?value=1&a=" + long, 414, "refused; reason=query_too_long", action + id + "?value=1&a="},
		{"sibling", "GET /api/v1/cpa/action?clickid=" + id + "&a=" + long, 414, "refused; reason=query_too_long", "/api/v1/cpa/action?clickid=" + id},
		{"key in it", "GET " + action + id + "?value=1&key=" + key + "&a=" + long, 414, "refused; reason=query_too_long", action + id + "?value=1&key=key:"},
		{"end within a key", "GET " + endsInKey, 414, "refused; reason=query_too_long", action + id + "?x=key:"},
		{"click", "GET /c/slugA?sub1=" + long, 414, "", ""},
		{"elsewhere", "GET /other?sub1=" + long, 414, "", ""},
		{"headers have no room because of it", "GET " + action + id + "?a=" + strings.Repeat("a", readBuffer-300) + " HTTP/1.1\r\nHost: t\r\nX: " + big, 414, "refused; reason=query_too_long", action + id + "?a="},
		{"headers too large", "GET " + action + id + "?value=1 HTTP/1.1\r\nHost: t\r\nX: " + big, 431, "", ""},
		{"headers too large, longish query", "GET /c/slugA?a=" + strings.Repeat("a", 7000) + " HTTP/1.1\r\nHost: t\r\nX: " + big, 431, "", ""},
		{"no request line", big + big, 431, "", ""},
	} {
		for _, overTLS := range []bool{false, true} {
			t.Run(c.name, func(t *testing.T) {
				h.t = t
				a := h.send(c.request+" HTTP/1.1\r\nHost: t\r\n\r\n", overTLS)
				if a.status != c.status || !a.closed || a.headers["postback-result"] != c.result {
					t.Errorf("got %d closed=%t %v", a.status, a.closed, a.headers)
				}
				if want := map[int]string{414: "query too long", 431: "request header too large"}[c.status]; a.body != `{"error":{"msg":"`+want+`"}}` {
					t.Errorf("body %s", a.body)
				}
				logged := h.spool.postbacks(t)
				h.spool.records = nil
				if c.target == "" {
					if len(logged) != 0 {
						t.Errorf("logged %+v", logged)
					}
					return
				}
				if len(logged) != 1 {
					t.Fatalf("%d entries in the log", len(logged))
				}
				p := logged[0]
				if !strings.HasPrefix(p.Target, c.target) || len(p.Target) > homing.MaxTargetLen || strings.Contains(p.Target, key[:16]) {
					t.Errorf("target %s", p.Target)
				}
				if p.Verdict.Reason != homing.ReasonQueryTooLong || p.Account != 1 && c.name != "sibling" || p.Method != "GET" || p.HTTPS != overTLS {
					t.Errorf("logged %+v", p)
				}
			})
		}
	}
}

// TestLongLineAfterOthers: what lies before it in the buffer is another request.
func TestLongLineAfterOthers(t *testing.T) {
	h := newHouse(t, nil).open()
	for _, overTLS := range []bool{false, true} {
		c := dial(t, h, overTLS)
		defer c.Close()
		go io.WriteString(c, strings.Repeat("GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n", 1000)+
			"GET "+action+h.fresh()+"?a="+strings.Repeat("a", 20_000)+" HTTP/1.1\r\nHost: t\r\n\r\n")
		_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
		all, _ := io.ReadAll(c)
		if n := strings.Count(string(all), "HTTP/1.1 200 "); n != 1000 || strings.Count(string(all), "HTTP/1.1 414 ") != 1 {
			t.Errorf("%d answers, and at the end %q", n, all[max(0, len(all)-300):])
		}
	}
}

func TestConnectionIsAList(t *testing.T) {
	h := newHouse(t, nil).open()
	for value, closes := range map[string]bool{
		"close, X-Other": true, "X-Other,close": true, "Close": true, "x-other ,\tCLOSE , y": true,
		"close\r\nConnection: X-Other": true, "X-Other\r\nConnection: close": true,
		"keep-alive": false, "X-close, closed": false, "": false,
	} {
		c := dial(t, h, false)
		defer c.Close()
		_, _ = io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: t\r\nConnection: "+value+"\r\n\r\n")
		_ = c.SetReadDeadline(time.Now().Add(2 * time.Second))
		a := readAnswer(bufio.NewReader(c), false)
		if a.status != 200 || a.closed != closes {
			t.Errorf("%q: %+v", value, a)
		}
	}
}

func dial(t *testing.T, h *house, overTLS bool) (c net.Conn) {
	t.Helper()
	var err error
	if overTLS {
		c, err = tls.Dial("tcp", h.tls, &tls.Config{InsecureSkipVerify: true})
	} else {
		c, err = net.Dial("tcp", h.plain)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}
