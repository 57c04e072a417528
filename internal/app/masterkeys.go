package app

import (
	"cmp"
	"crypto/rand"
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
//	{"version":1,"keys":[{"id":"3f0a91c2","from":1790000000000,"secret":"…64 hex…"}]}
//
// It is written as a whole to a new file, fsynced and renamed. Whoever has it
// can forge click ids; without it no click id of this installation can be read,
// so it belongs to every backup.
const masterKeyFile = "master-keys.json"

const (
	// masterKeyAge is when a new master key is made.
	masterKeyAge = 365 * 24 * time.Hour
	// masterKeyNotice is how long before its first use a new key is written, so
	// that every node has it by then.
	masterKeyNotice = time.Hour
	// masterKeyKept is how long a key is kept beyond the longest window after
	// its successor took over.
	masterKeyKept = 400*24*time.Hour + homing.MaxWindow
)

type masterKeyRing struct {
	Version int             `json:"version"`
	Keys    []masterKeyLine `json:"keys"`
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

// maxMasterKeys bounds how many keys an id is tried with.
const maxMasterKeys = 32

// loadMasterKeys reads the master keys of a data directory, makes the first one
// if there is none, and the next one when the newest is a year old.
func loadMasterKeys(dir string, now homing.Millis) (*homing.Keyring, error) {
	path := filepath.Join(dir, masterKeyFile)
	keys, err := readMasterKeys(path)
	if err != nil {
		return nil, err
	}
	next := renewMasterKeys(keys, now)
	if !slices.Equal(next, keys) {
		if err := writeMasterKeys(path, next); err != nil {
			return nil, fmt.Errorf("couldn't write the master keys: %w", err)
		}
	}
	return homing.NewKeyring(next...)
}

// renewMasterKeys adds and drops keys as their ages ask. The result is sorted,
// oldest first.
func renewMasterKeys(keys []homing.MasterKey, now homing.Millis) []homing.MasterKey {
	keys = slices.Clone(keys)
	sortMasterKeys(keys)
	if len(keys) == 0 {
		return []homing.MasterKey{newMasterKey(now)}
	}
	if newest := keys[len(keys)-1]; now-newest.From > homing.MillisIn(masterKeyAge) {
		keys = append(keys, newMasterKey(now+homing.MillisIn(masterKeyNotice)))
	}
	// A key was last minted under when its successor took over.
	for len(keys) > 1 && now-keys[1].From > homing.MillisIn(masterKeyKept) {
		keys = keys[1:]
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
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("couldn't read the master keys: %w", err)
	}
	var file masterKeyRing
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("master keys in %s: %w: it is not JSON; bring the file back from a backup", path, homing.ErrDamaged)
	}
	if file.Version > 1 {
		return nil, fmt.Errorf("master keys in %s: %w", path, homing.ErrNewer)
	}
	var keys []homing.MasterKey
	for _, line := range file.Keys {
		k := homing.MasterKey{ID: line.ID, From: line.From}
		secret, err := hex.DecodeString(line.Secret)
		if err != nil || copy(k.Secret[:], secret) != len(k.Secret) || len(secret) != len(k.Secret) {
			return nil, fmt.Errorf("master key %q in %s: %w: bring the file back from a backup", line.ID, path, homing.ErrDamaged)
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("master keys in %s: %w: there are none in it; bring the file back from a backup", path, homing.ErrDamaged)
	}
	return keys, nil
}

func writeMasterKeys(path string, keys []homing.MasterKey) error {
	file := masterKeyRing{Version: 1}
	for _, k := range keys {
		file.Keys = append(file.Keys, masterKeyLine{ID: k.ID, From: k.From, Secret: hex.EncodeToString(k.Secret[:])})
	}
	text, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return err
	}
	return writeDurably(path, append(text, '\n'), 0o600)
}
