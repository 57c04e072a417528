package edge

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestReadiness(t *testing.T) {
	why := errors.New(`spool "is" full`)
	h := newHouse(t, func(o *Options) { o.Ready = func() error { return why } }).open()
	if a := h.get("/readyz", false); a.status != 503 || a.body != `{"error":{"msg":"spool \"is\" full"}}` {
		t.Errorf("got %+v", a)
	}
	why = nil
	if a := h.get("/readyz", false); a.status != 200 || a.body != `{"ok":true}` {
		t.Errorf("got %+v", a)
	}
	h.Drain()
	if a := h.send("GET /readyz HTTP/1.1\r\nHost: t\r\n\r\n", false); a.status != 503 || !a.closed {
		t.Errorf("draining: %+v", a)
	}
	if a := h.get("/healthz", false); a.status != 200 {
		t.Errorf("draining: %+v", a)
	}
	if a := h.get("/c/slugA", false); a.status != 302 {
		t.Errorf("draining: %+v", a)
	}
}

// TestShutdownLosesNothing shuts down under load: whoever has a connection and
// has sent a request gets its answer, and is told when it is the last one.
func TestShutdownLosesNothing(t *testing.T) {
	h := newHouse(t, nil).open()
	var answered, lost atomic.Int64
	var clients sync.WaitGroup
	stop := make(chan struct{})
	for i := range 16 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				c, err := net.Dial("tcp", h.plain)
				if err != nil {
					return // closed for good
				}
				converse(c, i%2 == 0, &answered, &lost)
			}
		})
	}
	time.Sleep(300 * time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := h.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	close(stop)
	clients.Wait()
	if answered.Load() < 100 || lost.Load() != 0 {
		t.Errorf("%d answered, %d lost", answered.Load(), lost.Load())
	}
	if n := h.conns.count(); n != 0 {
		t.Errorf("%d connections are still counted", n)
	}
	if n := len(h.spool.clicks(t)); int64(n) != answered.Load() {
		t.Errorf("%d clicks recorded, %d answered", n, answered.Load())
	}
}

// converse sends clicks over a connection until it is told that it was the
// last, or for one only.
func converse(c net.Conn, keep bool, answered, lost *atomic.Int64) {
	defer c.Close()
	br := bufio.NewReader(c)
	for {
		if _, err := io.WriteString(c, "GET /c/slugA HTTP/1.1\r\nHost: t\r\n\r\n"); err != nil {
			lost.Add(1)
			return
		}
		header, err := readHeader(br)
		if err != nil || !strings.HasPrefix(header, "HTTP/1.1 302") {
			lost.Add(1)
			return
		}
		answered.Add(1)
		if !keep || strings.Contains(header, "Connection: close") {
			return
		}
	}
}

func readHeader(br *bufio.Reader) (string, error) {
	var all strings.Builder
	for {
		line, err := br.ReadString('\n')
		if err != nil || line == "\r\n" {
			return all.String(), err
		}
		all.WriteString(line)
	}
}

func TestShutdownWaitsForWhatIsUnderWay(t *testing.T) {
	h := newHouse(t, nil).open()
	h.spool.hold = make(chan struct{})
	got := make(chan answer, 1)
	go func() { got <- h.send("GET /c/slugA HTTP/1.1\r\nHost: t\r\n\r\n", false) }()
	waitFor(t, func() bool { return h.underWay.Load() == 1 })
	done := make(chan error, 1)
	go func() { done <- h.Shutdown(context.Background()) }()
	select {
	case err := <-done:
		t.Fatalf("did not wait: %v", err)
	case <-time.After(500 * time.Millisecond):
	}
	close(h.spool.hold)
	if a := <-got; a.status != 302 || !a.closed {
		t.Errorf("got %+v", a)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestMetrics(t *testing.T) {
	h := newHouse(t, nil).open()
	h.get("/c/slugA", false)
	h.get("/c/nobody", false)
	h.get(action+h.fresh(), false)
	h.get(action+"x", false)
	var out bytes.Buffer
	h.Metrics().WritePrometheus(&out)
	for _, want := range []string{
		`homing_clicks_total{class="billable"} 1`,
		`homing_clicks_refused_total{reason="unknown"} 1`,
		`homing_postbacks_total{outcome="counted",reason="counted"} 1`,
		`homing_postbacks_total{outcome="refused",reason="code_format"} 1`,
		`homing_unavailable_total{door="click",cause="overloaded"} 0`,
		`homing_request_seconds_count{door="click"} 2`,
		`homing_request_seconds_bucket{door="postback",le="+Inf"} 2`,
		`homing_clicks_unrecorded_total 0`,
		`homing_keys_over_http_total 0`,
		`homing_untrusted_proxies{network="private"} 0`,
	} {
		if !strings.Contains(out.String(), want+"\n") {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
}
