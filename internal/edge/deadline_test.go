package edge

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A server's deadlines in these tests. A request has less time than a connection
// may idle, as it does in earnest: that is what makes one deadline go off early.
const (
	testHeaderTime = 400 * time.Millisecond
	testIdleTime   = 4 * time.Second
	testWriteTime  = 600 * time.Millisecond
	// lateness is what the machine may add.
	lateness = 2 * time.Second
)

func hurriedHouse(t testing.TB) *house {
	h := newHouse(t, nil)
	h.server.ReadTimeout, h.server.IdleTimeout, h.server.WriteTimeout = testHeaderTime, testIdleTime, testWriteTime
	return h.open()
}

// overBoth runs a test over a plain connection and over TLS.
func overBoth(t *testing.T, run func(t *testing.T, h *house, dial func() net.Conn)) {
	for _, secure := range []bool{false, true} {
		name := map[bool]string{false: "plain", true: "TLS"}[secure]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := hurriedHouse(t)
			run(t, h, func() net.Conn {
				var c net.Conn
				var err error
				if secure {
					c, err = tls.Dial("tcp", h.tls, &tls.Config{InsecureSkipVerify: true})
				} else {
					c, err = net.Dial("tcp", h.plain)
				}
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = c.Close() })
				return c
			})
		})
	}
}

const aliveRequest = "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n"

// alive asks and wants an answer.
func alive(t *testing.T, c net.Conn) {
	t.Helper()
	if _, err := io.WriteString(c, aliveRequest); err != nil {
		t.Fatal(err)
	}
	if a := readAnswer(c, false); a.status != 200 {
		t.Fatalf("got %+v", a)
	}
}

// closes wants the connection to be closed at a time after a moment.
func closes(t *testing.T, c net.Conn, began time.Time, after time.Duration) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.Copy(io.Discard, c); err != nil && strings.Contains(err.Error(), "i/o timeout") {
		t.Fatal("it is not closed")
	}
	if took := time.Since(began); took < after || took > after+lateness {
		t.Errorf("closed after %s, want %s", took, after)
	}
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	overBoth(t, func(t *testing.T, _ *house, dial func() net.Conn) {
		c, began := dial(), time.Now()
		alive(t, c)
		closes(t, c, began, testIdleTime)
	})
}

func TestFreshConnectionsThatAskNothingAreClosed(t *testing.T) {
	overBoth(t, func(t *testing.T, _ *house, dial func() net.Conn) {
		began := time.Now()
		closes(t, dial(), began, testHeaderTime)
	})
}

// TestConnectionsMayIdle for longer than a request may take, again and again: the
// deadline that is armed goes off, and is not the one that holds.
func TestConnectionsMayIdle(t *testing.T) {
	overBoth(t, func(t *testing.T, _ *house, dial func() net.Conn) {
		c := dial()
		for range 2 {
			alive(t, c)
			time.Sleep(testIdleTime / 2)
		}
		began := time.Now()
		alive(t, c)
		closes(t, c, began, testIdleTime)
	})
}

// TestByteAfterByte: every byte comes in time, the request does not.
func TestByteAfterByte(t *testing.T) {
	overBoth(t, func(t *testing.T, _ *house, dial func() net.Conn) {
		for _, before := range []time.Duration{0, testIdleTime / 4} { // until the request begins
			c := dial()
			alive(t, c)
			time.Sleep(before)
			began := time.Now()
			go func() {
				for _, b := range []byte(aliveRequest) {
					if _, err := c.Write([]byte{b}); err != nil {
						return
					}
					time.Sleep(testHeaderTime / 8)
				}
			}()
			closes(t, c, began, testHeaderTime)
		}
	})
}

// TestWhoDoesNotReadIsCutOff, after the first deadline of a write is over. (TLS
// tries for five seconds more to say that it closes.)
func TestWhoDoesNotReadIsCutOff(t *testing.T) {
	overBoth(t, func(t *testing.T, h *house, dial func() net.Conn) {
		c := dial()
		alive(t, c)
		time.Sleep(testWriteTime * 3 / 2)
		alive(t, c)
		_ = c.SetWriteDeadline(time.Now().Add(20 * time.Second))
		many := bytes.Repeat([]byte(aliveRequest), 1000)
		var err error
		for err == nil {
			_, err = c.Write(many)
		}
		if strings.Contains(err.Error(), "i/o timeout") {
			t.Error("it is not cut off")
		}
		waitFor(t, func() bool { return h.conns.count() == 0 })
	})
}

// TestHandshakesAreBounded: a TLS connection on which nothing comes, or the
// beginning of a handshake.
func TestHandshakesAreBounded(t *testing.T) {
	t.Parallel()
	h := hurriedHouse(t)
	for _, begun := range []string{"", "\x16\x03\x01\x01\x00\x01"} {
		began := time.Now()
		c, err := net.Dial("tcp", h.tls)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_, _ = io.WriteString(c, begun)
		closes(t, c, began, testHeaderTime)
	}
}

// countingListener counts how often its connections' deadlines are armed.
type countingListener struct {
	net.Listener
	armed *atomic.Int64
}

func (l countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return countingConn{c.(*net.TCPConn), l.armed}, nil
}

type countingConn struct {
	*net.TCPConn
	armed *atomic.Int64
}

func (c countingConn) SetReadDeadline(t time.Time) error {
	c.armed.Add(1)
	return c.TCPConn.SetReadDeadline(t)
}

func (c countingConn) SetWriteDeadline(t time.Time) error {
	c.armed.Add(1)
	return c.TCPConn.SetWriteDeadline(t)
}

// TestDeadlinesAreArmedRarely: the server asks for three a request.
func TestDeadlinesAreArmedRarely(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil).open()
	inner, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var armed atomic.Int64
	go func() { _ = h.Serve(countingListener{inner, &armed}) }()
	c, err := net.Dial("tcp", inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	began := time.Now()
	for range 500 {
		alive(t, c)
	}
	// One of each at first, and a few each time that the shortest is over.
	if n, most := armed.Load(), 2+4*int64(1+time.Since(began)/headerTime); n > most {
		t.Errorf("%d deadlines were armed in 500 requests, want at most %d", n, most)
	}
}

// BenchmarkDeadlines is what a request pays for its three: asked of a conn, and of
// the connection below it, as if there were no deadline in between.
func BenchmarkDeadlines(b *testing.B) {
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	below, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer below.Close()
	for name, c := range map[string]net.Conn{"asked": &conn{Conn: below}, "armed": below} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				now := time.Now()
				_ = c.SetReadDeadline(now.Add(idleTime))
				_ = c.SetReadDeadline(now.Add(headerTime))
				_ = c.SetWriteDeadline(now.Add(writeTime))
			}
		})
	}
}
