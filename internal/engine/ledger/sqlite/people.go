package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/rulebook"
)

const userColumns = `SELECT id, email, role, coalesce(account, 0), password, created, disabled,
	level, hide_money, zone, totp, totp_step, recovery FROM users`

func userOf(row *sqlite.Stmt) (homing.User, error) {
	u := homing.User{
		ID:       homing.UserID(row.ColumnInt64(0)),
		Email:    row.ColumnText(1),
		Role:     homing.Role(row.ColumnInt64(2)),
		Account:  homing.AccountID(row.ColumnInt64(3)),
		Password: row.ColumnText(4),
		Created:  homing.Millis(row.ColumnInt64(5)),
		Disabled: row.ColumnBool(6),

		Level:     homing.Level(row.ColumnInt64(7)),
		HideMoney: row.ColumnBool(8),
		Zone:      row.ColumnText(9),
		TOTP:      bytesOf(row, 10),
		TOTPStep:  row.ColumnInt64(11),
		Recovery:  rulebook.SplitHashes(bytesOf(row, 12)),
	}
	return u, nil
}

// Users implements ledger.People.
func (l *Ledger) Users(ctx context.Context) (users []homing.User, err error) {
	err = l.read(ctx, func(conn *sqlite.Conn) (err error) {
		users, err = collect(conn, userColumns+" ORDER BY id", userOf)
		return err
	})
	return users, told("read the users", err)
}

// UserByEmail implements ledger.People.
func (l *Ledger) UserByEmail(ctx context.Context, email string) (homing.User, error) {
	return lookUp(ctx, l, "user of that e-mail address", userColumns+" WHERE email = ?1", userOf, email)
}

// UserByID implements ledger.People.
func (l *Ledger) UserByID(ctx context.Context, id homing.UserID) (homing.User, error) {
	return lookUp(ctx, l, "user "+id.String(), userColumns+" WHERE id = ?1", userOf, id)
}

// lookUp reads one row on a reader.
func lookUp[T any](ctx context.Context, l *Ledger, object, sql string,
	read func(*sqlite.Stmt) (T, error), args ...any) (item T, err error) {
	err = l.read(ctx, func(conn *sqlite.Conn) (err error) {
		item, err = one(conn, object, sql, read, args...)
		return err
	})
	return item, told("look up "+object, err)
}

// PutUser implements ledger.People.
func (l *Ledger) PutUser(ctx context.Context, by ledger.Actor, u *homing.User) error {
	user, id := *u, homing.UserID(0)
	err := l.do(ctx, func(w *writer) error {
		n, e, err := w.putUser(user)
		if err == nil {
			err = w.audit(by, e)
		}
		id = n
		return err
	})
	if err != nil {
		return told("write a user", err)
	}
	u.ID = id
	return nil
}

func (w *writer) putUser(u homing.User) (id homing.UserID, e rulebook.Entry, err error) {
	if u.Account != 0 {
		if _, err := w.standing(u.Account); err != nil {
			return 0, e, err
		}
	}
	var was homing.User
	if u.ID != 0 {
		if was, err = one(w.conn, "user "+u.ID.String(), userColumns+" WHERE id = ?1", userOf, u.ID); err != nil {
			return 0, e, err
		}
	}
	n, _, err := queryInt(w.conn, `INSERT INTO users (id, email, role, account, password, created, disabled,
			level, hide_money, zone, totp, totp_step, recovery)
		VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)
		ON CONFLICT (id) DO UPDATE SET email = ?2, role = ?3, account = ?4, password = ?5, created = ?6, disabled = ?7,
			level = ?8, hide_money = ?9, zone = ?10, totp = ?11, totp_step = ?12, recovery = ?13
		RETURNING id`,
		orNull(u.ID), u.Email, u.Role, orNull(u.Account), u.Password, u.Created, u.Disabled,
		u.Level, u.HideMoney, u.Zone, append([]byte{}, u.TOTP...), u.TOTPStep, rulebook.JoinHashes(u.Recovery))
	if err != nil {
		return 0, e, conflictOf("user", err)
	}
	if was.ID != 0 && (was.Password != u.Password || u.Disabled) {
		if err := exec(w.conn, "DELETE FROM sessions WHERE user = ?1", u.ID); err != nil {
			return 0, e, err
		}
	}
	return homing.UserID(n), rulebook.UserEntry(&was, &u, n), nil
}
