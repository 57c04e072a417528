package edge

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/valyala/fasthttp"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/rule/judge"
	"homing/internal/rule/macro"
	"homing/internal/rule/target"
)

// work is one request being worked on, with every buffer that takes. It comes
// from a pool and belongs to the request's goroutine, so that a request
// allocates nothing. What points into it ends with the request.
type work struct {
	edge *Edge
	ctx  *fasthttp.RequestCtx
	conn *conn
	source
	now       time.Time // arrival
	at        homing.Millis
	requestID homing.RequestID
	idText    []byte
	body      framing
	hold      time.Duration // until it is answered, see overload

	pathBuf  []byte // of target.Split
	queryBuf []byte // of the parameters
	record   []byte // of spool or ledger
	text     []byte // location, or masked text
	masked   []byte // masked fields of a click
	// storedLead is the masked lead code, in text.
	storedLead []byte

	click    homing.Click
	values   macro.Values
	call     judge.Call
	claim    ledger.Claim
	postback homing.Postback
}

func newWork(e *Edge) *work {
	return &work{
		edge:   e,
		idText: make([]byte, 0, 2*len(homing.RequestID{})),
		record: make([]byte, 0, 2<<10),
		text:   make([]byte, 0, 2<<10),
	}
}

// begin takes a request on.
func (w *work) begin(ctx *fasthttp.RequestCtx, now time.Time) {
	e := w.edge
	w.ctx, w.conn, w.body, w.hold = ctx, connOf(ctx), bare, 0
	w.now, w.at = now, homing.MillisOf(now)
	w.requestID = homing.NewRequestID(w.at, e.options.Minter.Node(), e.requests.Add(1))
}

// stranger stands for a connection that is not ours, in tests of a handler
// without a listener.
var stranger = &conn{}

// connOf finds the connection of a request, below TLS.
func connOf(ctx *fasthttp.RequestCtx) *conn {
	c := ctx.Conn()
	if t, ok := c.(*secureConn); ok {
		c = t.NetConn()
	}
	if ours, ok := c.(*conn); ok {
		return ours
	}
	return stranger
}

// leaveUnread says that the request was not read to its end and never will be.
func (w *work) leaveUnread() { w.conn.unread.Store(true) }

// room returns buf with room for n bytes.
func room(buf []byte, n int) []byte { return slices.Grow(buf[:0], n) }

// handle is fasthttp's handler: guards, then the door.
func (e *Edge) handle(ctx *fasthttp.RequestCtx) {
	w := e.works.Get().(*work)
	defer e.rescue(ctx)
	w.begin(ctx, e.options.Clock())
	w.route()
	hold := w.hold
	e.works.Put(w)
	if hold > 0 {
		time.Sleep(hold)
	}
}

// rescue answers 503 when we have a fault, so that the sender tries again and
// the other requests go on. The value of a panic may quote the request, so
// only its type is told, unless it is the runtime's own.
func (e *Edge) rescue(ctx *fasthttp.RequestCtx) {
	p := recover()
	if p == nil {
		return
	}
	what := fmt.Sprintf("%T", p)
	if r, ok := p.(runtime.Error); ok {
		what = r.Error()
	}
	e.options.Log.Error("a request ran into a fault of ours", "panic", what, "stack", string(debug.Stack()))
	e.metrics.panics.Inc()
	ctx.Response.Reset()
	w := newWork(e) // the old one may be in any state
	w.begin(ctx, e.options.Clock())
	w.shed()
	ctx.Response.Header.SetConnectionClose()
}

// route leads a request to its door.
func (w *work) route() {
	h := &w.ctx.Request.Header
	w.body = bodyOf(h)
	if w.body != bare {
		w.leaveUnread()
	}
	if !knownProtocol(h) {
		w.edge.metrics.unreadable[faultProtocol].Inc()
		w.answer(faultStatus[faultProtocol], faultBody[faultProtocol])
		w.ctx.Response.Header.SetConnectionClose()
		return
	}
	raw := h.RequestURI()
	w.pathBuf = room(w.pathBuf, len(raw))
	t := target.Split(raw, w.pathBuf)
	switch t.Door {
	case target.Click:
		w.through(clickDoor, &t)
	case target.Postback, target.Sibling:
		w.through(postbackDoor, &t)
	case target.Health:
		w.health()
	case target.Ready:
		w.ready()
	default:
		w.answer(fasthttp.StatusNotFound, bodyNotFound)
	}
}

// through lets a request through one of the two doors that do work, if there
// is room for it.
func (w *work) through(d door, t *target.Target) {
	e := w.edge
	e.overload.busy.note(w.conn)
	hold, ok := e.overload.admit()
	if !ok {
		e.metrics.unavailable[d][causeProcessor].Inc()
		w.shed()
		w.hold = hold
		return
	}
	defer e.underWay.Add(-1)
	if n := e.underWay.Add(1); e.options.MaxRequests > 0 && n > int64(e.options.MaxRequests) {
		e.metrics.unavailable[d][causeRequests].Inc()
		w.shed()
		return
	}
	if d == clickDoor {
		w.serveClick(t)
	} else {
		w.servePostback(t)
	}
	e.metrics.latency[d].Note(e.options.Clock().Sub(w.now))
}

// unavailable answers 503 and counts and tells why.
func (w *work) unavailable(d door, c cause, err error) {
	w.edge.metrics.unavailable[d][c].Inc()
	w.edge.faults.tell(c, err)
	w.shed()
}
