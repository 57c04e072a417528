package app

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"homing"
)

// nodeFile is in the data directory of a node of a cluster, and in no other:
//
//	{"version":1,"node":"3f0a91c25d7be610"}
//
// The number is drawn when the directory is made. It names the node's spool in the
// warehouse and the node to the others, so two directories must never have the
// same: a node is not copied. With the file there is no ledger in the directory,
// and commands that would open one say so.
const (
	nodeFile        = "node.json"
	nodeFileVersion = 1
)

type nodeLine struct {
	Version int    `json:"version"`
	Node    string `json:"node"`
}

// readNode reads the number of a data directory's node; 0 if it is none of a
// cluster.
func readNode(dir string) (uint64, error) {
	path := filepath.Join(dir, nodeFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("couldn't read which node this is: %w", err)
	}
	var line nodeLine
	if err := json.Unmarshal(text, &line); err != nil {
		return 0, fmt.Errorf("%s: %w: it is not JSON", path, homing.ErrDamaged)
	}
	if line.Version > nodeFileVersion {
		return 0, fmt.Errorf("%s: %w", path, homing.ErrNewer)
	}
	number, err := hex.DecodeString(line.Node)
	if err != nil || len(number) != 8 || binary.BigEndian.Uint64(number) == 0 {
		return 0, fmt.Errorf("%s: %w: %q is no node", path, homing.ErrDamaged, line.Node)
	}
	return binary.BigEndian.Uint64(number), nil
}

// makeNode draws a number for a directory that is to be a node's.
func makeNode(dir string) (uint64, error) {
	var number [8]byte
	for binary.BigEndian.Uint64(number[:]) == 0 {
		rand.Read(number[:]) // never fails, see crypto/rand
	}
	text, err := json.Marshal(nodeLine{nodeFileVersion, hex.EncodeToString(number[:])})
	if err != nil {
		return 0, err
	}
	if err := writeDurably(filepath.Join(dir, nodeFile), append(text, '\n'), 0o600); err != nil {
		return 0, fmt.Errorf("couldn't write which node this is: %w", err)
	}
	return binary.BigEndian.Uint64(number[:]), nil
}

// become sees to it that the directory is what the settings take it for: that of a
// machine of its own, or of a node of a cluster. What it holds already is never
// taken for something else.
func (d *dataDir) become(clustered bool) (err error) {
	_, err = os.Stat(d.file(ledgerFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("--data-dir %s: couldn't look at %s: %w", d.path, ledgerFile, err)
	}
	embedded := err == nil
	switch {
	case clustered && embedded && d.node == 0:
		return fmt.Errorf("%w --ledger: --data-dir %s holds a ledger of its own; move it over first, with homing migrate --from-data %s "+
			"and the same --ledger, --warehouse and --cluster-key-file, and then name a new data directory; the old one stays as it is",
			homing.ErrInvalid, d.path, d.path)
	case clustered && d.node == 0:
		if d.node, err = makeNode(d.path); err != nil {
			return fmt.Errorf("--data-dir %s: %w", d.path, err)
		}
	case !clustered && d.node != 0:
		return fmt.Errorf("%w: --data-dir %s is that of a node of a cluster, whose ledger is on a server: "+
			"start it with homing serve --ledger … --cluster-key-file … as before; other commands ask the server that runs on it",
			homing.ErrInvalid, d.path)
	}
	return nil
}
