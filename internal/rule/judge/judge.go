// Package judge decides about postbacks. It is a pure function from (call,
// parties, now) to a ruling; it knows no HTTP, no store and no clock. What it
// leaves open, whether the conversion is the first, the ledger says:
//
//	Call, Parties ──► Judge ──► Ruling ──► (ledger) ──► Standing ──► Settle ──► Verdict
//
// Every check answers with a reason; the first that is not ReasonNone ends it.
// Finding out why a bad text is bad may allocate, a good call does not.
package judge

import (
	"net/netip"

	"homing"
	"homing/internal/rule/target"
)

// Call is a postback as the door read it, before any decision.
type Call struct {
	// Sibling: the code came as clickid, so that the query is checked first.
	Sibling bool
	// Code is what was sent as click id, decoded once; RawCode the same raw, if
	// it stood in the path. In the sibling form Code is Params.ClickID.
	Code, RawCode []byte
	// Click and Origin are the opened id if Genuine.
	Click   homing.ClickID
	Origin  homing.Origin
	Genuine bool
	Params  target.Params
	// HTTPS: TLS on our own listener, or a trusted proxy says so.
	HTTPS bool
	// ClaimsHTTPS: X-Forwarded-Proto says https, but comes from a peer that is
	// not trusted.
	ClaimsHTTPS bool
	// Browser: the request looks like a page's (Sec-Fetch-*, Origin).
	Browser bool
	// Addr is the sender's, as far as trusted proxies tell it; the invalid one
	// is permitted nowhere that has a list.
	Addr netip.Addr
	// AnySender: do not ask where the call comes from. Of calls that are judged
	// without having been sent.
	AnySender bool
	// AnyKey: do not ask for a key; what it may do is taken for granted, what the
	// account may do is not. Of calls whose key is not known any more.
	AnyKey bool
}

// Parties are whom a call concerns, as the catalog knows them. They are nil if
// there is none.
type Parties struct {
	Campaign *homing.Campaign // of the click
	Account  *homing.Account  // of the campaign
	Key      *homing.Key      // the one the given key's hash belongs to, of whichever account and state
}

// Ruling is what the judge says of a call.
type Ruling struct {
	// Verdict is final if its outcome is Refused or Ignored. Otherwise the
	// outcome is Counted or Late, unless the ledger finds the conversion there
	// already.
	Verdict homing.Verdict
	// Detail completes the answer's text: the parse error, the bounds, the
	// name of the repeated parameter.
	Detail [2]string
	// KeyPassed: a valid key of the account was given, so that the sender may be
	// told the fine reason.
	KeyPassed bool
	// Key is the number of the key that passed.
	Key homing.KeyID
	// Exposed is the key of a call that was refused for coming over plain http:
	// it has not passed, and has been seen on the way all the same.
	Exposed homing.KeyID

	// What is to be claimed of the ledger.
	Status   homing.Status
	Goal     homing.GoalID
	Lead     []byte
	Value    homing.Value
	Price    homing.Money
	Currency string
}

// Judge rules on a call. The checks come in the order of the contract: size,
// code, query, https (only with a lead code), sender (only where the account
// permits some), key, lead code, price syntax, price range; in the sibling form the query comes before the code. The
// campaign and account of a genuine id must be given. The ruling points into
// the call's parameters.
func Judge(c *Call, p Parties, now homing.Millis) Ruling {
	var r Ruling
	r.Verdict.Flags = callFlags(c)
	if reason := r.checkForm(c); reason != homing.ReasonNone {
		return r.refused(reason)
	}
	if p.Account.Erased {
		return Ruling{Verdict: homing.Verdict{Outcome: homing.Ignored, Reason: homing.ReasonErased}}
	}
	r.Verdict.Flags |= clickFlags(c, p.Campaign, now)
	if reason := r.checkContent(c, p, now); reason != homing.ReasonNone {
		return r.refused(reason)
	}
	r.claim(c, p, now)
	return r
}

// Refuse is the ruling on a call that came to no judgement: another method than
// GET, a body, a Transfer-Encoding.
func Refuse(reason homing.Reason) Ruling {
	var r Ruling
	return r.refused(reason)
}

// refused keeps what a refused call may leave behind: its reason, the remarks,
// and whose key it was.
func (r *Ruling) refused(reason homing.Reason) Ruling {
	return Ruling{
		Verdict:   homing.Verdict{Outcome: homing.Refused, Reason: reason, Flags: r.Verdict.Flags},
		Detail:    r.Detail,
		KeyPassed: r.KeyPassed,
		Key:       r.Key,
		Exposed:   r.Exposed,
	}
}

// checkForm checks what can be checked without knowing anybody.
func (r *Ruling) checkForm(c *Call) homing.Reason {
	query := r.checkQuery(&c.Params)
	switch {
	case query == homing.ReasonQueryTooLong, c.Sibling && query != homing.ReasonNone:
		return query
	case !c.Genuine:
		r.Detail = [2]string{}
		return diagnoseCode(c.Code, c.RawCode)
	}
	return query
}

func (r *Ruling) checkQuery(p *target.Params) homing.Reason {
	switch p.Fault {
	case target.TooLong:
		return homing.ReasonQueryTooLong
	case target.BadSyntax:
		return homing.ReasonQuerySyntax
	case target.HTMLAmp:
		return homing.ReasonQueryHTML
	case target.TooMany:
		return homing.ReasonQueryTooMany
	case target.Repeated:
		r.Detail[0] = p.RepeatedName
		return homing.ReasonRepeated
	}
	return homing.ReasonNone
}

// checkContent checks what the parameters say.
func (r *Ruling) checkContent(c *Call, p Parties, now homing.Millis) homing.Reason {
	if reason := checkTransport(c); reason != homing.ReasonNone {
		if reason == homing.ReasonHTTPSRequired && p.Key != nil && keyShaped(c.Params.Key) && opens(p.Key, c.Params.Key) {
			r.Exposed = p.Key.ID
		}
		return reason
	}
	if !c.AnySender && !permitted(p.Account.Senders, c.Addr) {
		return homing.ReasonSender
	}
	if reason := r.checkKey(&c.Params, c.AnyKey, p, now); reason != homing.ReasonNone {
		return reason
	}
	if reason := checkLead(c.Params.Lead); reason != homing.ReasonNone {
		return reason
	}
	return r.checkAmounts(&c.Params, p.Account)
}

// checkTransport asks for https where a lead code is sent.
func checkTransport(c *Call) homing.Reason {
	switch {
	case len(c.Params.Lead) == 0 || c.HTTPS:
		return homing.ReasonNone
	case c.ClaimsHTTPS:
		return homing.ReasonHTTPSUntrustedProxy
	}
	return homing.ReasonHTTPSRequired
}
