package edge

import (
	"homing"
	"homing/internal/rule/judge"
)

// recordClick writes the click's record. What goes into the visitor's URL stays
// as it came; what is stored has no key in it.
func (w *work) recordClick() {
	c := &w.click
	if !w.needsMask(c) {
		w.record = homing.AppendClick(w.record[:0], c)
		return
	}
	stored := *c
	w.masked = w.masked[:0]
	stored.UserAgent = w.mask(c.UserAgent)
	stored.Referrer = w.mask(c.Referrer)
	stored.Language = w.mask(c.Language)
	for p, value := range c.Params {
		if value != nil {
			stored.Params[p] = w.mask(value)
		}
	}
	w.record = homing.AppendClick(w.record[:0], &stored)
}

// needsMask tells whether anything in the click is long enough to be a key.
// Almost never is.
func (w *work) needsMask(c *homing.Click) bool {
	if hasRun(c.UserAgent) || hasRun(c.Referrer) || hasRun(c.Language) {
		return true
	}
	for _, value := range c.Params {
		if hasRun(value) {
			return true
		}
	}
	return false
}

// mask returns text with known keys masked, in w.masked.
func (w *work) mask(text []byte) []byte {
	if !hasRun(text) {
		return text
	}
	start := len(w.masked)
	w.masked = w.edge.masker.Append(w.masked, text, false)
	return w.masked[start:len(w.masked):len(w.masked)]
}

// runByte are the bytes a key may be written with, percent-encoded or not.
var runByte = func() (t [256]bool) {
	for c := range t {
		t[c] = homing.IsAlnum(byte(c)) || c == '%'
	}
	return t
}()

// hasRun tells whether text has a run that could be a key. It looks at every
// sixteenth byte, and back from there only if that could be in a run.
func hasRun(text []byte) bool {
	end := homing.MinKeyLen - 1 // last byte of the run that is looked for
	for end < len(text) {
		i := end
		for i > end-homing.MinKeyLen && runByte[text[i]] {
			i--
		}
		if i == end-homing.MinKeyLen {
			return true
		}
		end = i + homing.MinKeyLen
	}
	return false
}

// recordPostback fills in what is kept of the call itself: masked, and its
// address cut by policy. In the lead code only known keys are masked, for the
// ledger tells conversions apart by it. Journal and ledger keep these texts, so they are made
// as one string, the only allocation of a good call.
func (w *work) recordPostback() {
	p, h := &w.postback, &w.ctx.Request.Header
	masker := w.edge.masker
	w.text = masker.AppendTarget(w.text[:0], h.RequestURI())
	w.text = cut(w.text, homing.MaxTargetLen)
	targetEnd := len(w.text)
	w.text = masker.Append(w.text, h.UserAgent(), true)
	w.text = cut(w.text, targetEnd+homing.MaxTargetLen)
	agentEnd := len(w.text)
	w.text = masker.Append(w.text, w.lead(), false)
	w.storedLead = w.text[agentEnd:]
	kept := string(w.text)

	p.Request, p.At, p.Addr, p.HTTPS = w.requestID, w.at, homing.CutAddr(w.addr), w.https
	p.Method = methodName(h.Method())
	p.Target, p.UserAgent, p.Lead = kept[:targetEnd], kept[targetEnd:agentEnd], kept[agentEnd:]
}

// lead is the lead code to be kept; of a call with one that is too long,
// nothing: it is in the target.
func (w *work) lead() []byte {
	if lead := w.call.Params.Lead; len(lead) <= judge.MaxLeadLen {
		return lead
	}
	return nil
}

// methodName is the method as it is kept; what is none, and may be anything, is
// not. Nothing is allocated.
func methodName(method []byte) string {
	for _, known := range methods {
		if string(method) == known {
			return known
		}
	}
	return otherMethod
}

var methods = []string{"GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE"}

const otherMethod = "other"
