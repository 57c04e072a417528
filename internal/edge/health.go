package edge

import (
	"github.com/valyala/fasthttp"

	"homing/internal/rule/judge"
)

// health says that the process answers.
func (w *work) health() {
	if !w.readOnly() {
		return
	}
	w.answer(fasthttp.StatusOK, bodyOK)
}

// ready says whether it should be sent requests, and what the operator should
// know of how they arrive.
func (w *work) ready() {
	if !w.readOnly() {
		return
	}
	e := w.edge
	why := ""
	if e.draining.Load() {
		why = "draining"
	} else if e.options.Ready != nil {
		if err := e.options.Ready(); err != nil {
			why = err.Error()
		}
	}
	if why == "" {
		w.answer(fasthttp.StatusOK, withNotices([]byte(`{"ok":true`), e.publicNotices()))
		return
	}
	body := append(judge.AppendJSON([]byte(`{"error":{"msg":`), why), '}')
	w.answer(fasthttp.StatusServiceUnavailable, withNotices(body, e.publicNotices()))
	w.ctx.Response.Header.SetCanonical(headerRetryAfter, oneSoon)
}

// publicNotices are what whoever asks may hear.
func (e *Edge) publicNotices() []string {
	list := e.Notices()
	if e.options.Notices != nil {
		list = append(list[:len(list):len(list)], e.options.Notices()...)
	}
	return list
}

// withNotices completes a JSON object.
func withNotices(object []byte, notices []string) []byte {
	for i, n := range notices {
		if i == 0 {
			object = append(object, `,"notices":[`...)
		} else {
			object = append(object, ',')
		}
		object = judge.AppendJSON(object, n)
	}
	if len(notices) > 0 {
		object = append(object, ']')
	}
	return append(object, '}')
}

// readOnly lets GET and HEAD pass and answers everything else.
func (w *work) readOnly() bool {
	h := &w.ctx.Request.Header
	switch {
	case !h.IsGet() && !h.IsHead():
		w.refuseMethod(allowGetHead)
	case w.body != bare:
		w.answer(fasthttp.StatusBadRequest, bodyRequest)
	default:
		return true
	}
	return false
}
