package edge

import (
	"context"
	"fmt"

	"github.com/valyala/fasthttp"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/flow/catalog"
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
	parties, campaign := w.partiesOf(view)
	w.attribute(view, parties, campaign)
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
	sibling := t.Door == target.Sibling
	w.queryBuf = room(w.queryBuf, len(t.Query))
	c := &w.call
	*c = judge.Call{
		Sibling: sibling, Code: t.Code, RawCode: t.RawCode,
		Params: target.PostbackParams(t.Query, sibling, w.queryBuf),
		HTTPS:  w.https, ClaimsHTTPS: w.claimsHTTPS,
		Browser: fromPage(&w.ctx.Request.Header),
	}
	if sibling {
		c.Code = c.Params.ClickID
	}
	if id, ok := homing.ParseClickID(c.Code); ok {
		if origin, ok := w.edge.options.Keyring().Open(id); ok {
			c.Click, c.Origin, c.Genuine = id, origin, true
		}
	}
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

// partiesOf finds whom the call concerns.
func (w *work) partiesOf(view *catalog.View) (p judge.Parties, campaign *catalog.Campaign) {
	c := &w.call
	if n := len(c.Params.Key); n >= homing.MinKeyLen && n <= homing.MaxKeyLen {
		p.Key = view.KeyByHash(homing.HashKey(c.Params.Key))
	}
	if !c.Genuine {
		return p, nil
	}
	if campaign = view.Campaign(c.Origin.Campaign); campaign != nil {
		p.Campaign, p.Account = &campaign.Campaign, campaign.Owner
	}
	return p, campaign
}

// attribute finds whose call it is for the log: a genuine click's account; else
// a valid key's; else the one that the account parameter names, which proves
// nothing; else nobody's.
func (w *work) attribute(view *catalog.View, parties judge.Parties, campaign *catalog.Campaign) {
	p, c := &w.postback, &w.call
	*p = homing.Postback{}
	if c.Genuine {
		p.Click, p.Origin = c.Click, c.Origin
	}
	switch key := parties.Key; {
	case campaign != nil:
		p.Account, p.Campaign = campaign.Account, campaign.ID
	case key != nil && key.State(w.at) == homing.KeyActive:
		p.Account, p.Key = key.Account, key.ID
	case len(c.Params.Account) > 0:
		if account := view.AccountByPublicID(c.Params.Account); account != nil {
			p.Account, p.Verdict.Flags = account.ID, homing.FlagAccountUnverified
		}
	}
}

// rule fills in what the judge said.
func (w *work) rule(r *judge.Ruling) {
	p := &w.postback
	if r.Key != 0 {
		p.Key = r.Key
	}
	p.Goal, p.Value, p.Price, p.Currency = r.Goal, r.Value, r.Price, r.Currency
	r.Verdict.Flags |= p.Verdict.Flags
	p.Verdict = r.Verdict
}

// decide asks the ledger and tells what it said.
func (w *work) decide(r *judge.Ruling) {
	e, c, p := w.edge, &w.call, &w.postback
	w.recordPostback()
	w.rule(r)
	w.record = homing.AppendPostback(w.record[:0], p)
	w.claim = ledger.Claim{
		Click: c.Origin, Goal: r.Goal, Lead: w.storedLead, Account: p.Account, Campaign: p.Campaign,
		Status: r.Status, Value: r.Value, Price: r.Price, Currency: r.Currency, Flags: r.Verdict.Flags,
		At: w.at, Request: w.requestID, Receipt: w.record,
	}
	// The ledger bounds its own patience. A sender that has gone does not
	// cancel: what it asked for may be under way to the disk.
	decision, err := e.options.Ledger.Decide(context.Background(), &w.claim)
	if err != nil {
		w.unavailable(postbackDoor, causeOf(err), fmt.Errorf("couldn't decide a postback: %w", err))
		return
	}
	p.Conversion = decision.Conversion
	p.Verdict = r.Settle(judge.Standing{First: decision.First, Value: decision.Value, Mixed: decision.Mixed})
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
	if guesses(r.Verdict.Reason) && e.refusals.beyond(w.addr, w.now) {
		w.tellTooMany(r.Verdict.Reason)
	} else {
		w.tell(r, r.Verdict)
	}
	if campaign != nil && campaign.Owner.Erased {
		e.options.Journal.Ignored(campaign.Account, homing.ReasonErased)
		return
	}
	w.recordPostback()
	w.rule(r)
	e.options.Journal.Refused(&w.postback)
}

// tell answers with the verdict.
func (w *work) tell(r *judge.Ruling, v homing.Verdict) {
	e := w.edge
	e.metrics.postbacks[v.Reason].Inc()
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
