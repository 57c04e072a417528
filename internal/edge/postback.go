package edge

import (
	"context"
	"fmt"

	"github.com/valyala/fasthttp"

	"homing"
	"homing/internal/flow/catalog"
	"homing/internal/flow/hearing"
	"homing/internal/rule/judge"
	"homing/internal/rule/target"
)

// servePostback answers a postback with its verdict.
//
//	read the call ──► judge ──► refused, ignored ──► answer, journal behind it
//	                        └─► ledger ──► first: journal ──► answer
//	                                   └─► repeat: journal, durable ──► answer
func (w *work) servePostback(t *target.Target) {
	view := w.edge.options.Catalog.View()
	w.readCall(t)
	parties, campaign := hearing.PartiesOf(view, &w.call)
	hearing.Attribute(&w.postback, view, &w.call, parties, w.at)
	ruling := w.refuseForm()
	switch {
	case ruling.Verdict.Outcome == homing.Refused:
	case w.call.Genuine && campaign == nil:
		// The id is ours, its campaign is not known here: another node's
		// setting that has not come through. The sender tries again.
		w.unavailable(postbackDoor, causeCampaign, fmt.Errorf("campaign %s: %w", w.call.Origin.Campaign, homing.ErrNotFound))
		return
	default:
		ruling = judge.Judge(&w.call, parties, w.at)
	}
	switch ruling.Verdict.Outcome {
	case homing.Refused:
		w.refuse(&ruling, view, campaign)
	case homing.Ignored:
		w.edge.options.Journal.Ignored(campaign.Account, ruling.Verdict.Reason)
		w.tell(&ruling, ruling.Verdict)
	default:
		w.decide(&ruling)
	}
}

// readCall reads the request as a call.
func (w *work) readCall(t *target.Target) {
	w.readSource()
	w.queryBuf = room(w.queryBuf, len(t.Query))
	c := &w.call
	hearing.Read(c, t, w.edge.options.Keyring(), w.queryBuf)
	c.HTTPS, c.ClaimsHTTPS, c.Addr = w.https, w.claimsHTTPS, w.addr
	c.Browser = fromPage(&w.ctx.Request.Header)
}

// refuseForm refuses what is no GET, or has a body; the method comes first.
func (w *work) refuseForm() (none judge.Ruling) {
	switch {
	case !w.ctx.Request.Header.IsGet():
		return judge.Refuse(homing.ReasonMethod)
	case w.body == withEncoding:
		return judge.Refuse(homing.ReasonTransferEncoding)
	case w.body == withBody:
		return judge.Refuse(homing.ReasonBody)
	}
	return none
}

// decide asks the ledger and tells what it said.
func (w *work) decide(r *judge.Ruling) {
	e, p := w.edge, &w.postback
	w.recordPostback()
	hearing.Note(p, r)
	w.record = homing.AppendPostback(w.record[:0], p)
	w.claim = hearing.Claim(p, r, w.storedLead, w.record)
	// The ledger bounds its own patience. A sender that has gone does not
	// cancel: what it asked for may be under way to the disk.
	decision, err := e.options.Ledger.Decide(context.Background(), &w.claim)
	if err != nil {
		w.unavailable(postbackDoor, causeOf(err), fmt.Errorf("couldn't decide a postback: %w", err))
		return
	}
	p.Conversion = decision.Conversion
	p.Verdict = r.Settle(hearing.Standing(&decision))
	if decision.First {
		e.options.Journal.Counted(p)
	} else if err := e.options.Journal.Duplicate(p); err != nil {
		w.unavailable(postbackDoor, causeOf(err), fmt.Errorf("couldn't record a repeated postback: %w", err))
		return
	}
	if r.Key != 0 {
		e.options.Catalog.NoteKeyUse(r.Key, w.at, p.Addr, w.https)
	}
	w.tell(r, p.Verdict)
}

// refuse answers a refused call and leaves its trace.
func (w *work) refuse(r *judge.Ruling, view *catalog.View, campaign *catalog.Campaign) {
	e := w.edge
	if judge.Guesses(r.Verdict.Reason) && e.refusals.beyond(w.addr, w.now) {
		w.tellTooMany(r.Verdict.Reason)
	} else {
		w.tell(r, r.Verdict)
	}
	if used := max(r.Key, r.Exposed); used != 0 {
		e.options.Catalog.NoteKeyUse(used, w.at, w.postback.Addr, w.https)
	}
	if campaign != nil && campaign.Owner.Erased {
		e.options.Journal.Ignored(campaign.Account, homing.ReasonErased)
		return
	}
	w.recordPostback()
	hearing.Note(&w.postback, r)
	e.options.Journal.Refused(&w.postback)
}

// tell answers with the verdict.
func (w *work) tell(r *judge.Ruling, v homing.Verdict) {
	e := w.edge
	e.metrics.postbacks[v.Reason].Inc()
	if max(r.Key, r.Exposed) != 0 && !w.https {
		e.metrics.keyInClear.Inc()
	}
	answer := v.Reason.Info().Answer
	body := bodyOK
	if v.Outcome == homing.Refused {
		body = e.told.body(r)
	}
	w.answer(answer.Status(), body)
	h := &w.ctx.Response.Header
	result, link := e.told.of(v, r.KeyPassed)
	h.SetCanonical(headerResult, result)
	if link != nil {
		h.SetCanonical(headerLink, link)
	}
	if answer == homing.AnswerMethod {
		h.SetCanonical(headerAllow, allowGet)
	}
}

// tellTooMany answers 429. The log tells the reason all the same.
func (w *work) tellTooMany(reason homing.Reason) {
	e := w.edge
	e.metrics.postbacks[reason].Inc()
	e.metrics.tooMany.Inc()
	w.answer(fasthttp.StatusTooManyRequests, bodyTooMany)
	h := &w.ctx.Response.Header
	h.SetCanonical(headerRetryAfter, untilNextMinute(w.now))
	h.SetCanonical(headerResult, e.told.tooMany)
}
