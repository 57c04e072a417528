package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/rulebook"
)

// Snapshot implements ledger.Settings.
func (l *Ledger) Snapshot(ctx context.Context) (*ledger.Snapshot, error) {
	var s ledger.Snapshot
	err := l.readAtOnce(ctx, func(ctx context.Context, q querier) (err error) {
		s = ledger.Snapshot{}
		if s.Version, err = versionOfSettings(ctx, q); err != nil {
			return err
		}
		if s.Installation, err = installation(ctx, q); err != nil {
			return err
		}
		if s.Accounts, err = collect(ctx, q, accountColumns+" ORDER BY id", accountOf); err != nil {
			return err
		}
		if s.Keys, err = collect(ctx, q, keyColumns+" ORDER BY id", keyOf); err != nil {
			return err
		}
		s.Campaigns, err = collect(ctx, q, campaignColumns+" ORDER BY id", campaignOf)
		return err
	})
	if err == nil {
		err = l.assureVersion(ctx, s.Version)
	}
	if err != nil {
		return nil, told("read the settings", err)
	}
	return &s, nil
}

// Version implements ledger.Settings.
func (l *Ledger) Version(ctx context.Context) (version int64, err error) {
	err = l.read(ctx, func(ctx context.Context, q querier) (err error) {
		version, err = versionOfSettings(ctx, q)
		return err
	})
	return version, told("read the settings' version", err)
}

func versionOfSettings(ctx context.Context, q querier) (version int64, err error) {
	err = q.QueryRow(ctx, "SELECT version FROM settings WHERE one = 1").Scan(&version)
	return version, err
}

// desk is a transaction of whoever changes settings or people. One at a time in
// the whole cluster: it holds the row of settings.
type desk struct {
	pgx.Tx
	by ledger.Actor
}

// atDesk carries run out as one such transaction.
func (l *Ledger) atDesk(ctx context.Context, locks []string, by ledger.Actor, run func(context.Context, desk) error) error {
	by.Name = storable(by.Name)
	return l.transact(ctx, locks, func(ctx context.Context, tx pgx.Tx) error { return run(ctx, desk{tx, by}) })
}

// next gives a thing the next number. It is given back if the transaction fails,
// and never given again once it is committed.
func (d desk) next(ctx context.Context, thing string) (n int64, err error) {
	err = d.QueryRow(ctx, "UPDATE numbers SET last = last + 1 WHERE thing = $1 RETURNING last", thing).Scan(&n)
	return n, err
}

// numberOf is the number of a thing, which is new if it carries 0.
func (d desk) numberOf(ctx context.Context, thing string, present int64) (int64, error) {
	if present != 0 {
		return present, nil
	}
	return d.next(ctx, thing)
}

// audit writes an entry into the audit log; none if nothing changed.
func (d desk) audit(ctx context.Context, e rulebook.Entry) error {
	if e.Action == "" {
		return nil
	}
	n, err := d.next(ctx, "audit")
	if err != nil {
		return err
	}
	return exec(ctx, d, "INSERT INTO audit (number, at, actor, action, object, detail, account) VALUES ($1,$2,$3,$4,$5,$6,$7)",
		n, int64(d.by.At), d.by.Name, storable(e.Action), storable(e.Object), storable(e.Detail), int64(e.Account))
}

// Apply implements ledger.Settings. An erasure's last part, the leads and
// receipts of the account's conversions, follows in steps of its own after the
// transaction (see EraseAccount): Apply returns when it is done.
func (l *Ledger) Apply(ctx context.Context, by ledger.Actor, edits ...ledger.Edit) error {
	edits, adopt := rulebook.Detach(edits)
	locks := settingsTurn
	for _, e := range edits {
		switch e.(type) {
		case ledger.EraseAccount, ledger.EraseClick: // no claim may be between an erasure's look and its deed
			locks = bothTurns
		}
	}
	numbers := make([]int64, len(edits)) // of new things; written anew if the transaction is repeated
	err := l.atDesk(ctx, locks, by, func(ctx context.Context, d desk) error { return d.apply(ctx, edits, numbers) })
	if err != nil {
		return told("change the settings", err)
	}
	adopt(numbers)
	l.notify(ctx)
	for _, e := range edits {
		if e, ok := e.(ledger.EraseAccount); ok {
			if err := l.eraseConversions(ctx, e); err != nil {
				return told("finish erasing account "+e.Account.String(), err)
			}
		}
	}
	return nil
}

func (d desk) apply(ctx context.Context, edits []ledger.Edit, numbers []int64) error {
	owners := rulebook.Numbering{}
	for i, edit := range edits {
		var e rulebook.Entry
		var err error
		switch edit := edit.(type) {
		case ledger.PutAccount:
			numbers[i], e, err = d.putAccount(ctx, *edit.Account)
			owners[edit.Account] = homing.AccountID(numbers[i])
		case ledger.PutKey:
			key := *edit.Key
			key.Account = owners.OwnerOf(edit.Owner, key.Account)
			numbers[i], e, err = d.putKey(ctx, key)
		case ledger.PutCampaign:
			campaign := *edit.Campaign
			campaign.Account = owners.OwnerOf(edit.Owner, campaign.Account)
			numbers[i], e, err = d.putCampaign(ctx, campaign)
		case ledger.PutInstallation:
			e, err = d.putInstallation(ctx, edit.Installation)
		case ledger.EraseAccount:
			e, err = d.eraseAccount(ctx, edit.Account)
		case ledger.EraseClick:
			e, err = d.eraseClick(ctx, edit)
		case ledger.Note:
			e = rulebook.Entry{Action: edit.Action, Object: edit.Object, Detail: edit.Detail, Account: edit.Account}
		default:
			err = fmt.Errorf("%w: an edit of type %T", homing.ErrInvalid, edit)
		}
		if err == nil {
			err = d.audit(ctx, e)
		}
		if err != nil {
			return err
		}
	}
	return exec(ctx, d, "UPDATE settings SET version = version + 1 WHERE one = 1")
}
