package app

import (
	"context"
	"iter"

	"homing"
	"homing/internal/engine/ledger"
)

// What a farLedger hands on, contract by contract.

// Decide implements ledger.Decider.
func (l *farLedger) Decide(ctx context.Context, c *ledger.Claim) (ledger.Decision, error) {
	return asked(l.get, func(there ledger.Ledger) (ledger.Decision, error) { return there.Decide(ctx, c) })
}

// Amend implements ledger.Decider.
func (l *farLedger) Amend(ctx context.Context, a ledger.Amendment) error {
	return done(l.get, func(there ledger.Ledger) error { return there.Amend(ctx, a) })
}

// Snapshot implements ledger.Settings.
func (l *farLedger) Snapshot(ctx context.Context) (*ledger.Snapshot, error) {
	return asked(l.get, func(there ledger.Ledger) (*ledger.Snapshot, error) { return there.Snapshot(ctx) })
}

// Version implements ledger.Settings.
func (l *farLedger) Version(ctx context.Context) (int64, error) {
	return asked(l.get, func(there ledger.Ledger) (int64, error) { return there.Version(ctx) })
}

// Apply implements ledger.Settings.
func (l *farLedger) Apply(ctx context.Context, by ledger.Actor, edits ...ledger.Edit) error {
	return done(l.get, func(there ledger.Ledger) error { return there.Apply(ctx, by, edits...) })
}

// NoteKeyUse implements ledger.Settings.
func (l *farLedger) NoteKeyUse(ctx context.Context, uses []ledger.KeyUse) error {
	return done(l.get, func(there ledger.Ledger) error { return there.NoteKeyUse(ctx, uses) })
}

// KeyUses implements ledger.Settings.
func (l *farLedger) KeyUses(ctx context.Context) ([]ledger.KeyUse, error) {
	return asked(l.get, func(there ledger.Ledger) ([]ledger.KeyUse, error) { return there.KeyUses(ctx) })
}

// Users implements ledger.People.
func (l *farLedger) Users(ctx context.Context) ([]homing.User, error) {
	return asked(l.get, func(there ledger.Ledger) ([]homing.User, error) { return there.Users(ctx) })
}

// UserByEmail implements ledger.People.
func (l *farLedger) UserByEmail(ctx context.Context, email string) (homing.User, error) {
	return asked(l.get, func(there ledger.Ledger) (homing.User, error) { return there.UserByEmail(ctx, email) })
}

// UserByID implements ledger.People.
func (l *farLedger) UserByID(ctx context.Context, id homing.UserID) (homing.User, error) {
	return asked(l.get, func(there ledger.Ledger) (homing.User, error) { return there.UserByID(ctx, id) })
}

// PutUser implements ledger.People.
func (l *farLedger) PutUser(ctx context.Context, by ledger.Actor, u *homing.User) error {
	return done(l.get, func(there ledger.Ledger) error { return there.PutUser(ctx, by, u) })
}

// PutSession implements ledger.People.
func (l *farLedger) PutSession(ctx context.Context, s ledger.Session) error {
	return done(l.get, func(there ledger.Ledger) error { return there.PutSession(ctx, s) })
}

// SessionBy implements ledger.People.
func (l *farLedger) SessionBy(ctx context.Context, token ledger.TokenHash) (ledger.Session, error) {
	return asked(l.get, func(there ledger.Ledger) (ledger.Session, error) { return there.SessionBy(ctx, token) })
}

// DropSession implements ledger.People.
func (l *farLedger) DropSession(ctx context.Context, token ledger.TokenHash) error {
	return done(l.get, func(there ledger.Ledger) error { return there.DropSession(ctx, token) })
}

// SessionsOf implements ledger.People.
func (l *farLedger) SessionsOf(ctx context.Context, user homing.UserID) ([]ledger.Session, error) {
	return asked(l.get, func(there ledger.Ledger) ([]ledger.Session, error) { return there.SessionsOf(ctx, user) })
}

// DropSessionsOf implements ledger.People.
func (l *farLedger) DropSessionsOf(ctx context.Context, user homing.UserID, but ledger.TokenHash) error {
	return done(l.get, func(there ledger.Ledger) error { return there.DropSessionsOf(ctx, user, but) })
}

// PutLink implements ledger.People.
func (l *farLedger) PutLink(ctx context.Context, link ledger.Link) error {
	return done(l.get, func(there ledger.Ledger) error { return there.PutLink(ctx, link) })
}

// LinkBy implements ledger.People.
func (l *farLedger) LinkBy(ctx context.Context, token ledger.TokenHash) (ledger.Link, error) {
	return asked(l.get, func(there ledger.Ledger) (ledger.Link, error) { return there.LinkBy(ctx, token) })
}

// TakeLink implements ledger.People.
func (l *farLedger) TakeLink(ctx context.Context, token ledger.TokenHash) (ledger.Link, error) {
	return asked(l.get, func(there ledger.Ledger) (ledger.Link, error) { return there.TakeLink(ctx, token) })
}

// DropLinks implements ledger.People.
func (l *farLedger) DropLinks(ctx context.Context, purpose ledger.LinkPurpose, user homing.UserID) error {
	return done(l.get, func(there ledger.Ledger) error { return there.DropLinks(ctx, purpose, user) })
}

// Tokens implements ledger.People.
func (l *farLedger) Tokens(ctx context.Context) ([]homing.Token, error) {
	return asked(l.get, func(there ledger.Ledger) ([]homing.Token, error) { return there.Tokens(ctx) })
}

// TokenBy implements ledger.People.
func (l *farLedger) TokenBy(ctx context.Context, hash homing.KeyHash) (homing.Token, error) {
	return asked(l.get, func(there ledger.Ledger) (homing.Token, error) { return there.TokenBy(ctx, hash) })
}

// PutToken implements ledger.People.
func (l *farLedger) PutToken(ctx context.Context, by ledger.Actor, t *homing.Token) error {
	return done(l.get, func(there ledger.Ledger) error { return there.PutToken(ctx, by, t) })
}

// NoteTokenUse implements ledger.People.
func (l *farLedger) NoteTokenUse(ctx context.Context, id homing.TokenID, at homing.Millis) error {
	return done(l.get, func(there ledger.Ledger) error { return there.NoteTokenUse(ctx, id, at) })
}

// Notices implements ledger.People.
func (l *farLedger) Notices(ctx context.Context) ([]ledger.Notice, error) {
	return asked(l.get, func(there ledger.Ledger) ([]ledger.Notice, error) { return there.Notices(ctx) })
}

// PutNotice implements ledger.People.
func (l *farLedger) PutNotice(ctx context.Context, n ledger.Notice) error {
	return done(l.get, func(there ledger.Ledger) error { return there.PutNotice(ctx, n) })
}

// Conversions implements ledger.Books.
func (l *farLedger) Conversions(ctx context.Context, q ledger.ConversionQuery) iter.Seq2[homing.Conversion, error] {
	return listed(l.get, func(there ledger.Ledger) iter.Seq2[homing.Conversion, error] { return there.Conversions(ctx, q) })
}

// ConversionsOf implements ledger.Books.
func (l *farLedger) ConversionsOf(ctx context.Context, click homing.Origin) ([]homing.Conversion, error) {
	return asked(l.get, func(there ledger.Ledger) ([]homing.Conversion, error) { return there.ConversionsOf(ctx, click) })
}

// Receipts implements ledger.Books.
func (l *farLedger) Receipts(ctx context.Context, q ledger.ReceiptQuery) iter.Seq2[homing.Postback, error] {
	return listed(l.get, func(there ledger.Ledger) iter.Seq2[homing.Postback, error] { return there.Receipts(ctx, q) })
}

// Changes implements ledger.Books.
func (l *farLedger) Changes(ctx context.Context, after int64, limit int) ([]homing.Change, error) {
	return asked(l.get, func(there ledger.Ledger) ([]homing.Change, error) { return there.Changes(ctx, after, limit) })
}

// History implements ledger.Books.
func (l *farLedger) History(ctx context.Context, id homing.ConversionID) ([]homing.Change, error) {
	return asked(l.get, func(there ledger.Ledger) ([]homing.Change, error) { return there.History(ctx, id) })
}

// Erasures implements ledger.Books.
func (l *farLedger) Erasures(ctx context.Context, after int64, limit int) ([]ledger.Erasure, error) {
	return asked(l.get, func(there ledger.Ledger) ([]ledger.Erasure, error) { return there.Erasures(ctx, after, limit) })
}

// Audit implements ledger.Books.
func (l *farLedger) Audit(ctx context.Context, q ledger.AuditQuery) ([]ledger.AuditEntry, error) {
	return asked(l.get, func(there ledger.Ledger) ([]ledger.AuditEntry, error) { return there.Audit(ctx, q) })
}

// Lease implements ledger.Lessor.
func (l *farLedger) Lease(ctx context.Context, now, until homing.Millis, test bool) (ledger.Lease, error) {
	return asked(l.get, func(there ledger.Ledger) (ledger.Lease, error) { return there.Lease(ctx, now, until, test) })
}

// Extend implements ledger.Lessor.
func (l *farLedger) Extend(ctx context.Context, lease ledger.Lease, until homing.Millis) error {
	return done(l.get, func(there ledger.Ledger) error { return there.Extend(ctx, lease, until) })
}

// Release implements ledger.Lessor.
func (l *farLedger) Release(ctx context.Context, lease ledger.Lease, used homing.Millis) error {
	return done(l.get, func(there ledger.Ledger) error { return there.Release(ctx, lease, used) })
}

// Copy implements ledger.Copier.
func (l *farLedger) Copy(ctx context.Context, path string) (ledger.Copied, error) {
	return asked(l.get, func(there ledger.Ledger) (ledger.Copied, error) { return there.Copy(ctx, path) })
}

// Restored implements ledger.Copier.
func (l *farLedger) Restored(ctx context.Context, by ledger.Actor, detail string) error {
	return done(l.get, func(there ledger.Ledger) error { return there.Restored(ctx, by, detail) })
}

// Size implements ledger.Ledger.
func (l *farLedger) Size() (int64, error) {
	return asked(l.get, func(there ledger.Ledger) (int64, error) { return there.Size() })
}

// Check implements ledger.Ledger.
func (l *farLedger) Check(ctx context.Context) error {
	return done(l.get, func(there ledger.Ledger) error { return there.Check(ctx) })
}

// Loans implements ledger.Ledger.
func (l *farLedger) Loans(ctx context.Context) ([]ledger.Loan, error) {
	return asked(l.get, func(there ledger.Ledger) ([]ledger.Loan, error) { return there.Loans(ctx) })
}

// Hold implements ledger.Commons.
func (l *farLedger) Hold(ctx context.Context, duty string, holder uint64, now, until homing.Millis) error {
	commons, err := l.commons()
	if err != nil {
		return err
	}
	return commons.Hold(ctx, duty, holder, now, until)
}

// Common implements ledger.Commons.
func (l *farLedger) Common(ctx context.Context, name string) ([]byte, error) {
	commons, err := l.commons()
	if err != nil {
		return nil, err
	}
	return commons.Common(ctx, name)
}

// PutCommon implements ledger.Commons.
func (l *farLedger) PutCommon(ctx context.Context, name string, old, value []byte) error {
	commons, err := l.commons()
	if err != nil {
		return err
	}
	return commons.PutCommon(ctx, name, old, value)
}

// CommonNames implements ledger.Commons.
func (l *farLedger) CommonNames(ctx context.Context, prefix string) ([]string, error) {
	commons, err := l.commons()
	if err != nil {
		return nil, err
	}
	return commons.CommonNames(ctx, prefix)
}
