package main

import (
	"fmt"

	"homing/internal/app"
)

type clusterKeyCmd struct{}

// Help says what the key is for.
func (c *clusterKeyCmd) Help() string {
	return `All nodes of a cluster are given the same key (homing serve --cluster-key-file). It seals the master keys that they share through the ledger. Make it once:

  umask 077; homing cluster-key > cluster-key

and copy the file to every node. Back it up: with it and the ledger a lost cluster can be set up again; without it every node that has no data directory yet is refused.`
}

// Run prints a new key.
func (c *clusterKeyCmd) Run(s *session) error {
	_, err := fmt.Fprintln(s.out, app.NewClusterKey())
	return err
}
