package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"homing"
)

// The bounds of a password, in characters. There are no rules of composition:
// they make passwords worse. The upper bound keeps hashing cheap.
const (
	MinPassword = 10
	MaxPassword = 128
)

// CheckPassword tells what is wrong with a new password.
func CheckPassword(password, email string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case n < MinPassword:
		return fmt.Errorf("%w password: it has %d characters; use at least %d", homing.ErrInvalid, n, MinPassword)
	case n > MaxPassword:
		return fmt.Errorf("%w password: it has %d characters; use at most %d", homing.ErrInvalid, n, MaxPassword)
	case strings.EqualFold(strings.TrimSpace(password), email):
		return fmt.Errorf("%w password: it is the e-mail address; choose something else", homing.ErrInvalid)
	}
	return nil
}

// Cost is what a guess costs: memory in KiB, and passes over it.
type Cost struct{ Memory, Passes uint32 }

// defaultCost takes about a quarter of a second on one core.
var defaultCost = Cost{Memory: 64 << 10, Passes: 3}

// What a stored hash may ask for at most: a damaged row must not take all
// memory.
const (
	maxMemory = 256 << 10
	maxPasses = 10
)

const (
	saltLen = 16
	hashLen = 32
	// atOnce bounds the memory: 2 × 64 MiB.
	atOnce = 2
	// maxWaiting bounds how many wait for their turn.
	maxWaiting = 32
)

// hasher hashes passwords with argon2id, a few at a time.
type hasher struct {
	cost    Cost
	turns   chan struct{}
	waiting chan struct{}
	// nobody is the hash that unknown users are checked against.
	nobody phc
	// derive is phc.of; tests count what is spent.
	derive func(p phc, password string, n int) []byte
}

func newHasher(cost Cost) *hasher {
	if cost == (Cost{}) {
		cost = defaultCost
	}
	h := &hasher{cost: cost, turns: make(chan struct{}, atOnce), waiting: make(chan struct{}, maxWaiting), derive: phc.of}
	h.nobody = phc{cost: cost, salt: random(saltLen), hash: random(hashLen)}
	return h
}

// turn waits until one may hash. done must be called afterwards.
func (h *hasher) turn(ctx context.Context) (done func(), err error) {
	select {
	case h.waiting <- struct{}{}:
	default:
		return nil, fmt.Errorf("%w: many people are signing in just now; try again in a moment", homing.ErrOverloaded)
	}
	defer func() { <-h.waiting }()
	select {
	case h.turns <- struct{}{}:
		return func() { <-h.turns }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: many people are signing in just now; try again in a moment", homing.ErrOverloaded)
	}
}

// hash returns the encoded hash of a new password.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	done, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	p := phc{cost: h.cost, salt: random(saltLen)}
	p.hash = h.derive(p, password, hashLen)
	return p.String(), nil
}

// matches tells whether a password belongs to an encoded hash. An empty hash,
// or one that cannot be read, matches nothing and takes as long.
func (h *hasher) matches(ctx context.Context, encoded, password string) (bool, error) {
	done, err := h.turn(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	p, known := parsePHC(encoded)
	if !known {
		p = h.nobody
	}
	if len(password) > 4*MaxPassword {
		password = password[:4*MaxPassword] // longer than any; don't hash megabytes
		known = false
	}
	same := subtle.ConstantTimeCompare(h.derive(p, password, len(p.hash)), p.hash) == 1
	return same && known, nil
}

// phc is an argon2id hash in the PHC string format:
//
//	$argon2id$v=19$m=65536,t=3,p=1$salt$hash
type phc struct {
	cost       Cost
	salt, hash []byte
}

func (p phc) of(password string, n int) []byte {
	return argon2.IDKey([]byte(password), p.salt, p.cost.Passes, p.cost.Memory, 1, uint32(n))
}

func (p phc) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, p.cost.Memory, p.cost.Passes,
		b64.EncodeToString(p.salt), b64.EncodeToString(p.hash))
}

func parsePHC(encoded string) (p phc, ok bool) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, false
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=1", &p.cost.Memory, &p.cost.Passes); n != 2 || err != nil {
		return p, false
	}
	if p.cost.Passes < 1 || p.cost.Passes > maxPasses || p.cost.Memory < 8 || p.cost.Memory > maxMemory {
		return p, false
	}
	var errSalt, errHash error
	p.salt, errSalt = base64.RawStdEncoding.DecodeString(parts[4])
	p.hash, errHash = base64.RawStdEncoding.DecodeString(parts[5])
	return p, errSalt == nil && errHash == nil && len(p.salt) >= 8 && len(p.hash) >= 16
}

// random never fails, see crypto/rand.
func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}
