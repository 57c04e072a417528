package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/sqlite"
	"homing/internal/flow/catalog"
	"homing/internal/rule/mask"
)

const start homing.Millis = 1_800_000_000_000

// stage is a catalog over a real ledger, with a clock to move.
type stage struct {
	*catalog.Catalog
	ctx    context.Context
	ledger *sqlite.Ledger
	now    homing.Millis
}

func open(t *testing.T) *stage {
	t.Helper()
	books, err := sqlite.Open(sqlite.Options{Path: filepath.Join(t.TempDir(), "ledger.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := books.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &stage{ctx: t.Context(), ledger: books, now: start}
	s.Catalog = s.another(t)
	return s
}

// another opens a second catalog over the same ledger, as another node would.
func (s *stage) another(t *testing.T) *catalog.Catalog {
	t.Helper()
	ring, err := homing.NewKeyring(homing.MasterKey{ID: "00000001", Secret: [32]byte{7}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Open(s.ctx, catalog.Options{
		Ledger: s.ledger, Clock: func() time.Time { return s.now.Time() }, Keyring: func() *homing.Keyring { return ring },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (s *stage) account(t *testing.T) (homing.Account, homing.Key, homing.Secret) {
	t.Helper()
	a, k, secret, err := s.CreateAccount(s.ctx, "test", catalog.NewAccount{Name: "Acme", MultiLead: true})
	if err != nil {
		t.Fatal(err)
	}
	return a, k, secret
}

const url = "https://adv.example/lp?t={click_id}"

func TestChangesAreInForceAtOnce(t *testing.T) {
	s := open(t)
	a, k, secret := s.account(t)
	if got := s.View().KeyByHash(secret.Hash()); got == nil || got.ID != k.ID || got.Account != a.ID {
		t.Fatalf("the new key is %+v in the view", got)
	}
	if got, err := s.RevealKey(t.Context(), "test", a.ID, k.ID); err != nil || got != secret {
		t.Errorf("revealed: %v, equal: %t", err, got == secret)
	}
	if s.View().AccountByPublicID([]byte(a.PublicID)) == nil {
		t.Error("the account is not found by its public id")
	}
	c, err := s.CreateCampaign(s.ctx, "test", catalog.NewCampaign{Account: a.ID, Name: "Spring", URL: url})
	if err != nil {
		t.Fatal(err)
	}
	seen := s.View().BySlug([]byte(c.Slug))
	if seen == nil || seen.Owner.ID != a.ID || seen.Template == nil || seen.Window != homing.DefaultWindow {
		t.Fatalf("the campaign is %+v in the view", seen)
	}
	if _, err := s.UpdateCampaign(s.ctx, "test", c.ID, func(c *homing.Campaign) { c.Status = homing.CampaignPaused }); err != nil {
		t.Fatal(err)
	}
	if got := s.View().Campaign(c.ID).Status; got != homing.CampaignPaused {
		t.Errorf("status %s", got)
	}
}

func TestRotationOverlaps(t *testing.T) {
	s := open(t)
	a, first, _ := s.account(t)
	second, _, err := s.RotateKey(s.ctx, "test", a.ID, "second", 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	state := func(id homing.KeyID) homing.KeyState { return s.View().Key(id).State(s.now) }
	if state(first.ID) != homing.KeyActive || state(second.ID) != homing.KeyActive {
		t.Error("both keys must be active during the overlap")
	}
	s.now += 24*60*60*1000 - 1
	if state(first.ID) != homing.KeyActive {
		t.Error("the former key ended early")
	}
	s.now++
	if state(first.ID) != homing.KeyExpired {
		t.Error("the former key goes on after its overlap")
	}
	if err := s.RevokeKey(s.ctx, "test", a.ID, second.ID); err != nil {
		t.Fatal(err)
	}
	if state(second.ID) != homing.KeyRevoked {
		t.Error("the revoked key goes on")
	}
	b, _, _ := s.account(t)
	if err := s.RevokeKey(s.ctx, "test", b.ID, second.ID); !errors.Is(err, homing.ErrNotFound) {
		t.Errorf("another account's key: %v", err)
	}
}

func TestBadSettingsAreNamed(t *testing.T) {
	s := open(t)
	a, _, _ := s.account(t)
	account := func(n catalog.NewAccount) error {
		_, _, _, err := s.CreateAccount(s.ctx, "test", n)
		return err
	}
	campaign := func(n catalog.NewCampaign) error {
		if n.Account == 0 {
			n.Account = a.ID
		}
		_, err := s.CreateCampaign(s.ctx, "test", n)
		return err
	}
	for _, c := range []struct {
		want string
		err  error
	}{
		{"name", account(catalog.NewAccount{Name: " "})},
		{"name", account(catalog.NewAccount{Name: "a\x1b[31m"})},
		{"price-min", account(catalog.NewAccount{Name: "x", PriceMin: homing.ValueOf(3 * homing.Unit), PriceMax: homing.ValueOf(homing.Unit)})},
		{"currency", account(catalog.NewAccount{Name: "x", Currency: "Dollar"})},
		{"account 99", campaign(catalog.NewCampaign{Account: 99, Name: "x", URL: url})},
		{"http", campaign(catalog.NewCampaign{Name: "x", URL: "javascript:alert(1)"})},
		{"window", campaign(catalog.NewCampaign{Name: "x", URL: url, Window: -time.Second})},
		{"default-value", campaign(catalog.NewCampaign{Name: "x", URL: url, DefaultValue: homing.ValueOf(500 * homing.Unit)})},
		{"goal", campaign(catalog.NewCampaign{Name: "x", URL: url, Goals: []homing.Goal{{ID: 1, Name: "a"}, {ID: 1, Name: "b"}}})},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("got %v, want an error that names %s", c.err, c.want)
		}
	}
	if n := len(s.View().Accounts); n != 1 {
		t.Errorf("%d accounts after refused ones", n)
	}
}

func TestErasureForgets(t *testing.T) {
	s := open(t)
	a, _, secret := s.account(t)
	c, err := s.CreateCampaign(s.ctx, "test", catalog.NewCampaign{Account: a.ID, Name: "Spring", URL: url})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.EraseAccount(s.ctx, "test", a.ID); err != nil {
		t.Fatal(err)
	}
	v := s.View()
	if v.BySlug([]byte(c.Slug)) != nil || v.KeyByHash(secret.Hash()) != nil || v.AccountByPublicID([]byte(a.PublicID)) != nil {
		t.Error("something of the account is still offered")
	}
	if got := v.Campaign(c.ID); got == nil || !got.Owner.Erased {
		t.Error("the judge must find the campaign, and its account erased")
	}
	if _, err := s.UpdateAccount(s.ctx, "test", a.ID, func(*homing.Account) {}); !errors.Is(err, homing.ErrNotFound) {
		t.Errorf("an erased account can be changed: %v", err)
	}
	if b, _, _ := s.account(t); b.ID <= a.ID {
		t.Errorf("number %s after %s", b.ID, a.ID)
	}
}

// TestErasureIsFinished begins an erasure that is cut short after its tombstone,
// as by a crash: it is finished by the same command.
func TestErasureIsFinished(t *testing.T) {
	s := open(t)
	a, _, _ := s.account(t)
	c, err := s.CreateCampaign(s.ctx, "test", catalog.NewCampaign{Account: a.ID, Name: "Spring", URL: url})
	if err != nil {
		t.Fatal(err)
	}
	claim := ledger.Claim{Click: homing.Origin{Time: start, Campaign: c.ID}, Lead: []byte("order 4711"), Account: a.ID, Campaign: c.ID, Status: homing.Approved, At: start}
	if _, err := s.ledger.Decide(s.ctx, &claim); err != nil {
		t.Fatal(err)
	}
	short, cut := context.WithCancel(s.ctx)
	defer cut()
	_ = s.ledger.Apply(short, ledger.Actor{Name: "test", At: start}, ledger.EraseAccount{Account: a.ID, Lead: func(lead string) string {
		cut()
		return "~" + lead
	}})
	if err := s.ledger.Check(s.ctx); err == nil || !strings.Contains(err.Error(), "unfinished") {
		t.Fatalf("the erasure was not cut short: %v", err)
	}
	restarted := s.another(t)
	if err := restarted.EraseAccount(s.ctx, "test", a.ID); err != nil {
		t.Errorf("an unfinished erasure cannot be finished: %v", err)
	}
	if err := s.ledger.Check(s.ctx); err != nil {
		t.Error(err)
	}
	if err := restarted.EraseAccount(s.ctx, "test", a.ID+1); !errors.Is(err, homing.ErrNotFound) {
		t.Errorf("an account that never was: %v", err)
	}
}

func TestKeyUses(t *testing.T) {
	s := open(t)
	_, k, _ := s.account(t)
	addr := netip.MustParseAddr("192.0.2.0")
	s.NoteKeyUse(k.ID, start+5, addr, true)
	s.NoteKeyUse(k.ID, start+3, addr, false)
	uses, err := s.KeyUses(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if u := uses[k.ID]; u.Count != 2 || u.OverHTTP != 1 || u.Last != start+5 || u.Addr != addr.String() {
		t.Errorf("uses are %+v", u)
	}
}

func TestOtherNodesNotice(t *testing.T) {
	s := open(t)
	other := s.another(t)
	ctx, cancel := context.WithCancel(s.ctx)
	done := make(chan struct{})
	go func() {
		other.Follow(ctx, time.Millisecond, func(err error) { t.Error(err) })
		close(done)
	}()
	a, _, _ := s.account(t)
	for deadline := time.Now().Add(10 * time.Second); other.View().Account(a.ID) == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the other node never noticed")
		}
	}
	cancel()
	<-done
}

const importFile = `
{"ref":"adv-17","name":"Acme","keys":["123456789012345678901234567890abcdef","ABCDEFGHIJKLMNOP"],"multi_lead":true,"price_max":500,"senders":["203.0.113.7/24","2001:db8::1"]}
{"ref":"cmp-204","account":"adv-17","name":"Spring","url":"https://acme.example/lp?cid={click_id}","window":"7d","default_value":"1.50","goals":[{"id":1,"name":"Install"}]}
`

func TestImportTwiceChangesNothing(t *testing.T) {
	s := open(t)
	first, err := s.Import(s.ctx, "test", strings.NewReader(importFile))
	if err != nil {
		t.Fatal(err)
	}
	if first.Accounts.Created != 1 || first.Campaigns.Created != 1 || first.KeysAdded != 2 {
		t.Errorf("first: %+v", first)
	}
	key := s.View().KeyByHash(homing.HashKey([]byte("123456789012345678901234567890abcdef")))
	if key == nil || s.View().Account(key.Account).Name != "Acme" {
		t.Fatal("the present key does not work")
	}
	if got := fmt.Sprint(s.View().Account(key.Account).Senders); got != "[203.0.113.0/24 2001:db8::1/128]" {
		t.Errorf("permitted senders %s", got)
	}
	version, slug := s.View().Version, first.Made[0].Slug
	again, err := s.Import(s.ctx, "test", strings.NewReader(importFile))
	if err != nil {
		t.Fatal(err)
	}
	if again.Accounts.Unchanged != 1 || again.Campaigns.Unchanged != 1 || again.KeysAdded != 0 || again.Made[0].Slug != slug {
		t.Errorf("again: %+v", again)
	}
	if s.View().Version != version {
		t.Error("the second import changed something")
	}
	changed := strings.Replace(importFile, `"7d"`, `"14d"`, 1)
	third, err := s.Import(s.ctx, "test", strings.NewReader(changed))
	if err != nil || third.Campaigns.Changed != 1 || third.Accounts.Unchanged != 1 {
		t.Errorf("changed: %+v, %v", third, err)
	}
	if got := s.View().BySlug([]byte(slug)).Window; got != 14*24*time.Hour {
		t.Errorf("window %s", got)
	}
}

func TestImportNamesEveryWrongLine(t *testing.T) {
	s := open(t)
	const secret = "hunter2hunter2hunter2hunter2!"
	_, err := s.Import(s.ctx, "test", strings.NewReader(`{"ref":"a","name":"A"}
{"ref":"b","name":"B","keys":["`+secret+`"]}
{"name":"no ref"}
{"ref":"c","account":"nobody","url":"https://x.example/"}
{"ref":"d","nmae":"typing error"}
not JSON
{"ref":"a","name":"twice"}`))
	if !errors.Is(err, homing.ErrInvalid) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{"line 2", "line 3", "line 4", "line 5", "nmae", "line 6", "line 7"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not named in: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), secret) {
		t.Error("the error quotes a key")
	}
	if len(s.View().Accounts) != 0 {
		t.Error("something was imported")
	}
}

func TestMaskerKnowsKeysAtOnceAndInsideRuns(t *testing.T) {
	s := open(t)
	masker := s.Masker()
	a, _, first := s.account(t)
	_, second, err := s.AddKey(s.ctx, "test", a.ID, "another")
	if err != nil {
		t.Fatal(err)
	}
	other := s.another(t).Masker() // opens the sealed copies
	for _, secret := range []homing.Secret{first, second} {
		for _, m := range []*mask.Masker{masker, other} {
			text := "sub3=x" + secret.Reveal() + "y"
			if got := string(m.Append(nil, []byte(text), false)); len(got) != len("sub3=xkey:000000y") {
				t.Errorf("a key is readable, or too much is masked: %d bytes", len(got))
			}
		}
	}
}
