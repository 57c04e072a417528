package demo

import (
	"context"
	"errors"
	"fmt"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
	"homing/internal/flow/hearing"
	"homing/internal/rule/judge"
	"homing/internal/rule/target"
)

// shownFor is how far back the journal's memory reaches.
const shownFor = day

// call has a call judged as of its moment, as the door does, and records it.
func (f *filling) call(ctx context.Context, id homing.ClickID, c *call, number uint32) error {
	raw := []byte(fill(c.target, id.String(), f.secret.Reveal(), f.view.Account(f.account).PublicID))
	split := target.Split(raw, nil)
	var sent judge.Call
	hearing.Read(&sent, &split, f.Keyring(), nil)
	sent.HTTPS, sent.Addr = c.https, c.from
	parties, _ := hearing.PartiesOf(f.view, &sent)
	var p homing.Postback
	hearing.Attribute(&p, f.view, &sent, parties, c.at)
	p.Request, p.At, p.Addr, p.HTTPS = homing.NewRequestID(c.at, homing.DemoNode, number), c.at, homing.CutAddr(c.from), c.https
	p.Method, p.Target, p.UserAgent = "GET", string(f.masker.AppendTarget(nil, raw)), c.userAgent
	p.Lead = f.masker.Text(string(sent.Params.Lead))

	ruling := judge.Judge(&sent, parties, c.at)
	hearing.Note(&p, &ruling)
	if ruling.Verdict.Outcome == homing.Refused {
		return f.log(ctx, &p)
	}
	return f.decide(ctx, &p, &ruling, c)
}

func (f *filling) decide(ctx context.Context, p *homing.Postback, r *judge.Ruling, c *call) error {
	claim := hearing.Claim(p, r, []byte(p.Lead), homing.AppendPostback(nil, p))
	var d ledger.Decision
	err := patiently(ctx, func() (err error) {
		d, err = f.Decider.Decide(ctx, &claim)
		return err
	})
	if err != nil {
		return fmt.Errorf("couldn't decide: %w", err)
	}
	p.Conversion = d.Conversion
	p.Verdict = r.Settle(hearing.Standing(&d))
	if r.Key != 0 {
		f.Catalog.NoteKeyUse(r.Key, p.At, p.Addr, p.HTTPS)
	}
	if !d.First {
		return f.log(ctx, p)
	}
	f.wrote(1)
	f.show(p)
	return f.amend(ctx, &d, c)
}

// amend is what an operator does later.
func (f *filling) amend(ctx context.Context, d *ledger.Decision, c *call) error {
	if c.then == 0 || d.Status == homing.LateStatus || d.Status == c.then {
		return nil
	}
	err := f.Decider.Amend(ctx, ledger.Amendment{
		Conversion: d.Conversion, From: d.Status, To: c.then, At: c.thenAt, Actor: "demo", Reason: c.why,
	})
	if errors.Is(err, homing.ErrConflict) {
		return nil // somebody looked at it already
	}
	return err
}

// log records a call that the ledger does not keep.
func (f *filling) log(ctx context.Context, p *homing.Postback) error {
	if err := f.append(ctx, spool.KindPostback, homing.AppendPostback(nil, p)); err != nil {
		return err
	}
	f.show(p)
	return nil
}

// show puts a call that is recorded into the journal's memory, whatever its
// fate, if it is of those that are held there.
func (f *filling) show(p *homing.Postback) {
	if p.At >= f.now-shownFor {
		f.Journal.Counted(p)
	}
}
