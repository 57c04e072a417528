package masterkey

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"homing"
	"homing/internal/flow/cluster/durable"
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
const version = 1

type ring struct {
	Version int    `json:"version"`
	Keys    []line `json:"keys"`
	Sum     string `json:"sum,omitempty"`
}

type line struct {
	ID     string        `json:"id"`
	From   homing.Millis `json:"from"`
	Secret string        `json:"secret"`
}

// sum is the SHA-256 of the keys as they are told.
func (r *ring) sum() string {
	hash := sha256.New()
	for _, k := range r.Keys {
		fmt.Fprintf(hash, "%s %d %s\n", k.ID, k.From, k.Secret)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// Read reads a file of keys. One that is not there has none.
func Read(path string) ([]homing.MasterKey, error) {
	keys, _, err := ReadSummed(path)
	return keys, err
}

// ReadSummed also tells whether the file has its checksum. homing.ErrDamaged: it is
// not what was written; homing.ErrNewer: a newer version wrote it.
func ReadSummed(path string) (keys []homing.MasterKey, summed bool, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("couldn't read the master keys: %w", err)
	}
	keys, summed, err = Parse(text)
	if errors.Is(err, homing.ErrDamaged) {
		return nil, false, fmt.Errorf("master keys in %s: %w; bring the file back from a backup", path, err)
	}
	if err != nil {
		return nil, false, fmt.Errorf("master keys in %s: %w", path, err)
	}
	return keys, summed, nil
}

// Parse reads what Text has written. It quotes no secret.
func Parse(text []byte) (keys []homing.MasterKey, summed bool, err error) {
	damaged := func(what string) error { return fmt.Errorf("%w: %s", homing.ErrDamaged, what) }
	var file ring
	// The version first: what a newer one has besides is not for us to judge.
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, false, damaged("it is not JSON")
	}
	if file.Version > version {
		return nil, false, homing.ErrNewer
	}
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	if err := strict.Decode(new(ring)); err != nil || file.Version < version {
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

// Text writes keys as they lie in the file.
func Text(keys []homing.MasterKey) ([]byte, error) {
	file := ring{Version: version}
	for _, k := range keys {
		file.Keys = append(file.Keys, line{ID: k.ID, From: k.From, Secret: hex.EncodeToString(k.Secret[:])})
	}
	file.Sum = file.sum()
	text, err := json.MarshalIndent(file, "", "  ")
	return append(text, '\n'), err
}

// Write replaces a file of keys: from its return on they are there after any crash.
func Write(path string, keys []homing.MasterKey) error {
	text, err := Text(keys)
	if err != nil {
		return err
	}
	return durable.Write(path, text)
}
