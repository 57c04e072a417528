package homing

// Status is where a conversion stands. Totals are of Approved and Pending.
type Status uint8

const (
	// Pending: counted, and awaiting the operator's word.
	Pending Status = iota + 1
	// Approved: counted.
	Approved
	// Rejected: taken back by the operator; in a column of its own. It still
	// makes repeats duplicates.
	Rejected
	// LateStatus: arrived outside the window; not counted.
	LateStatus
)

var statuses = map[string]Status{
	"pending": Pending, "approved": Approved, "rejected": Rejected, "late": LateStatus,
}

func (s Status) String() string { return nameOf(statuses, s) }

// MarshalText writes the status' name.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a status' name.
func (s *Status) UnmarshalText(text []byte) (err error) {
	*s, err = valueOf(statuses, "status", string(text))
	return err
}

// InTotals tells whether conversions of this status are part of totals.
func (s Status) InTotals() bool { return s == Pending || s == Approved }

// Conversion is the row of one (click, goal, lead code).
type Conversion struct {
	ID       ConversionID
	Click    Origin
	Goal     GoalID
	Lead     string // the lead code's bytes; empty = none
	Account  AccountID
	Campaign CampaignID
	Status   Status
	Value    Value
	Price    Money  // what the sender said the conversion costs; 0 if nothing
	Currency string // as sent; empty = the account's
	Flags    Flags
	At       Millis    // when the postback arrived
	Request  RequestID // the postback that made it
}

// Change is one step in the life of a conversion: the first made it, the others
// moved its status. All changes of a ledger are numbered without gaps in the
// order they were committed, which is what followers read.
type Change struct {
	Number     int64
	Conversion ConversionID
	At         Millis
	From       Status // 0 on the first change
	To         Status
	Actor      string // who did it: "postback", "user 3", "command line"
	Reason     string // in the actor's words
}
