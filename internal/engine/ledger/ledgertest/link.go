package ledgertest

import (
	"context"

	"homing"
	"homing/internal/engine/ledger"
)

// A Link is as much of a ledger as it leads to.
var (
	_ ledger.Lessor   = (*linked)(nil)
	_ ledger.Commons  = (*linked)(nil)
	_ ledger.Settings = (*linked)(nil)
)

// linked gives the methods of a Link, whose fields have the contracts' names.
type linked struct{ *Link }

// Ledger is what is at the other end of the link, as far as it is given.
func (l *Link) Ledger() interface {
	ledger.Lessor
	ledger.Commons
	ledger.Settings
} {
	return &linked{l}
}

func (l linked) Lease(ctx context.Context, now, until homing.Millis, test bool) (lease ledger.Lease, err error) {
	err = l.over(ctx, func() (err error) {
		lease, err = l.Link.Lessor.Lease(ctx, now, until, test)
		return err
	})
	if err != nil {
		return ledger.Lease{}, err
	}
	return lease, nil
}

func (l linked) Extend(ctx context.Context, lease ledger.Lease, until homing.Millis) error {
	return l.over(ctx, func() error { return l.Link.Lessor.Extend(ctx, lease, until) })
}

func (l linked) Release(ctx context.Context, lease ledger.Lease, used homing.Millis) error {
	return l.over(ctx, func() error { return l.Link.Lessor.Release(ctx, lease, used) })
}

func (l linked) Hold(ctx context.Context, duty string, holder uint64, now, until homing.Millis) error {
	return l.over(ctx, func() error { return l.Link.Commons.Hold(ctx, duty, holder, now, until) })
}

func (l linked) Common(ctx context.Context, name string) (value []byte, err error) {
	err = l.over(ctx, func() (err error) {
		value, err = l.Link.Commons.Common(ctx, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return value, nil
}

func (l linked) PutCommon(ctx context.Context, name string, old, value []byte) error {
	return l.over(ctx, func() error { return l.Link.Commons.PutCommon(ctx, name, old, value) })
}

func (l linked) CommonNames(ctx context.Context, prefix string) (names []string, err error) {
	err = l.over(ctx, func() (err error) {
		names, err = l.Link.Commons.CommonNames(ctx, prefix)
		return err
	})
	return names, err
}

func (l linked) Snapshot(ctx context.Context) (s *ledger.Snapshot, err error) {
	err = l.over(ctx, func() (err error) {
		s, err = l.Link.Settings.Snapshot(ctx)
		return err
	})
	return s, err
}

func (l linked) Version(ctx context.Context) (version int64, err error) {
	err = l.over(ctx, func() (err error) {
		version, err = l.Link.Settings.Version(ctx)
		return err
	})
	return version, err
}

func (l linked) Apply(ctx context.Context, by ledger.Actor, edits ...ledger.Edit) error {
	return l.over(ctx, func() error { return l.Link.Settings.Apply(ctx, by, edits...) })
}

func (l linked) NoteKeyUse(ctx context.Context, uses []ledger.KeyUse) error {
	return l.over(ctx, func() error { return l.Link.Settings.NoteKeyUse(ctx, uses) })
}

func (l linked) KeyUses(ctx context.Context) (uses []ledger.KeyUse, err error) {
	err = l.over(ctx, func() (err error) {
		uses, err = l.Link.Settings.KeyUses(ctx)
		return err
	})
	return uses, err
}
