package edge

import (
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"homing"
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
	bodyOK          = []byte(`{"ok":true}`)
	bodyUnavailable = errorBody("temporarily unavailable")
	bodyTooMany     = errorBody("too many requests")
	bodyNotFound    = errorBody(homing.AnswerNotFound.Text())
	bodyMethod      = errorBody(homing.AnswerMethod.Text())
	bodyTooLong     = errorBody(homing.AnswerTooLong.Text())
	bodyRequest     = errorBody(homing.AnswerInvalidRequest.Text())
)

// errorBody is the body of every answer that is an error.
func errorBody(msg string) []byte {
	return append(appendJSON([]byte(`{"error":{"msg":`), msg), "}}"...)
}

// appendJSON appends text as a JSON string that is harmless in HTML and script,
// wherever somebody pastes it.
func appendJSON(dst []byte, text string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(text); {
		c := text[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(text[i:])
			switch {
			case r == utf8.RuneError && size == 1:
				dst = append(dst, `\ufffd`...)
			case r == '\u2028' || r == '\u2029': // line ends in older JavaScript
				dst = append(dst, `\u202`...)
				dst = append(dst, hex[r&0xf])
			default:
				dst = append(dst, text[i:i+size]...)
			}
			i += size
			continue
		}
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ' || c == '<' || c == '>' || c == '&' || c == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
		default:
			dst = append(dst, c)
		}
		i++
	}
	return append(dst, '"')
}

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
