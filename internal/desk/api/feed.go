package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

const (
	maxWait = time.Minute
	// scanned is how many changes a request looks through at most for those that
	// its token may see. Then it answers, with what it found or nothing, and a
	// cursor that has moved on.
	scanned = 20_000
	// booksAtOnce is how many requests look through changes at once: the ledger
	// has others to answer.
	booksAtOnce = 2
)

// readFeed answers the changes behind a cursor, in the order they were committed.
// If there are none that the token may see, it waits for some.
func readFeed(c *call) error {
	p, err := c.params()
	if err != nil {
		return err
	}
	limit := int(p.number("limit", defaultPage, 1, maxPage))
	wait := p.duration("wait", maxWait)
	after := c.cursor(p)
	if err := p.err(); err != nil {
		return err
	}
	feed := Feed{Rows: []FeedRow{}}
	if after < 0 {
		if after, err = c.api.news.newest(c.ctx); err != nil {
			return err
		}
	} else if err := c.checkCursor(after); err != nil {
		return err
	}
	if wait > 0 {
		leave, err := c.enter(c.api.waiting)
		if err != nil {
			return err
		}
		defer leave()
		c.lift()
	}
	ctx, cancel := context.WithTimeout(c.ctx, wait)
	defer cancel()
	for {
		// The wait's own context does not count here: at its end a look at what
		// is there is still wanted.
		leave, err := c.enter(c.api.books)
		if err != nil {
			return err
		}
		after, err = c.gather(&feed, after, limit)
		leave()
		if err != nil {
			return err
		}
		if len(feed.Rows) > 0 || ctx.Err() != nil {
			break
		}
		there, err := c.api.news.await(ctx, after)
		if err != nil {
			return err
		}
		// Much may have changed meanwhile: the token, too.
		c.view = c.api.Catalog.View()
		if err := c.authenticate(); err != nil {
			return err
		}
		if !there {
			break
		}
	}
	feed.Next = c.place(after)
	c.linkNext("after", feed.Next)
	return c.write(http.StatusOK, feed)
}

// cursor reads after=: -1 for now.
func (c *call) cursor(p *params) int64 {
	if p.values.Get("after") == "now" {
		return -1
	}
	text := p.values.Get("after")
	if c.token.Account != 0 && text != "" && text != "0" {
		number, ok := c.api.Keyring().OpenPlace(c.token.Account, text)
		if !ok {
			p.fail("after", wrongCursor)
		}
		return number
	}
	before := len(p.faults)
	after := p.number("after", 0, 0, 1<<62)
	if len(p.faults) > before {
		p.faults[len(p.faults)-1].Problem = wrongCursor
	}
	return after
}

const wrongCursor = "want a cursor that the feed gave to a token of this sort, or now"

// place writes the place behind a change: its number, which tells how many
// changes there are of all accounts, and so is sealed for the tokens of one.
func (c *call) place(number int64) string {
	if c.token.Account != 0 {
		return c.api.Keyring().SealPlace(c.now, c.token.Account, number)
	}
	return strconv.FormatInt(number, 10)
}

// checkCursor refuses cursors ahead of everything: after an older ledger was
// restored, changes behind them would be passed over in silence.
func (c *call) checkCursor(after int64) error {
	if after == 0 {
		return nil
	}
	there, err := c.api.news.there(c.ctx, after)
	if err == nil && !there {
		err = refuse(http.StatusConflict, "cursor-ahead", "The cursor lies ahead of the feed",
			"The feed has not come so far: an older copy of the ledger may have been restored. Compare what you have, and go on from a cursor that you trust, or from the beginning.")
	}
	return err
}

// gather adds changes behind a cursor to the feed until it has limit rows, or
// there is nothing more for now. It returns how far it looked.
func (c *call) gather(feed *Feed, after int64, limit int) (int64, error) {
	for looked := 0; len(feed.Rows) < limit && looked < scanned; {
		changes, err := c.api.Books.Changes(c.ctx, after, maxPage)
		if err != nil || len(changes) == 0 {
			return after, err
		}
		conversions, err := c.conversionsOf(changes)
		if err != nil {
			return after, err
		}
		for i := range changes {
			if len(feed.Rows) == limit {
				return after, nil
			}
			v, ok := conversions[changes[i].Conversion]
			if !ok {
				return after, fmt.Errorf("change %d: conversion %s is not there: %w", changes[i].Number, changes[i].Conversion, homing.ErrDamaged)
			}
			after = changes[i].Number
			if c.maySee(v.Account) && !c.madeUp(v.Account) {
				feed.Rows = append(feed.Rows, c.feedRow(&changes[i], &v))
			}
		}
		looked += len(changes)
	}
	return after, nil
}

// madeUp tells whether an account is a demo that the token does not ask for: who
// follows all accounts, to bill them, is told of real ones only.
func (c *call) madeUp(id homing.AccountID) bool {
	account := c.view.Account(id)
	return c.token.Account == 0 && account != nil && account.Demo
}

func (c *call) feedRow(change *homing.Change, v *homing.Conversion) FeedRow {
	row := FeedRow{
		Cursor: c.place(change.Number),
		Change: Change{To: change.To, At: when(change.At), Actor: actorKind(change.Actor), Reason: change.Reason},
	}
	if change.From != 0 {
		row.Change.From = &change.From
	}
	row.Conversion = c.conversion(v)
	return row
}

// actorKind is an actor without the number of the person: "user 3" is user.
func actorKind(actor string) string {
	kind, number, found := strings.Cut(actor, " ")
	if _, err := strconv.ParseUint(number, 10, 64); found && err == nil {
		return kind
	}
	return actor
}

// conversionsOf reads the conversions of changes as they stand. Most changes
// make a conversion, so that their numbers lie side by side and one list has
// many of them.
func (c *call) conversionsOf(changes []homing.Change) (map[homing.ConversionID]homing.Conversion, error) {
	const near = 64 // numbers that are read in vain are cheaper than one more list
	var ids []homing.ConversionID
	for i := range changes {
		ids = append(ids, changes[i].Conversion)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	found := make(map[homing.ConversionID]homing.Conversion, len(ids))
	for first := 0; first < len(ids); {
		last := first
		for last+1 < len(ids) && ids[last+1]-ids[last] <= near {
			last++
		}
		q := ledger.ConversionQuery{After: ids[first] - 1, Limit: int(ids[last]-ids[first]) + 1}
		for v, err := range c.api.Books.Conversions(c.ctx, q) {
			if err != nil {
				return nil, err
			}
			if v.ID > ids[last] {
				break
			}
			found[v.ID] = v
		}
		first = last + 1
	}
	return found, nil
}
