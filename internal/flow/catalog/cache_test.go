package catalog_test

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/ledgertest"
	"homing/internal/flow/catalog"
)

// far is a catalog whose ledger can be switched away.
type far struct {
	*stage
	link *ledgertest.Link
	file string
	ring *homing.Keyring
}

func openFar(t *testing.T) *far {
	t.Helper()
	ring, err := homing.NewKeyring(homing.MasterKey{ID: "00000001", Secret: [32]byte{7}})
	if err != nil {
		t.Fatal(err)
	}
	s := open(t)
	return &far{stage: s, link: &ledgertest.Link{Settings: s.ledger}, file: filepath.Join(t.TempDir(), "settings.cache"), ring: ring}
}

func (f *far) start(t *testing.T) (*catalog.Catalog, error) {
	t.Helper()
	return catalog.Open(f.ctx, catalog.Options{
		Ledger: f.link.Ledger(), Clock: func() time.Time { return f.now.Time() }, Keyring: func() *homing.Keyring { return f.ring }, Cache: f.file,
	})
}

func (f *far) mustStart(t *testing.T) *catalog.Catalog {
	t.Helper()
	c, err := f.start(t)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAStartWithoutTheLedger(t *testing.T) {
	f := openFar(t)
	a, k, secret := f.account(t)
	campaign, err := f.CreateCampaign(f.ctx, "test", catalog.NewCampaign{Account: a.ID, Name: "one", URL: url})
	if err != nil {
		t.Fatal(err)
	}
	f.link.Turn(ledgertest.Away)
	if _, err := f.start(t); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("the very first start: %v", err)
	}
	f.link.Turn(ledgertest.Near)
	if c := f.mustStart(t); c.Trouble() != "" || c.Standing().Stale {
		t.Errorf("with the ledger: %s", c.Trouble())
	}

	read := f.now
	f.now += 3_600_000
	f.link.Turn(ledgertest.Away)
	c := f.mustStart(t)
	if got := c.View().BySlug([]byte(campaign.Slug)); got == nil || got.ID != campaign.ID {
		t.Errorf("the campaign is %+v", got)
	}
	if got := c.View().KeyByHash(secret.Hash()); got == nil || got.ID != k.ID {
		t.Errorf("the key is %+v", got)
	}
	masked := c.Masker().Text("x " + secret.Reveal())
	if strings.Contains(masked, secret.Reveal()) {
		t.Error("the key is not masked")
	}
	want := catalog.Standing{Stale: true, Since: f.now, Version: f.View().Version, ReadAt: read, FromCache: true}
	if got := c.Standing(); got != want || c.Trouble() == "" {
		t.Errorf("standing %+v, want %+v; trouble %q", got, want, c.Trouble())
	}
	_, _, err = c.AddKey(f.ctx, "test", a.ID, "more")
	if !errors.Is(err, homing.ErrUnavailable) || !strings.Contains(err.Error(), "settings cannot be changed") {
		t.Errorf("an edit: %v", err)
	}

	// Another node changes something, and the ledger is back.
	if _, err := f.UpdateCampaign(f.ctx, "test", campaign.ID, func(c *homing.Campaign) { c.Name = "two" }); err != nil {
		t.Fatal(err)
	}
	f.link.Turn(ledgertest.Near)
	if _, err := c.UpdateCampaign(f.ctx, "test", campaign.ID, func(c *homing.Campaign) { c.Hold = true }); err != nil {
		t.Fatal(err)
	}
	if got := c.View().Campaign(campaign.ID); got.Name != "two" || !got.Hold {
		t.Errorf("what another node wrote was written over: %+v", got)
	}
	if c.Standing().Stale || c.Trouble() != "" {
		t.Errorf("with the ledger again: %s", c.Trouble())
	}
}

func TestTheLedgerGoesWhileItRuns(t *testing.T) {
	f := openFar(t)
	c := f.mustStart(t)
	read := f.now
	f.now += 5000
	f.link.Turn(ledgertest.Away)
	for range 2 {
		if err := c.Reload(f.ctx); !errors.Is(err, homing.ErrUnavailable) {
			t.Errorf("%v", err)
		}
		if got := c.Standing(); !got.Stale || got.FromCache || got.Since != read+5000 || got.ReadAt != read {
			t.Errorf("standing %+v", got)
		}
		f.now += 1000
	}
}

// TestACacheThatIsNotOurs: damaged, of other keys, of another file.
func TestACacheThatIsNotOurs(t *testing.T) {
	f := openFar(t)
	_, _, secret := f.account(t)
	f.mustStart(t)
	text, err := os.ReadFile(f.file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("Acme")) || bytes.Contains(text, []byte(secret.Reveal())) {
		t.Error("the settings can be read in it")
	}
	f.link.Turn(ledgertest.Away)
	for i := range text {
		if i > 80 && i < len(text)-20 && i%17 != 0 {
			continue
		}
		damaged := bytes.Clone(text)
		damaged[i] ^= 1
		if err := os.WriteFile(f.file, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := f.start(t); err == nil {
			t.Errorf("byte %d was changed, and nobody noticed", i)
		}
	}
	if err := os.WriteFile(f.file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	f.mustStart(t)
	own := f.ring
	if f.ring, err = homing.NewKeyring(homing.MasterKey{ID: "00000002", Secret: [32]byte{8}}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.start(t); err == nil {
		t.Error("it opens under other keys")
	}
	f.ring = own
	info, err := os.Stat(f.file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// TestAHintIsFasterThanAsking also wants the cache to be written after a change, and
// nobody to be told the same every second.
func TestAHintIsFasterThanAsking(t *testing.T) {
	f := openFar(t)
	before := f.View().Version
	hints := make(chan struct{}, 1)
	told := make(chan error, 100)
	ctx, end := context.WithCancel(f.ctx)
	done := make(chan struct{})
	c, err := catalog.Open(ctx, catalog.Options{
		Ledger: f.link.Ledger(), Clock: func() time.Time { return f.now.Time() }, Keyring: func() *homing.Keyring { return f.ring }, Cache: f.file,
		Hints: func(context.Context) <-chan struct{} { return hints },
	})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(done)
		c.Follow(ctx, time.Hour, func(err error) { told <- err })
	}()
	f.account(t)
	hints <- struct{}{}
	for c.View().Version == before {
		time.Sleep(time.Millisecond)
	}
	f.link.Turn(ledgertest.Away)
	for range 5 {
		hints <- struct{}{}
	}
	for len(hints) > 0 {
		time.Sleep(time.Millisecond)
	}
	close(hints) // the ledger closes; the following goes on
	asked := f.link.Asked()
	time.Sleep(20 * time.Millisecond)
	if n := f.link.Asked() - asked; n > 3 {
		t.Errorf("asked %d times for one hint", n)
	}
	f.link.Turn(ledgertest.Near)
	if _, err := c.UpdateInstallation(ctx, "test", func(i *homing.Installation) { i.Name = "Acme" }); err != nil {
		t.Fatal(err)
	}
	f.link.Turn(ledgertest.Away)
	end()
	<-done
	if n := len(told); n == 0 || n > 2 { // the second is of the end, when the uses are written
		t.Errorf("told %d times", n)
	}
	if again := f.mustStart(t); again.View().Version != c.View().Version || !again.Standing().FromCache {
		t.Errorf("version %d in the cache, want %d", again.View().Version, c.View().Version)
	}
}

// TestKeyUsesWaitForTheLedger: those of hours without it are not lost.
func TestKeyUsesWaitForTheLedger(t *testing.T) {
	f := openFar(t)
	_, k, _ := f.account(t)
	c := f.mustStart(t)
	ctx, end := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Follow(ctx, time.Millisecond, func(error) {})
	}()
	f.link.Turn(ledgertest.Away)
	for i := range 5 {
		c.NoteKeyUse(k.ID, f.now+homing.Millis(i), netip.MustParseAddr("203.0.113.0"), i > 0)
		for asked := f.link.Asked(); f.link.Asked() < asked+3; {
			time.Sleep(time.Millisecond)
		}
	}
	if _, err := c.KeyUses(f.ctx); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("asked for without the ledger: %v", err)
	}
	c.NoteKeyUse(k.ID, f.now, netip.MustParseAddr("203.0.113.0"), true)
	f.link.Turn(ledgertest.Near)
	end()
	<-done
	uses, err := f.KeyUses(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got := uses[k.ID]; got.Count != 6 || got.OverHTTP != 1 || got.Last != f.now+4 {
		t.Errorf("%+v", got)
	}
}

var _ ledger.Settings = (&ledgertest.Link{}).Ledger()
