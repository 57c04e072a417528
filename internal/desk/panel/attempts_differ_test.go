package panel

import (
	"context"

	"homing"
	"homing/internal/desk/panel/masterkeys"
)

func init() {
	attempts = append(attempts, func(w *world) map[string]attempt {
		trace := "/trace?q=" + w.clickID()
		return map[string]attempt{
			// What another account's people are told is tested in package traces: the
			// id does not exist for them.
			"GET /trace":        {trace, nil, moved, ok, ok, ok, ok},
			"POST /trace":       {"/trace", []string{"q", w.clickID()}, moved, moved, moved, moved, moved},
			"GET /differ":       {"/differ", nil, moved, ok, ok, ok, ok},
			"POST /differ":      {"/differ", []string{"list", w.clickID()}, moved, ok, ok, ok, ok},
			"GET /differ/day":   {"/differ/day?day=2026-03-02&count=1&account=" + w.account.ID.String(), nil, moved, missing, ok, ok, ok},
			"GET /audit":        {"/audit", nil, moved, ok, forbidden, ok, ok},
			"GET /audit/csv":    {"/audit/csv?account=" + w.account.ID.String(), nil, moved, missing, forbidden, ok, ok},
			"GET /system/keys":  {"/system/keys", nil, moved, forbidden, forbidden, forbidden, ok},
			"POST /system/keys": {"/system/keys", nil, moved, forbidden, forbidden, forbidden, forbidden}, // without the password
		}
	})
}

// clickID is a click of the account "Mine".
func (w *world) clickID() string {
	return w.Keyring.Seal(homing.Origin{Time: w.Millis() - 1, Node: 3, Campaign: w.campaign.ID}).String()
}

// fakeKeys are master keys in memory.
type fakeKeys struct{ made []masterkeys.Key }

func (f *fakeKeys) MasterKeys(context.Context) ([]masterkeys.Key, error) {
	return append(f.made, masterkeys.Key{ID: "0badcafe", From: 1_770_000_000_000, InUse: true, Renewal: 1_801_536_000_000}), nil
}

func (f *fakeKeys) RotateMasterKey(_ context.Context, _, _ string) (masterkeys.Key, error) {
	f.made = append([]masterkeys.Key{{ID: "3f0a91c2", From: 1_772_443_810_000}}, f.made...)
	return f.made[0], nil
}
