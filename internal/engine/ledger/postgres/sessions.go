package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/rulebook"
)

const sessionColumns = `SELECT token, "user", created, expires, addr, user_agent FROM sessions`

func sessionOf(row pgx.CollectableRow) (s ledger.Session, err error) {
	var token []byte
	err = row.Scan(&token, &s.User, &s.Created, &s.Expires, &s.Addr, &s.UserAgent)
	copy(s.Token[:], token)
	return s, err
}

// PutSession implements ledger.People. A session of the same token is
// overwritten; those that expired long before this one began are dropped.
func (l *Ledger) PutSession(ctx context.Context, s ledger.Session) error {
	if _, err := l.write(ctx, "DELETE FROM sessions WHERE expires < $1", int64(s.Created-rulebook.KeepExpired)); err != nil {
		return told("drop old sessions", err)
	}
	_, err := l.write(ctx, `INSERT INTO sessions (token, "user", created, expires, addr, user_agent) VALUES ($1,$2,$3,$4,$5,$6)
		ON CONFLICT (token) DO UPDATE SET "user" = excluded."user", created = excluded.created, expires = excluded.expires,
			addr = excluded.addr, user_agent = excluded.user_agent`,
		s.Token[:], int64(s.User), int64(s.Created), int64(s.Expires), storable(s.Addr), storable(s.UserAgent))
	return told("write a session", conflictOf("session", err))
}

// SessionBy implements ledger.People.
func (l *Ledger) SessionBy(ctx context.Context, token ledger.TokenHash) (ledger.Session, error) {
	return lookUp(ctx, l, "session", sessionColumns+" WHERE token = $1", sessionOf, token[:])
}

// DropSession implements ledger.People. Dropping one that is not there is no
// error.
func (l *Ledger) DropSession(ctx context.Context, token ledger.TokenHash) error {
	_, err := l.write(ctx, "DELETE FROM sessions WHERE token = $1", token[:])
	return told("end a session", err)
}

// SessionsOf implements ledger.People.
func (l *Ledger) SessionsOf(ctx context.Context, user homing.UserID) ([]ledger.Session, error) {
	return list(ctx, l, "sessions", sessionColumns+` WHERE "user" = $1 ORDER BY created DESC, token`, sessionOf, int64(user))
}

// DropSessionsOf implements ledger.People.
func (l *Ledger) DropSessionsOf(ctx context.Context, user homing.UserID, but ledger.TokenHash) error {
	_, err := l.write(ctx, `DELETE FROM sessions WHERE "user" = $1 AND token <> $2`, int64(user), but[:])
	return told("end sessions", err)
}

const linkFields = `token, purpose, coalesce("user", 0), created, expires`

func linkOf(row pgx.CollectableRow) (k ledger.Link, err error) {
	var token []byte
	err = row.Scan(&token, &k.Purpose, &k.User, &k.Created, &k.Expires)
	copy(k.Token[:], token)
	return k, err
}

// PutLink implements ledger.People; as PutSession.
func (l *Ledger) PutLink(ctx context.Context, k ledger.Link) error {
	if _, err := l.write(ctx, "DELETE FROM links WHERE expires < $1", int64(k.Created-rulebook.KeepExpired)); err != nil {
		return told("drop old links", err)
	}
	_, err := l.write(ctx, `INSERT INTO links (token, purpose, "user", created, expires) VALUES ($1,$2,$3,$4,$5)
		ON CONFLICT (token) DO UPDATE SET purpose = excluded.purpose, "user" = excluded."user", created = excluded.created, expires = excluded.expires`,
		k.Token[:], int64(k.Purpose), orNull(int64(k.User)), int64(k.Created), int64(k.Expires))
	return told("write a link", conflictOf("link", err))
}

// LinkBy implements ledger.People.
func (l *Ledger) LinkBy(ctx context.Context, token ledger.TokenHash) (ledger.Link, error) {
	return lookUp(ctx, l, "link", "SELECT "+linkFields+" FROM links WHERE token = $1", linkOf, token[:])
}

// TakeLink implements ledger.People. The row is locked by the first to delete it;
// who waited for that finds none.
func (l *Ledger) TakeLink(ctx context.Context, token ledger.TokenHash) (ledger.Link, error) {
	var taken ledger.Link
	err := l.atDesk(ctx, settingsTurn, ledger.Actor{}, func(ctx context.Context, d desk) (err error) {
		taken, err = one(ctx, d, "link", "DELETE FROM links WHERE token = $1 RETURNING "+linkFields, linkOf, token[:])
		return err
	})
	if err != nil {
		return ledger.Link{}, told("use up a link", err)
	}
	return taken, nil
}

// DropLinks implements ledger.People.
func (l *Ledger) DropLinks(ctx context.Context, purpose ledger.LinkPurpose, user homing.UserID) error {
	_, err := l.write(ctx, `DELETE FROM links WHERE purpose = $1 AND coalesce("user", 0) = $2`, int64(purpose), int64(user))
	return told("drop links", err)
}

func noticeOf(row pgx.CollectableRow) (n ledger.Notice, err error) {
	err = row.Scan(&n.Kind, &n.Object, &n.Account, &n.Since, &n.Told, &n.Ended, &n.Detail)
	return n, err
}

// Notices implements ledger.People.
func (l *Ledger) Notices(ctx context.Context) ([]ledger.Notice, error) {
	return list(ctx, l, "notices", `SELECT kind, object, account, since, told, ended, detail FROM notices
		ORDER BY since, kind COLLATE "C", object COLLATE "C"`, noticeOf)
}

// PutNotice implements ledger.People. Those that ended long before are dropped.
func (l *Ledger) PutNotice(ctx context.Context, n ledger.Notice) error {
	latest := max(n.Since, n.Told, n.Ended)
	if _, err := l.write(ctx, "DELETE FROM notices WHERE ended <> 0 AND ended < $1", int64(latest-rulebook.KeepEnded)); err != nil {
		return told("drop old notices", err)
	}
	_, err := l.write(ctx, `INSERT INTO notices (kind, object, account, since, told, ended, detail) VALUES ($1,$2,$3,$4,$5,$6,$7)
		ON CONFLICT (kind, object) DO UPDATE SET account = excluded.account, since = excluded.since, told = excluded.told,
			ended = excluded.ended, detail = excluded.detail`,
		storable(n.Kind), storable(n.Object), int64(n.Account), int64(n.Since), int64(n.Told), int64(n.Ended), storable(n.Detail))
	return told("write a notice", err)
}
