package masterkeys_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"homing"
	"homing/internal/desk/panel/door"
	"homing/internal/desk/panel/masterkeys"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
)

// keeper has keys in memory.
type keeper struct {
	keys []masterkeys.Key
	by   string
}

func (k *keeper) MasterKeys(context.Context) ([]masterkeys.Key, error) { return k.keys, nil }

func (k *keeper) RotateMasterKey(_ context.Context, by, newest string) (masterkeys.Key, error) {
	if newest != k.keys[0].ID {
		return masterkeys.Key{}, fmt.Errorf("%w: a master key was made in the meantime", homing.ErrConflict)
	}
	if len(k.keys) > 1 {
		return masterkeys.Key{}, fmt.Errorf("%w request: master key %s was made just now", homing.ErrInvalid, newest)
	}
	k.by = by
	k.keys = append([]masterkeys.Key{{ID: "3f0a91c2", From: homing.MillisOf(paneltest.Start) + 10_000}}, k.keys...)
	return k.keys[0], nil
}

func TestANewMasterKeyTakesThePassword(t *testing.T) {
	k := &keeper{keys: []masterkeys.Key{{ID: "0badcafe", From: 1_770_000_000_000, InUse: true, Renewal: 1_801_536_000_000}}}
	h := paneltest.New(t, func(*paneltest.House) []page.Screen { return []page.Screen{door.New(), masterkeys.New(k)} })
	op := h.Operator()
	op.Get("/system/keys").Want(http.StatusOK).Has("0badcafe", "in use", "2027-02-02")
	op.Post("/system/keys", "after", "0badcafe", "password", "wrong password").Want(http.StatusForbidden).Has("That is not your password.")
	op.Post("/system/keys", "after", "0badcafe").Want(http.StatusForbidden)
	op.Post("/system/keys", "after", "stale", "password", paneltest.Password).Want(http.StatusConflict)
	if len(k.keys) > 1 {
		t.Fatal("a key was made")
	}
	op.Post("/system/keys", "after", "0badcafe", "password", paneltest.Password).Want(http.StatusSeeOther)
	op.Get("/system/keys?done=masterkey").Want(http.StatusOK).Has("3f0a91c2", "from then on", "Make a backup")
	if k.by != "user 1" {
		t.Errorf("it was made by %q", k.by)
	}
	op.Post("/system/keys", "after", "3f0a91c2", "password", paneltest.Password).Want(http.StatusUnprocessableEntity).Has("was made just now")
}

func TestOnlyTheOperatorsOwnersSeeThem(t *testing.T) {
	k := &keeper{keys: []masterkeys.Key{{ID: "0badcafe"}}}
	h := paneltest.New(t, func(*paneltest.House) []page.Screen { return []page.Screen{door.New(), masterkeys.New(k)} })
	h.Operator()
	b := h.Advertiser(h.Account("Northwind").ID, "own@example.com")
	b.Get("/system/keys").Want(http.StatusForbidden).Lacks("0badcafe")
	b.Post("/system/keys", "after", "0badcafe", "password", paneltest.Password).Want(http.StatusForbidden)
}
