package masterkey_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"homing"
	"homing/internal/flow/cluster/masterkey"
)

const noon homing.Millis = 1_800_000_000_000

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master-keys.json")
	if keys, summed, err := masterkey.ReadSummed(path); err != nil || len(keys) != 0 || !summed {
		t.Errorf("no file: %d keys, %t, %v", len(keys), summed, err)
	}
	want := []homing.MasterKey{masterkey.New(noon), masterkey.New(noon + 5)}
	if err := masterkey.Write(path, want); err != nil {
		t.Fatal(err)
	}
	if keys, err := masterkey.Read(path); err != nil || !slices.Equal(keys, want) {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for what, damaged := range map[string]string{
		"a digit":      strings.Replace(string(text), want[0].ID, "00000000", 1),
		"another name": strings.Replace(string(text), `"from"`, `"form"`, 1),
		"half of it":   string(text[:len(text)/2]),
		"no keys":      `{"version":1,"keys":[]}`,
	} {
		if _, _, err := masterkey.Parse([]byte(damaged)); !errors.Is(err, homing.ErrDamaged) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, _, err := masterkey.Parse([]byte(`{"version":2,"rings":[]}`)); !errors.Is(err, homing.ErrNewer) {
		t.Errorf("of a newer version: %v", err)
	}
}

func TestRenew(t *testing.T) {
	const day = homing.Millis(24 * 60 * 60 * 1000)
	first := masterkey.Renew(nil, noon, 0)
	if len(first) != 1 || first[0].From != noon {
		t.Fatalf("the first: %d keys", len(first))
	}
	for _, c := range []struct {
		now, next homing.Millis
		want      int
	}{{noon + 365*day, noon + 370*day, 1}, {noon + 366*day, noon + 370*day, 2}, {noon + 366*day, 0, 1}} {
		if got := masterkey.Renew(first, c.now, c.next); len(got) != c.want || got[len(got)-1].From != []homing.Millis{noon, c.next}[c.want-1] {
			t.Errorf("at %s: %d keys, want %d", c.now, len(got), c.want)
		}
	}
	var many []homing.MasterKey
	for i := range 20 {
		many = append(many, masterkey.New(noon+homing.Millis(i)*200*day))
	}
	kept := homing.MillisIn(masterkey.Kept)
	for _, now := range []homing.Millis{noon, noon + 200*day + kept + 1, noon + 4000*day + kept} {
		got := masterkey.Renew(many, now, now+day)
		for _, k := range masterkey.Good(many, now) {
			if !slices.Contains(got, k) {
				t.Errorf("at %s: a key went whose time is not over", now)
			}
		}
	}
}

func TestAdd(t *testing.T) {
	keys := []homing.MasterKey{masterkey.New(noon - 1000)}
	more, err := masterkey.Add(keys, keys[0].ID, noon, noon+10_000)
	if err != nil || len(more) != 2 || more[1].From != noon+10_000 {
		t.Fatal(len(more), err)
	}
	if _, err := masterkey.Add(more, keys[0].ID, noon, noon+20_000); !errors.Is(err, homing.ErrConflict) {
		t.Errorf("somebody else was faster: %v", err)
	}
	if _, err := masterkey.Add(more, more[1].ID, noon, noon+20_000); !errors.Is(err, homing.ErrInvalid) {
		t.Errorf("before the newest is in use: %v", err)
	}
	for len(more) < masterkey.Most {
		more = append(more, masterkey.New(noon))
	}
	if _, err := masterkey.Add(more, more[len(more)-1].ID, noon+20_000, noon+30_000); !errors.Is(err, homing.ErrInvalid) {
		t.Errorf("beyond the most there may be: %v", err)
	}
}
