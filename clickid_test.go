package homing

import (
	"bytes"
	"crypto/aes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// masters are two fixed master keys, the second in use from a day after Epoch.
var masters = []MasterKey{
	{ID: "00000001", From: Epoch, Secret: sha256.Sum256([]byte("first"))},
	{ID: "00000002", From: Epoch + 86_400_000, Secret: sha256.Sum256([]byte("second"))},
}

func newKeyring(t testing.TB, masters ...MasterKey) *Keyring {
	t.Helper()
	k, err := NewKeyring(masters...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// golden are ids as the first version made them. If this test fails, ids that
// are out in the world no longer come home.
var golden = []struct {
	origin Origin
	id     string
}{
	{Origin{Time: Epoch}, "1a41564c7113637882b2b19ddb94636d6aa7fa1b"},
	{Origin{Time: Epoch + 1, Node: 1, Seq: 2, Campaign: 3}, "00bbefa3c8576ea0539d738bfcb4c5c58a2175db"},
	{Origin{Time: Epoch + 86_399_999, Node: FirstTestNode, Seq: 7, Campaign: 42}, "fea73ed08aa9f20755d64891e37a189eaebbf4a4"},
	{Origin{Time: Epoch + 86_400_000, Node: 1, Seq: 2, Campaign: 3}, "c27ca2a20acc0c667cb15ac73de8f6f27784e3d4"},
	{Origin{Time: MaxOriginTime, Node: MaxNode, Seq: MaxSeq, Campaign: 1<<32 - 1}, "ee0f180dd414d9109a3f51ba996f6c9411694302"},
}

func TestGoldenClickIDs(t *testing.T) {
	k := newKeyring(t, masters...)
	for _, g := range golden {
		if got := k.Seal(g.origin).String(); got != g.id {
			t.Errorf("%+v is sealed as %s, want %s", g.origin, got, g.id)
		}
		id, ok := ParseClickID(g.id)
		if origin, genuine := k.Open(id); !ok || !genuine || origin != g.origin {
			t.Errorf("%s opens as %+v, %v; want %+v", g.id, origin, genuine, g.origin)
		}
	}
}

// TestSealAsItIsDocumented works an id out a second time, from the words of the
// documentation.
func TestSealAsItIsDocumented(t *testing.T) {
	k := newKeyring(t, masters[0])
	encrypt := func(label string, plain ...byte) []byte {
		key, err := hkdf.Key(sha256.New, masters[0].Secret[:], nil, label, 16)
		if err != nil {
			t.Fatal(err)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			t.Fatal(err)
		}
		out := make([]byte, aes.BlockSize)
		block.Encrypt(out, append(plain, make([]byte, aes.BlockSize-len(plain))...))
		return out
	}
	rapid.Check(t, func(rt *rapid.T) {
		o := drawOrigin(rt)
		payload := o.Pack()
		tag := encrypt("homing/v1/click-id/tag", payload[:]...)[:8]
		want := append(tag[:8:8], encrypt("homing/v1/click-id/cipher", tag...)[:12]...)
		for i := range payload {
			want[8+i] ^= payload[i]
		}
		if id := k.Seal(o); !bytes.Equal(id[:], want) {
			rt.Fatalf("%+v is sealed as %s, want %x", o, id, want)
		}
	})
}

func drawOrigin(t *rapid.T) Origin {
	return Origin{
		Time:     Millis(rapid.Int64Range(int64(Epoch), int64(MaxOriginTime)).Draw(t, "time")),
		Node:     NodeID(rapid.Uint16Range(0, uint16(MaxNode)).Draw(t, "node")),
		Seq:      rapid.Uint16Range(0, MaxSeq).Draw(t, "seq"),
		Campaign: CampaignID(rapid.Uint32().Draw(t, "campaign")),
	}
}

func TestClickIDsComeHome(t *testing.T) {
	k := newKeyring(t, masters...)
	rapid.Check(t, func(t *rapid.T) {
		o := drawOrigin(t)
		if got := UnpackOrigin(o.Pack()); got != o {
			t.Fatalf("%+v is unpacked as %+v", o, got)
		}
		id := k.Seal(o)
		parsed, ok := ParseClickID(id.String())
		if !ok || parsed != id {
			t.Fatalf("%s is read as %s, %v", id, parsed, ok)
		}
		if got, genuine := k.Open(id); !genuine || got != o {
			t.Fatalf("%+v comes home as %+v, %v", o, got, genuine)
		}
	})
}

func TestChangedClickIDsDoNotOpen(t *testing.T) {
	k := newKeyring(t, masters...)
	rapid.Check(t, func(t *rapid.T) {
		id := k.Seal(drawOrigin(t))
		for bit := range len(id) * 8 {
			flipped := id
			flipped[bit/8] ^= 1 << (bit % 8)
			if _, genuine := k.Open(flipped); genuine {
				t.Fatalf("%s opens with bit %d flipped", id, bit)
			}
		}
	})
}

func TestStrangersDoNotOpen(t *testing.T) {
	k := newKeyring(t, masters[0])
	other := newKeyring(t, masters[1])
	id := other.Seal(Origin{Time: Epoch, Campaign: 1})
	if _, genuine := k.Open(id); genuine {
		t.Error("an id of another installation opens")
	}
	if _, genuine := k.Open(ClickID{}); genuine {
		t.Error("the zero id opens")
	}
}

// A spool stores origins, not ids: the id must be found again after any
// rotation, whichever order the keys are given in.
func TestSealIsAFunctionOfTheOrigin(t *testing.T) {
	third := MasterKey{ID: "00000003", From: masters[1].From + 1000, Secret: sha256.Sum256([]byte("third"))}
	twin := MasterKey{ID: "00000004", From: third.From, Secret: sha256.Sum256([]byte("twin"))}
	before := newKeyring(t, masters...)
	after := newKeyring(t, third, masters[0], masters[1])
	one := newKeyring(t, twin, masters[1], third, masters[0])
	two := newKeyring(t, masters[0], third, twin, masters[1])
	rapid.Check(t, func(t *rapid.T) {
		o := drawOrigin(t)
		o.Time = Millis(rapid.Int64Range(int64(Epoch), int64(third.From)+1000).Draw(t, "time near the rotation"))
		id := after.Seal(o)
		if same := before.Seal(o) == id; same != (o.Time < third.From) {
			t.Fatalf("at %s the id is the same: %v", o.Time, same)
		}
		// What was sealed under the key of before counts up to the rotation.
		if _, genuine := after.Open(before.Seal(o)); genuine != (o.Time < third.From) {
			t.Fatalf("an id of %s under the key of before opens after the rotation: %v", o.Time, genuine)
		}
		if one.Seal(o) != two.Seal(o) {
			t.Fatal("the order of the keys makes a difference")
		}
	})
}

func TestParseClickIDTakesOneSpelling(t *testing.T) {
	const id = "c86b8a88b91228911e723b93c65a5900bb49bc99"
	if _, ok := ParseClickID(id); !ok {
		t.Errorf("%s is refused", id)
	}
	for _, text := range []string{"", id[:39], id + "0", strings.ToUpper(id), "C" + id[1:], "g" + id[1:], " " + id[1:],
		id[:39] + "\n", id[:39] + "\x00", strings.Repeat("١", 20), "0x" + id[2:], id[:20] + "/" + id[21:]} {
		if got, ok := ParseClickID(text); ok || got != (ClickID{}) {
			t.Errorf("%q is read as %s", text, got)
		}
	}
}

func TestOriginSortsByTimeNodeAndSequence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawOrigin(t), drawOrigin(t)
		less := a.Time < b.Time || a.Time == b.Time && (a.Node < b.Node || a.Node == b.Node && a.Seq < b.Seq)
		pa, pb := a.Pack(), b.Pack()
		if (bytes.Compare(pa[:8], pb[:8]) < 0) != less {
			t.Fatalf("%+v and %+v are packed in another order", a, b)
		}
	})
}

func TestOriginTells(t *testing.T) {
	o := Origin{Time: Epoch + 5000, Node: FirstTestNode - 1}
	if o.Test() || !(Origin{Node: FirstTestNode}).Test() {
		t.Error("test nodes begin elsewhere")
	}
	if o.Age(Epoch+6500) != 1500*time.Millisecond || o.Age(Epoch) != -5*time.Second {
		t.Error("the age is wrong")
	}
}

var idSyntax = regexp.MustCompile(`^[0-9a-f]{40}$`)

func FuzzClickID(f *testing.F) {
	k := newKeyring(f, masters...)
	for _, g := range golden {
		f.Add(g.id)
	}
	f.Add("c86b8a88b91228911e723b93c65a5900bb49bc99")
	f.Fuzz(func(t *testing.T, text string) {
		id, ok := ParseClickID(text)
		if ok != (idSyntax.MatchString(text) && !strings.Contains(text, "\n")) {
			t.Fatalf("ParseClickID(%q) = %v", text, ok)
		}
		if other, same := ParseClickID([]byte(text)); same != ok || other != id {
			t.Fatalf("bytes and string of %q differ", text)
		}
		if !ok {
			return
		}
		if id.String() != text {
			t.Fatalf("%q is written as %s", text, id)
		}
		if origin, genuine := k.Open(id); genuine && k.Seal(origin) != id {
			t.Fatalf("%s opens as %+v, which is sealed as %s", id, origin, k.Seal(origin))
		}
	})
}

func TestSealAndOpenDoNotAllocate(t *testing.T) {
	k := newKeyring(t, masters...)
	o := Origin{Time: Epoch + 1, Node: 1, Seq: 2, Campaign: 3}
	id := k.Seal(o)
	text := []byte(id.String())
	if n := testing.AllocsPerRun(100, func() {
		k.Seal(o)
		parsed, _ := ParseClickID(text)
		k.Open(parsed)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestSealedSecrets(t *testing.T) {
	const key = Secret("123456789012345678901234567890abcdef")
	old := newKeyring(t, masters[0])
	both := newKeyring(t, masters...)
	sealed := old.SealSecret(key, "account 7")
	if bytes.Contains(sealed, []byte(key.Reveal())) {
		t.Fatal("the key stands in the clear")
	}
	if got, err := both.OpenSecret(sealed, "account 7"); err != nil || got != key {
		t.Errorf("after a rotation: %q, %v", got.Reveal(), err)
	}
	if _, err := both.OpenSecret(sealed, "account 8"); err == nil {
		t.Error("it opens in another account's row")
	}
	if _, err := old.OpenSecret(both.SealSecret(key, "x"), "x"); err == nil {
		t.Error("it opens without its master key")
	}
	for n := range len(sealed) {
		if _, err := both.OpenSecret(sealed[:n], "account 7"); err == nil {
			t.Errorf("it opens when cut to %d bytes", n)
		}
	}
}

func TestMaskOf(t *testing.T) {
	k := newKeyring(t, masters...)
	mask := k.MaskOf([]byte("123456789012345678901234567890abcdef"))
	if !regexp.MustCompile(`^key:[0-9a-f]{6}$`).MatchString(mask) || mask == k.MaskOf([]byte("other")) {
		t.Errorf("mask %s", mask)
	}
	if mask == newKeyring(t, masters[0]).MaskOf([]byte("123456789012345678901234567890abcdef")) {
		t.Error("the mask is not keyed")
	}
}

// TestMaskOfIsHMAC: whatever was masked before with the same hash, by whomever.
func TestMaskOfIsHMAC(t *testing.T) {
	k := newKeyring(t, masters...)
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			for i := range 100 {
				secret := bytes.Repeat([]byte{byte(n)}, i)
				h := hmac.New(sha256.New, k.rings[0].mask[:])
				h.Write(secret)
				if got, want := k.MaskOf(secret), "key:"+hex.EncodeToString(h.Sum(nil)[:3]); got != want {
					t.Errorf("%s, want %s", got, want)
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkMaskOf(b *testing.B) {
	k, secret := newKeyring(b, masters...), []byte("123456789012345678901234567890abcdef")
	b.ReportAllocs()
	for b.Loop() {
		k.MaskOf(secret)
	}
}

func TestNewKeyringNeedsAMasterKey(t *testing.T) {
	if _, err := NewKeyring(); err == nil {
		t.Error("no error")
	}
}

func BenchmarkSeal(b *testing.B) {
	k := newKeyring(b, masters...)
	o := Origin{Time: Epoch + 90_000_000, Node: 1, Seq: 2, Campaign: 3}
	b.ReportAllocs()
	for b.Loop() {
		k.Seal(o)
	}
}

func BenchmarkOpen(b *testing.B) {
	k := newKeyring(b, masters...)
	id := k.Seal(Origin{Time: Epoch + 90_000_000, Node: 1, Seq: 2, Campaign: 3})
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := k.Open(id); !ok {
			b.Fatal("not genuine")
		}
	}
}

func BenchmarkParseClickID(b *testing.B) {
	text := []byte(hex.EncodeToString(make([]byte, 20)))
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := ParseClickID(text); !ok {
			b.Fatal("not read")
		}
	}
}
