package homing

import (
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"sync"
)

// MasterKey is a root secret of the installation. Everything secret is derived
// from master keys: click ids, the display copy of advertisers' keys, masks in
// logs. A new one is made every year; the old ones stay in the keyring for 400
// days beyond the longest window, because ids minted under them still come
// home. They are part of every backup: without them no click id can be read.
type MasterKey struct {
	ID string `json:"id"` // 8 hex digits, no secret
	// From is the moment from which click ids are minted under it. It may lie
	// ahead, so that every node has the key before the first id needs it.
	From   Millis   `json:"from"`
	Secret [32]byte `json:"-"`
}

// The HKDF-SHA-256 info labels, one per purpose. Changing one makes everything
// derived under it unreadable, so they are part of the format.
const (
	labelTag     = "homing/v1/click-id/tag"
	labelCipher  = "homing/v1/click-id/cipher"
	labelDisplay = "homing/v1/key/display"
	labelMask    = "homing/v1/log/mask"
	labelPlace   = "homing/v1/feed/place"
)

// Keyring seals and opens click ids and advertisers' keys under the master
// keys it was made of. It seals a click id with the key of the click's own time,
// so that an id can be worked out again from its origin, and opens it with the
// same. A Keyring is immutable and safe for concurrent use.
type Keyring struct {
	rings []*ring // newest first, never empty
}

// ring is what is derived from one master key.
type ring struct {
	id      string
	from    Millis
	tag     cipher.Block // k1
	cipher  cipher.Block // k2
	display cipher.AEAD
	mask    [32]byte
	masks   sync.Pool // of *keyedHash, keyed with mask
	place   cipher.Block
}

// keyedHash is a hash that was given its key: half of its work is done, and the
// key need not be handed over again.
type keyedHash struct {
	hash.Hash
	sum []byte // of the last one
}

// NewKeyring derives a keyring from master keys, in any order.
func NewKeyring(masters ...MasterKey) (*Keyring, error) {
	if len(masters) == 0 {
		return nil, errors.New("a keyring needs at least one master key")
	}
	sorted := append([]MasterKey(nil), masters...)
	slices.SortFunc(sorted, func(a, b MasterKey) int {
		// By id where they begin together, so that every node agrees.
		return cmp.Or(cmp.Compare(b.From, a.From), cmp.Compare(a.ID, b.ID))
	})
	k := &Keyring{}
	for _, m := range sorted {
		r, err := newRing(m)
		if err != nil {
			return nil, fmt.Errorf("couldn't derive from master key %s: %w", m.ID, err)
		}
		k.rings = append(k.rings, r)
	}
	return k, nil
}

func newRing(m MasterKey) (*ring, error) {
	var failed error
	derive := func(label string, size int) []byte {
		b, err := hkdf.Key(sha256.New, m.Secret[:], nil, label, size)
		failed = errors.Join(failed, err)
		return b
	}
	block := func(label string) cipher.Block {
		b, err := aes.NewCipher(derive(label, 16))
		failed = errors.Join(failed, err)
		return b
	}
	r := &ring{id: m.ID, from: m.From, tag: block(labelTag), cipher: block(labelCipher), place: block(labelPlace)}
	aead, err := cipher.NewGCMWithRandomNonce(block(labelDisplay))
	r.display = aead
	copy(r.mask[:], derive(labelMask, 32))
	r.masks.New = func() any { return &keyedHash{Hash: hmac.New(sha256.New, r.mask[:])} }
	return r, errors.Join(failed, err)
}

// scratch is a block to encrypt in. It comes from a pool because a buffer
// handed to a cipher.Block escapes, and sealing is on the click path.
type scratch [aes.BlockSize]byte

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// Seal mints the id of a click: tag = AES(k1, payload‖pad)[:8],
// cipher = payload XOR AES(k2, tag‖pad)[:12], id = tag‖cipher, where pad is
// zeros. The same origin always gives the same id. Time, node and sequence must
// be in range, see Origin.
func (k *Keyring) Seal(o Origin) (id ClickID) {
	s := scratches.Get().(*scratch)
	k.ringAt(o.Time).seal(&id, o.Pack(), s)
	scratches.Put(s)
	return id
}

// ringAt is the newest ring in use at a moment; before all of them, the oldest.
func (k *Keyring) ringAt(at Millis) *ring {
	for _, r := range k.rings {
		if r.from <= at {
			return r
		}
	}
	return k.rings[len(k.rings)-1]
}

// InUseSince tells since when the master key is in use that click ids of a moment
// are sealed with.
func (k *Keyring) InUseSince(at Millis) Millis { return k.ringAt(at).from }

func (r *ring) seal(id *ClickID, payload [OriginLen]byte, s *scratch) {
	r.tagOf(s, payload)
	copy(id[:tagLen], s[:tagLen])
	r.streamOf(s, id)
	for i := range payload {
		id[tagLen+i] = payload[i] ^ s[i]
	}
}

// Open tells the origin of a click id, and whether it was minted under this
// keyring at all. It looks nothing up. Forging an id takes 2^64 guesses.
//
// An id only counts under the key that its own time falls to, so that Seal makes
// the same id of its origin again: who got hold of an old master key forges
// clicks of that key's time, which windows have closed on, and none of today.
// Which key that is stands under the encryption, so keys are tried as ever, and
// the one that fits is asked whether it is the one of that time: a few
// nanoseconds, and no third and fourth encryption. Clocks that differ make no
// difference: the time of the id decides, whoever minted it, and every node has
// a key before its time begins.
func (k *Keyring) Open(id ClickID) (Origin, bool) {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	for _, r := range k.rings {
		payload, ok := r.open(&id, s)
		if !ok {
			continue
		}
		if o := UnpackOrigin(payload); k.ringAt(o.Time) == r {
			return o, true
		}
	}
	return Origin{}, false
}

func (r *ring) open(id *ClickID, s *scratch) (payload [OriginLen]byte, ok bool) {
	r.streamOf(s, id)
	for i := range payload {
		payload[i] = id[tagLen+i] ^ s[i]
	}
	r.tagOf(s, payload)
	return payload, subtle.ConstantTimeCompare(s[:tagLen], id[:tagLen]) == 1
}

const tagLen = 8

// tagOf leaves AES(k1, payload‖pad) in s.
func (r *ring) tagOf(s *scratch, payload [OriginLen]byte) {
	*s = scratch{}
	copy(s[:], payload[:])
	r.tag.Encrypt(s[:], s[:])
}

// streamOf leaves AES(k2, tag‖pad) in s.
func (r *ring) streamOf(s *scratch, id *ClickID) {
	*s = scratch{}
	copy(s[:], id[:tagLen])
	r.cipher.Encrypt(s[:], s[:])
}

// SealSecret encrypts an advertiser's key for display in the panel (AES-256 is
// not used: the label gives a 128-bit key, AES-128-GCM with a random nonce).
// The context (the account's number, say) must be given again to open it, so
// that a copy moved to another row does not open.
func (k *Keyring) SealSecret(s Secret, context string) []byte {
	r := k.rings[0]
	sealed := append([]byte{byte(len(r.id))}, r.id...)
	return r.display.Seal(sealed, nil, []byte(s.Reveal()), []byte(context))
}

// OpenSecret is the inverse of SealSecret.
func (k *Keyring) OpenSecret(sealed []byte, context string) (Secret, error) {
	if len(sealed) == 0 || len(sealed) < 1+int(sealed[0]) {
		return "", fmt.Errorf("sealed key: %w", ErrDamaged)
	}
	id, box := string(sealed[1:1+sealed[0]]), sealed[1+sealed[0]:]
	for _, r := range k.rings {
		if r.id != id {
			continue
		}
		text, err := r.display.Open(nil, nil, box, []byte(context))
		if err != nil {
			return "", fmt.Errorf("sealed key: %w", ErrDamaged)
		}
		return Secret(text), nil
	}
	return "", fmt.Errorf("sealed key: master key %s: %w", id, ErrNotFound)
}

// MaskOf returns what stands in logs in place of a secret: "key:" and six hex
// digits of a keyed hash, enough to tell two keys apart, useless to guess one. The
// text is all that it allocates.
func (k *Keyring) MaskOf(secret []byte) string {
	var mask [len(maskPrefix) + 2*maskLen]byte
	copy(mask[:], maskPrefix)
	r := k.rings[0]
	h := r.masks.Get().(*keyedHash)
	h.Reset()
	h.Write(secret)
	h.sum = h.Sum(h.sum[:0])
	hex.Encode(mask[len(maskPrefix):], h.sum[:maskLen])
	r.masks.Put(h)
	return string(mask[:])
}

const (
	maskPrefix = "key:"
	maskLen    = 3 // bytes of the hash
)

// HashLead returns what stands in the ledger in place of an erased lead code:
// "~" and 32 hex digits of a keyed hash.
func (k *Keyring) HashLead(lead string) string { return k.rings[0].hashLead(lead) }

// HashLeads returns the hashes of a lead code under every master key, the newest
// first: a lead code that was erased under an older one must be found again.
func (k *Keyring) HashLeads(lead string) []string {
	hashes := make([]string, 0, len(k.rings))
	for _, r := range k.rings {
		hashes = append(hashes, r.hashLead(lead))
	}
	return hashes
}

func (r *ring) hashLead(lead string) string {
	h := hmac.New(sha256.New, r.mask[:])
	h.Write([]byte("lead\x00" + lead))
	return "~" + hex.EncodeToString(h.Sum(nil)[:16])
}
