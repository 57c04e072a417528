package edge

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"homing/internal/engine/ledger"
)

// replay is a connection on which the same request comes n times.
type replay struct {
	net.Conn
	request []byte
	at, n   int
}

func (r *replay) Read(p []byte) (int, error) {
	if r.n == 0 {
		return 0, io.EOF
	}
	m := copy(p, r.request[r.at:])
	if r.at += m; r.at == len(r.request) {
		r.at, r.n = 0, r.n-1
	}
	return m, nil
}

func (r *replay) Write(p []byte) (int, error)      { return len(p), nil }
func (r *replay) Close() error                     { return nil }
func (r *replay) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(203, 0, 113, 9), Port: 1} }
func (r *replay) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (r *replay) SetDeadline(time.Time) error      { return nil }
func (r *replay) SetReadDeadline(time.Time) error  { return nil }
func (r *replay) SetWriteDeadline(time.Time) error { return nil }

const browser = "Host: t.example\r\nUser-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\nAccept-Language: de-AT,de;q=0.9,en;q=0.8\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\nReferer: https://blog.example/posts/2026/11/how-to?page=2\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: cross-site\r\n\r\n"

const gclid = "EAIaIQobChMI7Nf2wYXQhQMVhpVoCR3b5wQXEAAYASAAEgKx1fDBwE"

// requestsUnderTest are the hot ones.
func requestsUnderTest(h *house) map[string]string {
	id := h.fresh()
	return map[string]string{
		"click":         "GET /c/slugA?sub1=abc&site_id=9001&creative_id=117&cost=0.012&country=DE HTTP/1.1\r\n" + browser,
		"click, gclid":  "GET /c/slugA?sub1=abc&sub5=" + gclid + " HTTP/1.1\r\n" + browser,
		"postback":      "GET " + action + id + "?value=2.10 HTTP/1.1\r\nHost: t\r\nUser-Agent: tracker/1.0\r\n\r\n",
		"postback, key": "GET " + action + id + "?value=2.10&key=" + keyA.Reveal() + " HTTP/1.1\r\nHost: t\r\nUser-Agent: tracker/1.0\r\n\r\n",
	}
}

// firstAlways is a ledger for which every claim is the first.
type firstAlways struct{ *fakeLedger }

func (firstAlways) Decide(_ context.Context, c *ledger.Claim) (ledger.Decision, error) {
	return ledger.Decision{First: true, Conversion: 1, Status: c.Status, Value: c.Value}, nil
}

func fastHouse(t testing.TB) *house {
	return newHouse(t, func(o *Options) {
		o.Spool.(*fakeSpool).drop = true
		o.Ledger = firstAlways{}
	})
}

// handled runs fn with a request as the handler sees it.
func handled(h *house, request string, fn func(*fasthttp.RequestCtx)) {
	h.server.Handler = fn
	c, _ := h.conns.admit(&replay{request: []byte(request), n: 1}, addrOf((&replay{}).RemoteAddr()))
	_ = h.server.ServeConn(c)
}

func TestHotPathsDoNotAllocate(t *testing.T) {
	if raceDetector {
		t.Skip("pools forget under the race detector")
	}
	for name, most := range map[string]float64{"click": 0, "click, gclid": 0, "postback": 1, "postback, key": 2} {
		h := fastHouse(t)
		handled(h, requestsUnderTest(h)[name], func(ctx *fasthttp.RequestCtx) {
			// The one of a postback is its texts, which the journal keeps; what
			// stands in place of a key is another.
			for range 25_000 { // the journal's memory is full then
				h.handle(ctx)
				ctx.Response.Reset()
			}
			if n := testing.AllocsPerRun(1000, func() { h.handle(ctx); ctx.Response.Reset() }); n > most {
				t.Errorf("%s: %v allocations, want at most %v", name, n, most)
			}
		})
	}
}

// BenchmarkHandler is what is ours of a request.
func BenchmarkHandler(b *testing.B) {
	for name := range requestsUnderTest(newHouse(b, nil)) {
		b.Run(name, func(b *testing.B) {
			h := fastHouse(b)
			handled(h, requestsUnderTest(h)[name], func(ctx *fasthttp.RequestCtx) {
				b.ReportAllocs()
				for b.Loop() {
					h.handle(ctx)
					if s := ctx.Response.StatusCode(); s != 302 && s != 200 {
						b.Fatal(s)
					}
					ctx.Response.Reset()
				}
			})
		})
	}
}

// BenchmarkServer is a request from its bytes to the answer's, without system
// calls.
func BenchmarkServer(b *testing.B) {
	for name := range requestsUnderTest(newHouse(b, nil)) {
		b.Run(name, func(b *testing.B) {
			h := fastHouse(b)
			c, _ := h.conns.admit(&replay{request: []byte(requestsUnderTest(h)[name]), n: b.N}, addrOf((&replay{}).RemoteAddr()))
			b.ReportAllocs()
			b.ResetTimer()
			if err := h.server.ServeConn(c); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkLoopback is a request over a socket and back, client included.
func BenchmarkLoopback(b *testing.B) {
	h := fastHouse(b).open()
	for name, request := range requestsUnderTest(h) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				c, err := net.Dial("tcp", h.plain)
				if err != nil {
					b.Error(err)
					return
				}
				defer c.Close()
				buf := make([]byte, 4096)
				for pb.Next() {
					if _, err := io.WriteString(c, request); err != nil {
						b.Error(err)
						return
					}
					if n, err := c.Read(buf); err != nil || string(buf[9:10]) > "3" || n < 20 {
						b.Errorf("%q %v", buf[:n], err)
						return
					}
				}
			})
		})
	}
}
