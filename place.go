package homing

import (
	"crypto/aes"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
)

// SealPlace writes a place in the feed of changes, as text for an account: the
// number of a change tells how many conversions all accounts have, which is not
// for the eyes of one. at is now. The same place has another text each time, so
// that nobody learns from two texts whether something happened between them.
//
//	AES(key, number u64 | account u32 | random u32), in base64url
//
// It is no proof of anything: any place may be asked for, and what is answered
// depends on who asks.
func (k *Keyring) SealPlace(at Millis, account AccountID, number int64) string {
	var b [aes.BlockSize]byte
	binary.BigEndian.PutUint64(b[:], uint64(number))
	binary.BigEndian.PutUint32(b[8:], uint32(account))
	rand.Read(b[12:]) // never fails
	k.ringAt(at).place.Encrypt(b[:], b[:])
	return placeText.EncodeToString(b[:])
}

var placeText = base64.RawURLEncoding.Strict()

// OpenPlace is the inverse of SealPlace, for the same account.
func (k *Keyring) OpenPlace(account AccountID, text string) (number int64, ok bool) {
	sealed, err := placeText.DecodeString(text)
	if err != nil || len(sealed) != aes.BlockSize {
		return 0, false
	}
	for _, r := range k.rings {
		var b [aes.BlockSize]byte
		r.place.Decrypt(b[:], sealed)
		number = int64(binary.BigEndian.Uint64(b[:]))
		if binary.BigEndian.Uint32(b[8:]) == uint32(account) && number >= 0 {
			return number, true
		}
	}
	return 0, false
}
