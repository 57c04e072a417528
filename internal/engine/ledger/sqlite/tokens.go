package sqlite

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/rulebook"
)

const tokenColumns = "SELECT id, name, coalesce(account, 0), scopes, hash, created, expires, revoked, used FROM tokens"

func tokenOf(row *sqlite.Stmt) (homing.Token, error) {
	t := homing.Token{
		ID:      homing.TokenID(row.ColumnInt64(0)),
		Name:    row.ColumnText(1),
		Account: homing.AccountID(row.ColumnInt64(2)),
		Scopes:  homing.Scopes(row.ColumnInt64(3)),
		Created: homing.Millis(row.ColumnInt64(5)),
		Expires: homing.Millis(row.ColumnInt64(6)),
		Revoked: homing.Millis(row.ColumnInt64(7)),
		Used:    homing.Millis(row.ColumnInt64(8)),
	}
	row.ColumnBytes(4, t.Hash[:])
	return t, nil
}

// Tokens implements ledger.People.
func (l *Ledger) Tokens(ctx context.Context) (tokens []homing.Token, err error) {
	err = l.read(ctx, func(conn *sqlite.Conn) (err error) {
		tokens, err = collect(conn, tokenColumns+" ORDER BY id", tokenOf)
		return err
	})
	return tokens, told("read the tokens", err)
}

// TokenBy implements ledger.People. The database compares hashes, so that what
// its time tells is of a hash, from which no token can be worked out.
func (l *Ledger) TokenBy(ctx context.Context, hash homing.KeyHash) (homing.Token, error) {
	return lookUp(ctx, l, "token", tokenColumns+" WHERE hash = ?1", tokenOf, hash[:])
}

// PutToken implements ledger.People. A last use that is later than t's stays.
func (l *Ledger) PutToken(ctx context.Context, by ledger.Actor, t *homing.Token) error {
	token, id := *t, homing.TokenID(0)
	err := l.do(ctx, func(w *writer) error {
		n, e, err := w.putToken(token)
		if err == nil {
			err = w.audit(by, e)
		}
		id = homing.TokenID(n)
		return err
	})
	if err != nil {
		return told("write a token", err)
	}
	t.ID = id
	return nil
}

func (w *writer) putToken(t homing.Token) (id int64, e rulebook.Entry, err error) {
	if t.Account != 0 {
		if _, err := w.standing(t.Account); err != nil {
			return 0, e, err
		}
	}
	var was homing.Token
	if t.ID != 0 {
		object := fmt.Sprintf("token %d", t.ID)
		if was, err = one(w.conn, object, tokenColumns+" WHERE id = ?1", tokenOf, t.ID); err != nil {
			return 0, e, err
		}
		if was.Account != t.Account {
			return 0, e, fmt.Errorf("%w: %s belongs to account %v", homing.ErrInvalid, object, was.Account)
		}
	}
	id, _, err = queryInt(w.conn, `INSERT INTO tokens (id, name, account, scopes, hash, created, expires, revoked, used)
		VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)
		ON CONFLICT (id) DO UPDATE SET name = ?2, scopes = ?4, hash = ?5, created = ?6, expires = ?7, revoked = ?8,
			used = max(used, ?9)
		RETURNING id`,
		orNull(t.ID), t.Name, orNull(t.Account), t.Scopes, t.Hash[:], t.Created, t.Expires, t.Revoked, t.Used)
	if err != nil {
		return 0, e, conflictOf("token", err)
	}
	return id, rulebook.TokenEntry(&was, &t, id), nil
}

// NoteTokenUse implements ledger.People. A token that is gone meanwhile is no
// error.
func (l *Ledger) NoteTokenUse(ctx context.Context, id homing.TokenID, at homing.Millis) error {
	err := l.do(ctx, func(w *writer) error {
		return exec(w.conn, "UPDATE tokens SET used = ?2 WHERE id = ?1 AND used < ?2", id, at)
	})
	return told("note the use of a token", err)
}
