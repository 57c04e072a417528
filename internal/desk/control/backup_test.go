package control_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/engine/ledger"
)

// maker makes backups that are made up.
type maker func(ctx context.Context, by, dir string, progress func(string, int64, int64)) (control.BackupMade, error)

func (m maker) Make(ctx context.Context, by, dir string, progress func(string, int64, int64)) (control.BackupMade, error) {
	return m(ctx, by, dir, progress)
}

func TestBackup(t *testing.T) {
	s := open(t, func(d *control.Desk) {
		d.Backups = maker(func(_ context.Context, by, dir string, progress func(string, int64, int64)) (control.BackupMade, error) {
			progress("ledger", 1, 2)
			progress("ledger", 2, 2) // too soon to be told
			progress("clicks", 2, 3)
			return control.BackupMade{Dir: dir, Notes: []string{by}}, nil
		})
	})
	var got []string
	for p, err := range s.Backup(s.ctx, "/a b/c") {
		must(t, err)
		if p.Made != nil {
			got = append(got, fmt.Sprint("made ", p.Made.Dir, p.Made.Notes))
		} else {
			got = append(got, fmt.Sprint(p.What, p.Done, p.Total))
		}
	}
	if want := "[ledger1 2 clicks2 3 made /a b/c[command line]]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %v", got, want)
	}
	for _, err := range s.Backup(s.ctx, "relative") {
		if !errors.Is(err, homing.ErrInvalid) {
			t.Errorf("a relative path: %v", err)
		}
	}
}

// TestBackupEndsWithItsClient wants a backup given up when nobody waits for it.
func TestBackupEndsWithItsClient(t *testing.T) {
	ended := make(chan error, 1)
	s := open(t, func(d *control.Desk) {
		d.Backups = maker(func(ctx context.Context, _, _ string, progress func(string, int64, int64)) (control.BackupMade, error) {
			progress("ledger", 1, 2)
			<-ctx.Done()
			ended <- ctx.Err()
			return control.BackupMade{}, ctx.Err()
		})
	})
	for range s.Backup(s.ctx, "/b") {
		break
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("it goes on")
	}
}

func TestErasures(t *testing.T) {
	s := open(t, nil)
	click := homing.Origin{Time: began, Node: 1, Seq: 3, Campaign: 4}
	must(t, s.ledger.Apply(s.ctx, ledger.Actor{Name: "x", At: began}, ledger.EraseClick{Click: click, Lead: s.ring.HashLead}))
	var got []control.Erased
	for e, err := range s.Erasures(s.ctx) {
		must(t, err)
		got = append(got, e)
	}
	if len(got) != 1 || got[0].Number != 1 || got[0].ClickID != s.ring.Seal(click).String() || got[0].At != began.String() {
		t.Errorf("%+v", got)
	}
}
