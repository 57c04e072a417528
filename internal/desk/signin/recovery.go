package signin

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"homing"
)

// Recovery codes stand in for the second factor, each once: 16 of an alphabet
// without letters that look like digits (80 bits, so that a hash of them can be
// stored as it is), in groups of four.
const (
	recoveryCodes    = 10
	recoveryLen      = 16
	recoveryAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"
)

// newRecovery draws codes and hashes them for a user.
func newRecovery(user homing.UserID) (codes []string, hashes []homing.KeyHash) {
	for range recoveryCodes {
		text := random(recoveryLen)
		for i, b := range text {
			text[i] = recoveryAlphabet[b%32] // 256 = 8 × 32: no letter is favoured
		}
		codes = append(codes, grouped(string(text)))
		hashes = append(hashes, recoveryHash(user, string(text)))
	}
	return codes, hashes
}

// grouped cuts a text into groups of four.
func grouped(text string) string {
	var groups []string
	for group := range slices.Chunk([]byte(text), 4) {
		groups = append(groups, string(group))
	}
	return strings.Join(groups, "-")
}

// recoveryHash is what is stored of a code. The user is hashed in, so that equal
// codes of two people do not look equal.
func recoveryHash(user homing.UserID, code string) homing.KeyHash {
	return sha256.Sum256(fmt.Appendf(nil, "recovery %s %s", user, code))
}

// typedRecovery reads a code as people type it; ok is false for what is none.
func typedRecovery(text string) (code string, ok bool) {
	code = strings.NewReplacer("o", "0", "i", "1", "l", "1").Replace(strings.ToLower(typedCode(strings.TrimSpace(text))))
	if len(code) != recoveryLen {
		return "", false
	}
	for i := range len(code) {
		if strings.IndexByte(recoveryAlphabet, code[i]) < 0 {
			return "", false
		}
	}
	return code, true
}

// takeRecovery strikes a code off; false if the user has none such.
func takeRecovery(u *homing.User, code string) bool {
	i := slices.Index(u.Recovery, recoveryHash(u.ID, code))
	if i < 0 {
		return false
	}
	u.Recovery = slices.Delete(slices.Clone(u.Recovery), i, i+1)
	return true
}
