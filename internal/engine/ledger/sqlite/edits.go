package sqlite

import (
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/ledger/rulebook"
)

const accountColumns = `SELECT id, coalesce(public_id, ''), coalesce(ref, ''), name, multi_lead, price_min, price_max,
	currency, created, erased, senders, demo, notices FROM accounts`

func accountOf(row *sqlite.Stmt) (homing.Account, error) {
	a := homing.Account{
		ID:        homing.AccountID(row.ColumnInt64(0)),
		PublicID:  row.ColumnText(1),
		Ref:       row.ColumnText(2),
		Name:      row.ColumnText(3),
		MultiLead: row.ColumnBool(4),
		PriceMin:  homing.Money(row.ColumnInt64(5)),
		PriceMax:  homing.Money(row.ColumnInt64(6)),
		Currency:  row.ColumnText(7),
		Created:   homing.Millis(row.ColumnInt64(8)),
		Erased:    row.ColumnBool(9),
		Demo:      row.ColumnBool(11),
	}
	if err := rulebook.ReadJSON(row.ColumnText(10), &a.Senders, "an account's senders"); err != nil {
		return a, err
	}
	return a, rulebook.ReadJSON(row.ColumnText(12), &a.Notices, "an account's notices")
}

// standing reads an account that can be changed: one that is not erased.
func (w *writer) standing(id homing.AccountID) (homing.Account, error) {
	a, err := one(w.conn, fmt.Sprintf("account %v", id), accountColumns+" WHERE id = ?1", accountOf, id)
	if err == nil && a.Erased {
		err = fmt.Errorf("%w: account %v is erased", homing.ErrNotFound, id)
	}
	return a, err
}

func (w *writer) putAccount(a homing.Account) (id int64, e rulebook.Entry, err error) {
	var was homing.Account
	if a.ID != 0 {
		if was, err = w.standing(a.ID); err != nil {
			return 0, e, err
		}
	}
	id, _, err = queryInt(w.conn, `INSERT INTO accounts (id, public_id, ref, name, multi_lead, price_min, price_max, currency, created,
			senders, demo, notices)
		VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)
		ON CONFLICT (id) DO UPDATE SET public_id = ?2, ref = ?3, name = ?4, multi_lead = ?5, price_min = ?6,
			price_max = ?7, currency = ?8, created = ?9, senders = ?10, demo = ?11, notices = ?12
		RETURNING id`,
		orNull(a.ID), orNull(a.PublicID), orNull(a.Ref), a.Name, a.MultiLead, a.PriceMin, a.PriceMax, a.Currency, a.Created,
		rulebook.AsJSON(a.Senders), a.Demo, rulebook.AsJSON(a.Notices))
	if err != nil {
		return 0, e, conflictOf("account", err)
	}
	return id, rulebook.AccountEntry(&was, &a, id), nil
}

const keyColumns = "SELECT id, account, name, hash, sealed, created, expires, revoked FROM keys"

func keyOf(row *sqlite.Stmt) (homing.Key, error) {
	k := homing.Key{
		ID:      homing.KeyID(row.ColumnInt64(0)),
		Account: homing.AccountID(row.ColumnInt64(1)),
		Name:    row.ColumnText(2),
		Sealed:  bytesOf(row, 4),
		Created: homing.Millis(row.ColumnInt64(5)),
		Expires: homing.Millis(row.ColumnInt64(6)),
		Revoked: homing.Millis(row.ColumnInt64(7)),
	}
	row.ColumnBytes(3, k.Hash[:])
	return k, nil
}

func (w *writer) putKey(k homing.Key) (id int64, e rulebook.Entry, err error) {
	if _, err := w.standing(k.Account); err != nil {
		return 0, e, err
	}
	var was homing.Key
	if k.ID != 0 {
		if was, err = one(w.conn, fmt.Sprintf("key %v", k.ID), keyColumns+" WHERE id = ?1", keyOf, k.ID); err != nil {
			return 0, e, err
		}
		if was.Account != k.Account {
			return 0, e, fmt.Errorf("%w: key %v belongs to account %v", homing.ErrInvalid, k.ID, was.Account)
		}
	}
	id, _, err = queryInt(w.conn, `INSERT INTO keys (id, account, name, hash, sealed, created, expires, revoked)
		VALUES (?1,?2,?3,?4,?5,?6,?7,?8)
		ON CONFLICT (id) DO UPDATE SET name = ?3, hash = ?4, sealed = ?5, created = ?6, expires = ?7, revoked = ?8
		RETURNING id`,
		orNull(k.ID), k.Account, k.Name, k.Hash[:], k.Sealed, k.Created, k.Expires, k.Revoked)
	if err != nil {
		return 0, e, conflictOf("key", err)
	}
	return id, rulebook.KeyEntry(&was, &k, id), nil
}

const campaignColumns = `SELECT id, account, coalesce(ref, ''), name, slug, url, status, window, default_value, hold,
	goals, created FROM campaigns`

func campaignOf(row *sqlite.Stmt) (homing.Campaign, error) {
	c := homing.Campaign{
		ID:           homing.CampaignID(row.ColumnInt64(0)),
		Account:      homing.AccountID(row.ColumnInt64(1)),
		Ref:          row.ColumnText(2),
		Name:         row.ColumnText(3),
		Slug:         row.ColumnText(4),
		URL:          row.ColumnText(5),
		Status:       homing.CampaignStatus(row.ColumnInt64(6)),
		Window:       time.Duration(row.ColumnInt64(7)) * time.Millisecond,
		DefaultValue: valueOf(row, 8),
		Hold:         row.ColumnBool(9),
		Created:      homing.Millis(row.ColumnInt64(11)),
	}
	return c, rulebook.ReadJSON(row.ColumnText(10), &c.Goals, "a campaign's goals")
}

func (w *writer) putCampaign(c homing.Campaign) (id int64, e rulebook.Entry, err error) {
	if _, err := w.standing(c.Account); err != nil {
		return 0, e, err
	}
	var was homing.Campaign
	if c.ID != 0 {
		object := fmt.Sprintf("campaign %v", c.ID)
		if was, err = one(w.conn, object, campaignColumns+" WHERE id = ?1", campaignOf, c.ID); err != nil {
			return 0, e, err
		}
		if was.Account != c.Account {
			return 0, e, fmt.Errorf("%w: %s belongs to account %v", homing.ErrInvalid, object, was.Account)
		}
	}
	var value any
	if c.DefaultValue.Given {
		value = c.DefaultValue.Money
	}
	id, _, err = queryInt(w.conn, `INSERT INTO campaigns (id, account, ref, name, slug, url, status, window, default_value, hold, goals, created)
		VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)
		ON CONFLICT (id) DO UPDATE SET ref = ?3, name = ?4, slug = ?5, url = ?6, status = ?7, window = ?8,
			default_value = ?9, hold = ?10, goals = ?11, created = ?12
		RETURNING id`,
		orNull(c.ID), c.Account, orNull(c.Ref), c.Name, c.Slug, c.URL, c.Status, c.Window.Milliseconds(), value, c.Hold, rulebook.AsJSON(c.Goals), c.Created)
	if err != nil {
		return 0, e, conflictOf("campaign", err)
	}
	return id, rulebook.CampaignEntry(&was, &c, id), nil
}

// installation reads what is settled for the whole.
func installation(conn *sqlite.Conn) (i homing.Installation, err error) {
	return one(conn, "installation", "SELECT installation FROM settings", func(row *sqlite.Stmt) (i homing.Installation, err error) {
		return i, rulebook.ReadJSON(row.ColumnText(0), &i, "the installation's settings")
	})
}

func (w *writer) putInstallation(i homing.Installation) (rulebook.Entry, error) {
	was, err := installation(w.conn)
	if err != nil {
		return rulebook.Entry{}, err
	}
	if err := exec(w.conn, "UPDATE settings SET installation = ?1", rulebook.AsJSON(i)); err != nil {
		return rulebook.Entry{}, err
	}
	return rulebook.InstallationEntry(&was, &i), nil
}
