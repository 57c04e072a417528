// Package ledger is the contract of the store that decides uniqueness of
// conversions, and holds accounts, campaigns, keys and users.
//
//	Claim ──► (click, goal, lead code) there?  no: conversion, receipt, change ──► commit ──► Decision
//	                                           yes: the one that stands ─────────► commit ──► Decision
//
// A ledger is one for all nodes: an embedded file on one machine, a server that
// many share in a cluster. Contracts are split by what they need: Decide and
// Amend are serialized and durable when they return; settings are read as a
// whole and changed in one step; readers see what was committed.
//
// What every implementation keeps to:
//
//   - Durable when a method that writes returns nil: on stable storage, in the
//     sense of the database's strongest setting.
//   - Errors are of a kind in package homing. homing.ErrUnavailable means that
//     nothing was acknowledged; it may be found committed later.
//     homing.ErrOverloaded means that nothing was taken on.
//   - All methods are safe for concurrent use.
//   - Numbers begin at 1, are never used again, and grow in commit order.
package ledger

import (
	"context"
	"iter"
	"time"

	"homing"
)

// Ledger is the whole contract, as app opens it. Everybody else asks for the
// part they need.
type Ledger interface {
	Decider
	Settings
	People
	Books
	Lessor
	Copier

	// Size tells how much disk the ledger takes, in bytes.
	Size() (int64, error)
	// Damage tells, in words, what is known to be damaged: found at opening, by
	// a look through everything in the background after it, and by whoever met
	// it since. Each thing once, the oldest first, up to a few hundred; empty if
	// all is well. It never becomes less before the ledger is opened again.
	Damage() []string
	// Check reads everything and reports what does not fit together.
	Check(ctx context.Context) error
	// Loans lists the node numbers that were ever lent, in their order.
	Loans(ctx context.Context) ([]Loan, error)
	// Close finishes what is under way and releases everything.
	Close() error
}

// Claim asks for a conversion. The judge has said that the postback is good;
// the ledger says whether it is the first. The ledger keeps nothing that a
// Claim points to after Decide returns.
type Claim struct {
	Click    homing.Origin
	Goal     homing.GoalID
	Lead     []byte // empty = none
	Account  homing.AccountID
	Campaign homing.CampaignID
	Status   homing.Status // Approved, Pending or LateStatus
	Value    homing.Value
	Price    homing.Money
	Currency string
	Flags    homing.Flags
	At       homing.Millis
	Request  homing.RequestID
	// Receipt is the postback's record (homing.AppendPostback), already masked,
	// stored beside a new conversion in the same transaction.
	Receipt []byte
	// Actor and Reason are for the history of a conversion that somebody asks for
	// in a postback's place, and Made is when: a replay. Request carries that
	// moment, too, and At is when the postback came. Without them it is the
	// postback, at At.
	Actor, Reason string
	Made          homing.Millis
}

// Decision is the ledger's answer to a Claim.
type Decision struct {
	// First: this claim made the conversion. Otherwise it was there already,
	// and is durable: a duplicate is never told before the first is.
	First      bool
	Conversion homing.ConversionID
	// Of the conversion that stands now.
	Status homing.Status
	Value  homing.Value
	// Mixed: the click has conversions with and without lead code, this one
	// included.
	Mixed bool
}

// Decider decides about conversions.
type Decider interface {
	// Decide finds or makes the conversion of (click, goal, lead code),
	// atomically, once for all nodes and for as long as the row exists. Lead
	// codes compare byte by byte. If the claim is first and the click has
	// conversions of the other kind, the new row is stored with
	// homing.FlagSimpleAndLead. It waits at most a few seconds.
	Decide(ctx context.Context, c *Claim) (Decision, error)

	// Amend moves a conversion's status and writes its history. From must be
	// its present status (homing.ErrConflict otherwise). Allowed are Pending ⇄
	// Approved ⇄ Rejected, Pending → Rejected, Rejected → Pending, and
	// LateStatus → Approved, Pending or Rejected; else homing.ErrInvalid.
	Amend(ctx context.Context, a Amendment) error
}

// Amendment is a change of a conversion's status.
type Amendment struct {
	Conversion homing.ConversionID
	From, To   homing.Status
	At         homing.Millis
	Actor      string // "user 3", "command line"
	Reason     string
}

// Settings hold what the operator has set up. They are small, read as a whole,
// and changed in one step.
type Settings interface {
	// Snapshot reads all settings at one moment.
	Snapshot(ctx context.Context) (*Snapshot, error)
	// Version grows with every Apply, on whichever node.
	Version(ctx context.Context) (int64, error)
	// Apply carries out the edits in one transaction and writes the audit log.
	// Things that carry number 0 are new: they get the next number, which is
	// written into the edit. All or nothing. homing.ErrConflict: a ref, slug,
	// public id or key hash is taken. homing.ErrNotFound: what is to be changed
	// does not exist.
	Apply(ctx context.Context, by Actor, edits ...Edit) error

	// NoteKeyUse adds uses of keys to what is known of them. It is told every
	// few seconds, and may be lost in a crash.
	NoteKeyUse(ctx context.Context, uses []KeyUse) error
	// KeyUses tells the uses of every key that was ever used.
	KeyUses(ctx context.Context) ([]KeyUse, error)
}

// KeyUse tells how a key was used: as a difference in NoteKeyUse, as a total in
// KeyUses.
type KeyUse struct {
	Key   homing.KeyID
	Count int64
	Last  homing.Millis
	Addr  string // of the last use, cut by policy
	// OverHTTP counts the uses over plain http, which expose a key.
	OverHTTP int64
}

// Actor tells the audit log who does something, and when.
type Actor struct {
	Name string // "user 3", "command line", "set-up"
	At   homing.Millis
}

// Edit is one change of the settings: PutAccount, PutKey, PutCampaign,
// PutInstallation, EraseAccount, EraseClick or Note.
type Edit interface{ edit() }

// PutAccount writes an account. A Ref, if given, is unique among accounts.
type PutAccount struct{ Account *homing.Account }

// PutKey writes a key. No two keys share a hash, of whichever account. If Owner
// is given, the key becomes that account's, which an earlier edit of the same
// Apply may have numbered.
type PutKey struct {
	Key   *homing.Key
	Owner *homing.Account
}

// PutCampaign writes a campaign. Slugs are unique; a Ref, if given, is unique
// among the campaigns of its account. Owner as in PutKey.
type PutCampaign struct {
	Campaign *homing.Campaign
	Owner    *homing.Account
}

// PutInstallation writes what is settled for the whole of homing.
type PutInstallation struct{ Installation homing.Installation }

// EraseAccount removes an account's name, reference, keys, users, sessions,
// campaigns' names, URLs and references, and its receipts; of its conversions
// the click and a hash of the lead code stay, so that uniqueness stays. Lead
// must map a lead code to its keyed hash, "~" followed by hex.
type EraseAccount struct {
	Account homing.AccountID
	Lead    func(lead string) string
}

// EraseClick clears what is kept of a click's conversions: lead codes are put
// under a keyed hash (see EraseAccount), and their receipts and the reasons of
// their changes go. Values stay: money is the operator's. Uniqueness stays, too:
// a later claim is compared by the hash of its lead code, which the ledger is
// opened with, and stored as such and without a receipt if it is first. An
// unknown click is erased as well: its id may be on its way.
type EraseClick struct {
	Click homing.Origin
	Lead  func(lead string) string
}

// Note writes an entry into the audit log and changes nothing: for what is done
// outside of the ledger. Action, Object and Detail are as in AuditEntry.
type Note struct {
	Action, Object, Detail string
	Account                homing.AccountID // whom it is about; 0 = nobody
}

func (PutAccount) edit()      {}
func (PutKey) edit()          {}
func (PutCampaign) edit()     {}
func (PutInstallation) edit() {}
func (EraseAccount) edit()    {}
func (EraseClick) edit()      {}
func (Note) edit()            {}

// Snapshot is all settings at one moment, each list in the order of numbers.
// Erased accounts are listed; their campaigns too.
type Snapshot struct {
	Version      int64
	Installation homing.Installation
	Accounts     []homing.Account
	Keys         []homing.Key
	Campaigns    []homing.Campaign
}

// People are users, their sessions and one-time links. Tokens are random and
// stored as hashes.
type People interface {
	Users(ctx context.Context) ([]homing.User, error)
	// UserByEmail and UserByID give homing.ErrNotFound if there is none.
	UserByEmail(ctx context.Context, email string) (homing.User, error)
	UserByID(ctx context.Context, id homing.UserID) (homing.User, error)
	// PutUser writes a user; number 0 is new. E-mail addresses are unique
	// (homing.ErrConflict). A changed password ends the user's sessions, and so
	// does disabling.
	PutUser(ctx context.Context, by Actor, u *homing.User) error

	PutSession(ctx context.Context, s Session) error
	// SessionBy gives homing.ErrNotFound for unknown tokens; it does not look
	// at Expires.
	SessionBy(ctx context.Context, token TokenHash) (Session, error)
	DropSession(ctx context.Context, token TokenHash) error
	// SessionsOf lists a user's sessions, the newest first, expired ones too.
	SessionsOf(ctx context.Context, user homing.UserID) ([]Session, error)
	// DropSessionsOf ends a user's sessions but for one (zero = none is kept).
	DropSessionsOf(ctx context.Context, user homing.UserID, but TokenHash) error

	PutLink(ctx context.Context, l Link) error
	// LinkBy reads a link without using it up.
	LinkBy(ctx context.Context, token TokenHash) (Link, error)
	// TakeLink uses a link up: of concurrent calls exactly one gets it, the
	// others homing.ErrNotFound.
	TakeLink(ctx context.Context, token TokenHash) (Link, error)
	// DropLinks removes every link of the purpose for a user.
	DropLinks(ctx context.Context, purpose LinkPurpose, user homing.UserID) error

	// Tokens lists the API tokens, revoked ones too, in the order of numbers.
	Tokens(ctx context.Context) ([]homing.Token, error)
	// TokenBy gives homing.ErrNotFound for unknown ones; it does not look at
	// Expires and Revoked.
	TokenBy(ctx context.Context, hash homing.KeyHash) (homing.Token, error)
	// PutToken writes a token; number 0 is new. By is told to the audit log.
	PutToken(ctx context.Context, by Actor, t *homing.Token) error
	// NoteTokenUse remembers the last use. It may be lost in a crash.
	NoteTokenUse(ctx context.Context, id homing.TokenID, at homing.Millis) error

	// Notices lists the troubles that people are told of, those that are over for
	// up to a week.
	Notices(ctx context.Context) ([]Notice, error)
	// PutNotice writes the notice of a kind and object.
	PutNotice(ctx context.Context, n Notice) error
}

// Notice is a trouble that somebody is to be told of: once when it begins, once
// when it is over.
type Notice struct {
	Kind    string           // see package notice
	Object  string           // what it is about: "account 3", "key 7", "disk"
	Account homing.AccountID // whose it is; 0 = the operators'
	Since   homing.Millis
	Told    homing.Millis // 0 = not yet
	Ended   homing.Millis // 0 = it stands
	Detail  string        // in words, without secrets
}

// TokenHash is the SHA-256 of a session or link token.
type TokenHash [32]byte

// Session is a signed-in browser.
type Session struct {
	Token     TokenHash
	User      homing.UserID
	Created   homing.Millis
	Expires   homing.Millis
	Addr      string // cut by policy
	UserAgent string
}

// LinkPurpose tells what a one-time link is for.
type LinkPurpose uint8

const (
	// LinkSetUp makes the first operator. Its User is 0.
	LinkSetUp LinkPurpose = iota + 1
	// LinkPassword lets a user choose a password.
	LinkPassword
)

// Link is a one-time link.
type Link struct {
	Token   TokenHash
	Purpose LinkPurpose
	User    homing.UserID
	Created homing.Millis
	Expires homing.Millis
}

// Books are read by lists, traces and followers. Sequences end with an error
// if reading fails. A sequence passes over what is damaged, gives everything
// else that it was asked for, and ends with homing.ErrDamaged.
type Books interface {
	// Conversions returns those that fit, in the order of their numbers, or
	// newest first.
	Conversions(ctx context.Context, q ConversionQuery) iter.Seq2[homing.Conversion, error]
	// ConversionsOf returns the conversions of a click.
	ConversionsOf(ctx context.Context, click homing.Origin) ([]homing.Conversion, error)
	// Receipts returns the postbacks that made conversions, in the order of
	// their conversions' numbers, or newest first. Their Conversion and the
	// flags decided by the ledger are filled in.
	Receipts(ctx context.Context, q ReceiptQuery) iter.Seq2[homing.Postback, error]
	// Changes returns changes numbered above after, in order, without gaps, at
	// most limit.
	Changes(ctx context.Context, after int64, limit int) ([]homing.Change, error)
	// History returns the changes of one conversion, oldest first.
	History(ctx context.Context, id homing.ConversionID) ([]homing.Change, error)
	// Erasures returns what was erased, numbered above after, in order, at most
	// limit: what followers have to erase, too.
	Erasures(ctx context.Context, after int64, limit int) ([]Erasure, error)
	// Audit returns entries of the audit log, newest first.
	Audit(ctx context.Context, q AuditQuery) ([]AuditEntry, error)
}

// Erasure is one EraseAccount (then Account is given) or EraseClick.
type Erasure struct {
	Number  int64
	At      homing.Millis
	Account homing.AccountID
	Click   homing.Origin
}

// AllErasures goes through everything that was ever erased, in order. An error
// ends it.
func AllErasures(ctx context.Context, books Books) iter.Seq2[Erasure, error] {
	const atOnce = 1000
	return func(yield func(Erasure, error) bool) {
		for after := int64(0); ; {
			erasures, err := books.Erasures(ctx, after, atOnce)
			if err != nil {
				yield(Erasure{}, err)
				return
			}
			for _, e := range erasures {
				if after = e.Number; !yield(e, nil) {
					return
				}
			}
			if len(erasures) < atOnce {
				return
			}
		}
	}
}

// ConversionQuery narrows a list. Zero fields do not narrow.
type ConversionQuery struct {
	After    homing.ConversionID // numbers above; with Newest: numbers below, 0 = from the end
	Account  homing.AccountID
	Campaign homing.CampaignID
	Status   homing.Status
	Since    homing.Millis // At >= Since
	Until    homing.Millis // At < Until
	Newest   bool
	Limit    int
}

// ReceiptQuery narrows a list of receipts. Zero fields do not narrow.
type ReceiptQuery struct {
	After   homing.ConversionID // as in ConversionQuery
	Account homing.AccountID
	Click   homing.Origin // a zero Origin does not narrow
	Since   homing.Millis // of the receipt's own time, which is later than its
	Until   homing.Millis // conversion's in a replay
	Newest  bool
	Limit   int
}

// AuditQuery narrows the audit log. Zero fields do not narrow.
type AuditQuery struct {
	Before  int64            // numbers below
	Account homing.AccountID // whom it is about
	Actor   string
	Action  string // or what it begins with, up to a dot: "key"
	Limit   int    // needed
}

// AuditEntry is one thing that somebody did.
type AuditEntry struct {
	Number int64
	At     homing.Millis
	Actor  string
	Action string // "account.create", "key.revoke", …
	Object string // "account 3"
	Detail string // what changed, in words; never a secret
}

// Lessor lends node numbers, so that no two clicks ever share an origin, over
// any crash, restart or step of a clock.
//
// The trap: a node that restarts with a clock that was set back would mint the
// same (time, node, sequence) again. So a lease carries a mark: the last moment
// it may have minted. The mark is advanced, durably, ahead of use; a number is
// only lent again to somebody whose clock is past its mark.
type Lessor interface {
	// Lease lends the lowest free node number whose mark lies below now, and
	// moves its mark to until. Test numbers (homing.FirstTestNode and up) and
	// ordinary ones are lent separately; homing.DemoNode is never lent.
	// homing.ErrUnavailable if every number's mark lies ahead.
	Lease(ctx context.Context, now, until homing.Millis, test bool) (Lease, error)
	// Extend moves the mark of a lease ahead. homing.ErrConflict: the lease was
	// lost to somebody else; it must not be used any more.
	Extend(ctx context.Context, l Lease, until homing.Millis) error
	// Release sets the mark back to the last moment that was used, for a clean
	// end.
	Release(ctx context.Context, l Lease, used homing.Millis) error
}

// Lease is a node number on loan.
type Lease struct {
	Node  homing.NodeID
	Token uint64        // random; tells this loan from the next one
	Mark  homing.Millis // ids may carry times up to and including Mark
}

// Loan tells how a node number stands: until when it may be used, or may have
// been.
type Loan struct {
	Node  homing.NodeID
	Taken bool // it is on loan now, as far as the ledger knows
	Mark  homing.Millis
}

// Copier is for backups.
type Copier interface {
	// Copy writes the whole ledger as it is at one moment of the call to a new
	// file, which must not exist or be empty, and tells how far it goes. What is
	// committed after that moment is not in it. Writes are not held up; what the
	// disk of the new file does to it is no trouble of the ledger. The file is not
	// made durable.
	Copy(ctx context.Context, path string) (Copied, error)
	// Restored readies a ledger that a Copy was put back into, before anything else
	// is done with it. What was done after the Copy is not in it, and must not be
	// mistaken for what is done from now on:
	//
	//   - Numbers of accounts, keys, campaigns, users and tokens jump ahead, by more
	//     than can have been given since. A click id that was made since for a new
	//     campaign must never be taken for another campaign's.
	//   - Node numbers that may have been lent since are not lent for a long time,
	//     whatever the clock says, so that no id is made twice: those that a ledger
	//     lends next, and those it had ever lent. Test numbers are lent as before:
	//     their clicks count nowhere.
	//   - Sessions and one-time links end: they may have been ended since.
	//
	// The audit log gets an entry with the detail.
	Restored(ctx context.Context, by Actor, detail string) error
}

// Copied tells how far a copy goes.
type Copied struct {
	Change      int64 // number of the last change in it
	Conversions int64
	Erasure     int64 // number of the last erasure in it
}

// Patience is how long Decide and Append wait for a commit before they answer
// homing.ErrUnavailable.
const Patience = 3 * time.Second
