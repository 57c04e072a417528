package judge

import "homing"

// claim notes what a good call asks of the ledger, and the verdict it gets if
// the ledger finds it to be the first.
func (r *Ruling) claim(c *Call, p Parties, now homing.Millis) {
	r.Lead = c.Params.Lead
	r.claimGoal(c.Params.Goal, p.Campaign)
	differs := r.claimCurrency(c.Params.Currency, p.Account)
	if !r.Value.Given && p.Campaign.DefaultValue.Given {
		// Copied, because the campaign's default may change tomorrow.
		r.Value = p.Campaign.DefaultValue
		r.Verdict.Flags |= homing.FlagDefaultValue
	}
	r.Verdict.Outcome, r.Verdict.Reason, r.Status = homing.Counted, homing.ReasonCounted, homing.Approved
	switch {
	case c.Origin.Age(now) > p.Campaign.Window:
		r.Verdict.Outcome, r.Verdict.Reason, r.Status = homing.Late, homing.ReasonLate, homing.LateStatus
	case differs:
		r.Verdict.Reason, r.Status = homing.ReasonCurrency, homing.Pending
	case p.Campaign.Hold:
		r.Verdict.Reason, r.Status = homing.ReasonHold, homing.Pending
	}
}

// claimGoal notes the goal, if the campaign defines it.
func (r *Ruling) claimGoal(text []byte, campaign *homing.Campaign) {
	if len(text) == 0 {
		return
	}
	goal, ok := parseGoal(text)
	switch {
	case ok && goal == 0: // the same as none
	case ok && campaign.HasGoal(goal):
		r.Goal = goal
	default:
		r.Verdict.Flags |= homing.FlagUnknownGoal
	}
}

// parseGoal reads decimal digits that fit a goal's number.
func parseGoal(text []byte) (homing.GoalID, bool) {
	const most = uint64(^homing.GoalID(0))
	var n uint64
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n = n*10 + uint64(c-'0'); n > most {
			return 0, false
		}
	}
	return homing.GoalID(n), true
}

// otherCurrency is what is kept of a currency that is none: it may be anything,
// a key too.
const otherCurrency = "other"

// claimCurrency notes the currency and tells whether it is another than the
// account's. Whatever is no currency at all is another.
func (r *Ruling) claimCurrency(text []byte, account *homing.Account) (differs bool) {
	switch {
	case len(text) == 0:
		return false
	case equalFold(text, account.Currency):
		r.Currency = account.Currency
		return false
	}
	r.Currency = currencyName(text)
	r.Verdict.Flags |= homing.FlagCurrencyDiffers
	return true
}

// currencyName is three letters in upper case, or otherCurrency.
func currencyName(text []byte) string {
	var name [3]byte
	if len(text) != len(name) {
		return otherCurrency
	}
	for i, c := range text {
		if name[i] = upper(c); name[i] < 'A' || name[i] > 'Z' {
			return otherCurrency
		}
	}
	return string(name[:])
}

// equalFold compares ASCII letters without their case. bytes.EqualFold would
// take a Kelvin sign for a K.
func equalFold(text []byte, want string) bool {
	if len(text) != len(want) {
		return false
	}
	for i, c := range text {
		if upper(c) != upper(want[i]) {
			return false
		}
	}
	return true
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - ('a' - 'A')
	}
	return c
}

// Standing is what the ledger says of a claim.
type Standing struct {
	// First: the claim made the conversion; otherwise it was there already.
	First bool
	// Value of the conversion that stands now.
	Value homing.Value
	// Mixed: the click has conversions with and without lead code.
	Mixed bool
}

// Settle turns a ruling that was not final into the verdict on the call. A
// repeat that sends no value differs from nothing, even if the campaign's
// default was another when the first one came.
func (r *Ruling) Settle(s Standing) homing.Verdict {
	v := r.Verdict
	v.Flags |= flag(s.Mixed, homing.FlagSimpleAndLead)
	if s.First {
		return v
	}
	v.Outcome, v.Reason = homing.Duplicate, homing.ReasonDuplicate
	sent := r.Value.Given && !v.Flags.Has(homing.FlagDefaultValue)
	if sent && r.Value != s.Value {
		v.Reason = homing.ReasonDuplicateValue
		v.Flags |= homing.FlagValueDiffers
	}
	return v
}
