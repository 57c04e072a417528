package main

import (
	"fmt"

	"homing/internal/app"
)

type ledgerCmd struct {
	Restored ledgerRestoredCmd `cmd:"" help:"Ready a ledger on a server that was restored, or whose standby was promoted without having all."`
}

type ledgerRestoredCmd struct {
	Ledger string `required:"" env:"HOMING_LEDGER" help:"As homing serve takes it: postgres://…, or @FILE." placeholder:"URL"`
	Detail string `default:"by hand" help:"For the audit log: what was restored, and as of when." placeholder:"TEXT"`
}

// Help says when it is needed.
func (c *ledgerRestoredCmd) Help() string {
	return `What was written after the moment that was restored is not in the ledger, and must not be mistaken for what is written from now on: numbers of advertisers, campaigns and users jump ahead, node numbers that may have been lent since are given up, and everybody signs in again.

End all nodes first; those that still run lose their node numbers and take others. A synchronous standby that was promoted has everything, and needs none of this.`
}

// Run readies the ledger.
func (c *ledgerRestoredCmd) Run(s *session) error {
	if err := app.LedgerRestored(s.ctx, c.Ledger, c.Detail, s.now); err != nil {
		return err
	}
	_, err := fmt.Fprintln(s.out, "The ledger is ready. Start the nodes.")
	return err
}
