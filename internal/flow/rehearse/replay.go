package rehearse

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"homing"
	"homing/internal/flow/hearing"
	"homing/internal/flow/journal"
	"homing/internal/rule/judge"
	"homing/internal/rule/target"
)

// Again judges a logged call as it would be now, as a dry run: at its original
// arrival time, without asking for key, sender and https, which the log does not
// keep. homing.ErrInvalid: the log does not keep enough of it, and why.
func (c *Court) Again(ctx context.Context, e *journal.Entry) (*Finding, error) {
	p, r, err := c.rejudge(ctx, e)
	if err != nil {
		return nil, err
	}
	return found(p, r, replayNotes), nil
}

var replayNotes = []string{
	"It is judged at its own arrival time with the settings of now. The log does not keep keys, so key, sender and https are not asked for: whoever replays it vouches for the call.",
}

// MaxWhy is how long the reason for a replay may be, in bytes.
const MaxWhy = 500

// Commit does what Again foretells, on the authority of actor, and records it as
// a call of its own that names the first. The conversion stands at the arrival of
// the first call, so that it belongs to its day, and its history says who asked
// for it, when and why; the new entry of the log stands at now, when it was made.
// Of concurrent commits one counts. homing.ErrConflict: it would not be counted;
// see Finding.
func (c *Court) Commit(ctx context.Context, actor, why string, e *journal.Entry) (*Finding, error) {
	if why = strings.TrimSpace(why); why == "" || len(why) > MaxWhy {
		return nil, fmt.Errorf("%w reason: say in up to %d bytes why the call is replayed", homing.ErrInvalid, MaxWhy)
	}
	p, r, err := c.rejudge(ctx, e)
	if err != nil {
		return nil, err
	}
	if o := p.Verdict.Outcome; o != homing.Counted && o != homing.Late {
		return found(p, r, nil), wouldNot(p)
	}
	p.At, p.Verdict, p.Conversion = homing.MillisOf(c.Clock()), r.Verdict, 0
	p.Request = c.newRequest(p.At)
	claim := hearing.Claim(p, r, []byte(p.Lead), homing.AppendPostback(nil, p))
	claim.At, claim.Actor, claim.Made = e.At, actor, p.At
	claim.Reason = "replay of " + e.Request.String() + ": " + why
	// What has been asked for may be under way to the disk when the asker goes.
	decision, err := c.Decider.Decide(context.WithoutCancel(ctx), &claim)
	if err != nil {
		return nil, fmt.Errorf("couldn't decide a replay: %w", err)
	}
	p.Conversion, p.Verdict = decision.Conversion, r.Settle(hearing.Standing(&decision))
	if !decision.First {
		p.Request = homing.RequestID{} // of nothing that was recorded
		return found(p, r, nil), wouldNot(p)
	}
	c.Journal.Counted(p)
	return found(p, r, nil), nil
}

func wouldNot(p *homing.Postback) error {
	return fmt.Errorf("%w: nothing was counted: %s", homing.ErrConflict, p.Verdict.Reason.Info().Title)
}

// newRequest makes the id of a replay. Doors count their requests upwards, and
// do not come as far as the upper half within a process' life.
func (c *Court) newRequest(at homing.Millis) homing.RequestID {
	var node homing.NodeID
	if c.Node != nil {
		node = c.Node()
	}
	return homing.NewRequestID(at, node, rand.Uint32()|1<<31)
}

// rejudge judges a logged call once more and begins the record of its replay,
// with the verdict that the ledger would let stand.
func (c *Court) rejudge(ctx context.Context, e *journal.Entry) (*homing.Postback, *judge.Ruling, error) {
	if err := replayable(e); err != nil {
		return nil, nil, err
	}
	t := target.Split([]byte(e.Target), nil)
	if err := checkDoor(t.Door); err != nil { // no call came in by another
		return nil, nil, err
	}
	var call judge.Call
	hearing.Read(&call, &t, c.Keyring(), nil)
	vouch(&call, e)
	view := c.View()
	parties, _ := hearing.PartiesOf(view, &call)
	p := new(homing.Postback)
	hearing.Attribute(p, view, &call, parties, e.At)
	p.Verdict.Flags |= homing.FlagReplayed
	p.At, p.Addr, p.HTTPS, p.Method, p.UserAgent = e.At, e.Addr, e.HTTPS, e.Method, e.UserAgent
	p.Target, p.Lead = judge.ReplayTarget(&e.Postback), e.Lead
	if reason := formal(e); reason != homing.ReasonNone {
		r := judge.Refuse(reason)
		hearing.Note(p, &r)
		return p, &r, nil
	}
	r, err := c.hold(ctx, &call, p, parties, e.At)
	return p, &r, err
}

// replayable tells whether the log keeps all of a call that is judged.
func replayable(e *journal.Entry) error {
	switch {
	case e.Request == homing.RequestID{}:
		return fmt.Errorf("%w replay: these calls were only counted, so there is nothing to judge", homing.ErrInvalid)
	case e.Verdict.Flags.Has(homing.FlagReplayed):
		return fmt.Errorf("%w replay: this is a replay itself; replay the call that it names", homing.ErrInvalid)
	case e.Target == "":
		return fmt.Errorf("%w replay: the call was erased", homing.ErrInvalid)
	case len(e.Target) >= homing.MaxTargetLen:
		return fmt.Errorf("%w replay: the log keeps %d bytes of a call, and this one may have had more", homing.ErrInvalid, homing.MaxTargetLen)
	}
	return nil
}

// formal is what no setting mends.
func formal(e *journal.Entry) homing.Reason {
	switch r := e.Verdict.Reason; {
	case r == homing.ReasonMethod, r == homing.ReasonBody, r == homing.ReasonTransferEncoding:
		return r
	case e.Method != "GET":
		return homing.ReasonMethod
	}
	return homing.ReasonNone
}

// vouch says of a call what the log does not keep, and puts in what it keeps
// apart from the target.
func vouch(call *judge.Call, e *journal.Entry) {
	call.HTTPS, call.AnySender, call.AnyKey = true, true, true
	call.Browser = e.Verdict.Flags.Has(homing.FlagBrowser)
	call.Params.Key = nil
	if e.Click != (homing.ClickID{}) {
		call.Click, call.Origin, call.Genuine = e.Click, e.Origin, true
	}
	if e.Lead != "" { // in the target more than known keys is masked
		call.Params.Lead = []byte(e.Lead)
	}
}
