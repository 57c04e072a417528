// Package cluster starts a whole cluster of homing on this machine, from the
// programs that Debian packages: to look at one, and to torture one.
//
//	PostgreSQL ── synchronous standby        .scratch/cluster/postgres-1, postgres-2
//	ClickHouse ── its replica, ZooKeeper     .scratch/cluster/clickhouse-1, -2, zookeeper
//	edges, a desk                            .scratch/cluster/edge-1, …, desk
//
// Every process is a child of this one, is known by its id and ends with it. What
// is missing on the machine is told with the package that has it.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"homing/internal/desk/control"
)

// Options say what a cluster is like.
type Options struct {
	Dir     string // where everything lies; kept, and gone on with by the next start
	Program string // path of homing
	Edges   int
	// Small leaves ClickHouse out: one node with everything but a ledger of its
	// own, and a warehouse in its directory.
	Small bool
	// Servers starts no node: a house is to be moved there first.
	Servers bool
	// Settings are further flags of every node.
	Settings []string
	// Hostile has every edge stand in a network of its own, if that can be made, and
	// reach the ledger over links that can be cut and made slow; and clocks of nodes
	// can be set. See faults.go.
	Hostile bool
	// Out is told what is being started.
	Out io.Writer
}

// Cluster is a running one. It is used by one goroutine.
type Cluster struct {
	options Options
	// Primary takes writes, Standby follows it; both are there from Start on.
	Primary, Standby *Postgres
	// Warehouses are replicas of each other; none if the cluster is small.
	Warehouses []*ClickHouse
	Keeper     *Zookeeper // what the replicas agree through; nil if there are none
	// Balancer is in front of the edges, at an address that stays the same.
	Balancer  *Balancer
	Edges     []*Node
	Desk      *Node // of a small cluster the only node, which is an edge as well
	ledgerURL string
	password  string // of ClickHouse
	noNetwork error  // why edges have no networks of their own
}

// Missing tells what a cluster needs and this machine has not, each with the package
// that has it; empty if all is there.
func Missing(small bool) (list []string) {
	if _, err := postgresPrograms(); err != nil {
		list = append(list, err.Error())
	}
	if !small {
		list = append(list, missingClickHouse()...)
	}
	return list
}

// Start starts everything and waits until it serves. What was started is ended if
// something fails.
func Start(ctx context.Context, o Options) (_ *Cluster, err error) {
	if missing := Missing(o.Small); len(missing) > 0 {
		return nil, fmt.Errorf("this machine has not all that a cluster needs: %v", missing)
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, err
	}
	c := &Cluster{options: o}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	if err := c.startLedger(ctx); err != nil {
		return nil, err
	}
	if err := c.startWarehouses(ctx); err != nil {
		return nil, err
	}
	return c, c.startNodes(ctx)
}

func (c *Cluster) say(format string, args ...any) { fmt.Fprintf(c.options.Out, format+"\n", args...) }

func (c *Cluster) startLedger(ctx context.Context) (err error) {
	c.say("starting PostgreSQL, and a standby that commits wait for")
	root, err := reachable(c.options.Dir)
	if err != nil {
		return err
	}
	if c.Primary, err = StartPostgres(ctx, filepath.Join(root, "postgres-1")); err != nil {
		return err
	}
	if c.Standby, err = c.Primary.Follow(ctx, filepath.Join(root, "postgres-2"), "standby"); err != nil {
		return err
	}
	if err := c.Primary.MakeDatabase(ctx, "homing"); err != nil {
		return err
	}
	c.ledgerURL = c.Primary.URL("homing", c.Standby)
	return c.keep("ledger-url", c.ledgerURL)
}

// keep writes a file that only its owner may read.
func (c *Cluster) keep(name, text string) error {
	return os.WriteFile(filepath.Join(c.options.Dir, name), []byte(text+"\n"), 0o600)
}

// LedgerURL is how the ledger is reached, password included.
func (c *Cluster) LedgerURL() string { return c.ledgerURL }

// KeyFile is the cluster key's.
func (c *Cluster) KeyFile() string { return filepath.Join(c.options.Dir, "cluster-key") }

func (c *Cluster) startNodes(ctx context.Context) (err error) {
	if err := c.makeKey(ctx); err != nil {
		return err
	}
	if c.options.Servers {
		return nil
	}
	shared := append([]string{"--cluster-key-file", c.KeyFile()}, c.options.Settings...)
	if c.options.Small {
		c.say("starting a node with everything")
		if c.Desk, err = newNode(c.options, "node"); err != nil {
			return err
		}
		return c.Desk.start(ctx, c.options, append(shared, "--ledger", "@"+filepath.Join(c.options.Dir, "ledger-url"), "--role", "all")...)
	}
	far := []string{"--ledger", "@" + filepath.Join(c.options.Dir, "ledger-url"), "--warehouse", "@" + filepath.Join(c.options.Dir, "warehouse-url")}
	for n := range c.options.Edges {
		c.say("starting edge %d of %d", n+1, c.options.Edges)
		edge, err := newNode(c.options, fmt.Sprintf("edge-%d", n+1))
		if err != nil {
			return err
		}
		c.Edges = append(c.Edges, edge)
		to := far
		if c.options.Hostile {
			if to, err = c.between(ctx, edge, n); err != nil {
				return err
			}
		}
		if err := edge.start(ctx, c.options, slices.Concat(shared, to, []string{"--role", "edge"})...); err != nil {
			return err
		}
	}
	if c.Balancer, err = balance(c.options.Dir, c.Edges); err != nil {
		return err
	}
	c.say("starting the desk")
	if c.Desk, err = newNode(c.options, "desk"); err != nil {
		return err
	}
	return c.Desk.start(ctx, c.options, slices.Concat(shared, far, []string{"--role", "desk", "--public-url", "http://" + c.Balancer.Address()})...)
}

// makeKey makes the cluster key, if there is none from an earlier start.
func (c *Cluster) makeKey(ctx context.Context) error {
	if _, err := os.Stat(c.KeyFile()); err == nil {
		return nil
	}
	text, err := output(ctx, c.options.Program, "cluster-key")
	if err != nil {
		return err
	}
	return os.WriteFile(c.KeyFile(), text, 0o600)
}

// Status asks the desk.
func (c *Cluster) Status(ctx context.Context) (control.Status, error) {
	client := c.Desk.Client()
	defer client.Close()
	return client.Status(ctx)
}

// Close ends everything, the nodes first, and leaves the data.
func (c *Cluster) Close() (err error) {
	if c.Balancer != nil {
		c.Balancer.Close()
	}
	for _, n := range append(c.Edges[:len(c.Edges):len(c.Edges)], c.Desk) {
		if n != nil {
			n.End()
			n.unlink()
		}
	}
	for _, w := range c.Warehouses {
		w.End()
	}
	if c.Keeper != nil {
		c.Keeper.End()
	}
	for _, p := range []*Postgres{c.Standby, c.Primary} {
		if p != nil {
			p.End()
		}
	}
	return nil
}
