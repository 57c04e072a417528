package homing

import "net/netip"

// Postback is one call as it was logged: what arrived, with every key masked,
// and the verdict on it.
type Postback struct {
	Request RequestID
	At      Millis // arrival
	Addr    netip.Addr
	HTTPS   bool
	Method  string
	// Target is the raw request target, masked (see package mask) and cut to
	// MaxTargetLen.
	Target    string
	UserAgent string

	Account  AccountID // 0 = nobody's
	Campaign CampaignID
	Key      KeyID // the key it was signed with; 0 = none, or a wrong one
	// Click is the opened id; the zero ClickID if the call had no genuine one.
	Click  ClickID
	Origin Origin

	Goal       GoalID
	Lead       string
	Value      Value // after the judge: with the default copied
	Price      Money
	Currency   string
	Verdict    Verdict
	Conversion ConversionID // the row it made or repeats; 0 = none
}

// MaxTargetLen is how many bytes of a masked target, and of a User-Agent, are
// kept in the postback log.
const MaxTargetLen = 2048

// Tally counts refused postbacks beyond those recorded whole.
type Tally struct {
	At      Millis     // end of the second it counts
	Addr    netip.Addr // cut by policy (/24, /48)
	Account AccountID
	Outcome Outcome
	Reason  Reason
	Count   uint64
}
