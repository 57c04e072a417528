package sqlite_test

import (
	"path/filepath"
	"testing"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/sqlite"
)

// TestTheSameCopyRestoredAgain restores one backup again and again: a campaign of
// one of the restored houses must not have the number of another's, whose click
// ids are on their way home.
func TestTheSameCopyRestoredAgain(t *testing.T) {
	by := ledger.Actor{Name: "test", At: 1}
	numbers := map[homing.CampaignID]bool{}
	for range 6 { // each opens a ledger as empty as the others
		l := open(t, sqlite.Options{Path: filepath.Join(t.TempDir(), "ledger.db")})
		if err := l.Restored(t.Context(), by, ""); err != nil {
			t.Fatal(err)
		}
		a := homing.Account{PublicID: "pub", Name: "one", Currency: "USD"}
		if err := l.Apply(t.Context(), by, ledger.PutAccount{Account: &a}); err != nil {
			t.Fatal(err)
		}
		c := homing.Campaign{Account: a.ID, Name: "spring", Slug: "slug", URL: "https://x.example/{click_id}", Status: homing.CampaignActive}
		if err := l.Apply(t.Context(), by, ledger.PutCampaign{Campaign: &c}); err != nil {
			t.Fatal(err)
		}
		if a.ID < 100_000 || c.ID < 100_000 {
			t.Errorf("account %d and campaign %d are not ahead", a.ID, c.ID)
		}
		numbers[c.ID] = true
	}
	if len(numbers) < 5 { // drawn by chance: one pair in six may well be the same once in 70 runs, two never
		t.Errorf("six restored houses gave their next campaign only %d different numbers", len(numbers))
	}
}
