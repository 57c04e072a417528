package app

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"homing"
)

// The master keys are a file of the data directory, readable by its owner only:
//
//	{"version":1,"keys":[{"id":"3f0a91c2","from":1790000000000,"secret":"…64 hex…"}],"sum":"…64 hex…"}
//
// It is written as a whole to a new file, fsynced and renamed. Whoever has it
// can forge click ids; without it no click id of this installation can be read,
// so it belongs to every backup. The sum is a checksum of what is told: one digit
// that has become another makes a key like any other, which would disown every
// click on its way home. A file of earlier versions has none and is given one.
const masterKeyFile = "master-keys.json"

const (
	masterKeyVersion = 1
	// masterKeyAge is when a new master key is made.
	masterKeyAge = 365 * 24 * time.Hour
	// masterKeyNotice is how long before its first use a new key is written at
	// least, so that every node has it by then.
	masterKeyNotice = time.Hour
	// masterKeyKept is how long a key is kept beyond the longest window after
	// its successor took over.
	masterKeyKept = 400*24*time.Hour + homing.MaxWindow
)

type masterKeyRing struct {
	Version int             `json:"version"`
	Keys    []masterKeyLine `json:"keys"`
	Sum     string          `json:"sum,omitempty"`
}

// sum is the SHA-256 of the keys as they are told.
func (r *masterKeyRing) sum() string {
	hash := sha256.New()
	for _, k := range r.Keys {
		fmt.Fprintf(hash, "%s %d %s\n", k.ID, k.From, k.Secret)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

type masterKeyLine struct {
	ID     string        `json:"id"`
	From   homing.Millis `json:"from"`
	Secret string        `json:"secret"`
}

// masterKeySoon is how long before its first use a key is written that somebody
// asked for. On one machine everybody has it at once; what is under way with the
// keys from before must have ended by then, so that an id can always be worked out
// again from its origin.
const masterKeySoon = 10 * time.Second

const (
	// maxMasterKeys bounds how many keys an id is tried with.
	maxMasterKeys = 32
	// masterKeysAtHand is how many keys the file has before those go whose time is
	// over.
	masterKeysAtHand = 16
)

// loadMasterKeys reads the master keys of a data directory, makes the first one
// if there is none, and the next one when the newest is a year old, which is in use
// from next on. If next is 0, the clock may be wrong: none is made but the first,
// and none goes.
func loadMasterKeys(dir string, now, next homing.Millis) (*homing.Keyring, error) {
	path := filepath.Join(dir, masterKeyFile)
	keys, summed, err := readMasterKeyFile(path)
	if err != nil {
		return nil, err
	}
	renewed := renewMasterKeys(keys, now, next)
	if !summed || !slices.Equal(renewed, keys) {
		if err := writeMasterKeys(path, renewed); err != nil {
			return nil, fmt.Errorf("couldn't write the master keys: %w", err)
		}
	}
	return homing.NewKeyring(renewed...)
}

// goodKeys are those whose time is not over by now. A key was last minted under
// when its successor took over.
func goodKeys(keys []homing.MasterKey, now homing.Millis) []homing.MasterKey {
	for len(keys) > 1 && now-keys[1].From > homing.MillisIn(masterKeyKept) {
		keys = keys[1:]
	}
	return keys
}

// renewMasterKeys adds and drops keys as their ages ask. The result is sorted,
// oldest first. A key whose time is over stays, and goes on verifying ids of its
// own time, which are late by then, until there are many: the clock that says so
// may be years ahead for a moment, and what was deleted then is gone for good.
func renewMasterKeys(keys []homing.MasterKey, now, next homing.Millis) []homing.MasterKey {
	keys = slices.Clone(keys)
	sortMasterKeys(keys)
	if len(keys) == 0 {
		return []homing.MasterKey{newMasterKey(now)}
	}
	if next == 0 {
		return keys
	}
	if newest := keys[len(keys)-1]; now-newest.From > homing.MillisIn(masterKeyAge) {
		keys = append(keys, newMasterKey(next))
	}
	if over := len(keys) - masterKeysAtHand; over > 0 {
		keys = keys[min(over, len(keys)-len(goodKeys(keys, now))):]
	}
	return keys
}

func sortMasterKeys(keys []homing.MasterKey) {
	slices.SortFunc(keys, func(a, b homing.MasterKey) int { return cmp.Compare(a.From, b.From) })
}

// addMasterKey adds a key that is in use soon. newest must be the id of the
// newest there is: two who ask at once get one key. keys are sorted, oldest first.
func addMasterKey(keys []homing.MasterKey, newest string, now homing.Millis) ([]homing.MasterKey, error) {
	last := keys[len(keys)-1]
	switch {
	case last.ID != newest:
		return nil, fmt.Errorf("%w: a master key was made in the meantime", homing.ErrConflict)
	case last.From > now:
		return nil, fmt.Errorf("%w request: master key %s was made just now and is in use from %s on; make another one after that", homing.ErrInvalid, last.ID, last.From)
	case len(keys) >= maxMasterKeys:
		return nil, fmt.Errorf("%w request: there are %d master keys, and every id is tried with each; the oldest goes by itself in time", homing.ErrInvalid, len(keys))
	}
	return append(slices.Clone(keys), newMasterKey(now+homing.MillisIn(masterKeySoon))), nil
}

func newMasterKey(from homing.Millis) homing.MasterKey {
	var id [4]byte
	k := homing.MasterKey{From: from}
	rand.Read(id[:]) // never fails, see crypto/rand
	rand.Read(k.Secret[:])
	k.ID = hex.EncodeToString(id[:])
	return k
}

func readMasterKeys(path string) ([]homing.MasterKey, error) {
	keys, _, err := readMasterKeyFile(path)
	return keys, err
}

// readMasterKeyFile also tells whether the file has its checksum. A file that is
// not there has no keys.
func readMasterKeyFile(path string) (keys []homing.MasterKey, summed bool, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("couldn't read the master keys: %w", err)
	}
	damaged := func(what string) error {
		return fmt.Errorf("master keys in %s: %w: %s; bring the file back from a backup", path, homing.ErrDamaged, what)
	}
	var file masterKeyRing
	// The version first: what a newer one has besides is not for us to judge.
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, false, damaged("it is not JSON")
	}
	if file.Version > masterKeyVersion {
		return nil, false, fmt.Errorf("master keys in %s: %w", path, homing.ErrNewer)
	}
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	if err := strict.Decode(new(masterKeyRing)); err != nil || file.Version < masterKeyVersion {
		return nil, false, damaged("it has names that nobody wrote")
	}
	if file.Sum != "" && file.Sum != file.sum() {
		return nil, false, damaged("its checksum is wrong")
	}
	for _, line := range file.Keys {
		k := homing.MasterKey{ID: line.ID, From: line.From}
		secret, err := hex.DecodeString(line.Secret)
		if err != nil || copy(k.Secret[:], secret) != len(k.Secret) || len(secret) != len(k.Secret) {
			return nil, false, damaged(fmt.Sprintf("key %q is no key", line.ID))
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, false, damaged("there are none in it")
	}
	return keys, file.Sum != "", nil
}

func writeMasterKeys(path string, keys []homing.MasterKey) error {
	file := masterKeyRing{Version: masterKeyVersion}
	for _, k := range keys {
		file.Keys = append(file.Keys, masterKeyLine{ID: k.ID, From: k.From, Secret: hex.EncodeToString(k.Secret[:])})
	}
	file.Sum = file.sum()
	text, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return err
	}
	return writeDurably(path, append(text, '\n'), 0o600)
}
