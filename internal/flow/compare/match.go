package compare

import "homing"

// match gives each line of a click its conversion. Lead codes count first: a
// line with one is the conversion of that code. A line without one is whichever
// conversion no line has named; and a conversion without a lead code may be a
// line with one, because not every number that a tracker exports was sent to us.
// What no conversion is left for is found out later, see explain.
func (c *click) match(sameLead func(*homing.Conversion, string) bool) {
	for _, row := range c.rows {
		if row.Lead != "" {
			c.take(row, func(k *homing.Conversion) bool { return sameLead(k, row.Lead) })
		}
	}
	for i, row := range c.rows {
		switch {
		case row.Conversion != nil:
		case row.Lead != "" && c.before(i, row.Lead):
			row.Finding = Repeated
		case row.Lead != "":
			c.take(row, func(k *homing.Conversion) bool { return k.Lead == "" })
		default:
			if !c.take(row, func(k *homing.Conversion) bool { return k.Lead == "" }) {
				c.take(row, func(*homing.Conversion) bool { return true })
			}
		}
	}
}

// before tells whether a line above has the same lead code.
func (c *click) before(i int, lead string) bool {
	for _, above := range c.rows[:i] {
		if above.Lead == lead {
			return true
		}
	}
	return false
}

// take gives a line the first conversion that fits and is not taken.
func (c *click) take(row *Row, fits func(*homing.Conversion) bool) bool {
	for i := range c.conversions {
		if !c.used[i] && fits(&c.conversions[i]) {
			c.used[i] = true
			row.Conversion = &c.conversions[i]
			row.Finding = found(row)
			return true
		}
	}
	return false
}

// found is the finding of a line that has a conversion.
func found(row *Row) Finding {
	k := row.Conversion
	switch k.Status {
	case homing.LateStatus:
		return Late
	case homing.Rejected:
		return Rejected
	}
	switch {
	case row.Value.Given && row.Value != k.Value:
		return OtherValue
	case k.Status == homing.Pending:
		return Pending
	}
	return Matched
}

// explain finds the calls that a click's other lines are about. Each duplicate
// explains one line; a refusal explains all, because senders try again. The
// newest refusal is told.
func (c *click) explain(calls []Call) {
	spent := make([]bool, len(calls))
	for i, row := range c.rows {
		if row.Finding == OtherValue {
			row.Call = differing(calls, row)
		}
		if row.Finding != 0 {
			continue
		}
		row.Finding = NeverArrived
		if row.Lead == "" && i > 0 {
			row.Finding = Repeated
		}
		if n := repeating(calls, spent, row); n >= 0 {
			spent[n] = true
			row.Finding, row.Call = Duplicate, &calls[n]
		} else if n := refusing(calls, row); n >= 0 {
			row.Finding, row.Call = Refused, &calls[n]
		}
	}
}

// about tells whether a call may be the one of a line.
func about(call *Call, row *Row) bool {
	return row.Lead == "" || call.Lead == "" || call.Lead == row.Lead
}

func repeating(calls []Call, spent []bool, row *Row) int {
	for i := range calls {
		if calls[i].Outcome == homing.Duplicate && !spent[i] && about(&calls[i], row) {
			return i
		}
	}
	return -1
}

func refusing(calls []Call, row *Row) int {
	for i := len(calls) - 1; i >= 0; i-- {
		if calls[i].Outcome == homing.Refused && about(&calls[i], row) {
			return i
		}
	}
	return -1
}

// differing is the repeat that brought the value the list has.
func differing(calls []Call, row *Row) *Call {
	for i := range calls {
		if calls[i].Reason == homing.ReasonDuplicateValue && calls[i].Value == row.Value && about(&calls[i], row) {
			return &calls[i]
		}
	}
	return nil
}
