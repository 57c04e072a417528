// Package trial makes test clicks: ids that are marked as tests, so that whatever
// comes of them is in no total, and that otherwise go the way of every click.
//
//	campaign ──► mint (a test number) ──► spool, durable ──► destination, id in it
//
// The mark is the node number in the id itself (homing.FirstTestNode and up), so
// nobody can lose it on the way, and nobody can forge it.
package trial

import (
	"context"
	"fmt"

	"homing"
	"homing/internal/engine/spool"
	"homing/internal/flow/catalog"
	"homing/internal/flow/mint"
	"homing/internal/rule/macro"
	"homing/internal/rule/mask"
)

// Trials makes test clicks. It is safe for concurrent use.
type Trials struct {
	Minter *mint.Minter // of test ids, see mint.Options.Test
	Spool  spool.Spool
	// Masker takes known keys out of what is recorded; nil = nothing is done.
	Masker *mask.Masker
}

// Trial is one test click.
type Trial struct {
	Click homing.Click
	// Destination is the campaign's URL with the click's values, where the
	// advertiser's tracker takes the id up.
	Destination string
}

// userAgent stands where a visitor's browser would.
const userAgent = "homing test click"

// Begin mints a test id for the campaign and records its click durably, like a
// visitor's. params are what an ad server would have told, such as sub1;
// homing.ErrInvalid names one that no click has. A paused campaign can be tried,
// too. From the return on a crash is harmless: the click is on disk.
func (t *Trials) Begin(ctx context.Context, c *catalog.Campaign, params map[string]string) (*Trial, error) {
	if c.Template == nil {
		return nil, fmt.Errorf("campaign %s: %w", c.ID, homing.ErrNotFound)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	click := homing.Click{Class: homing.TestClick, UserAgent: []byte(userAgent)}
	for name, value := range params {
		p, ok := homing.ParamNamed([]byte(name))
		if !ok {
			return nil, fmt.Errorf("%w parameter %q: no click has it", homing.ErrInvalid, name)
		}
		click.Params[p] = []byte(value[:min(len(value), homing.MaxParamLen)])
	}
	var err error
	if click.ID, click.Origin, err = t.Minter.Mint(c.ID); err != nil {
		return nil, fmt.Errorf("couldn't mint a test id: %w", err)
	}
	stored := click
	if t.Masker != nil && mask.ClickHasRun(&stored) {
		t.Masker.Click(&stored, nil)
	}
	if _, err := t.Spool.Append(spool.KindClick, click.Origin.Time, homing.AppendClick(nil, &stored)); err != nil {
		return nil, fmt.Errorf("couldn't record a test click: %w", err)
	}
	return trialOf(c, &click), nil
}

// Find reads a trial back, of the campaign that its origin names. Where its
// click is not in the spool any more, two days later, the destination is worked
// out from the id alone.
func (t *Trials) Find(ctx context.Context, c *catalog.Campaign, id homing.ClickID, o homing.Origin) (*Trial, error) {
	if c.Template == nil || o.Campaign != c.ID || !o.Test() {
		return nil, fmt.Errorf("test click %s: %w", id, homing.ErrNotFound)
	}
	click := homing.Click{ID: id, Origin: o, Class: homing.TestClick}
	moment := spool.Query{Since: o.Time, Until: o.Time + 1, Kinds: spool.SetOf(spool.KindClick)}
	for record, err := range t.Spool.Scan(ctx, moment) {
		if err != nil {
			return nil, fmt.Errorf("couldn't look for a test click: %w", err)
		}
		var found homing.Click
		if err := homing.DecodeClick(&found, record.Data); err != nil || found.Origin != o {
			continue // a damaged one is not ours to tell
		}
		found.ID = id
		return trialOf(c, &found), nil
	}
	return trialOf(c, &click), nil
}

// trialOf expands the template. {random} is made of the origin, so that a trial
// has one destination, whenever it is shown.
func trialOf(c *catalog.Campaign, click *homing.Click) *Trial {
	values := macro.Values{
		Click: click, CampaignName: c.Name, Random: uint32(click.Origin.Time)*31 + uint32(click.Origin.Seq),
	}
	return &Trial{Click: *click, Destination: string(c.Template.Append(nil, &values))}
}
