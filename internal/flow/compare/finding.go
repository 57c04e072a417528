package compare

import (
	"fmt"
	"strings"
	"time"

	"homing"
)

// Finding is what became of a line.
type Finding uint8

// The findings, in the order they are told in.
const (
	// Matched: counted, and of the same value as far as both sides tell one.
	Matched Finding = iota + 1
	// OtherValue: counted, with another value.
	OtherValue
	// Pending: counted, and waiting for the operator's word.
	Pending
	// Rejected: counted once and taken back.
	Rejected
	// Late: arrived outside the campaign's window.
	Late
	// Duplicate: the call arrived and repeated a conversion of the click.
	Duplicate
	// Refused: the call arrived and was answered with an error.
	Refused
	// NeverArrived: the click is ours, and no call for the line ever came.
	NeverArrived
	// Repeated: an earlier line of the list says the same.
	Repeated
	// NotOurs: the id was not made here, or is not this account's.
	NotOurs
	// NoID: there is no click id in the line.
	NoID
	// Lacking: ours, and in no line.
	Lacking
	findingEnd
)

var findings = [findingEnd]struct{ name, title, meaning string }{
	Matched:      {"matched", "Matched", "Counted here, and the values agree."},
	OtherValue:   {"other_value", "Other value", "Counted here, with another value than the list's."},
	Pending:      {"pending", "Pending", "Counted here, and waiting for approval. It is in all totals meanwhile."},
	Rejected:     {"rejected", "Rejected", "Counted here once, then rejected. It is in no total."},
	Late:         {"late", "Late", "It arrived outside the campaign's window. It is kept, and in no total."},
	Duplicate:    {"duplicate", "Duplicate", "The postback came, and repeated a conversion that the click already had."},
	Refused:      {"refused", "Refused", "The postback came and was refused; the reason says what to mend."},
	NeverArrived: {"never_arrived", "Never arrived", "The click is ours, but no postback for this line ever came."},
	Repeated:     {"repeated", "Repeated in the list", "An earlier line of the list names the same conversion."},
	NotOurs:      {"not_ours", "Not ours", "The id has the right form but does not belong to a click here."},
	NoID:         {"no_click_id", "No click id", "There is no click id of 40 characters of 0-9 and a-f in the line."},
	Lacking:      {"lacking", "Not in the list", "Counted here within the range, and in no line of the list."},
}

// String is the finding's name in URLs and files.
func (f Finding) String() string { return findings[f].name }

// Title is the finding's name for people.
func (f Finding) Title() string { return findings[f].title }

// Meaning says what the finding is.
func (f Finding) Meaning() string { return findings[f].meaning }

// FindingNamed finds a finding by its name.
func FindingNamed(name string) (Finding, bool) {
	for f := Matched; f < findingEnd; f++ {
		if findings[f].name == name {
			return f, true
		}
	}
	return 0, false
}

// Row is a line of the list, or a conversion that the list lacks, with what was
// found out about it.
type Row struct {
	// Line is the zero Line, but for its click, of what the list lacks.
	Line
	Finding Finding
	// Conversion is the one that the line names; nil if none.
	Conversion *homing.Conversion
	// Call is the postback that explains a duplicate or a refusal.
	Call *Call
	// Campaign is the click's, 0 if it is not ours.
	Campaign homing.CampaignID
	Test     bool
	// Diagnosis says why there is no click id in the line.
	Diagnosis homing.Reason
}

// Call is a postback of the log that counted nothing.
type Call struct {
	Request homing.RequestID
	At      homing.Millis
	Outcome homing.Outcome
	Reason  homing.Reason
	Lead    string
	Value   homing.Value
}

// Ours is the value that stands here.
func (r *Row) Ours() homing.Value {
	if r.Conversion == nil {
		return homing.Value{}
	}
	return r.Conversion.Value
}

// Explain says the finding of this very row in words, with times in a zone.
func (r *Row) Explain(zone *time.Location) string {
	text := r.explain(zone)
	if r.Test {
		text += " It is test traffic, which is in no total."
	}
	if r.Unread != "" {
		text += fmt.Sprintf(" The list's value %q could not be read, so no values were compared.", r.Unread)
	}
	return text
}

func (r *Row) explain(zone *time.Location) string {
	switch r.Finding {
	case Matched, Pending, Rejected, Late, Lacking:
		return fmt.Sprintf("%s It arrived at %s.", r.Finding.Meaning(), moment(r.Conversion.At, zone))
	case OtherValue:
		return r.explainValue(zone)
	case Duplicate:
		return fmt.Sprintf("A postback came at %s. %s", moment(r.Call.At, zone), r.Call.Reason.Info().Title)
	case Refused:
		info := r.Call.Reason.Info()
		return fmt.Sprintf("A postback came at %s and was refused. %s %s", moment(r.Call.At, zone), info.Title, info.Fix)
	case NoID:
		if r.Diagnosis != homing.ReasonNone {
			return r.Diagnosis.Info().Title
		}
	}
	return r.Finding.Meaning()
}

func (r *Row) explainValue(zone *time.Location) string {
	ours, pending := "no value", ""
	if v := r.Conversion.Value; v.Given {
		ours = v.Money.String()
	}
	if r.Conversion.Status == homing.Pending {
		pending = " It is pending."
	}
	how := ""
	switch {
	case r.Conversion.Flags.Has(homing.FlagDefaultValue):
		how = " No value was sent, so the campaign's default counts."
	case r.Call != nil && r.Call.Reason == homing.ReasonDuplicateValue:
		how = fmt.Sprintf(" A later postback, at %s, brought another value; the first one stands.", moment(r.Call.At, zone))
	}
	return fmt.Sprintf("The list says %s, here stands %s, since %s.%s%s", r.Value.Money, ours, moment(r.Conversion.At, zone), how, pending)
}

// moment is a time in a zone, with UTC behind it where that is another:
// "2026-03-02 10:31:00 CET (09:31:00 UTC)".
func moment(at homing.Millis, zone *time.Location) string {
	const date, clock = "2006-01-02", " 15:04:05"
	local, utc := at.Time().In(zone), at.Time().UTC()
	if _, offset := local.Zone(); offset == 0 {
		return utc.Format(date + clock + " UTC")
	}
	name := local.Format("MST")
	if strings.Trim(name, "+-0123456789") == "" {
		name = "UTC" + local.Format("-07:00")
	}
	aside := utc.Format(clock[1:])
	if utc.Day() != local.Day() {
		aside = utc.Format(date + clock)
	}
	return fmt.Sprintf("%s %s (%s UTC)", local.Format(date+clock), name, aside)
}
