package control_test

import (
	"context"
	"fmt"
	"testing"

	"homing/internal/desk/control"
)

// masterKeys are keys in memory.
type masterKeys struct {
	list []control.MasterKeyTerm
	by   string
}

func (m *masterKeys) List(context.Context) ([]control.MasterKeyTerm, error) { return m.list, nil }

func (m *masterKeys) Rotate(_ context.Context, by string) (control.MasterKeyTerm, error) {
	m.by = by
	m.list = append([]control.MasterKeyTerm{{ID: "3f0a91c2", From: began + 10_000}}, m.list...)
	return m.list[0], nil
}

func TestMasterKeysCrossWithoutTheirSecrets(t *testing.T) {
	keys := &masterKeys{list: []control.MasterKeyTerm{{ID: "0badcafe", From: began - 1, InUse: true}}}
	s := open(t, func(d *control.Desk) { d.MasterKeys = keys })
	made, err := s.RotateMasterKey(s.ctx)
	must(t, err)
	list, err := s.MasterKeys(s.ctx)
	must(t, err)
	want := "{3f0a91c2 ahead 2027-01-15T08:00:10.000Z  } [{3f0a91c2 ahead 2027-01-15T08:00:10.000Z  } {0badcafe in use 2027-01-15T07:59:59.999Z  }]"
	if got := fmt.Sprint(made, " ", list); got != want || keys.by != "command line" {
		t.Errorf("%s by %q, want %s", got, keys.by, want)
	}
}
