package homing

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Secret is an advertiser's postback key in the clear. It prints as "[secret]"
// everywhere; only Reveal gives the text, so that a search for that word finds
// every place where a key can leave the program.
type Secret string

// Reveal returns the key's text.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) String() string   { return "[secret]" }
func (s Secret) GoString() string { return "[secret]" }

// MarshalText hides the key; what is meant to hold it calls Reveal.
func (s Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// KeyHash is the SHA-256 of a key: what is stored, and what a given key is
// compared by. Keys are random, so the hash needs no salt.
type KeyHash [sha256.Size]byte

// HashKey hashes a key as it came.
func HashKey(key []byte) KeyHash { return sha256.Sum256(key) }

// Hash returns the hash the key is stored and looked up by.
func (s Secret) Hash() KeyHash { return sha256.Sum256([]byte(s)) }

func (h KeyHash) String() string { return hex.EncodeToString(h[:4]) + "…" }

// The lengths of keys: ours are 36 of [0-9A-Za-z] (214 bits); imported ones may
// be 16 to 64 of them.
const (
	NewKeyLen = 36
	MinKeyLen = 16
	MaxKeyLen = 64
)

// NewSecret draws a new key.
func NewSecret() Secret { return Secret(RandomText(NewKeyLen)) }

// ParseSecret checks that an imported key has the shape of one. The error does
// not quote it.
func ParseSecret(text string) (Secret, error) {
	if len(text) < MinKeyLen || len(text) > MaxKeyLen {
		return "", fmt.Errorf("%w key: it has %d characters, %d to %d are allowed", ErrInvalid, len(text), MinKeyLen, MaxKeyLen)
	}
	for i := range len(text) {
		if !IsAlnum(text[i]) {
			return "", fmt.Errorf("%w key: character %d is not one of 0-9, A-Z, a-z", ErrInvalid, i+1)
		}
	}
	return Secret(text), nil
}

// IsAlnum tells whether c is one of [0-9A-Za-z], the alphabet of keys.
func IsAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// RandomText draws n characters of [0-9A-Za-z] from the system's randomness.
func RandomText(n int) string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	text := make([]byte, 0, n)
	var pool [64]byte
	for len(text) < n {
		rand.Read(pool[:]) // never fails, see crypto/rand
		for _, b := range pool {
			// 248 = 4 × 62: what lies above would favour the first letters.
			if b < 248 && len(text) < n {
				text = append(text, alphabet[b%62])
			}
		}
	}
	return string(text)
}
