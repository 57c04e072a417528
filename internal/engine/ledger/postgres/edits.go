package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"homing"
	"homing/internal/engine/ledger/rulebook"
)

const accountColumns = `SELECT id, coalesce(public_id, ''), coalesce(ref, ''), name, multi_lead, price_min, price_max,
	currency, created, erased, senders, demo, notices FROM accounts`

func accountOf(row pgx.CollectableRow) (a homing.Account, err error) {
	var senders, notices string
	if err := row.Scan(&a.ID, &a.PublicID, &a.Ref, &a.Name, &a.MultiLead, &a.PriceMin, &a.PriceMax,
		&a.Currency, &a.Created, &a.Erased, &senders, &a.Demo, &notices); err != nil {
		return a, err
	}
	if err := rulebook.ReadJSON(senders, &a.Senders, "an account's senders"); err != nil {
		return a, err
	}
	return a, rulebook.ReadJSON(notices, &a.Notices, "an account's notices")
}

// standing reads an account that can be changed: one that is not erased.
func (d desk) standing(ctx context.Context, id homing.AccountID) (homing.Account, error) {
	object := fmt.Sprintf("account %v", id)
	a, err := one(ctx, d, object, accountColumns+" WHERE id = $1", accountOf, int64(id))
	if err == nil && a.Erased {
		err = fmt.Errorf("%w: %s is erased", homing.ErrNotFound, object)
	}
	return a, err
}

func (d desk) putAccount(ctx context.Context, a homing.Account) (id int64, e rulebook.Entry, err error) {
	var was homing.Account
	if a.ID != 0 {
		if was, err = d.standing(ctx, a.ID); err != nil {
			return 0, e, err
		}
	}
	if id, err = d.numberOf(ctx, "account", int64(a.ID)); err != nil {
		return 0, e, err
	}
	err = exec(ctx, d, `INSERT INTO accounts (id, public_id, ref, name, multi_lead, price_min, price_max, currency, created, senders, demo, notices)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)
		ON CONFLICT (id) DO UPDATE SET public_id = excluded.public_id, ref = excluded.ref, name = excluded.name, multi_lead = excluded.multi_lead,
			price_min = excluded.price_min, price_max = excluded.price_max, currency = excluded.currency, created = excluded.created,
			senders = excluded.senders, demo = excluded.demo, notices = excluded.notices`,
		id, orNull(storable(a.PublicID)), orNull(storable(a.Ref)), storable(a.Name), a.MultiLead, int64(a.PriceMin), int64(a.PriceMax),
		storable(a.Currency), int64(a.Created), storable(rulebook.AsJSON(a.Senders)), a.Demo, storable(rulebook.AsJSON(a.Notices)))
	return id, rulebook.AccountEntry(&was, &a, id), conflictOf("account", err)
}

const keyColumns = "SELECT id, account, name, hash, sealed, created, expires, revoked FROM keys"

func keyOf(row pgx.CollectableRow) (k homing.Key, err error) {
	var hash []byte
	err = row.Scan(&k.ID, &k.Account, &k.Name, &hash, &k.Sealed, &k.Created, &k.Expires, &k.Revoked)
	copy(k.Hash[:], hash)
	return k, err
}

func (d desk) putKey(ctx context.Context, k homing.Key) (id int64, e rulebook.Entry, err error) {
	if _, err := d.standing(ctx, k.Account); err != nil {
		return 0, e, err
	}
	var was homing.Key
	if k.ID != 0 {
		object := fmt.Sprintf("key %v", k.ID)
		if was, err = one(ctx, d, object, keyColumns+" WHERE id = $1", keyOf, int64(k.ID)); err != nil {
			return 0, e, err
		}
		if was.Account != k.Account {
			return 0, e, fmt.Errorf("%w: %s belongs to account %v", homing.ErrInvalid, object, was.Account)
		}
	}
	if id, err = d.numberOf(ctx, "key", int64(k.ID)); err != nil {
		return 0, e, err
	}
	err = exec(ctx, d, `INSERT INTO keys (id, account, name, hash, sealed, created, expires, revoked) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, hash = excluded.hash, sealed = excluded.sealed, created = excluded.created,
			expires = excluded.expires, revoked = excluded.revoked`,
		id, int64(k.Account), storable(k.Name), k.Hash[:], append([]byte{}, k.Sealed...), int64(k.Created), int64(k.Expires), int64(k.Revoked))
	return id, rulebook.KeyEntry(&was, &k, id), conflictOf("key", err)
}

const campaignColumns = `SELECT id, account, coalesce(ref, ''), name, slug, url, status, "window", default_value, hold,
	goals, created FROM campaigns`

func campaignOf(row pgx.CollectableRow) (c homing.Campaign, err error) {
	var window int64
	var value *int64
	var goals string
	if err := row.Scan(&c.ID, &c.Account, &c.Ref, &c.Name, &c.Slug, &c.URL, &c.Status, &window, &value, &c.Hold, &goals, &c.Created); err != nil {
		return c, err
	}
	c.Window, c.DefaultValue = time.Duration(window)*time.Millisecond, valueOf(value)
	return c, rulebook.ReadJSON(goals, &c.Goals, "a campaign's goals")
}

// valueOf and nullOf read and write a value, of which NULL is none.
func valueOf(v *int64) homing.Value {
	if v == nil {
		return homing.Value{}
	}
	return homing.ValueOf(homing.Money(*v))
}

func nullOf(v homing.Value) *int64 {
	if !v.Given {
		return nil
	}
	money := int64(v.Money)
	return &money
}

func (d desk) putCampaign(ctx context.Context, c homing.Campaign) (id int64, e rulebook.Entry, err error) {
	if _, err := d.standing(ctx, c.Account); err != nil {
		return 0, e, err
	}
	var was homing.Campaign
	if c.ID != 0 {
		object := fmt.Sprintf("campaign %v", c.ID)
		if was, err = one(ctx, d, object, campaignColumns+" WHERE id = $1", campaignOf, int64(c.ID)); err != nil {
			return 0, e, err
		}
		if was.Account != c.Account {
			return 0, e, fmt.Errorf("%w: %s belongs to account %v", homing.ErrInvalid, object, was.Account)
		}
	}
	if id, err = d.numberOf(ctx, "campaign", int64(c.ID)); err != nil {
		return 0, e, err
	}
	err = exec(ctx, d, `INSERT INTO campaigns (id, account, ref, name, slug, url, status, "window", default_value, hold, goals, created)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)
		ON CONFLICT (id) DO UPDATE SET ref = excluded.ref, name = excluded.name, slug = excluded.slug, url = excluded.url,
			status = excluded.status, "window" = excluded."window", default_value = excluded.default_value, hold = excluded.hold,
			goals = excluded.goals, created = excluded.created`,
		id, int64(c.Account), orNull(storable(c.Ref)), storable(c.Name), storable(c.Slug), storable(c.URL), int64(c.Status),
		c.Window.Milliseconds(), nullOf(c.DefaultValue), c.Hold, storable(rulebook.AsJSON(c.Goals)), int64(c.Created))
	return id, rulebook.CampaignEntry(&was, &c, id), conflictOf("campaign", err)
}

// installation reads what is settled for the whole.
func installation(ctx context.Context, q querier) (i homing.Installation, err error) {
	var text string
	if err := q.QueryRow(ctx, "SELECT installation FROM settings WHERE one = 1").Scan(&text); err != nil {
		return i, err
	}
	return i, rulebook.ReadJSON(text, &i, "the installation's settings")
}

func (d desk) putInstallation(ctx context.Context, i homing.Installation) (rulebook.Entry, error) {
	was, err := installation(ctx, d)
	if err != nil {
		return rulebook.Entry{}, err
	}
	err = exec(ctx, d, "UPDATE settings SET installation = $1 WHERE one = 1", storable(rulebook.AsJSON(i)))
	return rulebook.InstallationEntry(&was, &i), err
}
