package sqlite

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/rulebook"
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
	edits, adopt := rulebook.Detach(edits)
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

func (w *writer) apply(by ledger.Actor, edits []ledger.Edit, numbers []int64) error {
	owners := rulebook.Numbering{} // beside the edits: the job may be carried out again
	for i, edit := range edits {
		var e rulebook.Entry
		var err error
		switch edit := edit.(type) {
		case ledger.PutAccount:
			numbers[i], e, err = w.putAccount(*edit.Account)
			owners[edit.Account] = homing.AccountID(numbers[i])
		case ledger.PutKey:
			key := *edit.Key
			key.Account = owners.OwnerOf(edit.Owner, key.Account)
			numbers[i], e, err = w.putKey(key)
		case ledger.PutCampaign:
			campaign := *edit.Campaign
			campaign.Account = owners.OwnerOf(edit.Owner, campaign.Account)
			numbers[i], e, err = w.putCampaign(campaign)
		case ledger.PutInstallation:
			e, err = w.putInstallation(edit.Installation)
		case ledger.EraseAccount:
			e, err = w.eraseAccount(by, edit.Account)
		case ledger.EraseClick:
			e, err = w.eraseClick(by, edit)
		case ledger.Note:
			e = rulebook.Entry{Action: edit.Action, Object: edit.Object, Detail: edit.Detail, Account: edit.Account}
		default:
			err = fmt.Errorf("%w: an edit of type %T", homing.ErrInvalid, edit)
		}
		if err == nil {
			err = w.audit(by, e)
		}
		if err != nil {
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
