// Package rehearse judges calls that do not come in by a door: any URL that
// somebody pastes, as a dry run, and logged calls once more, after what was
// wrong has been mended.
//
//	URL, or a logged call ──► target, judge, ledger (look only) ──► Finding
//	a logged call, an operator's word ──► judge, ledger.Decide, journal ──► Finding
//
// It judges with the settings of now. What it says of a dry run is what the door
// would answer; nothing is counted, nothing is logged.
package rehearse

import (
	"context"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/flow/catalog"
	"homing/internal/flow/journal"
	"homing/internal/rule/judge"
	"homing/internal/rule/mask"
)

// Court rehearses. It is safe for concurrent use.
type Court struct {
	View    func() *catalog.View
	Keyring func() *homing.Keyring
	Books   ledger.Books
	Decider ledger.Decider
	Journal *journal.Journal
	Masker  *mask.Masker
	Clock   homing.Clock
}

// Finding is what a call would be answered, or was.
type Finding struct {
	// Postback is the call as the log would keep it, keys masked.
	Postback homing.Postback
	Steps    []judge.Step
	// Status, Body and Result (the header Postback-Result) are the answer.
	Status       int
	Body, Result string
	// Notes are what a person should know besides: that a dry run cannot see
	// the sender's address, that the host of the pasted URL is not ours, …
	Notes []string
}

// URL judges a pasted URL or request line as a dry run. The https check goes by
// the URL's scheme; hosts are reported as notes. ours are the base URLs that
// lead here. homing.ErrInvalid: it is no URL of a postback at all, and why.
func (c *Court) URL(ctx context.Context, text string, ours ...string) (*Finding, error) {
	panic("not built yet")
}

// Again judges a logged call as it would be now, as a dry run: at its original
// arrival time, without asking for key and https, which the log does not keep.
func (c *Court) Again(ctx context.Context, e *journal.Entry) (*Finding, error) {
	panic("not built yet")
}

// Commit does what Again foretells, on the authority of actor, and records it as
// a call of its own that names the first. homing.ErrConflict: it would not be
// counted; see Finding.
func (c *Court) Commit(ctx context.Context, actor string, e *journal.Entry) (*Finding, error) {
	panic("not built yet")
}
