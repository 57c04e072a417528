package edge

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"

	"github.com/valyala/fasthttp"

	"homing/internal/rule/judge"
)

// framing is what a request's headers say of what follows them.
type framing uint8

const (
	bare framing = iota
	withBody
	withEncoding // any Transfer-Encoding, whatever else there is
)

// framingOf reads the raw headers, because the parsed ones do not tell: fasthttp
// forgets Transfer-Encoding: identity, and one beside a Content-Length looks
// like a length of 0. fasthttp has checked names and lengths. It also compares
// the whole of Connection with close, which may be one word of several.
func framingOf(raw []byte) (f framing, expect, last bool) {
	for rest := raw; len(rest) > 0; {
		line := rest
		if end := bytes.IndexByte(rest, '\n'); end >= 0 {
			line, rest = rest[:end], rest[end+1:]
		} else {
			rest = nil
		}
		if len(line) == 0 {
			continue
		}
		switch line[0] | 0x20 {
		case 't':
			if _, ok := headerLine(line, "transfer-encoding"); ok {
				f = withEncoding
			}
		case 'c':
			if value, ok := headerLine(line, "content-length"); ok && len(bytes.Trim(value, "0")) > 0 {
				f = max(f, withBody)
			}
			if value, ok := headerLine(line, "connection"); ok && hasToken(value, "close") {
				last = true
			}
		case 'e':
			if _, ok := headerLine(line, "expect"); ok {
				expect = true
			}
		}
	}
	return f, expect, last
}

// headerLine returns the value of a line if it is of the header name (lower
// case).
func headerLine(line []byte, name string) (value []byte, ok bool) {
	if len(line) <= len(name) || line[len(name)] != ':' {
		return nil, false
	}
	if !headerWord(line[:len(name)], name) {
		return nil, false
	}
	return bytes.TrimSpace(line[len(name)+1:]), true
}

// headerWord tells whether text, as long as word (lower case), is word.
func headerWord(text []byte, word string) bool {
	for i, c := range text {
		if c != word[i] && c|0x20 != word[i] {
			return false
		}
	}
	return true
}

// hasToken tells whether a list of words has word (lower case) in it.
func hasToken(list []byte, word string) bool {
	for more := true; more; {
		var token []byte
		token, list, more = bytes.Cut(list, []byte(","))
		if token = bytes.TrimSpace(token); len(token) == len(word) && headerWord(token, word) {
			return true
		}
	}
	return false
}

// ignoreBody is called when the headers have been read, and sees to it that
// nothing else is: no request of ours has a body. The connection is closed
// after the answer, so that a body is never taken for the next request. The
// handler looks at the raw headers again, see bodyOf.
func ignoreBody(h *fasthttp.RequestHeader) (unchanged fasthttp.RequestConfig) {
	f, expect, last := framingOf(h.RawHeaders())
	if f != bare {
		h.SetContentLength(0)
	}
	if f != bare || last {
		h.SetConnectionClose()
	}
	if expect {
		h.Del(fasthttp.HeaderExpect)
	}
	return unchanged
}

// bodyOf tells what ignoreBody found.
func bodyOf(h *fasthttp.RequestHeader) framing {
	if !h.ConnectionClose() {
		return bare
	}
	f, _, _ := framingOf(h.RawHeaders())
	return f
}

var http11, http10 = []byte("HTTP/1.1"), []byte("HTTP/1.0")

// knownProtocol tells whether the request line's version is one of ours.
// fasthttp lets HTTP/2.0 and HTTP/1.3 pass as if they were HTTP/1.0.
func knownProtocol(h *fasthttp.RequestHeader) bool {
	p := h.Protocol()
	return bytes.Equal(p, http11) || bytes.Equal(p, http10)
}

// unreadable answers a request that could not be read. Its error may quote the
// request, so it is looked at and never written.
func (e *Edge) unreadable(ctx *fasthttp.RequestCtx, err error) {
	f := faultRequest
	var small *fasthttp.ErrSmallBuffer
	var timeout net.Error
	switch {
	case errors.As(err, &small):
		f = faultTooLarge
	case errors.As(err, &timeout) && timeout.Timeout():
		f = faultTimeout
	}
	defer e.rescue(ctx)
	w := e.works.Get().(*work)
	w.begin(ctx, e.options.Clock())
	w.leaveUnread()
	if line := longLineOf(ctx); f != faultTooLarge || line == nil || !w.refuseLongLine(line) {
		e.metrics.unreadable[f].Inc()
		w.answer(faultStatus[f], faultBody[f])
	}
	e.works.Put(w)
}

// fault is a way for a request to be no request.
type fault uint8

const (
	faultRequest fault = iota
	faultTimeout
	faultTooLarge
	faultProtocol
	faultLongLine
	faultKinds
)

var (
	faultNames  = [faultKinds]string{"invalid", "timeout", "header_too_large", "protocol", "request_line_too_long"}
	faultStatus = [faultKinds]int{400, 408, 431, 400, 414}
	faultBody   = [faultKinds][]byte{
		judge.ErrorBody("invalid request"), judge.ErrorBody("request timeout"),
		judge.ErrorBody("request header too large"), judge.ErrorBody("invalid request"), bodyTooLong,
	}
)

// quietLogger keeps fasthttp's messages out of the log, except for their
// formats: their arguments quote requests.
type quietLogger struct{ log *slog.Logger }

func (q quietLogger) Printf(format string, _ ...any) {
	if q.log.Enabled(context.Background(), slog.LevelDebug) {
		q.log.Debug("the http server says (arguments left out)", "format", format)
	}
}
