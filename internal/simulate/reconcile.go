package simulate

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"homing"
	"homing/internal/desk/control"
)

// reconcile compares the server's books with ours:
//
//	clicks        every acknowledged one is held, once, with its class; beyond them
//	              at most as many as there were visits without an answer
//	conversions   every acknowledged one is held, once, with the content of the call
//	              that was told it counted; none is held that was not sent
//	postback log  has every duplicate and every refusal, under its reason
//
// What it finds goes to the books' differences. The error is of the asking.
func (b *books) reconcile(ctx context.Context, s Server, cast *cast, since homing.Millis) (held holdings, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sheet = newSheet(b.sheet.several)
	if err = b.reconcileClicks(ctx, s, cast, since, &held); err != nil {
		return held, fmt.Errorf("couldn't read the clicks: %w", err)
	}
	byAccount, err := b.reconcileConversions(ctx, s, cast)
	if err != nil {
		return held, fmt.Errorf("couldn't read the conversions: %w", err)
	}
	for _, n := range byAccount {
		held.Conversions += n
	}
	for _, c := range b.claims {
		if c.held > 0 && c.counted == 0 {
			held.Unanswered.Conversions++
		}
	}
	for _, a := range cast.advertisers {
		logged, err := readLog(ctx, s, a.id, since, b.sheet)
		if err != nil {
			return held, fmt.Errorf("couldn't read the postback log: %w", err)
		}
		b.reconcileLog(a, logged, byAccount[a.id])
		held.Repeats += logged.duplicates
		for _, n := range logged.refused {
			held.Refused += n
		}
	}
	return held, nil
}

// holdings is what the server was found to hold.
type holdings struct {
	Clicks      int `json:"clicks"`
	NotBillable int `json:"not_billable"`
	Conversions int `json:"conversions"`
	Repeats     int `json:"repeats"`
	Refused     int `json:"refused"`
	// Unanswered of them were stored, but nobody was told so at the time: what
	// a kill can double.
	Unanswered unanswered `json:"unanswered"`
}

type unanswered struct {
	Clicks      int `json:"clicks"`
	Conversions int `json:"conversions"`
}

// reconcileClicks compares clicks. mu is held.
func (b *books) reconcileClicks(ctx context.Context, s Server, cast *cast, since homing.Millis, held *holdings) error {
	slices.SortFunc(b.clicks, func(x, y clickEntry) int { return bytes.Compare(x.id[:], y.id[:]) })
	for i := 1; i < len(b.clicks); i++ {
		if b.clicks[i].id == b.clicks[i-1].id {
			b.found.add(double, "the click id %s was given to two visitors", b.clicks[i].id)
		}
	}
	ours, strangers := map[homing.CampaignID]bool{}, map[homing.CampaignID]int{}
	for _, o := range cast.offers {
		ours[o.id] = true
	}
	seen := make([]bool, len(b.clicks))
	// One list of all campaigns: each list reads the whole spool.
	for c, err := range s.Clicks(ctx, control.ClickFilter{Since: since}) {
		if err != nil {
			return err
		}
		if !ours[c.Campaign] {
			continue
		}
		held.Clicks++
		if c.Class != homing.Billable {
			held.NotBillable++
		}
		if !b.matchClick(&c, cast, seen) {
			strangers[c.Campaign]++
			f, ok := factsOf(c.UserAgent, c.Params)
			b.sheet.click(&c, cast, f, ok)
		}
	}
	for campaign, n := range strangers {
		held.Unanswered.Clicks += n
		if doubts := b.doubts[campaign]; n > doubts {
			b.found.add(other, "campaign %s holds %d clicks that were not acknowledged, but only %d visits got no answer", campaign, n, doubts)
		}
	}
	for i, found := range seen {
		if c := b.clicks[i]; !found {
			b.found.add(lost, "click %s of campaign %s was acknowledged and is not held", c.id, cast.offers[c.offer].id)
		}
	}
	return nil
}

// matchClick compares one click that the server holds; false means that it was
// not acknowledged. mu is held.
func (b *books) matchClick(c *control.Click, cast *cast, seen []bool) bool {
	i, ok := slices.BinarySearchFunc(b.clicks, c.ClickID, func(e clickEntry, id homing.ClickID) int {
		return bytes.Compare(e.id[:], id[:])
	})
	if !ok {
		return false
	}
	e := &b.clicks[i]
	b.sheet.click(c, cast, e.facts, true)
	if seen[i] {
		b.found.add(double, "click %s is held twice", e.id)
	}
	seen[i] = true
	if want := cast.offers[e.offer].id; c.Campaign != want {
		b.found.add(other, "click %s is held for campaign %s instead of %s", e.id, c.Campaign, want)
	}
	if c.Class != e.class() {
		b.found.add(other, "click %s is held as %s instead of %s", e.id, c.Class, e.class())
	}
	return true
}

// reconcileConversions compares conversions and counts those held, by account.
// mu is held.
func (b *books) reconcileConversions(ctx context.Context, s Server, cast *cast) (map[homing.AccountID]int, error) {
	held := map[homing.AccountID]int{}
	for _, a := range cast.advertisers {
		for c, err := range s.Conversions(ctx, control.ConversionFilter{Account: a.id}) {
			if err != nil {
				return nil, err
			}
			held[a.id]++
			b.sheet.conversion(&c)
			b.matchConversion(a, &c)
		}
	}
	for _, c := range b.claims {
		b.judgeClaim(c)
	}
	return held, nil
}

// matchConversion compares one conversion that the server holds. mu is held.
func (b *books) matchConversion(a *advertiser, held *control.Conversion) {
	key := claimKey{held.ClickID, held.Goal, held.LeadCode}
	c := b.claims[key]
	switch {
	case c == nil:
		b.found.add(other, "%s is held and was not sent, or was refused", key)
		return
	case c.account != a.id || held.Account != a.id:
		b.found.add(other, "%s is held for account %s instead of %s", key, held.Account, c.account)
	}
	if c.held++; c.held > 1 {
		b.found.add(double, "%s is held %d times", key, c.held)
		return
	}
	allowed := c.open
	if c.counted > 0 {
		allowed = []content{c.winner}
	}
	if got := contentOf(held); len(allowed) > 0 && !slices.Contains(allowed, got) {
		b.found.add(other, "%s is held with %s instead of %s", key, got, eitherOf(allowed))
	}
}

// judgeClaim looks at a claim after everything held has been seen. mu is held.
func (b *books) judgeClaim(c *claim) {
	switch {
	case c.held == 0 && c.counted+c.repeated > 0:
		b.found.add(lost, "%s was acknowledged and is not held", c.key)
	case c.counted == 0 && c.repeated > 0 && len(c.open) == 0:
		b.found.add(other, "%s was only ever answered as a duplicate, but of nothing", c.key)
	case c.held > 0 && c.counted+c.repeated+c.doubted == 0:
		b.found.add(other, "%s is held although no call for it was accepted", c.key)
	}
}

func eitherOf(contents []content) string {
	s := contents[0].String()
	for _, c := range contents[1:] {
		s += "; or " + c.String()
	}
	return s
}

// logged is what the postback log has of an account.
type logged struct {
	counted, duplicates int
	refused             map[string]int // by reason
}

func readLog(ctx context.Context, s Server, account homing.AccountID, since homing.Millis, sheet *sheet) (logged, error) {
	l := logged{refused: map[string]int{}}
	for p, err := range s.Postbacks(ctx, control.PostbackFilter{Account: account, Since: since}) {
		if err != nil {
			return l, err
		}
		n := int(max(p.Count, 1))
		sheet.postback(&p, n)
		switch p.Result {
		case homing.Counted:
			l.counted += n
		case homing.Duplicate:
			l.duplicates += n
		case homing.Refused:
			l.refused[p.Reason.String()] += n
		}
	}
	return l, nil
}

// reconcileLog compares the postback log of an account. mu is held.
func (b *books) reconcileLog(a *advertiser, l logged, conversions int) {
	if l.counted != conversions {
		b.found.add(other, "the log of account %s has %d counted postbacks beside %d conversions", a.id, l.counted, conversions)
	}
	// Duplicates are durable before they are answered, so a kill takes none.
	if t := tallyOf(b.repeats, a.id); l.duplicates < t.answered {
		b.found.add(lost, "the log of account %s has %d duplicates; %d were answered", a.id, l.duplicates, t.answered)
	} else if l.duplicates > t.answered+t.doubted {
		b.found.add(other, "the log of account %s has %d duplicates; %d were answered and %d calls got no answer", a.id, l.duplicates, t.answered, t.doubted)
	}
	reasons := map[string]bool{}
	for reason := range l.refused {
		reasons[reason] = true
	}
	for k := range b.refusals {
		if k.account == a.id {
			reasons[k.reason] = true
		}
	}
	for reason := range reasons {
		b.reconcileRefusals(refusalKey{a.id, reason}, l.refused[reason])
	}
}

func (b *books) reconcileRefusals(k refusalKey, held int) {
	t := tallyOf(b.refusals, k)
	least, most := t.answered-t.exposed(b.kills), t.answered+t.doubted
	if held < least || held > most {
		b.found.add(other, "the log of account %s has %d refusals for %s; %d were answered and %d calls got no answer",
			k.account, held, k.reason, t.answered, t.doubted)
	}
}
