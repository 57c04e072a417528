// Package rehearse judges calls that do not come in by a door: any URL that
// somebody pastes, as a dry run, and logged calls once more, after what was
// wrong has been mended.
//
//	URL, or a logged call ──► target, judge, ledger (look only) ──► Finding
//	a logged call, an operator's word ──► judge, ledger.Decide, journal ──► Finding
//
// It judges with the settings of now. What it says of a dry run is what the door
// would answer; nothing is counted, nothing is logged.
package rehearse

import (
	"context"
	"fmt"
	"slices"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/flow/catalog"
	"homing/internal/flow/hearing"
	"homing/internal/flow/journal"
	"homing/internal/rule/judge"
	"homing/internal/rule/mask"
)

// Court rehearses. It is safe for concurrent use.
type Court struct {
	View    func() *catalog.View
	Keyring func() *homing.Keyring
	Books   ledger.Books
	Decider ledger.Decider
	Journal *journal.Journal
	Masker  *mask.Masker
	Clock   homing.Clock
	// Node is this node's number, for the ids of replays; nil is 0.
	Node func() homing.NodeID
}

// Finding is what a call would be answered, or was.
type Finding struct {
	// Postback is the call as the log would keep it, keys masked.
	Postback homing.Postback
	Steps    []judge.Step
	// Status, Body and Result (the header Postback-Result) are the answer.
	Status       int
	Body, Result string
	// Notes are what a person should know besides: that a dry run cannot see
	// the sender's address, that the host of the pasted URL is not ours, …
	Notes []string
}

// hold judges a call whose record has been begun, as if it arrived at a moment.
// homing.ErrUnavailable: its campaign is not known, so that the door would ask to
// try again.
func (c *Court) hold(ctx context.Context, call *judge.Call, p *homing.Postback, parties judge.Parties, at homing.Millis) (judge.Ruling, error) {
	if call.Genuine && parties.Campaign == nil {
		return judge.Ruling{}, fmt.Errorf("the click id is genuine, but its campaign %s is not known here: %w", call.Origin.Campaign, homing.ErrUnavailable)
	}
	r := judge.Judge(call, parties, at)
	hearing.Note(p, &r)
	if r.Verdict.Outcome == homing.Refused || r.Verdict.Outcome == homing.Ignored {
		return r, nil
	}
	return r, c.foretell(ctx, p, &r)
}

// foretell looks up what the ledger would decide.
func (c *Court) foretell(ctx context.Context, p *homing.Postback, r *judge.Ruling) error {
	there, err := c.Books.ConversionsOf(ctx, p.Origin)
	if err != nil {
		return fmt.Errorf("couldn't look for the click's conversions: %w", err)
	}
	standing := judge.Standing{First: true}
	for i := range there {
		v := &there[i]
		standing.Mixed = standing.Mixed || (v.Lead == "") != (p.Lead == "")
		if v.Goal == p.Goal && c.sameLead(v.Lead, p.Lead) {
			standing.First, standing.Value, p.Conversion = false, v.Value, v.ID
		}
	}
	p.Verdict = r.Settle(standing)
	return nil
}

// sameLead tells whether a stored lead code is the one that was sent. Of erased
// clicks a hash is stored.
func (c *Court) sameLead(stored, sent string) bool {
	return stored == sent || sent != "" && stored != "" && slices.Contains(c.Keyring().HashLeads(sent), stored)
}

func found(p *homing.Postback, r *judge.Ruling, notes []string) *Finding {
	a := r.Answer(p.Verdict)
	return &Finding{Postback: *p, Steps: judge.Steps(p), Status: a.Status, Body: a.Body, Result: a.Result, Notes: notes}
}
