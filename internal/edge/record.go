package edge

import (
	"homing"
	"homing/internal/rule/judge"
	"homing/internal/rule/mask"
)

// recordClick writes the click's record. What goes into the visitor's URL stays
// as it came; what is stored has no key in it.
func (w *work) recordClick() {
	c := &w.click
	if !mask.ClickHasRun(c) { // almost always
		w.record = homing.AppendClick(w.record[:0], c)
		return
	}
	stored := *c
	w.masked = w.edge.masker.Click(&stored, w.masked[:0])
	w.record = homing.AppendClick(w.record[:0], &stored)
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
