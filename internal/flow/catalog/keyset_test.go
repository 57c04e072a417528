package catalog

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"homing"
)

// keySetOf makes a keySet of texts; those in closed cannot be opened.
func keySetOf(texts []string, closed ...string) *keySet {
	var keys []*homing.Key
	secrets := map[homing.KeyHash]homing.Secret{}
	for i, text := range append(texts, closed...) {
		k := &homing.Key{ID: homing.KeyID(i + 1), Hash: homing.Secret(text).Hash()}
		keys = append(keys, k)
		if i < len(texts) {
			secrets[k.Hash] = homing.Secret(text)
		}
	}
	return newKeySet(keys, nil, func(k *homing.Key) (homing.Secret, error) {
		if s, ok := secrets[k.Hash]; ok {
			return s, nil
		}
		return "", errors.New("closed")
	})
}

func TestKeySetFinds(t *testing.T) {
	const short, long = "0123456789abcdef", "0123456789abcdefX123456789abcdefYZ" // one begins the other
	own, shut := homing.RandomText(36), homing.RandomText(20)
	s := keySetOf([]string{short, long, own}, shut)
	for _, c := range []struct {
		run, want string
	}{
		{short, short}, {"x" + short + "y", short}, {"x" + long + "y", long}, {long[:len(long)-1], short},
		{own, own}, {"aaaa" + own, own}, {own + own, own}, {strings.Repeat("z", 500) + own + "z", own},
		{own[:35], own[:35]}, {"xy" + own[:16], own[:16]}, {own[:15], ""}, {own[:20] + strings.Repeat("z", 40), ""}, {own[1:], ""}, {short[:15], ""}, {"", ""}, {strings.Repeat("q", 100), ""},
		{shut, shut}, {"x" + shut, ""}, // a shortfall, told in keySet.closed
	} {
		start, end, ok := s.find([]byte(c.run))
		if got := c.run[start:end]; got != c.want || ok != (c.want != "") {
			t.Errorf("%s: found %q, want %q", c.run, got, c.want)
		}
	}
	if _, _, ok := keySetOf(nil).find([]byte(own)); ok {
		t.Error("found a key where there is none")
	}
}

func TestKeySetOfManyKeys(t *testing.T) {
	var keys []string
	for range 5000 {
		keys = append(keys, homing.RandomText(homing.MinKeyLen+rand.IntN(homing.MaxKeyLen-homing.MinKeyLen+1)))
	}
	s := keySetOf(keys)
	for _, k := range keys {
		if start, end, ok := s.find([]byte("ab" + k + "c")); !ok || start != 2 || end != 2+len(k) {
			t.Fatalf("%d to %d, %t", start, end, ok)
		}
	}
	run := []byte(homing.RandomText(200))
	if n := testing.AllocsPerRun(100, func() { s.find(run) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestKeySetOpensEachKeyOnce(t *testing.T) {
	opened := 0
	secret := homing.NewSecret()
	open := func(*homing.Key) (homing.Secret, error) { opened++; return secret, nil }
	keys := []*homing.Key{{ID: 1, Hash: secret.Hash()}}
	first := newKeySet(keys, nil, open)
	second := newKeySet(keys, first, open)
	if _, _, ok := second.find([]byte("x" + secret.Reveal())); !ok || opened != 1 {
		t.Errorf("found: %t, opened %d times", ok, opened)
	}
}

func BenchmarkKeySetFind(b *testing.B) {
	var keys []string
	for range 2000 {
		keys = append(keys, homing.RandomText(36))
	}
	s := keySetOf(keys)
	run := []byte(homing.RandomText(56)) // a gclid: 41 positions
	b.ReportAllocs()
	for b.Loop() {
		s.find(run)
	}
}
