package report

import (
	"fmt"
	"slices"
	"strings"

	"homing"
)

// Fault is one thing that is wrong with a question.
type Fault struct {
	Field   string   `json:"field"`             // the parameter
	Problem string   `json:"problem"`           // in words, with what may have been meant
	Allowed []string `json:"allowed,omitempty"` // what may stand there, if that is a list
}

// Faults is everything that is wrong with a question, as an error of the kind
// homing.ErrInvalid.
type Faults struct {
	List []Fault
}

func (f *Faults) Error() string {
	var b strings.Builder
	b.WriteString("invalid question: ")
	for i, fault := range f.List {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s: %s", fault.Field, fault.Problem)
		if len(fault.Allowed) > 0 {
			fmt.Fprintf(&b, " (allowed: %s)", strings.Join(fault.Allowed, ", "))
		}
	}
	return b.String()
}

// Unwrap tells the kind.
func (f *Faults) Unwrap() error { return homing.ErrInvalid }

func (f *Faults) add(field, format string, args ...any) {
	f.note(Fault{Field: field, Problem: fmt.Sprintf(format, args...)})
}

// note tells each fault once, however often it was made.
func (f *Faults) note(fault Fault) {
	same := func(told Fault) bool { return told.Field == fault.Field && told.Problem == fault.Problem }
	if !slices.ContainsFunc(f.List, same) {
		f.List = append(f.List, fault)
	}
}

// unknown tells that a name is none of those known, and which may be meant.
func (f *Faults) unknown(field, what, name string, known []string) {
	problem := fmt.Sprintf("unknown %s %s", what, quote(name))
	if meant := nearest(name, known); meant != "" {
		problem += ": did you mean " + meant + "?"
	}
	f.note(Fault{Field: field, Problem: problem, Allowed: known})
}

// err is the faults as an error, nil if there are none. Faults of maps come in
// any order, so they are sorted by field; those of one field keep theirs.
func (f *Faults) err() error {
	if len(f.List) == 0 {
		return nil
	}
	slices.SortStableFunc(f.List, func(a, b Fault) int { return strings.Compare(a.Field, b.Field) })
	return f
}

// quote quotes what somebody wrote, cut to what is needed to recognize it.
func quote(text string) string {
	const most = 40
	if len(text) > most {
		return fmt.Sprintf("%q…", strings.ToValidUTF8(text[:most], ""))
	}
	return fmt.Sprintf("%q", text)
}
