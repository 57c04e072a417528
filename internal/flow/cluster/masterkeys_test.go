package cluster

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/ledgertest"
	"homing/internal/flow/cluster/masterkey"
)

// racing lets somebody be faster: before is called before the first value is put.
type racing struct {
	*ledgertest.Link
	before func()
	once   sync.Once
}

func (r *racing) Hold(ctx context.Context, duty string, holder uint64, now, until homing.Millis) error {
	return r.Ledger().Hold(ctx, duty, holder, now, until)
}

func (r *racing) Common(ctx context.Context, name string) ([]byte, error) {
	return r.Ledger().Common(ctx, name)
}

func (r *racing) PutCommon(ctx context.Context, name string, old, value []byte) error {
	r.once.Do(r.before)
	return r.Ledger().PutCommon(ctx, name, old, value)
}

func (r *racing) CommonNames(ctx context.Context, prefix string) ([]string, error) {
	return r.Ledger().CommonNames(ctx, prefix)
}

// keyHouse is a cluster's nodes that share master keys.
type keyHouse struct {
	t      testing.TB
	shared *ledgertest.Shared
	now    homing.Millis
}

type keyNode struct {
	link *ledgertest.Link
	o    MasterKeysOptions
	*MasterKeys
}

func (h *keyHouse) node() *keyNode {
	h.t.Helper()
	n := &keyNode{link: ledgertest.LinkTo(h.shared)}
	n.o = MasterKeysOptions{Commons: n.link.Ledger(), Key: aKey(h.t), File: filepath.Join(h.t.TempDir(), "master-keys.json"),
		Clock: func() time.Time { return h.now.Time() }}
	return n
}

func (h *keyHouse) open(n *keyNode) {
	h.t.Helper()
	var err error
	if n.MasterKeys, err = OpenMasterKeys(h.t.Context(), n.o); err != nil {
		h.t.Fatal(err)
	}
	h.inFile(n)
}

// inFile wants the file to have what is used.
func (h *keyHouse) inFile(n *keyNode) {
	h.t.Helper()
	keys, summed, err := masterkey.ReadSummed(n.o.File)
	if err != nil || !summed || !slices.Equal(keys, n.Keys()) {
		h.t.Errorf("in the file: %d keys, summed %t, %v; used: %d", len(keys), summed, err, len(n.Keys()))
	}
}

// same wants two nodes to read each other's ids of a moment.
func (h *keyHouse) same(a, b *keyNode, at homing.Millis) {
	h.t.Helper()
	o := homing.Origin{Time: at, Node: 3, Seq: 1, Campaign: 7}
	for _, way := range [][2]*keyNode{{a, b}, {b, a}} {
		if got, ok := way[1].Keyring().Open(way[0].Keyring().Seal(o)); !ok || got != o {
			h.t.Errorf("an id of %s does not open on another node", at)
		}
	}
}

func TestMasterKeysAreShared(t *testing.T) {
	h := &keyHouse{t: t, shared: ledgertest.NewShared(), now: noon}
	a, b := h.node(), h.node()
	h.open(a)
	h.open(b)
	h.same(a, b, noon)
	sealed, _ := h.shared.Common(t.Context(), masterKeysName)
	secret := a.Keys()[0].Secret
	if bytes.Contains(sealed, secret[:]) || bytes.Contains(sealed, []byte(hex.EncodeToString(secret[:]))) {
		t.Error("a master key can be read in the ledger")
	}
	b.link.Turn(ledgertest.Away)
	h.open(b)
	h.same(a, b, noon)
	if b.Trouble() == nil {
		t.Error("nobody is told that the ledger is away")
	}
	b.link.Turn(ledgertest.Near)
	if err := b.Refresh(t.Context()); err != nil || b.Trouble() != nil {
		t.Errorf("%v, %v", err, b.Trouble())
	}
	c := h.node()
	c.link.Turn(ledgertest.Away)
	if _, err := OpenMasterKeys(t.Context(), c.o); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("a new node without the ledger: %v", err)
	}
}

// TestTwoNodesMakeOneKey, the first and the yearly one, when they ask at once, and
// when the answer is lost.
func TestTwoNodesMakeOneKey(t *testing.T) {
	h := &keyHouse{t: t, shared: ledgertest.NewShared(), now: noon}
	a, b := h.node(), h.node()
	a.o.Commons = &racing{Link: a.link, before: func() { h.open(b) }}
	h.open(a)
	h.same(a, b, noon)

	h.now += homing.MillisIn(masterkey.Age + time.Hour)
	from := h.now + homing.MillisIn(9*24*time.Hour)
	a.commons = &racing{Link: a.link, before: func() {
		if err := b.Renew(t.Context(), from+1); err != nil {
			t.Error(err)
		}
	}}
	if err := a.Renew(t.Context(), from); err != nil {
		t.Fatal(err)
	}
	h.inFile(a)
	if !slices.Equal(a.Keys(), b.Keys()) || len(a.Keys()) != 2 {
		t.Errorf("%d and %d keys", len(a.Keys()), len(b.Keys()))
	}
	for _, at := range []homing.Millis{h.now, from, from + 1, from + 2} {
		h.same(a, b, at)
	}
	if err := a.Renew(t.Context(), from); err != nil || len(a.Keys()) != 2 {
		t.Errorf("made again: %d keys, %v", len(a.Keys()), err)
	}

	h.now += homing.MillisIn(masterkey.Age + 30*24*time.Hour)
	a.link.Turn(ledgertest.Mute)
	if err := a.Renew(t.Context(), h.now+1000); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("no answer: %v", err)
	}
	if len(a.Keys()) != 2 {
		t.Error("a key is used that may not stand")
	}
	a.link.Turn(ledgertest.Near)
	for _, n := range []*keyNode{a, b, a} {
		if err := n.Renew(t.Context(), h.now+2000); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(a.Keys(), b.Keys()) || len(a.Keys()) != 3 {
		t.Errorf("after a lost answer: %d and %d keys", len(a.Keys()), len(b.Keys()))
	}
}

func TestAKeyByHand(t *testing.T) {
	h := &keyHouse{t: t, shared: ledgertest.NewShared(), now: noon}
	a, b := h.node(), h.node()
	h.open(a)
	h.open(b)
	seen := a.Keys()[0].ID
	h.now += 5000
	made, err := a.Rotate(t.Context(), seen, h.now+60_000)
	if err != nil || made.From != h.now+60_000 {
		t.Fatal(made.ID, made.From, err)
	}
	if _, err := b.Rotate(t.Context(), seen, h.now+60_000); !errors.Is(err, homing.ErrConflict) {
		t.Errorf("another who has not seen it: %v", err)
	}
	if err := b.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.inFile(b)
	h.same(a, b, h.now+60_000)
}

// TestWhatOnlyANodeHas: the ledger was brought back from a backup of before a key.
func TestWhatOnlyANodeHas(t *testing.T) {
	h := &keyHouse{t: t, shared: ledgertest.NewShared(), now: noon}
	a, b := h.node(), h.node()
	h.open(a)
	h.open(b)
	backup, _ := h.shared.Common(t.Context(), masterKeysName)
	h.now += 1000
	if _, err := a.Rotate(t.Context(), a.Keys()[0].ID, h.now+1000); err != nil {
		t.Fatal(err)
	}
	h.shared = ledgertest.NewShared()
	if err := h.shared.PutCommon(t.Context(), masterKeysName, nil, backup); err != nil {
		t.Fatal(err)
	}
	for _, n := range []*keyNode{a, b} {
		n.link.Commons = h.shared
	}
	for _, n := range []*keyNode{b, a, b} {
		if err := n.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(b.Keys()) != 2 {
		t.Error("a key that was in use is gone")
	}
	h.same(a, b, h.now+1000)
}

func TestANodeOfAnotherClusterIsRefused(t *testing.T) {
	h := &keyHouse{t: t, shared: ledgertest.NewShared(), now: noon}
	a := h.node()
	h.open(a)
	other := &keyHouse{t: t, shared: ledgertest.NewShared(), now: noon}
	b := other.node()
	other.open(b)
	b.link.Commons = h.shared
	if _, err := OpenMasterKeys(t.Context(), b.o); !errors.Is(err, homing.ErrConflict) {
		t.Errorf("%v", err)
	}
	key, err := ParseKey(NewKey())
	if err != nil {
		t.Fatal(err)
	}
	a.o.Key = key
	if _, err := OpenMasterKeys(t.Context(), a.o); !errors.Is(err, homing.ErrDamaged) {
		t.Errorf("with another cluster key: %v", err)
	}
}

// TestAHouseBringsItsKeys: it becomes a cluster, and its ids are on their way home.
func TestAHouseBringsItsKeys(t *testing.T) {
	h := &keyHouse{t: t, shared: ledgertest.NewShared(), now: noon}
	a, b := h.node(), h.node()
	keys := []homing.MasterKey{masterkey.New(noon - 5000), masterkey.New(noon - 1000)}
	if err := masterkey.Write(a.o.File, keys); err != nil {
		t.Fatal(err)
	}
	h.open(a)
	h.open(b)
	if !slices.Equal(b.Keys(), keys) {
		t.Errorf("%d keys, want %d", len(b.Keys()), len(keys))
	}
}

// TestAKeyBeginsBehindEveryLoan: who mints then has asked the ledger since.
func TestAKeyBeginsBehindEveryLoan(t *testing.T) {
	week := homing.MillisIn(7 * 24 * time.Hour)
	from, waits := KeyFrom([]ledger.Loan{{Mark: noon + week}, {Mark: noon - 1}}, noon)
	if want := noon + week + homing.MillisIn(KeyMargin); from != want || waits != "" {
		t.Errorf("%s, %q; want %s", from, waits, want)
	}
	if from, waits := KeyFrom([]ledger.Loan{{Mark: noon + 10*week}}, noon); from != 0 || waits == "" {
		t.Errorf("behind a clock that was ahead: %s, %q", from, waits)
	}
}
