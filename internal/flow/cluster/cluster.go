// Package cluster is what nodes share of a house beside settings and books: who does
// what only one of them may do, the salts of a day's visitors, and the master keys.
//
//	Duty ───────► Hold, every few seconds ─────────────► ledger.Commons
//	Salts ──────► salt/2026-11-20, sealed ─────────────►
//	MasterKeys ─► master-keys, sealed, by comparison ──►  └─ a file of each node
//
// All of it is shared through the ledger, and none of it is needed for a redirect:
// a node goes on with what it knows for as long as the ledger is away.
//
// What is secret is sealed under the cluster key, 32 bytes that an operator puts on
// every node: who reads the ledger, or a backup of it, reads neither keys nor salts.
package cluster

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"homing"
)

// Key is what a cluster's nodes seal with what they share.
type Key struct{ aead cipher.AEAD }

const (
	keyLen = 32
	// sealLabel is a part of the format: with another one nothing opens.
	sealLabel = "homing/v1/cluster/seal"
)

// NewKey makes the text of a key: 64 hex digits.
func NewKey() string {
	var secret [keyLen]byte
	rand.Read(secret[:]) // never fails, see crypto/rand
	return hex.EncodeToString(secret[:])
}

// ParseKey reads the text of a key. Its errors do not quote it.
func ParseKey(text string) (Key, error) {
	secret, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil || len(secret) != keyLen {
		return Key{}, fmt.Errorf("%w cluster key: want %d hex digits, as homing cluster-key makes them", homing.ErrInvalid, 2*keyLen)
	}
	derived, err := hkdf.Key(sha256.New, secret, nil, sealLabel, keyLen)
	if err != nil {
		return Key{}, fmt.Errorf("couldn't derive from the cluster key: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return Key{}, fmt.Errorf("couldn't derive from the cluster key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return Key{aead}, err
}

// ReadKeyFile reads a key from a file that only its owner may read.
func ReadKeyFile(path string) (Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Key{}, fmt.Errorf("couldn't read the cluster key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Key{}, fmt.Errorf("%w cluster key: %s can be read by others than its owner; chmod 600 %s", homing.ErrInvalid, path, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Key{}, fmt.Errorf("couldn't read the cluster key: %w", err)
	}
	key, err := ParseKey(string(text))
	if err != nil {
		return Key{}, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// String keeps a key out of logs.
func (Key) String() string { return "[secret]" }

// GoString keeps a key out of logs.
func (Key) GoString() string { return "[secret]" }

// Seal seals a value for a name; it opens under no other, so that values cannot be
// put in each other's place.
func (k Key) Seal(name string, value []byte) []byte {
	return k.aead.Seal(nil, nil, value, []byte(name))
}

// Open is the inverse of Seal. homing.ErrDamaged: it was sealed under another key, or
// for another name, or is not what was sealed.
func (k Key) Open(name string, sealed []byte) ([]byte, error) {
	value, err := k.aead.Open(nil, nil, sealed, []byte(name))
	if err != nil {
		return nil, fmt.Errorf("%s cannot be opened with this cluster key: %w", name, homing.ErrDamaged)
	}
	return value, nil
}
