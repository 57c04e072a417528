package app

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

// TestARotationIsInForceWithoutARestart, and what was made before stays good.
func TestARotationIsInForceWithoutARestart(t *testing.T) {
	now := started
	clock := func() time.Time { return now.Time() }
	cfg := Config{DataDir: t.TempDir()}
	open := func() *house {
		t.Helper()
		h, err := openHouse(t.Context(), &cfg, clock, slog.New(slog.DiscardHandler), func(err error) { t.Error(err) })
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	h := open()
	keeper := masterKeyKeeper{h}
	first, err := keeper.MasterKeys(t.Context())
	if err != nil || len(first) != 1 || !first[0].InUse || first[0].Until != 0 || first[0].Renewal == 0 {
		t.Fatalf("%+v %v", first, err)
	}
	before := homing.Origin{Time: now, Node: 1, Campaign: 7}
	old := h.keyring().Seal(before)
	sealed := h.keyring().SealSecret("an advertiser's key", "7")
	now += 1000
	made, err := keeper.RotateMasterKey(t.Context(), "user 3", first[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keeper.RotateMasterKey(t.Context(), "user 3", first[0].ID); !errors.Is(err, homing.ErrConflict) {
		t.Errorf("the second of two at once: %v", err)
	}
	if _, err := keeper.RotateMasterKey(t.Context(), "user 3", made.ID); !errors.Is(err, homing.ErrInvalid) {
		t.Errorf("another before the first is in use: %v", err)
	}
	ahead := homing.Origin{Time: made.From - 1, Node: 1, Campaign: 7}
	oldRing := func() *homing.Keyring {
		keys, err := h.sortedMasterKeys()
		if err != nil {
			t.Fatal(err)
		}
		ring, err := homing.NewKeyring(keys[0])
		if err != nil {
			t.Fatal(err)
		}
		return ring
	}()
	for range 2 { // as it runs, and after a restart
		ring := h.keyring()
		if o, ok := ring.Open(old); !ok || o != before || ring.Seal(before) != old {
			t.Error("an id of before does not open any more")
		}
		if _, err := ring.OpenSecret(sealed, "7"); err != nil {
			t.Error(err)
		}
		if _, ok := oldRing.Open(ring.Seal(ahead)); !ok {
			t.Error("the new key is used before its time")
		}
		if _, ok := oldRing.Open(ring.Seal(homing.Origin{Time: made.From, Node: 1, Campaign: 7})); ok {
			t.Error("the new key is not used")
		}
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		h = open()
	}
	defer h.Close()
	keeper = masterKeyKeeper{h}
	entries, err := h.ledger.Audit(t.Context(), ledger.AuditQuery{Action: "masterkey", Limit: 9})
	if err != nil || len(entries) != 1 || entries[0].Actor != "user 3" || entries[0].Object != "master key "+made.ID {
		t.Errorf("audit: %+v %v", entries, err)
	}
	now = made.From
	keys, err := keeper.MasterKeys(t.Context())
	if err != nil || len(keys) != 2 || !keys[0].InUse || keys[1].InUse || keys[1].Until != made.From+homing.MillisIn(masterKeyKept) {
		t.Errorf("%+v %v", keys, err)
	}
	if _, err := (controlMasterKeys{keeper}).Rotate(t.Context(), "command line"); err != nil {
		t.Error(err)
	}
}

func TestMasterKeysAreBounded(t *testing.T) {
	keys := []homing.MasterKey{newMasterKey(started)}
	now := started
	for len(keys) < maxMasterKeys {
		now += 60_000
		var err error
		if keys, err = addMasterKey(keys, keys[len(keys)-1].ID, now); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := addMasterKey(keys, keys[len(keys)-1].ID, now+60_000); !errors.Is(err, homing.ErrInvalid) {
		t.Errorf("the %dth: %v", len(keys)+1, err)
	}
}

// A key that was made because the one before was old is noted, once, also if
// homing ended between the two.
func TestARenewalIsNotedOnce(t *testing.T) {
	now := started
	cfg := Config{DataDir: t.TempDir()}
	open := func() *house {
		t.Helper()
		h, err := openHouse(t.Context(), &cfg, func() time.Time { return now.Time() }, slog.New(slog.DiscardHandler), func(err error) { t.Error(err) })
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	noted := func(h *house) []ledger.AuditEntry {
		t.Helper()
		if err := h.noteRenewal(t.Context()); err != nil {
			t.Fatal(err)
		}
		entries, err := h.ledger.Audit(t.Context(), ledger.AuditQuery{Action: "masterkey", Limit: 9})
		if err != nil {
			t.Fatal(err)
		}
		return entries
	}
	h := open()
	if entries := noted(h); len(entries) != 0 {
		t.Errorf("the first key is noted: %+v", entries)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	now += homing.MillisIn(masterKeyAge) + 1
	renew := func(h *house) {
		t.Helper()
		if err := h.renewKeyring(t.Context(), now+homing.MillisIn(masterKeyNotice)); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		h = open()
		if from, waits, err := h.nextKeyFrom(t.Context(), now); from != 0 || waits == "" || err != nil {
			t.Errorf("by a clock that nobody knows yet: from %s on, and it waits %q, %v", from, waits, err)
		}
		renew(h)
		keys, err := h.sortedMasterKeys()
		if err != nil || len(keys) != 2 {
			t.Fatalf("%d keys after a year: %v", len(keys), err)
		}
		if entries := noted(h); len(entries) != 1 || entries[0].Actor != "homing" || entries[0].Action != "masterkey.renew" || entries[0].Object != "master key "+keys[1].ID {
			t.Errorf("audit: %+v", entries)
		}
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
	}
	// Another year later, as it runs; and nobody's rotation hides it.
	h = open()
	defer h.Close()
	now += homing.MillisIn(masterKeyAge) + 2*homing.MillisIn(masterKeyNotice)
	renew(h)
	keeper := masterKeyKeeper{h}
	keys, err := keeper.MasterKeys(t.Context())
	if err != nil || len(keys) != 3 {
		t.Fatalf("%d keys after two years: %v", len(keys), err)
	}
	now = keys[0].From + 1
	rotated, err := keeper.RotateMasterKey(t.Context(), "user 1", keys[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for _, e := range noted(h) {
		told[e.Object] = e.Actor + " " + e.Action
	}
	for object, want := range map[string]string{
		"master key " + keys[1].ID: "homing masterkey.renew", "master key " + keys[0].ID: "homing masterkey.renew", "master key " + rotated.ID: "user 1 masterkey.rotate",
	} {
		if told[object] != want {
			t.Errorf("%s: %q, want %q", object, told[object], want)
		}
	}
	if len(told) != 3 || len(noted(h)) != 3 {
		t.Errorf("audit: %v", told)
	}
}

// A rotation that stands, and could not be noted, is noted later.
func TestAKeyThatCouldNotBeNotedIsNotedLater(t *testing.T) {
	now := started
	h, err := openHouse(t.Context(), &Config{DataDir: t.TempDir()}, func() time.Time { return now.Time() }, slog.New(slog.DiscardHandler), func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	keys, err := h.sortedMasterKeys()
	if err != nil {
		t.Fatal(err)
	}
	if keys, err = addMasterKey(keys, keys[0].ID, now+60_000); err != nil {
		t.Fatal(err)
	}
	if err := writeMasterKeys(h.dir.file(masterKeyFile), keys); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := h.noteRenewal(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := h.ledger.Audit(t.Context(), ledger.AuditQuery{Action: "masterkey", Limit: 9})
	if err != nil || len(entries) != 1 || entries[0].Action != "masterkey.rotate" || entries[0].Object != "master key "+keys[1].ID {
		t.Errorf("audit: %+v %v", entries, err)
	}
}
