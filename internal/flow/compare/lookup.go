package compare

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/journal"
)

// maxCalls is how many calls of one click are kept: some senders never give up.
const maxCalls = 1000

// patience bounds how long the postback log is read.
const patience = 3 * time.Second

// explainRest explains the lines that no conversion stands for, from the log of
// the time since the oldest of their clicks. The log is read once for all of
// them: the newest from memory, the rest from the warehouse.
func (s *sifting) explainRest(ctx context.Context) error {
	since, calls := s.unexplained()
	if len(calls) > 0 {
		if err := s.readCalls(ctx, since, calls); err != nil {
			return err
		}
	}
	for _, c := range s.clicks {
		of := calls[c.origin]
		slices.SortStableFunc(of, func(a, b Call) int { return cmp.Compare(a.At, b.At) })
		c.explain(of)
	}
	return nil
}

// unexplained are the clicks of lines that are to be explained, without their
// calls yet, and when the oldest was.
func (s *sifting) unexplained() (since homing.Millis, calls map[homing.Origin][]Call) {
	since, calls = s.now, map[homing.Origin][]Call{}
	for _, c := range s.clicks {
		for _, row := range c.rows {
			if row.Finding == 0 || row.Finding == OtherValue {
				calls[c.origin] = nil
				since = min(since, c.origin.Time)
			}
		}
	}
	return since, calls
}

func (s *sifting) readCalls(ctx context.Context, since homing.Millis, calls map[homing.Origin][]Call) error {
	told := map[homing.RequestID]bool{}
	note := func(p *homing.Postback) {
		of, wanted := calls[p.Origin]
		counted := p.Verdict.Outcome != homing.Duplicate && p.Verdict.Outcome != homing.Refused
		if !wanted || len(of) >= maxCalls || counted || p.Click == (homing.ClickID{}) || told[p.Request] {
			return
		}
		told[p.Request] = true
		call := Call{Request: p.Request, At: p.At, Outcome: p.Verdict.Outcome, Reason: p.Verdict.Reason, Lead: p.Lead, Value: p.Value}
		if s.scope.HideMoney {
			call.Value = homing.Value{}
		}
		calls[p.Origin] = append(of, call)
	}
	const all = 1 << 20
	recent := s.Journal.Recent(journal.Filter{Account: s.only(), Since: since}, all)
	for i := range recent {
		note(&recent[i].Postback)
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := s.readOlder(bounded, since, note)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case bounded.Err() != nil:
		s.lack("The postback log was read for 3 seconds only. Some lines that say never arrived may have been refused; compare fewer at once.")
		return nil
	case errors.Is(err, homing.ErrUnavailable) || errors.Is(err, homing.ErrOverloaded):
		s.lack("Older calls can't be looked through at the moment. Some lines that say never arrived may have been refused; try again in a minute.")
		return nil
	}
	return err
}

// only is the account that the comparison is about, if there is just one.
func (s *sifting) only() homing.AccountID {
	if len(s.accounts) != 1 {
		return s.scope.Account
	}
	return s.accounts[0]
}

// readOlder reads what is not in memory, and some of what is.
func (s *sifting) readOlder(ctx context.Context, since homing.Millis, note func(*homing.Postback)) error {
	if s.Warehouse == nil {
		for e, err := range s.Journal.List(ctx, journal.Filter{Account: s.only(), Since: since}) {
			if err != nil {
				return err
			}
			note(&e.Postback)
		}
		return nil
	}
	list := warehouse.List{
		From: since, Until: s.now + 1, Where: s.ofAccounts(), Outcome: []homing.Outcome{homing.Duplicate, homing.Refused},
	}
	for p, err := range s.Warehouse.Postbacks(ctx, &list) {
		if err != nil {
			return err
		}
		note(&p.Postback)
	}
	return nil
}

// ofAccounts narrows a list to the accounts that the comparison is about.
func (s *sifting) ofAccounts() []warehouse.Condition {
	var keys []warehouse.Key
	for _, id := range s.accounts {
		keys = append(keys, warehouse.Key{Number: int64(id)})
	}
	return []warehouse.Condition{{Dimension: warehouse.Account, Op: warehouse.In, Keys: keys}}
}

func (s *sifting) lack(what string) {
	if !slices.Contains(s.result.Incomplete, what) {
		s.result.Incomplete = append(s.result.Incomplete, what)
	}
}
