// Package amend changes where conversions stand: approves, rejects, restores,
// accepts late ones; one, or ten thousand of a list.
//
//	text ──► Parse ──► orders ──► Plan ──► lines (what would change, what can't, why)
//	                                         └─► CarryOut ──► ledger.Amend, many at a time ──► lines (what became of each)
//
// What it keeps to: nothing is ever deleted, every change is a step in the
// conversion's history with who did it and why. A plan says of each conversion
// where it stood; carrying it out changes only those that still stand there, so
// that nobody undoes what somebody else decided meanwhile without having seen
// it. Keys in reasons are masked before they are stored.
//
// It is for operators: whoever asks on behalf of an advertiser is refused at the
// door.
package amend

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/flow/catalog"
	"homing/internal/rule/mask"
)

const (
	// MaxLines is how many lines a list may have.
	MaxLines = 10_000
	// MaxText is how many bytes a list may have.
	MaxText = 4 << 20
	// MaxReason is how many bytes a reason may have.
	MaxReason = 500
)

// Books are what conversions are looked up in; ledger.Books has it.
type Books interface {
	Conversions(ctx context.Context, q ledger.ConversionQuery) iter.Seq2[homing.Conversion, error]
	ConversionsOf(ctx context.Context, click homing.Origin) ([]homing.Conversion, error)
}

// Decider carries a change out, see ledger.Decider.
type Decider interface {
	Amend(ctx context.Context, a ledger.Amendment) error
}

// Amender changes where conversions stand. It is safe for concurrent use.
type Amender struct {
	Books   Books
	Decider Decider
	View    func() *catalog.View
	Keyring func() *homing.Keyring
	// Masker takes keys out of reasons, and knows how lead codes are shown.
	Masker func() *mask.Masker
	Clock  homing.Clock
}

// Verb is what is to be done, and to which conversions it may be done.
type Verb uint8

const (
	// Set gives each conversion the status that its line names.
	Set Verb = iota
	// Approve approves pending ones.
	Approve
	// Reject rejects all others.
	Reject
	// Restore takes rejections back.
	Restore
	// Accept lets late ones into the totals.
	Accept
)

// verbs are the words for verbs, what they make of a conversion, and of which.
var verbs = [...]struct {
	name string
	to   homing.Status // 0 = as the line says
	from []homing.Status
}{
	Set:     {name: "set", from: []homing.Status{homing.Pending, homing.Approved, homing.Rejected, homing.LateStatus}},
	Approve: {name: "approve", to: homing.Approved, from: []homing.Status{homing.Pending}},
	Reject:  {name: "reject", to: homing.Rejected, from: []homing.Status{homing.Pending, homing.Approved, homing.LateStatus}},
	Restore: {name: "restore", to: homing.Approved, from: []homing.Status{homing.Rejected}},
	Accept:  {name: "accept", to: homing.Approved, from: []homing.Status{homing.LateStatus}},
}

func (v Verb) String() string { return verbs[v].name }

// MarshalText writes the verb.
func (v Verb) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a verb.
func (v *Verb) UnmarshalText(text []byte) error {
	for i := range verbs {
		if verbs[i].name == string(text) {
			*v = Verb(i)
			return nil
		}
	}
	return fmt.Errorf("%w change %q: want approve, reject, restore, accept or set", homing.ErrInvalid, text)
}

// Task is what is to be done with the conversions of a list.
type Task struct {
	Verb Verb
	// Pending makes restored and accepted ones pending instead of approved.
	Pending bool
	// Reason is of the lines that bring none.
	Reason string
	Actor  string // "user 3", "token 7", "command line"
}

// to is what a conversion becomes; said is what its line says.
func (t *Task) to(said homing.Status) homing.Status {
	switch {
	case t.Verb == Set:
		return said
	case t.Pending && (t.Verb == Restore || t.Verb == Accept):
		return homing.Pending
	}
	return verbs[t.Verb].to
}

// Check tells what is wrong with the task as a whole.
func (t *Task) Check() error {
	if int(t.Verb) >= len(verbs) {
		return fmt.Errorf("%w change %d", homing.ErrInvalid, t.Verb)
	}
	return CheckReason(t.Reason)
}

// Order is what a line asks for.
type Order struct {
	Line int // its place in the list, from 1
	// Which conversion: its number, or its click and, where that has several, the
	// lead code and the goal. Both number and click must fit if both are given.
	Conversion homing.ConversionID
	Click      homing.ClickID
	Lead       string
	Goal       *homing.GoalID
	// From is where it must stand; 0 = wherever it does.
	From homing.Status
	// To is what it becomes, if the task says so.
	To     homing.Status
	Reason string
	// Fault is why the line cannot be read; Text then is its beginning.
	Fault, Text string
}

// Result is what becomes, or became, of a line.
type Result uint8

const (
	// Ready: carrying the plan out would change it.
	Ready Result = iota + 1
	// Changed: it was changed.
	Changed
	// Unchanged: it stands there already.
	Unchanged
	// Refused: it cannot be done; Problem says why.
	Refused
	// Overtaken: somebody else changed it in the meantime; it was left alone.
	Overtaken
	// Failed: it could not be stored. It may be found changed later.
	Failed
)

var resultNames = [...]string{"", "ready", "changed", "unchanged", "refused", "overtaken", "failed"}

// Results lists all results.
func Results() []Result { return []Result{Ready, Changed, Unchanged, Refused, Overtaken, Failed} }

func (r Result) String() string { return resultNames[r] }

// MarshalText writes the result's name.
func (r Result) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a result's name.
func (r *Result) UnmarshalText(text []byte) error {
	i := slices.Index(resultNames[:], string(text))
	if i < 1 {
		return fmt.Errorf("%w result %q", homing.ErrInvalid, text)
	}
	*r = Result(i)
	return nil
}

// Line is an order with what was found.
type Line struct {
	Order
	// Found is the conversion as it stood when it was looked at; its number is 0
	// if there is none.
	Found homing.Conversion
	// To and Reason are what it is given: the line's, or the task's.
	To      homing.Status
	Reason  string
	Result  Result
	Problem string
}

// Counts tells how many lines have each result.
func Counts(lines []Line) map[Result]int {
	counts := map[Result]int{}
	for i := range lines {
		counts[lines[i].Result]++
	}
	return counts
}

// One does it to one conversion, at once, and tells what became of it.
func (a *Amender) One(ctx context.Context, t Task, o Order) (Line, error) {
	plan, err := a.Plan(ctx, t, []Order{o})
	if err != nil {
		return Line{}, err
	}
	return a.CarryOut(ctx, t, plan, nil)[0], nil
}

// Find gives the conversion of a number; homing.ErrNotFound if there is none, or
// if its advertiser was erased.
func (a *Amender) Find(ctx context.Context, id homing.ConversionID) (homing.Conversion, error) {
	found, err := a.byNumber(ctx, []homing.ConversionID{id})
	if err != nil {
		return homing.Conversion{}, err
	}
	c, ok := found[id]
	if owner := a.View().Account(c.Account); !ok || owner == nil || owner.Erased {
		return homing.Conversion{}, fmt.Errorf("%w: conversion %s", homing.ErrNotFound, id)
	}
	return c, nil
}
