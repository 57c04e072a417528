package rulebook

import (
	"encoding/json"
	"fmt"

	"homing"
)

// AsJSON writes a list or a struct of ours as it stands in a column; an empty
// list is "[]".
func AsJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs of ours
	}
	if string(text) == "null" {
		return "[]"
	}
	return string(text)
}

// ReadJSON reads such a column. What it holds is told in what.
func ReadJSON(text string, into any, what string) error {
	if text == "[]" || text == "{}" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("%w: %s: %w", homing.ErrDamaged, what, err)
	}
	return nil
}

// JoinHashes writes hashes one behind the other.
func JoinHashes(hashes []homing.KeyHash) []byte {
	joined := []byte{}
	for _, h := range hashes {
		joined = append(joined, h[:]...)
	}
	return joined
}

// SplitHashes is the inverse of JoinHashes.
func SplitHashes(joined []byte) (hashes []homing.KeyHash) {
	for len(joined) >= len(homing.KeyHash{}) {
		var h homing.KeyHash
		joined = joined[copy(h[:], joined):]
		hashes = append(hashes, h)
	}
	return hashes
}
