package edge

import (
	"bytes"
	"strings"
	"testing"
)

// script is a connection on which bytes come once, and answers are kept.
type script struct {
	replay
	out bytes.Buffer
}

func (s *script) Write(p []byte) (int, error) { return s.out.Write(p) }

// FuzzServer sends anything. Whatever it is, the answers are ours, no fault of
// ours comes to light, and no key reaches the log.
func FuzzServer(f *testing.F) {
	h := newHouse(f, nil)
	id := h.fresh()
	for _, seed := range []string{
		"GET " + action + id + "?value=1&key=" + keyA.Reveal() + " HTTP/1.1\r\nHost: t\r\n\r\n",
		"GET /c/slugA?sub1=" + keyA.Reveal() + " HTTP/1.1\r\nHost: t\r\nX-Forwarded-For: 1.2.3.4, x\r\n\r\n",
		"GET /c/slugA?sub3=x" + keyA.Reveal() + "y HTTP/1.1\r\nHost: t\r\nReferer: /x" + keyA.Reveal() + "\r\n\r\n",
		keyA.Reveal() + " " + action + id + " HTTP/1.1\r\nHost: t\r\nConnection: a, close\r\n\r\n",
		"GET " + action + id + "?a=" + strings.Repeat("a", 5000) + " HTTP/1.1\r\nHost: t\r\nX: " + strings.Repeat("x", 12000) + "\r\n\r\n",
		"POST " + action + id + " HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
		"GET /api/v1/cpa/action?clickid=%7Bx%7D&value[]=%zz HTTP/1.0\r\n\r\nGET /readyz HTTP/1.1\r\nHost: t\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, request []byte) {
		if len(request) == 0 {
			return
		}
		s := &script{replay: replay{request: request, n: 1}}
		c, _ := h.conns.admit(s, addrOf(s.RemoteAddr()))
		_ = h.server.ServeConn(c) // its errors are about the request
		if out := s.out.String(); out != "" && !strings.HasPrefix(out, "HTTP/1.1 ") {
			t.Errorf("answered %q", out)
		}
		if h.metrics.panics.Get() != 0 || strings.Contains(h.log.String(), keyA.Reveal()) {
			t.Fatalf("log: %s", h.log.String())
		}
		h.spool.mu.Lock()
		defer h.spool.mu.Unlock()
		for _, r := range h.spool.records {
			if bytes.Contains(r.Data, []byte(keyA.Reveal())) {
				t.Errorf("a key was stored: %q", r.Data)
			}
		}
		h.spool.records = nil
		h.log.text.Reset()
	})
}
