package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/rulebook"
)

const sessionColumns = "SELECT token, user, created, expires, addr, user_agent FROM sessions"

func sessionOf(row *sqlite.Stmt) (ledger.Session, error) {
	s := ledger.Session{
		User:      homing.UserID(row.ColumnInt64(1)),
		Created:   homing.Millis(row.ColumnInt64(2)),
		Expires:   homing.Millis(row.ColumnInt64(3)),
		Addr:      row.ColumnText(4),
		UserAgent: row.ColumnText(5),
	}
	row.ColumnBytes(0, s.Token[:])
	return s, nil
}

// PutSession implements ledger.People. A session of the same token is
// overwritten; those that expired long before this one began are dropped.
func (l *Ledger) PutSession(ctx context.Context, s ledger.Session) error {
	err := l.do(ctx, func(w *writer) error {
		if err := exec(w.conn, "DELETE FROM sessions WHERE expires < ?1", s.Created-rulebook.KeepExpired); err != nil {
			return err
		}
		return conflictOf("session", exec(w.conn,
			"INSERT OR REPLACE INTO sessions (token, user, created, expires, addr, user_agent) VALUES (?1,?2,?3,?4,?5,?6)",
			s.Token[:], s.User, s.Created, s.Expires, s.Addr, s.UserAgent))
	})
	return told("write a session", err)
}

// SessionBy implements ledger.People.
func (l *Ledger) SessionBy(ctx context.Context, token ledger.TokenHash) (ledger.Session, error) {
	return lookUp(ctx, l, "session", sessionColumns+" WHERE token = ?1", sessionOf, token[:])
}

// DropSession implements ledger.People. Dropping one that is not there is no
// error.
func (l *Ledger) DropSession(ctx context.Context, token ledger.TokenHash) error {
	err := l.do(ctx, func(w *writer) error {
		return exec(w.conn, "DELETE FROM sessions WHERE token = ?1", token[:])
	})
	return told("end a session", err)
}

// SessionsOf implements ledger.People.
func (l *Ledger) SessionsOf(ctx context.Context, user homing.UserID) (sessions []ledger.Session, err error) {
	err = l.read(ctx, func(conn *sqlite.Conn) (err error) {
		sessions, err = collect(conn, sessionColumns+" WHERE user = ?1 ORDER BY created DESC, token", sessionOf, user)
		return err
	})
	return sessions, told("list sessions", err)
}

// DropSessionsOf implements ledger.People.
func (l *Ledger) DropSessionsOf(ctx context.Context, user homing.UserID, but ledger.TokenHash) error {
	err := l.do(ctx, func(w *writer) error {
		return exec(w.conn, "DELETE FROM sessions WHERE user = ?1 AND token <> ?2", user, but[:])
	})
	return told("end sessions", err)
}

const linkFields = "token, purpose, coalesce(user, 0), created, expires"

func linkOf(row *sqlite.Stmt) (ledger.Link, error) {
	k := ledger.Link{
		Purpose: ledger.LinkPurpose(row.ColumnInt64(1)),
		User:    homing.UserID(row.ColumnInt64(2)),
		Created: homing.Millis(row.ColumnInt64(3)),
		Expires: homing.Millis(row.ColumnInt64(4)),
	}
	row.ColumnBytes(0, k.Token[:])
	return k, nil
}

// PutLink implements ledger.People; as PutSession.
func (l *Ledger) PutLink(ctx context.Context, k ledger.Link) error {
	err := l.do(ctx, func(w *writer) error {
		if err := exec(w.conn, "DELETE FROM links WHERE expires < ?1", k.Created-rulebook.KeepExpired); err != nil {
			return err
		}
		return conflictOf("link", exec(w.conn,
			"INSERT OR REPLACE INTO links (token, purpose, user, created, expires) VALUES (?1,?2,?3,?4,?5)",
			k.Token[:], k.Purpose, orNull(k.User), k.Created, k.Expires))
	})
	return told("write a link", err)
}

// LinkBy implements ledger.People.
func (l *Ledger) LinkBy(ctx context.Context, token ledger.TokenHash) (ledger.Link, error) {
	return lookUp(ctx, l, "link", "SELECT "+linkFields+" FROM links WHERE token = ?1", linkOf, token[:])
}

// TakeLink implements ledger.People.
func (l *Ledger) TakeLink(ctx context.Context, token ledger.TokenHash) (k ledger.Link, err error) {
	var taken ledger.Link
	err = l.do(ctx, func(w *writer) (err error) {
		taken, err = one(w.conn, "link", "DELETE FROM links WHERE token = ?1 RETURNING "+linkFields, linkOf, token[:])
		return err
	})
	if err != nil {
		return k, told("use up a link", err)
	}
	return taken, nil
}

// DropLinks implements ledger.People.
func (l *Ledger) DropLinks(ctx context.Context, purpose ledger.LinkPurpose, user homing.UserID) error {
	err := l.do(ctx, func(w *writer) error {
		return exec(w.conn, "DELETE FROM links WHERE purpose = ?1 AND coalesce(user, 0) = ?2", purpose, user)
	})
	return told("drop links", err)
}
