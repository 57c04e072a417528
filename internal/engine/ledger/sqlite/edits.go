package sqlite

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"homing"
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
	if err := readJSON(row.ColumnText(10), &a.Senders, "an account's senders"); err != nil {
		return a, err
	}
	return a, readJSON(row.ColumnText(12), &a.Notices, "an account's notices")
}

// readJSON reads a column that holds JSON.
func readJSON(text string, into any, what string) error {
	if text == "[]" || text == "{}" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("%w: %s: %w", homing.ErrDamaged, what, err)
	}
	return nil
}

// asJSON writes one; an empty list is "[]".
func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs of ours
	}
	if string(text) == "null" {
		return "[]"
	}
	return string(text)
}

// standing reads an account that can be changed: one that is not erased.
func (w *writer) standing(id homing.AccountID) (homing.Account, error) {
	a, err := one(w.conn, fmt.Sprintf("account %v", id), accountColumns+" WHERE id = ?1", accountOf, id)
	if err == nil && a.Erased {
		err = fmt.Errorf("%w: account %v is erased", homing.ErrNotFound, id)
	}
	return a, err
}

func (w *writer) putAccount(a homing.Account) (id int64, e entry, err error) {
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
		asJSON(a.Senders), a.Demo, asJSON(a.Notices))
	if err != nil {
		return 0, e, conflictOf("account", err)
	}
	detail := differences(
		fieldOf("name", was.Name, a.Name), fieldOf("ref", was.Ref, a.Ref), fieldOf("public id", was.PublicID, a.PublicID),
		fieldOf("multi_lead", was.MultiLead, a.MultiLead), fieldOf("price_min", was.PriceMin, a.PriceMin),
		fieldOf("price_max", was.PriceMax, a.PriceMax), fieldOf("currency", was.Currency, a.Currency),
		listOf("senders", was.Senders, a.Senders), fieldOf("demo", was.Demo, a.Demo), noticesOf(was.Notices, a.Notices))
	return id, put("account", a.ID == 0, id, detail, homing.AccountID(id)), nil
}

// put is the audit entry of a thing that was written; none if nothing changed.
func put(thing string, fresh bool, id int64, detail string, account homing.AccountID) entry {
	if !fresh && detail == "" {
		return entry{}
	}
	action := thing + ".update"
	if fresh {
		action = thing + ".create"
	}
	return entry{action, fmt.Sprintf("%s %d", thing, id), detail, account}
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

func (w *writer) putKey(k homing.Key) (id int64, e entry, err error) {
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
	return id, keyEntry(&was, &k, id), nil
}

func keyEntry(was, k *homing.Key, id int64) entry {
	secret := field{name: "secret"}
	if was.ID != 0 && was.Hash != k.Hash {
		secret.after = "replaced"
	}
	detail := differences(fieldOf("name", was.Name, k.Name), secret,
		field{"expires", moment(was.Expires), moment(k.Expires)}, field{"revoked", moment(was.Revoked), moment(k.Revoked)})
	e := put("key", was.ID == 0, id, detail, k.Account)
	if was.ID != 0 && was.Revoked == 0 && k.Revoked != 0 {
		e.action = "key.revoke"
	}
	return e
}

const campaignColumns = `SELECT id, account, coalesce(ref, ''), name, slug, url, status, window, default_value, hold,
	goals, created FROM campaigns`

func campaignOf(row *sqlite.Stmt) (homing.Campaign, error) {
	goals, err := goalsOf(row.ColumnText(10))
	return homing.Campaign{
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
		Goals:        goals,
		Created:      homing.Millis(row.ColumnInt64(11)),
	}, err
}

func (w *writer) putCampaign(c homing.Campaign) (id int64, e entry, err error) {
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
	goals, err := goalsText(c.Goals)
	if err != nil {
		return 0, e, err
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
		orNull(c.ID), c.Account, orNull(c.Ref), c.Name, c.Slug, c.URL, c.Status, c.Window.Milliseconds(), value, c.Hold, goals, c.Created)
	if err != nil {
		return 0, e, conflictOf("campaign", err)
	}
	return id, put("campaign", was.ID == 0, id, campaignDifferences(&was, &c), c.Account), nil
}

func campaignDifferences(was, c *homing.Campaign) string {
	if was.ID == 0 {
		return differences(field{"name", "", c.Name}, field{"ref", "", c.Ref}, field{"url", "", c.URL})
	}
	return differences(
		fieldOf("name", was.Name, c.Name), fieldOf("ref", was.Ref, c.Ref), fieldOf("slug", was.Slug, c.Slug),
		fieldOf("url", was.URL, c.URL), fieldOf("status", was.Status, c.Status), fieldOf("window", was.Window, c.Window),
		fieldOf("default value", was.DefaultValue, c.DefaultValue), fieldOf("hold", was.Hold, c.Hold),
		fieldOf("goals", was.Goals, c.Goals))
}

// listOf is a field that holds a list.
func listOf[T fmt.Stringer](name string, before, after []T) field {
	words := func(list []T) string {
		var texts []string
		for _, v := range list {
			texts = append(texts, v.String())
		}
		return strings.Join(texts, ", ")
	}
	return field{name, words(before), words(after)}
}

// noticesOf tells where notices go, of a webhook only the host; its key and the
// rest of its URL are told as replaced.
func noticesOf(before, after homing.Notices) field {
	words := func(n homing.Notices) string {
		list := append([]string{}, n.Emails...)
		if n.Webhook != "" {
			list = append(list, homing.WebhookHost(n.Webhook))
		}
		for _, off := range n.Off {
			list = append(list, "not "+off)
		}
		return strings.Join(list, ", ")
	}
	f := field{"notices", words(before), words(after)}
	add := func(what string) { f.after = strings.TrimPrefix(f.after+", "+what, ", ") }
	if before.Webhook != after.Webhook && homing.WebhookHost(before.Webhook) == homing.WebhookHost(after.Webhook) {
		add("webhook replaced")
	}
	if string(before.WebhookKey) != string(after.WebhookKey) {
		add("key replaced")
	}
	return f
}

// mailOf tells which server sends mail: its user may be a secret (some services
// take a token for it), so only whether there is one, and that it was replaced.
func mailOf(before, after homing.Mail) field {
	words := func(m homing.Mail) string {
		if m.Host == "" {
			return ""
		}
		text := fmt.Sprintf("%s %s:%d from %s", m.Security, m.Host, m.Port, m.From)
		if m.User != "" {
			text += ", with a user"
		}
		return strings.TrimSpace(text)
	}
	f := field{"mail", words(before), words(after)}
	if before.User != after.User && before.User != "" && after.User != "" {
		f.after += ", user replaced"
	}
	return f
}

// installation reads what is settled for the whole.
func installation(conn *sqlite.Conn) (i homing.Installation, err error) {
	return one(conn, "installation", "SELECT installation FROM settings", func(row *sqlite.Stmt) (i homing.Installation, err error) {
		return i, readJSON(row.ColumnText(0), &i, "the installation's settings")
	})
}

func (w *writer) putInstallation(i homing.Installation) (entry, error) {
	was, err := installation(w.conn)
	if err != nil {
		return entry{}, err
	}
	if err := exec(w.conn, "UPDATE settings SET installation = ?1", asJSON(i)); err != nil {
		return entry{}, err
	}
	password := field{name: "mail password"}
	if string(was.Mail.Password) != string(i.Mail.Password) {
		password.after = "replaced"
	}
	detail := differences(fieldOf("name", was.Name, i.Name), fieldOf("public URL", was.PublicURL, i.PublicURL),
		fieldOf("panel URL", was.DeskURL, i.DeskURL),
		fieldOf("time zone", was.Zone, i.Zone), fieldOf("currency", was.Currency, i.Currency),
		mailOf(was.Mail, i.Mail), password, noticesOf(was.Notices, i.Notices))
	if detail == "" {
		return entry{}, nil
	}
	return entry{"installation.update", "installation", detail, 0}, nil
}
