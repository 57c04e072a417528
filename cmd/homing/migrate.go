package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"homing/internal/app"
)

type migrateCmd struct {
	FromData       string `name:"from-data" help:"Data directory that is moved to the servers. Nothing in it is changed." placeholder:"DIR"`
	ToData         string `name:"to-data" help:"New data directory that the cluster is moved back into." placeholder:"DIR"`
	Ledger         string `env:"HOMING_LEDGER" help:"As homing serve takes it: postgres://…, or @FILE." placeholder:"URL"`
	Warehouse      string `env:"HOMING_WAREHOUSE" help:"As homing serve takes it: clickhouse://…, or @FILE. Without it only the ledger is moved." placeholder:"URL"`
	ClusterKeyFile string `name:"cluster-key-file" env:"HOMING_CLUSTER_KEY_FILE" help:"The key of the cluster; make it with homing cluster-key." placeholder:"FILE"`
	oneFormat
}

// Help says what a move means.
func (c *migrateCmd) Help() string {
	return `No server may run on the data directory, nor any node on the cluster. Everything keeps its number: click ids that are on their way home count afterwards, and what was counted counts no second time. Sessions end: everybody signs in again.

At the end every row of both ledgers is read and compared, and clicks are counted on both sides by day and campaign. If the move is cut short, run the same again: it goes on where it was. Until it is done, nodes refuse the cluster's ledger, and servers the new directory.

Afterwards never run the old house again: two of them would count one conversion twice.`
}

// Run moves a house.
func (c *migrateCmd) Run(s *session) error {
	steps := s.steps()
	var next time.Time
	last := ""
	done, err := app.Migrate(s.ctx, app.Migration{
		FromData: c.FromData, ToData: c.ToData, Ledger: c.Ledger, Warehouse: c.Warehouse, ClusterKeyFile: c.ClusterKeyFile, Clock: s.now,
		Progress: func(text string, done, total int64) {
			if now := s.now(); text != last || now.After(next) {
				last, next = text, now.Add(time.Second/4)
				steps.tell(text, done, total)
			}
		},
	})
	steps.end()
	if err != nil {
		return err
	}
	return printOne(s.out, c.Format, done, func(w io.Writer) { printMoved(w, &done, c) })
}

// shownParts are those of the ledger that people know.
var shownParts = []struct{ part, words string }{
	{"accounts", "advertisers"}, {"keys", "keys"}, {"campaigns", "campaigns"}, {"users", "users"}, {"tokens", "API tokens"},
	{"conversions", "conversions"}, {"receipts", "receipts"}, {"changes", "changes of conversions"}, {"erased", "erasures"},
	{"audit", "entries of the audit log"},
}

func printMoved(w io.Writer, d *app.Moved, c *migrateCmd) {
	fmt.Fprintf(w, "Moved from %s to %s. Every row was compared.\n", printable(d.From), printable(d.To))
	for _, p := range shownParts {
		fmt.Fprintf(w, "  %-26s %d\n", p.words, d.Rows[p.part])
	}
	for _, m := range d.Money {
		currency := m.Currency
		if currency == "" {
			currency = "their own currency"
		}
		fmt.Fprintf(w, "  conversions %-9s %d, worth %s, price %s (%s)\n", m.Status, m.Count, m.Value, m.Price, printable(currency))
	}
	if d.Clicks >= 0 {
		fmt.Fprintf(w, "  %-26s %d\n  %-26s %d\n", "clicks", d.Clicks, "calls beside the receipts", d.Calls)
	}
	for _, n := range slices.Sorted(slices.Values(d.Notes)) {
		fmt.Fprintln(w, "note: "+printable(n))
	}
	if c.ToData != "" {
		fmt.Fprintf(w, "\nNext:\n  homing serve --data-dir %s\n", printable(c.ToData))
		return
	}
	fmt.Fprintf(w, `
Next, on each node, with a data directory of its own that is new:
  homing serve --role edge|desk|all --ledger … --warehouse … --cluster-key-file …
The old directory is as it was. Keep it as a backup; never run it again beside the cluster.
`)
}
