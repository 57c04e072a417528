package edge

import (
	"bytes"
	"crypto/tls"
	"net"

	"github.com/valyala/fasthttp"

	"homing"
	"homing/internal/flow/hearing"
	"homing/internal/rule/judge"
	"homing/internal/rule/mask"
	"homing/internal/rule/target"
)

// readAhead keeps a long request line if the request may have no room in the
// buffer the server reads into, because the server forgets it then.
//
// It relies on how the server reads: the first byte of a request by itself, so
// that nothing is kept for a connection that is idle (ReduceMemoryUsage), then
// behind it into the whole buffer of a bufio.Reader, later behind what is unread,
// which that has moved to the front. So a read that fills the buffer leaves the
// present request at its beginning. Should that change, such requests are answered
// 431 like other large headers.
type readAhead struct {
	first  byte   // of what the buffer began with, before anything was moved
	since  int    // bytes read since then
	buffer []byte // the server's, without its first byte; owned by it, looked at only while it reads
	line   []byte // a copy of the present line, or of its beginning; nil if it is not long
}

// look looks at what a read into p left in the buffer. It costs nothing unless
// the buffer is full.
func (r *readAhead) look(p []byte, n int) {
	if len(p) == 1 && n == 1 {
		r.first, r.since, r.buffer = p[0], 0, nil
		return
	}
	if r.since == 0 && len(p) == readBuffer-1 {
		r.buffer = p
	}
	r.since += n
	if n < len(p) || len(r.buffer) == 0 || &p[len(p)-1] != &r.buffer[len(r.buffer)-1] {
		return
	}
	r.line = nil
	if line := r.present(); len(line) > target.MaxPostbackQuery {
		r.line = line
	}
}

// present copies the line of the request that the buffer begins with.
func (r *readAhead) present() []byte {
	first := r.first
	if r.since > len(r.buffer) { // something was moved
		switch {
		case bytes.HasPrefix(r.buffer, []byte("ET ")):
			first = 'G'
		case bytes.HasPrefix(r.buffer, []byte("EAD ")):
			first = 'H'
		default:
			first = '\n' // as if it began later; other methods are no requests then
		}
	}
	line := bytes.TrimLeft(append([]byte{first}, r.buffer...), "\r\n")
	if end := bytes.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	return line
}

// secureListener makes each connection a secureConn.
type secureListener struct{ net.Listener }

func (l *secureListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &secureConn{Conn: c.(*tls.Conn)}, nil // see tls.NewListener
}

// secureConn is a TLS connection over a conn.
type secureConn struct {
	*tls.Conn
	readAhead
}

func (c *secureConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.look(p, n)
	return n, err
}

// longLineOf is the long request line of a request that had no room; nil if the
// line is not long.
func longLineOf(ctx *fasthttp.RequestCtx) []byte {
	switch c := ctx.Conn().(type) {
	case *secureConn:
		return c.line
	case *conn:
		return c.line
	}
	return nil
}

// refuseLongLine answers a request that had no room because of its target: 414,
// as one that just has room and is too long. It tells whether it did: what is no
// request line, or whose query is short enough, is left to the caller.
func (w *work) refuseLongLine(line []byte) bool {
	method, rest, ok := bytes.Cut(line, []byte(" "))
	if !ok {
		return false
	}
	raw, _, whole := bytes.Cut(rest, []byte(" "))
	if !whole {
		raw = cutRun(raw)
	}
	w.pathBuf = room(w.pathBuf, len(raw))
	t := target.Split(raw, w.pathBuf)
	switch {
	case whole && len(t.Query) <= longestQuery(t.Door):
		return false
	case t.Door == target.Postback || t.Door == target.Sibling:
		w.ctx.Request.Header.SetMethodBytes(method)
		w.ctx.Request.Header.SetRequestURIBytes(raw)
		w.refuseLongPostback(&t)
		return true
	case t.Door == target.Click:
		w.edge.metrics.clickNot[noClickTooLong].Inc()
	default:
		w.edge.metrics.unreadable[faultLongLine].Inc()
	}
	w.answer(faultStatus[faultLongLine], faultBody[faultLongLine])
	return true
}

// longestQuery is how long a door's queries may be; where there is no door, as
// long as the buffer.
func longestQuery(d target.Door) int {
	switch d {
	case target.Postback, target.Sibling:
		return target.MaxPostbackQuery
	case target.Click:
		return target.MaxClickQuery
	}
	return readBuffer
}

// cutRun cuts off what text ends with if it may be a part of a key: no mask
// would know it.
func cutRun(text []byte) []byte {
	for len(text) > 0 && mask.InRun(text[len(text)-1]) {
		text = text[:len(text)-1]
	}
	return text
}

// refuseLongPostback leaves the trace of every postback. Its headers were not
// read, so behind a trusted proxy the address is the proxy's.
func (w *work) refuseLongPostback(t *target.Target) {
	view := w.edge.options.Catalog.View()
	w.readCall(t)
	parties, campaign := hearing.PartiesOf(view, &w.call)
	hearing.Attribute(&w.postback, view, &w.call, parties, w.at)
	ruling := judge.Refuse(homing.ReasonQueryTooLong)
	w.refuse(&ruling, view, campaign)
}
