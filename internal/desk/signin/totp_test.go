package signin

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The vectors of RFC 6238, appendix B, for SHA-1. They have eight digits; the
// last six are the code of six.
func TestCodesAreThoseOfTheRFC(t *testing.T) {
	secret := []byte("12345678901234567890")
	for second, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924",
		2000000000: "69279037", 20000000000: "65353130",
	} {
		if got := codeAt(secret, stepOf(time.Unix(second, 0))); got != want[2:] {
			t.Errorf("at %d: code %s, want %s", second, got, want[2:])
		}
	}
}

// And those of RFC 4226, appendix D, for the counter itself.
func TestCodesAreThoseOfTheCounter(t *testing.T) {
	secret := []byte("12345678901234567890")
	for step, want := range strings.Fields("755224 287082 359152 969429 338314 254676 287922 162583 399871 520489") {
		if got := codeAt(secret, int64(step)); got != want {
			t.Errorf("step %d: code %s, want %s", step, got, want)
		}
	}
}

func TestACodeIsGoodForAStepBeforeAndAfter(t *testing.T) {
	secret := []byte("12345678901234567890")
	now := time.Unix(1_800_000_015, 0)
	for off, want := range map[int64]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		code := codeAt(secret, stepOf(now)+off)
		step, ok := stepOfCode(secret, code, now, 0)
		if ok != want || ok && step != stepOf(now)+off {
			t.Errorf("a code %d steps away: step %d, %t", off, step, ok)
		}
	}
	for _, bad := range []string{"", "0", "12345", "1234567", "abcdef", "-00001", strings.Repeat("1", 1000)} {
		if _, ok := stepOfCode(secret, bad, now, 0); ok {
			t.Errorf("%q is taken for a code", bad)
		}
	}
}

func TestAStepIsUsedOnce(t *testing.T) {
	secret := []byte("12345678901234567890")
	now := time.Unix(1_800_000_015, 0)
	this := stepOf(now)
	for used, want := range map[int64]bool{this - 2: true, this - 1: true, this: false, this + 1: false} {
		if _, ok := stepOfCode(secret, codeAt(secret, this), now, used); ok != want {
			t.Errorf("after step %d: %t", used-this, ok)
		}
	}
}

func TestTheURIOfAKey(t *testing.T) {
	for _, c := range []struct{ issuer, email, want string }{
		{"homing", "ann@example.com", "otpauth://totp/homing:ann@example.com?secret=ABC&issuer=homing&algorithm=SHA1&digits=6&period=30"},
		{"North & Söhne: Ads", "a+b@example.com", "otpauth://totp/North%20&%20S%C3%B6hne%20%20Ads:a+b@example.com?secret=ABC&issuer=North%20%26%20S%C3%B6hne%20%20Ads&algorithm=SHA1&digits=6&period=30"},
		{" : ", "x", "otpauth://totp/homing:x?secret=ABC&issuer=homing&algorithm=SHA1&digits=6&period=30"},
	} {
		if got := keyURI(c.issuer, c.email, "ABC"); got != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.issuer, got, c.want)
		}
	}
	if long := keyURI(strings.Repeat("ö", 200), "x", "ABC"); len(long) > 700 {
		t.Errorf("a URI of %d bytes", len(long))
	}
}

func TestRecoveryCodesAreReadAsPeopleTypeThem(t *testing.T) {
	for text, want := range map[string]string{
		"0123-4567-89ab-cdef": "0123456789abcdef", " 0123 4567 89AB CDEF ": "0123456789abcdef", "O123-I567-L9ab-cdef": "0123156719abcdef",
	} {
		if got, ok := typedRecovery(text); !ok || got != want {
			t.Errorf("%q is read as %q, %t", text, got, ok)
		}
	}
	for _, bad := range []string{"", "123456", "0123-4567-89ab-cde", "0123-4567-89ab-cdefg", "0123-4567-89ab-cdeu", "0123-4567-89ab-cdé"} {
		if _, ok := typedRecovery(bad); ok {
			t.Errorf("%q is taken for a recovery code", bad)
		}
	}
}

func TestRecoveryCodesAreHashedForTheirUser(t *testing.T) {
	codes, hashes := newRecovery(7)
	seen := map[string]bool{}
	for i, code := range codes {
		text, ok := typedRecovery(code)
		if !ok || recoveryHash(7, text) != hashes[i] || recoveryHash(8, text) == hashes[i] || seen[code] {
			t.Errorf("code %d: %t, twice: %t", i, ok, seen[code])
		}
		seen[code] = true
	}
	if len(codes) != 10 || len(fmt.Sprint(codes[0])) != 19 {
		t.Errorf("codes %q", codes)
	}
}
