package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/rulebook"
)

const userColumns = `SELECT id, email, role, coalesce(account, 0), password, created, disabled,
	level, hide_money, zone, totp, totp_step, recovery FROM users`

func userOf(row pgx.CollectableRow) (u homing.User, err error) {
	var recovery []byte
	err = row.Scan(&u.ID, &u.Email, &u.Role, &u.Account, &u.Password, &u.Created, &u.Disabled,
		&u.Level, &u.HideMoney, &u.Zone, &u.TOTP, &u.TOTPStep, &recovery)
	u.Recovery = rulebook.SplitHashes(recovery)
	return u, err
}

// Users implements ledger.People.
func (l *Ledger) Users(ctx context.Context) ([]homing.User, error) {
	return list(ctx, l, "users", userColumns+" ORDER BY id", userOf)
}

// UserByEmail implements ledger.People.
func (l *Ledger) UserByEmail(ctx context.Context, email string) (homing.User, error) {
	return lookUp(ctx, l, "user of that e-mail address", userColumns+" WHERE email = $1", userOf, storable(email))
}

// UserByID implements ledger.People.
func (l *Ledger) UserByID(ctx context.Context, id homing.UserID) (homing.User, error) {
	return lookUp(ctx, l, "user "+id.String(), userColumns+" WHERE id = $1", userOf, int64(id))
}

// lookUp reads one row.
func lookUp[T any](ctx context.Context, l *Ledger, object, sql string, read func(pgx.CollectableRow) (T, error), args ...any) (item T, err error) {
	err = l.read(ctx, func(ctx context.Context, q querier) (err error) {
		item, err = one(ctx, q, object, sql, read, args...)
		return err
	})
	return item, told("look up "+object, err)
}

// list reads all rows of a short list.
func list[T any](ctx context.Context, l *Ledger, things, sql string, read func(pgx.CollectableRow) (T, error), args ...any) (all []T, err error) {
	err = l.read(ctx, func(ctx context.Context, q querier) (err error) {
		all, err = collect(ctx, q, sql, read, args...)
		return err
	})
	return all, told("read the "+things, err)
}

// PutUser implements ledger.People.
func (l *Ledger) PutUser(ctx context.Context, by ledger.Actor, u *homing.User) error {
	var id int64
	err := l.atDesk(ctx, settingsTurn, by, func(ctx context.Context, d desk) (err error) {
		id, err = d.putUser(ctx, *u)
		return err
	})
	if err != nil {
		return told("write a user", err)
	}
	u.ID = homing.UserID(id)
	return nil
}

func (d desk) putUser(ctx context.Context, u homing.User) (id int64, err error) {
	if u.Account != 0 {
		if _, err := d.standing(ctx, u.Account); err != nil {
			return 0, err
		}
	}
	var was homing.User
	if u.ID != 0 {
		if was, err = one(ctx, d, "user "+u.ID.String(), userColumns+" WHERE id = $1", userOf, int64(u.ID)); err != nil {
			return 0, err
		}
	}
	if id, err = d.numberOf(ctx, "user", int64(u.ID)); err != nil {
		return 0, err
	}
	err = exec(ctx, d, `INSERT INTO users (id, email, role, account, password, created, disabled, level, hide_money, zone, totp, totp_step, recovery)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)
		ON CONFLICT (id) DO UPDATE SET email = excluded.email, role = excluded.role, account = excluded.account, password = excluded.password,
			created = excluded.created, disabled = excluded.disabled, level = excluded.level, hide_money = excluded.hide_money,
			zone = excluded.zone, totp = excluded.totp, totp_step = excluded.totp_step, recovery = excluded.recovery`,
		id, storable(u.Email), int64(u.Role), orNull(int64(u.Account)), storable(u.Password), int64(u.Created), u.Disabled,
		int64(u.Level), u.HideMoney, storable(u.Zone), append([]byte{}, u.TOTP...), u.TOTPStep, rulebook.JoinHashes(u.Recovery))
	if err != nil {
		return 0, conflictOf("user", err)
	}
	if was.ID != 0 && (was.Password != u.Password || u.Disabled) {
		if err := exec(ctx, d, `DELETE FROM sessions WHERE "user" = $1`, id); err != nil {
			return 0, err
		}
	}
	return id, d.audit(ctx, rulebook.UserEntry(&was, &u, id))
}

const tokenColumns = "SELECT id, name, coalesce(account, 0), scopes, hash, created, expires, revoked, used FROM tokens"

func tokenOf(row pgx.CollectableRow) (t homing.Token, err error) {
	var hash []byte
	err = row.Scan(&t.ID, &t.Name, &t.Account, &t.Scopes, &hash, &t.Created, &t.Expires, &t.Revoked, &t.Used)
	copy(t.Hash[:], hash)
	return t, err
}

// Tokens implements ledger.People.
func (l *Ledger) Tokens(ctx context.Context) ([]homing.Token, error) {
	return list(ctx, l, "tokens", tokenColumns+" ORDER BY id", tokenOf)
}

// TokenBy implements ledger.People. The database compares hashes, so that what
// its time tells is of a hash, from which no token can be worked out.
func (l *Ledger) TokenBy(ctx context.Context, hash homing.KeyHash) (homing.Token, error) {
	return lookUp(ctx, l, "token", tokenColumns+" WHERE hash = $1", tokenOf, hash[:])
}

// PutToken implements ledger.People. A last use that is later than t's stays.
func (l *Ledger) PutToken(ctx context.Context, by ledger.Actor, t *homing.Token) error {
	var id int64
	err := l.atDesk(ctx, settingsTurn, by, func(ctx context.Context, d desk) (err error) {
		id, err = d.putToken(ctx, *t)
		return err
	})
	if err != nil {
		return told("write a token", err)
	}
	t.ID = homing.TokenID(id)
	return nil
}

func (d desk) putToken(ctx context.Context, t homing.Token) (id int64, err error) {
	if t.Account != 0 {
		if _, err := d.standing(ctx, t.Account); err != nil {
			return 0, err
		}
	}
	var was homing.Token
	if t.ID != 0 {
		object := fmt.Sprintf("token %d", t.ID)
		if was, err = one(ctx, d, object, tokenColumns+" WHERE id = $1", tokenOf, int64(t.ID)); err != nil {
			return 0, err
		}
		if was.Account != t.Account {
			return 0, fmt.Errorf("%w: %s belongs to account %v", homing.ErrInvalid, object, was.Account)
		}
	}
	if id, err = d.numberOf(ctx, "token", int64(t.ID)); err != nil {
		return 0, err
	}
	err = exec(ctx, d, `INSERT INTO tokens (id, name, account, scopes, hash, created, expires, revoked, used) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, scopes = excluded.scopes, hash = excluded.hash, created = excluded.created,
			expires = excluded.expires, revoked = excluded.revoked, used = greatest(tokens.used, excluded.used)`,
		id, storable(t.Name), orNull(int64(t.Account)), int64(t.Scopes), t.Hash[:], int64(t.Created), int64(t.Expires), int64(t.Revoked), int64(t.Used))
	if err != nil {
		return 0, conflictOf("token", err)
	}
	return id, d.audit(ctx, rulebook.TokenEntry(&was, &t, id))
}

// NoteTokenUse implements ledger.People. A token that is gone meanwhile is no
// error.
func (l *Ledger) NoteTokenUse(ctx context.Context, id homing.TokenID, at homing.Millis) error {
	_, err := l.write(ctx, "UPDATE tokens SET used = $2 WHERE id = $1 AND used < $2", int64(id), int64(at))
	return told("note the use of a token", err)
}
