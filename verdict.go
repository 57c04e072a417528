package homing

// Outcome is what was decided about a postback.
type Outcome uint8

const (
	// Counted: this call made a conversion.
	Counted Outcome = iota + 1
	// Duplicate: the conversion was there already; nothing changed.
	Duplicate
	// Late: the click was outside its window; the conversion is kept in a
	// column of its own and in no total.
	Late
	// Ignored: there is nobody left to count it for (an erased account).
	Ignored
	// Refused: the call was answered with an error and counted nothing.
	Refused
)

var outcomes = map[string]Outcome{
	"counted": Counted, "duplicate": Duplicate, "late": Late, "ignored": Ignored, "refused": Refused,
}

var outcomeNames = [...]string{"", "counted", "duplicate", "late", "ignored", "refused"}

func (o Outcome) String() string { return outcomeNames[o] }

// MarshalText writes the outcome's name.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads an outcome's name.
func (o *Outcome) UnmarshalText(text []byte) (err error) {
	*o, err = valueOf(outcomes, "outcome", string(text))
	return err
}

// Verdict is the final word on a postback: an outcome, the reason for it, and
// remarks that changed nothing.
type Verdict struct {
	Outcome Outcome
	Reason  Reason
	Flags   Flags
}

// Flags are remarks on a postback or a conversion: things worth a look that did
// not change the outcome. They are stored as a number: append only, never
// renumber.
type Flags uint32

const (
	FlagValueDiffers      Flags = 1 << iota // a repeat brought another value; the first one stands
	FlagSimpleAndLead                       // the click has conversions with and without lead code
	FlagKeyOverHTTP                         // a key went over plain http and should be rotated
	FlagFromFuture                          // the id was minted by a clock ahead of ours
	FlagUnknownGoal                         // goalid is none of the campaign's; counted as goal 0
	FlagCurrencyDiffers                     // currency is not the account's; the conversion is pending
	FlagStatusIgnored                       // status was sent; it changes nothing
	FlagDuplicatesParam                     // allow_duplicates was sent; it changes nothing
	FlagValueCut                            // digits after the sixth decimal were cut
	FlagLeadMacro                           // lead_code looks like a macro nobody replaced
	FlagTest                                // test traffic, in no total
	FlagDefaultValue                        // no value was sent; the campaign's default was copied
	FlagAccountUnverified                   // attributed by the account parameter alone
	FlagOldKey                              // signed with a key that is in its overlap
	FlagUntrustedProxy                      // X-Forwarded-* came from a proxy that is not trusted
	FlagPausedCampaign                      // the campaign has been paused since the click
	FlagBrowser                             // the call looks like a browser's; the key may be public
	FlagLateAccepted                        // arrived late and was accepted by the operator
	flagEnd
)

// flagNames are the stable names, in the order of the bits.
var flagNames = [...]string{
	"value_differs", "simple_and_lead", "key_over_http", "from_future", "unknown_goal",
	"currency_differs", "status_ignored", "allow_duplicates_ignored", "value_cut", "lead_macro",
	"test", "default_value", "account_unverified", "old_key", "untrusted_proxy",
	"paused_campaign", "browser", "late_accepted",
}

// Names lists the flags that are set, in the order of their bits.
func (f Flags) Names() []string {
	names := []string{}
	for i, name := range flagNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// Has tells whether all of the given flags are set.
func (f Flags) Has(g Flags) bool { return f&g == g }
