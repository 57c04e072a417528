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
	FlagReplayed                            // a refused call that an operator had judged once more
	flagEnd
)

// flags gives each flag its stable name and what it means to those whom the
// call concerns, in the order of the bits.
var flags = [...]struct{ name, meaning string }{
	{"value_differs", "A repeat brought another value. The first one stands."},
	{"simple_and_lead", "The click has conversions with and without a lead code. The same event may have been counted twice."},
	{"key_over_http", "A key was sent over plain http and may have been read on the way. Rotate it, and write https:// in the postback URL."},
	{"from_future", "The click id was made by a clock ahead of this one. It counts; the operator checks the clocks of the nodes."},
	{"unknown_goal", "goalid is none of the campaign's goals. The conversion counts without a goal."},
	{"currency_differs", "currency is not the account's. The conversion is pending until the operator decides."},
	{"status_ignored", "status was sent. It is kept in the log and changes nothing."},
	{"allow_duplicates_ignored", "allow_duplicates was sent. It is kept in the log and changes nothing; a different lead_code counts again."},
	{"value_cut", "An amount had more than six decimals. What follows the sixth was cut off, not rounded."},
	{"lead_macro", "lead_code looks like a macro that nobody replaced. If so, every further lead of the click is taken for a repeat."},
	{"test", "Test traffic: it is shown, and is in no total."},
	{"default_value", "No value was sent, so the campaign's default was copied."},
	{"account_unverified", "Only the account parameter says whose call this is, and anybody can write one."},
	{"old_key", "The call was signed with a key that has been replaced and expires soon. Put the new one into the postback URL."},
	{"untrusted_proxy", "A proxy sent X-Forwarded-* headers, and is not trusted here. The operator adds it to --trusted-proxies if it is theirs."},
	{"paused_campaign", "The campaign has been paused since the click. The conversion counts."},
	{"browser", "The call looks like a browser's. If a page makes it, the key in it is public: call from your server instead."},
	{"late_accepted", "The conversion arrived late, and the operator accepted it."},
	{"replayed", "Nobody sent this: the operator had a refused call judged once more, at its arrival time, without asking for key and https."},
}

// FlagInfo explains a flag to the people it concerns.
type FlagInfo struct {
	Flag    Flags
	Name    string
	Meaning string
}

// Infos explains the flags that are set, in the order of their bits.
func (f Flags) Infos() []FlagInfo {
	infos := []FlagInfo{}
	for i, flag := range flags {
		if f&(1<<i) != 0 {
			infos = append(infos, FlagInfo{Flag: 1 << i, Name: flag.name, Meaning: flag.meaning})
		}
	}
	return infos
}

// AllFlags has every flag set.
const AllFlags = flagEnd - 1

// Names lists the flags that are set, in the order of their bits.
func (f Flags) Names() []string {
	names := []string{}
	for _, info := range f.Infos() {
		names = append(names, info.Name)
	}
	return names
}

// Has tells whether all of the given flags are set.
func (f Flags) Has(g Flags) bool { return f&g == g }
