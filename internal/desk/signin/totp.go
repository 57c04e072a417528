package signin

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Codes of RFC 6238: six digits of HMAC-SHA-1, a new one every 30 seconds. That
// is what every app knows; SHA-1 is sound here, because nothing rests on its
// collisions.
const (
	stepSeconds = 30
	codeDigits  = 6
	secretLen   = 20 // bytes, as RFC 4226 recommends
	// drift is how many steps a code may be early or late: clocks differ, and
	// people type.
	drift = 1
)

// base32Text is how secrets are typed and told to apps.
var base32Text = base32.StdEncoding.WithPadding(base32.NoPadding)

// stepOf numbers the steps; 0 is long over.
func stepOf(t time.Time) int64 { return t.Unix() / stepSeconds }

// codeAt is the code of a step.
func codeAt(secret []byte, step int64) string {
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step))
	mac := hmac.New(sha1.New, secret)
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	number := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", codeDigits, number%1_000_000)
}

// stepOfCode tells which step around now a code is of, if it is later than used:
// each opens once. It looks at every step, so that its time tells nothing.
func stepOfCode(secret []byte, code string, now time.Time, used int64) (step int64, ok bool) {
	for s := stepOf(now) - drift; s <= stepOf(now)+drift; s++ {
		if subtle.ConstantTimeCompare([]byte(codeAt(secret, s)), []byte(code)) == 1 && s > used {
			step, ok = s, true
		}
	}
	return step, ok
}

// typedCode is a code without what people put between its digits.
func typedCode(text string) string {
	return strings.Map(func(c rune) rune {
		if c == ' ' || c == '-' || c == '\u00a0' {
			return -1
		}
		return c
	}, text)
}

// keyURI is what a QR code tells an app. The issuer stands twice, as apps want
// it.
func keyURI(issuer, email, secret string) string {
	issuer = strings.TrimSpace(strings.ReplaceAll(issuer, ":", " "))
	if runes := []rune(issuer); len(runes) > 40 {
		issuer = string(runes[:40])
	}
	if issuer == "" {
		issuer = "homing"
	}
	// Not url.Values: apps show a plus sign as it is.
	return fmt.Sprintf("otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=SHA1&digits=%d&period=%d",
		url.PathEscape(issuer), url.PathEscape(email), secret, escapeQuery(issuer), codeDigits, stepSeconds)
}

func escapeQuery(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }
