package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"homing"
)

// What a node does in a cluster. On one machine it is roleAll.
const (
	roleAll  = "all"
	roleEdge = "edge" // clicks and postbacks, and a small desk for health and metrics
	roleDesk = "desk" // panel, API and the work that is done once for all nodes
)

// tracks tells whether clicks and postbacks are taken.
func (c *Config) tracks() bool { return c.Role != roleDesk }

// shows tells whether there are panel and API.
func (c *Config) shows() bool { return c.Role != roleEdge }

// clustered tells whether the ledger is shared with other nodes, or may be.
func (c *Config) clustered() bool { return c.Ledger != "" }

// checkCluster refuses roles and engines that do not go together, and says what
// would.
func checkCluster(cfg *Config) error {
	const remedy = "give --ledger postgres://…, --warehouse clickhouse://… and --cluster-key-file, the same to every node; see docs/scale.md"
	switch {
	case !(cfg.tracks() && cfg.shows()) && cfg.Ledger == "":
		return fmt.Errorf("%w --role %s: it needs a ledger that the nodes share, for one alone decides what counts: %s", homing.ErrInvalid, cfg.Role, remedy)
	case !(cfg.tracks() && cfg.shows()) && cfg.Warehouse == "":
		return fmt.Errorf("%w --role %s: it needs a warehouse that the nodes share, or nobody would see the clicks of all edges: %s",
			homing.ErrInvalid, cfg.Role, remedy)
	case cfg.Warehouse != "" && cfg.Ledger == "":
		return fmt.Errorf("%w --warehouse: it needs --ledger postgres://… as well, and --cluster-key-file; "+
			"leave it out for the embedded warehouse: one machine needs no other; see docs/scale.md", homing.ErrInvalid)
	case cfg.Ledger != "" && cfg.ClusterKeyFile == "":
		return fmt.Errorf("%w --ledger: it needs --cluster-key-file, which seals the master keys that the nodes share: "+
			"run homing cluster-key > FILE once, and give the same file to every node", homing.ErrInvalid)
	case cfg.ClusterKeyFile != "" && cfg.Ledger == "":
		return fmt.Errorf("%w --cluster-key-file: it means nothing without --ledger postgres://…; leave it out on one machine", homing.ErrInvalid)
	}
	return nil
}

// openURLs reads the addresses of servers that stand in files, and refuses those
// of a kind that is not known. No address is in an error: it may hold a password.
func openURLs(cfg *Config) (err error) {
	if cfg.Ledger, err = urlIn("--ledger", cfg.Ledger); err != nil {
		return err
	}
	if cfg.Ledger != "" {
		if err := checkLedgerURL(cfg.Ledger); err != nil {
			return err
		}
	}
	if cfg.Warehouse, err = urlIn("--warehouse", cfg.Warehouse); err != nil {
		return err
	}
	return checkWarehouseURL(cfg.Warehouse)
}

// urlIn is the address itself, or what the file holds that @FILE names.
func urlIn(flag, text string) (string, error) {
	file, named := strings.CutPrefix(text, "@")
	if !named {
		return text, nil
	}
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w %s @%s: there is no such file", homing.ErrInvalid, flag, file)
	}
	if err != nil {
		return "", fmt.Errorf("%s: couldn't read the address: %w", flag, err)
	}
	if text = strings.TrimSpace(string(content)); text == "" || strings.ContainsAny(text, "\n\r") {
		return "", fmt.Errorf("%w %s @%s: the file must hold one line, the address", homing.ErrInvalid, flag, file)
	}
	return text, nil
}

func checkWarehouseURL(url string) error {
	if url == "" || strings.HasPrefix(url, "clickhouse://") {
		return nil
	}
	return fmt.Errorf("%w: --warehouse must begin with clickhouse:// (leave it out for the embedded warehouse)", homing.ErrInvalid)
}
