// Command run starts a whole cluster here and tells where its panel is; make
// cluster builds the program first. Ctrl-C ends everything.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"homing/internal/cluster"
)

func main() {
	o := cluster.Options{Out: os.Stdout}
	flag.StringVar(&o.Dir, "dir", ".scratch/cluster", "where everything lies; it is gone on with by the next start")
	flag.StringVar(&o.Program, "program", "bin/homing", "the built homing")
	flag.IntVar(&o.Edges, "edges", 3, "how many edges")
	flag.BoolVar(&o.Small, "small", false, "one node with its own warehouse, and only the ledger on a server")
	flag.BoolVar(&o.Servers, "servers", false, "no nodes: a house is to be moved there first")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o cluster.Options, out io.Writer) (err error) {
	c, err := cluster.Start(ctx, o)
	if err != nil {
		return err
	}
	defer func() {
		fmt.Fprintln(out, "ending everything")
		err = errors.Join(err, c.Close())
	}()
	tell(ctx, c, o, out)
	<-ctx.Done()
	return nil
}

func tell(ctx context.Context, c *cluster.Cluster, o cluster.Options, out io.Writer) {
	shared := fmt.Sprintf("--ledger @%[1]s/ledger-url --warehouse @%[1]s/warehouse-url --cluster-key-file %[1]s/cluster-key", o.Dir)
	if o.Servers {
		fmt.Fprintf(out, "\nThe servers run.\n  bin/homing migrate --from-data DIR %s\nCtrl-C ends them; the data stays.\n", shared)
		return
	}
	fmt.Fprintf(out, "\nThe cluster runs.\n  panel      %s\n", c.Desk.Panel())
	if b := c.Balancer; b != nil {
		fmt.Fprintf(out, "  clicks     http://%s and https://%s, at edges by chance\n", b.Address(), b.AddressTLS())
	}
	for _, n := range c.Edges {
		fmt.Fprintf(out, "  %s     http://%s  (data in %s)\n", n.Name, n.Track(), n.Data())
	}
	if link := c.Desk.SetUp(ctx); link != "" {
		fmt.Fprintf(out, "  set up     %s  (works once, for 24 hours)\n", link)
	}
	fmt.Fprintf(out, "  ledger     PostgreSQL at %s, standby at %s\n", c.Primary.Address(), c.Standby.Address())
	for _, w := range c.Warehouses {
		fmt.Fprintf(out, "  warehouse  ClickHouse at %s\n", w.Address())
	}
	fmt.Fprintf(out, "\nCommands take the desk's directory: bin/homing account list --data-dir %s\n", c.Desk.Data())
	if b := c.Balancer; b != nil {
		fmt.Fprintf(out, "Traffic: bin/homing simulate --data-dir %s --track http://%s --track-tls https://%s\n", c.Desk.Data(), b.Address(), b.AddressTLS())
	}
	fmt.Fprintln(out, "Ctrl-C ends everything; the data stays.")
}
