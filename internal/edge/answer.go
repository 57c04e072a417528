package edge

import (
	"github.com/valyala/fasthttp"

	"homing"
	"homing/internal/rule/judge"
)

// The headers that answers carry, in the spelling fasthttp stores them in.
var (
	headerCacheControl = []byte("Cache-Control")
	headerNoSniff      = []byte("X-Content-Type-Options")
	headerRequestID    = []byte("X-Request-Id")
	headerRetryAfter   = []byte("Retry-After")
	headerAllow        = []byte("Allow")
	headerResult       = []byte("Postback-Result")
	headerLink         = []byte("Link")
	headerLocation     = []byte("Location")

	noStore  = []byte("no-store")
	noSniff  = []byte("nosniff")
	jsonType = []byte("application/json; charset=utf-8")
	oneSoon  = []byte("1")

	allowGet     = []byte("GET")
	allowGetHead = []byte("GET, HEAD")
)

var (
	bodyOK          = []byte(judge.OKBody)
	bodyUnavailable = judge.ErrorBody("temporarily unavailable")
	bodyTooMany     = judge.ErrorBody("too many requests")
	bodyNotFound    = judge.ErrorBody(homing.AnswerNotFound.Text())
	bodyMethod      = judge.ErrorBody(homing.AnswerMethod.Text())
	bodyTooLong     = judge.ErrorBody(homing.AnswerTooLong.Text())
	bodyRequest     = judge.ErrorBody(homing.AnswerInvalidRequest.Text())
)

// answer sends a JSON answer. The body must stay as it is: it is not copied.
func (w *work) answer(status int, body []byte) {
	w.start(status)
	h := &w.ctx.Response.Header
	h.SetContentTypeBytes(jsonType)
	h.SetCanonical(headerNoSniff, noSniff)
	w.ctx.Response.SetBodyRaw(body)
}

// redirect sends a visitor on. Location is set by hand, because fasthttp's own
// redirect would parse and rewrite the URL. There is no Referrer-Policy: what
// the advertiser sees of where visitors come from is not ours to change.
func (w *work) redirect(location []byte) {
	w.start(fasthttp.StatusFound)
	w.ctx.Response.Header.SetCanonical(headerLocation, location)
}

// start sets what all answers have.
func (w *work) start(status int) {
	r := &w.ctx.Response
	r.SetStatusCode(status)
	r.Header.SetCanonical(headerCacheControl, noStore)
	w.idText, _ = w.requestID.AppendText(w.idText[:0]) // never fails
	r.Header.SetCanonical(headerRequestID, w.idText)
	if w.edge.draining.Load() {
		r.Header.SetConnectionClose()
	}
}

// shed answers 503: try again in a moment.
func (w *work) shed() {
	w.answer(fasthttp.StatusServiceUnavailable, bodyUnavailable)
	w.ctx.Response.Header.SetCanonical(headerRetryAfter, oneSoon)
}

// refuseMethod answers 405.
func (w *work) refuseMethod(allow []byte) {
	w.answer(fasthttp.StatusMethodNotAllowed, bodyMethod)
	w.ctx.Response.Header.SetCanonical(headerAllow, allow)
}
