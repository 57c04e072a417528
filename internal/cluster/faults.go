package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// What can be done to a cluster that was started with Options.Hostile, beside ending
// and killing what runs in it.

// between puts an edge into a network of its own, and links between it and the
// servers. It gives the flags by which the edge finds them.
func (c *Cluster) between(ctx context.Context, edge *Node, n int) (flags []string, err error) {
	if edge.net, err = newNetwork(ctx, edge.dir, n); err != nil {
		edge.net, c.noNetwork = nil, err
	}
	ledgerSide, warehouses := "127.0.0.1", "@"+filepath.Join(c.options.Dir, "warehouse-url")
	if edge.net != nil {
		edge.host, ledgerSide = edge.net.there, edge.net.ledgerSide
		if flags, err = certify(edge.dir, edge.host); err != nil {
			return nil, err
		}
		var hosts []string
		for _, w := range c.Warehouses {
			l, err := newLink(net.JoinHostPort(edge.net.here, "0"), w.Address())
			if err != nil {
				return nil, err
			}
			edge.others, hosts = append(edge.others, l), append(hosts, l.address())
		}
		file := filepath.Join(edge.dir, "warehouse-url")
		if err := os.WriteFile(file, []byte(c.warehouseURL(hosts)+"\n"), 0o600); err != nil {
			return nil, err
		}
		warehouses = "@" + file
	}
	var hosts []string
	for _, p := range []*Postgres{c.Primary, c.Standby} {
		l, err := newLink(net.JoinHostPort(ledgerSide, "0"), p.Address())
		if err != nil {
			return nil, err
		}
		edge.ledger, hosts = append(edge.ledger, l), append(hosts, l.address())
	}
	file := filepath.Join(edge.dir, "ledger-url")
	err = os.WriteFile(file, []byte(c.Primary.urlAt("homing", hosts)+"\n"), 0o600)
	return append(flags, "--ledger", "@"+file, "--warehouse", warehouses), err
}

// unlink takes down what between has put up.
func (n *Node) unlink() {
	for _, l := range append(n.ledger, n.others...) {
		l.close()
	}
	n.ledger, n.others = nil, nil
	if n.net != nil {
		n.net.close()
		n.net = nil
	}
}

// Networks tells how Cut cuts: nil if packets vanish between an edge's own network
// and the ledger; else why edges have none, and links hold everything back.
func (c *Cluster) Networks() error { return c.noNetwork }

// Cut cuts the edge off from the ledger, or mends that.
func (n *Node) Cut(ctx context.Context, cut bool) error {
	if n.net != nil {
		return n.net.cut(ctx, cut)
	}
	for _, l := range n.ledger {
		l.hold(cut)
	}
	return nil
}

// Slow has everything between the edge and the ledger arrive so much later.
func (n *Node) Slow(by time.Duration) {
	for _, l := range n.ledger {
		l.delay(by)
	}
}

// SetClock sets the node's clock as far off as this.
func (n *Node) SetClock(offset time.Duration) error {
	return os.WriteFile(n.clock, []byte(offset.String()+"\n"), 0o644)
}

// Promote makes the standby the primary; the old one has ended. It has no standby
// until Rejoin.
func (c *Cluster) Promote(ctx context.Context) error {
	if err := c.Standby.Promote(ctx); err != nil {
		return err
	}
	c.Primary, c.Standby = c.Standby, c.Primary
	return nil
}

// Rejoin has the old primary come back as the standby of the new one, with a copy of
// its data.
func (c *Cluster) Rejoin(ctx context.Context) error {
	s, err := c.Primary.followAnew(ctx, c.Standby, "standby")
	if s != nil {
		c.Standby = s
	}
	return err
}

// Reachable tells why servers that refuse to run as root could not work below a
// directory.
func Reachable(dir string) error {
	if at, err := reachable(dir); err != nil || at != dir {
		return errors.Join(err, fmt.Errorf("other users than root cannot enter %s, and PostgreSQL does not run as root", dir))
	}
	return nil
}

// Freeze stops the server, as one that hangs; Thaw has it go on.
func (w *ClickHouse) Freeze() error { return w.cmd.Process.Signal(syscall.SIGSTOP) }

// Thaw ends Freeze.
func (w *ClickHouse) Thaw() error { return w.cmd.Process.Signal(syscall.SIGCONT) }

// Gone tells whether the process has ended.
func (w *ClickHouse) Gone() bool {
	select {
	case <-w.gone:
		return true
	default:
		return false
	}
}

// Replicated tells why a replica is not what it ought to be: it answers, takes writes,
// and has nothing left to do. held is what it holds, in words: the same at all replicas.
func (c *Cluster) Replicated(ctx context.Context, w *ClickHouse) (held string, err error) {
	var state struct {
		Data []struct {
			Busy string `json:"busy"`
		} `json:"data"`
	}
	if err := c.askReplica(ctx, w, `SELECT toString(sum(is_readonly) + sum(is_session_expired) + sum(queue_size)) AS busy, count() AS tables
		FROM system.replicas WHERE database = 'homing' FORMAT JSON`, &state); err != nil {
		return "", err
	}
	if len(state.Data) != 1 || state.Data[0].Busy != "0" {
		return "", fmt.Errorf("a replica has something left to do: %+v", state.Data)
	}
	var parts struct {
		Data []map[string]any `json:"data"`
	}
	if err := c.askReplica(ctx, w, `SELECT table, toString(count()) AS parts, toString(sum(rows)) AS rows FROM system.parts
		WHERE active AND database = 'homing' GROUP BY table ORDER BY table FORMAT JSON`, &parts); err != nil {
		return "", err
	}
	return fmt.Sprint(parts.Data), nil
}

func (c *Cluster) askReplica(ctx context.Context, w *ClickHouse, sql string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	at := "http://" + w.Address() + "/?" + url.Values{"user": {clickHouseUser}, "password": {c.password}}.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, at, strings.NewReader(sql))
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return errors.Unwrap(err) // without the address, which has the password
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("ClickHouse says %.200s", text)
	}
	return json.Unmarshal(text, into)
}
