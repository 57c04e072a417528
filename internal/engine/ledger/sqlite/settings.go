package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/ledger"
)

// Snapshot implements ledger.Settings.
func (l *Ledger) Snapshot(ctx context.Context) (*ledger.Snapshot, error) {
	var s ledger.Snapshot
	err := l.readAtOnce(ctx, func(conn *sqlite.Conn) (err error) {
		s = ledger.Snapshot{}
		if s.Version, _, err = queryInt(conn, "SELECT version FROM settings"); err != nil {
			return err
		}
		if s.Installation, err = installation(conn); err != nil {
			return err
		}
		if s.Accounts, err = collect(conn, accountColumns+" ORDER BY id", accountOf); err != nil {
			return err
		}
		if s.Keys, err = collect(conn, keyColumns+" ORDER BY id", keyOf); err != nil {
			return err
		}
		s.Campaigns, err = collect(conn, campaignColumns+" ORDER BY id", campaignOf)
		return err
	})
	if err != nil {
		return nil, told("read the settings", err)
	}
	return &s, nil
}

// Version implements ledger.Settings.
func (l *Ledger) Version(ctx context.Context) (version int64, err error) {
	err = l.read(ctx, func(conn *sqlite.Conn) (err error) {
		version, _, err = queryInt(conn, "SELECT version FROM settings")
		return err
	})
	return version, told("read the settings' version", err)
}

// Apply implements ledger.Settings. An erasure's last part, the leads and
// receipts of the account's conversions, follows in steps of its own after the
// transaction (see EraseAccount): Apply returns when it is done.
func (l *Ledger) Apply(ctx context.Context, by ledger.Actor, edits ...ledger.Edit) error {
	edits, adopt := detach(edits)
	// numbers of new things; written anew if the job is carried out again.
	numbers := make([]int64, len(edits))
	err := l.do(ctx, func(w *writer) error { return w.apply(by, edits, numbers) })
	if err != nil {
		return told("change the settings", err)
	}
	adopt(numbers)
	for _, e := range edits {
		if e, ok := e.(ledger.EraseAccount); ok {
			if err := l.eraseConversions(ctx, e); err != nil {
				return told("finish erasing account "+e.Account.String(), err)
			}
		}
	}
	return nil
}

// detach copies the edits, because the writer may be at work on them after the
// caller has given up. adopt writes the numbers of new things back.
func detach(edits []ledger.Edit) (own []ledger.Edit, adopt func(numbers []int64)) {
	own = make([]ledger.Edit, len(edits))
	copies := map[*homing.Account]*homing.Account{nil: nil}
	copyOf := func(a *homing.Account) *homing.Account {
		if _, ok := copies[a]; !ok {
			c := *a
			c.Senders, c.Notices = slices.Clone(c.Senders), cloneNotices(c.Notices)
			copies[a] = &c
		}
		return copies[a]
	}
	for i, e := range edits {
		switch e := e.(type) {
		case ledger.PutAccount:
			own[i] = ledger.PutAccount{Account: copyOf(e.Account)}
		case ledger.PutKey:
			k := *e.Key
			k.Sealed = slices.Clone(k.Sealed)
			own[i] = ledger.PutKey{Key: &k, Owner: copyOf(e.Owner)}
		case ledger.PutCampaign:
			c := *e.Campaign
			c.Goals = slices.Clone(c.Goals)
			own[i] = ledger.PutCampaign{Campaign: &c, Owner: copyOf(e.Owner)}
		case ledger.PutInstallation:
			e.Installation.Notices = cloneNotices(e.Installation.Notices)
			e.Installation.Mail.Password = slices.Clone(e.Installation.Mail.Password)
			own[i] = e
		default:
			own[i] = e
		}
	}
	return own, func(numbers []int64) {
		for i, e := range edits {
			switch e := e.(type) {
			case ledger.PutAccount:
				e.Account.ID = homing.AccountID(numbers[i])
			case ledger.PutKey:
				e.Key.ID = homing.KeyID(numbers[i])
				if e.Owner != nil {
					e.Key.Account = e.Owner.ID
				}
			case ledger.PutCampaign:
				e.Campaign.ID = homing.CampaignID(numbers[i])
				if e.Owner != nil {
					e.Campaign.Account = e.Owner.ID
				}
			}
		}
	}
}

func cloneNotices(n homing.Notices) homing.Notices {
	n.Emails, n.WebhookKey, n.Off = slices.Clone(n.Emails), slices.Clone(n.WebhookKey), slices.Clone(n.Off)
	return n
}

func (w *writer) apply(by ledger.Actor, edits []ledger.Edit, numbers []int64) error {
	// What was numbered here is noted beside the edits, not in them: the job may
	// be carried out again.
	numbered := map[*homing.Account]homing.AccountID{}
	ownerOf := func(owner *homing.Account, present homing.AccountID) homing.AccountID {
		if owner == nil {
			return present
		}
		if id, ok := numbered[owner]; ok {
			return id
		}
		return owner.ID
	}
	for i, edit := range edits {
		var e entry
		var err error
		switch edit := edit.(type) {
		case ledger.PutAccount:
			numbers[i], e, err = w.putAccount(*edit.Account)
			numbered[edit.Account] = homing.AccountID(numbers[i])
		case ledger.PutKey:
			key := *edit.Key
			key.Account = ownerOf(edit.Owner, key.Account)
			numbers[i], e, err = w.putKey(key)
		case ledger.PutCampaign:
			campaign := *edit.Campaign
			campaign.Account = ownerOf(edit.Owner, campaign.Account)
			numbers[i], e, err = w.putCampaign(campaign)
		case ledger.PutInstallation:
			e, err = w.putInstallation(edit.Installation)
		case ledger.EraseAccount:
			e, err = w.eraseAccount(by, edit.Account)
		case ledger.EraseClick:
			e, err = w.eraseClick(by, edit)
		case ledger.Note:
			e = entry{edit.Action, edit.Object, edit.Detail, edit.Account}
		default:
			err = fmt.Errorf("%w: an edit of type %T", homing.ErrInvalid, edit)
		}
		if err != nil {
			return err
		}
		if e.action == "" {
			continue // it was so already
		}
		if err := w.audit(by, e); err != nil {
			return err
		}
	}
	return exec(w.conn, "UPDATE settings SET version = version + 1")
}

// collect reads all rows of a query.
func collect[T any](conn *sqlite.Conn, sql string, read func(*sqlite.Stmt) (T, error), args ...any) (all []T, err error) {
	err = query(conn, sql, func(row *sqlite.Stmt) error {
		item, err := read(row)
		all = append(all, item)
		return err
	}, args...)
	return all, err
}

// one reads the row of a number; homing.ErrNotFound if there is none.
func one[T any](conn *sqlite.Conn, object, sql string, read func(*sqlite.Stmt) (T, error), args ...any) (item T, err error) {
	all, err := collect(conn, sql, read, args...)
	if err != nil {
		return item, err
	}
	if len(all) == 0 {
		return item, fmt.Errorf("%w: %s", homing.ErrNotFound, object)
	}
	return all[0], nil
}

func goalsText(goals []homing.Goal) (string, error) {
	if len(goals) == 0 {
		return "[]", nil
	}
	text, err := json.Marshal(goals)
	return string(text), err
}

func goalsOf(text string) (goals []homing.Goal, err error) {
	if text == "[]" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text), &goals); err != nil {
		return nil, fmt.Errorf("%w: a campaign's goals: %w", homing.ErrDamaged, err)
	}
	return goals, nil
}
