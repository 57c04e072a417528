package signin

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"homing"
)

func TestCheckPassword(t *testing.T) {
	for password, good := range map[string]bool{
		"123456789": false, "1234567890": true, strings.Repeat("ä", 10): true, strings.Repeat("ä", 9): false,
		strings.Repeat("x", 128): true, strings.Repeat("x", 129): false,
		"ann@example.com": false, "ANN@example.com": false, "aaaaaaaaaa": true,
	} {
		if err := CheckPassword(password, "ann@example.com"); (err == nil) != good || err != nil && !errors.Is(err, homing.ErrInvalid) {
			t.Errorf("%q: %v", password, err)
		}
	}
}

func TestHashesMatchTheirPasswordOnly(t *testing.T) {
	h := newHasher(Cost{Memory: 64, Passes: 1})
	encoded, err := h.hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	again, err := h.hash(t.Context(), password)
	if err != nil || again == encoded {
		t.Errorf("two hashes of one password are alike (%v)", err)
	}
	for _, c := range []struct {
		encoded, password string
		want              bool
	}{
		{encoded, password, true}, {encoded, password + " ", false}, {encoded, "", false}, {"", "", false}, {"", password, false},
		{strings.Replace(encoded, "t=1", "t=0", 1), password, false},
		{strings.Replace(encoded, "m=64", "m=99999999", 1), password, false},
		{encoded[:len(encoded)-20], password, false}, {"$argon2id$", password, false},
		{encoded, strings.Repeat("x", 1<<20), false},
	} {
		got, err := h.matches(t.Context(), c.encoded, c.password)
		if err != nil || got != c.want {
			t.Errorf("%q with %.20q: %t, %v", c.encoded, c.password, got, err)
		}
	}
}

// The reference vector of the argon2 project's command line tool:
// echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1
func TestAKnownHash(t *testing.T) {
	const known = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	ok, err := newHasher(Cost{}).matches(t.Context(), known, "password")
	if err != nil || !ok {
		t.Errorf("%t, %v", ok, err)
	}
}

// TestUnknownUsersCostAsMuch counts what is spent instead of timing it.
func TestUnknownUsersCostAsMuch(t *testing.T) {
	h := newHasher(Cost{Memory: 64, Passes: 1})
	known, err := h.hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	type spent struct {
		cost      Cost
		salt, len int
	}
	for what, encoded := range map[string]string{"known": known, "unknown": "", "damaged": known[:20]} {
		var all []spent
		h.derive = func(p phc, password string, n int) []byte {
			all = append(all, spent{p.cost, len(p.salt), n})
			return p.of(password, n)
		}
		if ok, err := h.matches(t.Context(), encoded, "wrong password"); ok || err != nil {
			t.Errorf("%s: %t, %v", what, ok, err)
		}
		if want := (spent{Cost{Memory: 64, Passes: 1}, saltLen, hashLen}); len(all) != 1 || all[0] != want {
			t.Errorf("%s: %+v was spent, want %+v once", what, all, want)
		}
	}
}

func TestTriesAreLimitedAndComeBack(t *testing.T) {
	l := newLimiter(allowance{3, time.Minute})
	now := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	for range 3 {
		if wait := l.spend(now, "ann"); wait != 0 {
			t.Fatalf("wait %s", wait)
		}
		now = now.Add(time.Second)
	}
	if wait := l.spend(now, "ann"); wait <= 0 || wait > time.Minute {
		t.Errorf("a fourth try waits %s", wait)
	}
	if wait := l.spend(now, "bob"); wait != 0 {
		t.Errorf("somebody else waits %s", wait)
	}
	now = now.Add(time.Minute)
	if l.spend(now, "ann") != 0 || l.spend(now, "ann") == 0 {
		t.Error("after a minute there is not exactly one more try")
	}
	l.refund("ann")
	if l.spend(now, "ann") != 0 {
		t.Error("a right password does not give the tries back")
	}
}

func TestAddressesCountAsNetworks(t *testing.T) {
	for addr, want := range map[string]string{
		"203.0.113.9": "203.0.113.9", "::ffff:203.0.113.9": "203.0.113.9", "2001:db8:1:2:3::4": "2001:db8:1:2::/64",
	} {
		if got := network(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s counts as %s, want %s", addr, got, want)
		}
	}
	network(netip.Addr{})
}

func TestTokensDoNotPrint(t *testing.T) {
	token := newToken()
	if s := fmt.Sprintf("%v %s %+v %#v %q", token, token, token, token, token); strings.Contains(s, token.Reveal()) {
		t.Error("a token prints")
	}
}

func BenchmarkHash(b *testing.B) {
	h := newHasher(Cost{})
	for b.Loop() {
		if _, err := h.hash(b.Context(), password); err != nil {
			b.Fatal(err)
		}
	}
}
