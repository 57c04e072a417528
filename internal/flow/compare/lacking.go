package compare

import (
	"context"
	"errors"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/warehouse"
)

// MaxRange is how many conversions are looked through for what a list lacks.
const MaxRange = 100_000

// findLacking goes through the conversions of the range that are in totals, and
// notes those that no line names.
func (s *sifting) findLacking(ctx context.Context, from, until homing.Millis) error {
	if from == 0 && until == 0 {
		if from, until = s.span(); until == 0 {
			return nil // nothing of ours is in the list
		}
		s.result.OfList = true
	}
	if len(s.accounts) == 0 {
		s.lack("No id of the list is ours, so it can't be told whose conversions it lacks. Choose the advertiser.")
		return nil
	}
	s.result.From, s.result.Until = from, until
	named := map[homing.ConversionID]bool{}
	for _, c := range s.clicks {
		for i := range c.conversions {
			named[c.conversions[i].ID] = c.used[i]
		}
	}
	walked := 0
	err := s.inRange(ctx, from, until, func(k homing.Conversion) bool {
		if walked++; walked > MaxRange {
			s.lack("There are more than 100,000 conversions in the range, and the rest was not looked through. Choose a shorter one.")
			return false
		}
		s.look(k, named[k.ID])
		return true
	})
	if errors.Is(err, homing.ErrUnavailable) || errors.Is(err, homing.ErrOverloaded) {
		s.lack("What the list lacks can't be looked for at the moment, because reports are away. Try again in a minute.")
		return nil
	}
	return err
}

// look counts a conversion of the range.
func (s *sifting) look(k homing.Conversion, named bool) {
	if !k.Status.InTotals() || k.Click.Test() || s.madeUp(k.Account) {
		return
	}
	if s.scope.HideMoney {
		k.Value, k.Price = homing.Value{}, 0
	}
	s.result.Ours.Count++
	s.result.Ours.Value.Add(k.Value)
	if named {
		return
	}
	row := Row{Finding: Lacking, Campaign: k.Campaign, Conversion: &k}
	row.Found, row.Click = true, s.Keyring().Seal(k.Click)
	row.Lead = s.masked(k.Lead)
	s.result.Lacking = append(s.result.Lacking, row)
}

// madeUp tells of a demo account, which is in no total of all accounts.
func (s *sifting) madeUp(id homing.AccountID) bool {
	a := s.View().Account(id)
	return s.scope.Account == 0 && a != nil && a.Demo
}

// inRange gives conversions that arrived in the range until one is refused.
func (s *sifting) inRange(ctx context.Context, from, until homing.Millis, take func(homing.Conversion) bool) error {
	if s.Warehouse == nil {
		for _, account := range s.accounts {
			for k, err := range s.Books.Conversions(ctx, ledger.ConversionQuery{Account: account, Since: from, Until: until}) {
				if err != nil || !take(k) {
					return err
				}
			}
		}
		return nil
	}
	list := warehouse.List{
		From: from, Until: until, Where: s.ofAccounts(), Status: []homing.Status{homing.Pending, homing.Approved}, Limit: MaxRange + 1,
	}
	for k, err := range s.Warehouse.Conversions(ctx, &list) {
		if err != nil || !take(k.Conversion) {
			return err
		}
	}
	return nil
}

// span is the whole days of the conversions that the list names; 0, 0 if it
// names none.
func (s *sifting) span() (from, until homing.Millis) {
	for i := range s.result.Rows {
		if k := s.result.Rows[i].Conversion; k != nil {
			if until == 0 || k.At < from {
				from = k.At
			}
			until = max(until, k.At)
		}
	}
	if until == 0 {
		return 0, 0
	}
	return s.midnight(from, 0), s.midnight(until, 1)
}

// midnight is when the day of a moment begins, or one of the days after it.
func (s *sifting) midnight(at homing.Millis, days int) homing.Millis {
	year, month, day := at.Time().In(s.zone).Date()
	return homing.MillisOf(time.Date(year, month, day+days, 0, 0, 0, 0, s.zone))
}
