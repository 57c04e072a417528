package app

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"homing"
	"homing/internal/flow/cluster/masterkey"
)

// masterKeyFile is in every data directory, readable by its owner only: see package
// masterkey. On one machine it is all there is; in a cluster it is what this node
// knows of the keys that all of them share.
const masterKeyFile = "master-keys.json"

const (
	masterKeyAge  = masterkey.Age
	masterKeyKept = masterkey.Kept
	maxMasterKeys = masterkey.Most
	// masterKeyNotice is how long before its first use a new key is written at
	// least, so that whoever is at work has it by then.
	masterKeyNotice = time.Hour
	// masterKeySoon is how long before its first use a key is written that somebody
	// asked for. On one machine everybody has it at once; what is under way with the
	// keys from before must have ended by then, so that an id can always be worked out
	// again from its origin.
	masterKeySoon = 10 * time.Second
)

// loadMasterKeys reads the master keys of a data directory, makes the first one
// if there is none, and the next one when the newest is a year old, which is in use
// from next on. If next is 0, the clock may be wrong: none is made but the first,
// and none goes.
func loadMasterKeys(dir string, now, next homing.Millis) (*homing.Keyring, error) {
	path := filepath.Join(dir, masterKeyFile)
	keys, summed, err := masterkey.ReadSummed(path)
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

func goodKeys(keys []homing.MasterKey, now homing.Millis) []homing.MasterKey {
	return masterkey.Good(keys, now)
}

func renewMasterKeys(keys []homing.MasterKey, now, next homing.Millis) []homing.MasterKey {
	return masterkey.Renew(keys, now, next)
}

func sortMasterKeys(keys []homing.MasterKey) { masterkey.Sort(keys) }

// addMasterKey adds a key that is in use soon.
func addMasterKey(keys []homing.MasterKey, newest string, now homing.Millis) ([]homing.MasterKey, error) {
	return masterkey.Add(keys, newest, now, now+homing.MillisIn(masterKeySoon))
}

func newMasterKey(from homing.Millis) homing.MasterKey { return masterkey.New(from) }

func readMasterKeys(path string) ([]homing.MasterKey, error) { return masterkey.Read(path) }

func writeMasterKeys(path string, keys []homing.MasterKey) error { return masterkey.Write(path, keys) }
