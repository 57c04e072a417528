package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// network is a node's own: a network namespace with two cables to this machine. One
// leads to whoever sends requests, and to the warehouse; the other to the ledger.
//
//	node (namespace)  ── front ──► this machine: visitors, balancer, ClickHouse
//	                  ── back  ──► this machine: PostgreSQL
//
// A process that does nothing holds it. With that process the kernel takes the
// namespace and its cables away, however we end.
type network struct {
	holder                  *child
	front, back             string // the names of this machine's ends
	here, there             string // addresses on the front: ours, the node's
	ledgerSide, ledgerThere string // the same on the back
}

// newNetwork makes the n-th network of this process.
func newNetwork(ctx context.Context, dir string, n int) (*network, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("making a network needs root")
	}
	for _, program := range []string{"ip", "nsenter"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("making a network needs %s (Debian: apt-get install iproute2 util-linux): %w", program, err)
		}
	}
	cmd := exec.Command("sleep", "infinity")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	holder, err := startChild("the network's holder", filepath.Join(dir, "network-log"), cmd)
	if err != nil {
		return nil, err
	}
	// 198.18.0.0/15 is for tests of networks, and in nobody's use.
	pid := holder.Pid()
	subnet := func(cable int) string { return fmt.Sprintf("198.%d.%d", 18+cable, (pid+n)%250) }
	w := &network{
		holder: holder, front: fmt.Sprintf("hf%d", pid), back: fmt.Sprintf("hb%d", pid),
		here: subnet(0) + ".1", there: subnet(0) + ".2", ledgerSide: subnet(1) + ".1", ledgerThere: subnet(1) + ".2",
	}
	for _, words := range [][]string{
		{"ip", "link", "add", w.front, "type", "veth", "peer", "name", "front", "netns", fmt.Sprint(pid)},
		{"ip", "link", "add", w.back, "type", "veth", "peer", "name", "back", "netns", fmt.Sprint(pid)},
		{"ip", "addr", "add", w.here + "/24", "dev", w.front},
		{"ip", "addr", "add", w.ledgerSide + "/24", "dev", w.back},
		{"ip", "link", "set", w.front, "up"},
		{"ip", "link", "set", w.back, "up"},
		w.inside("ip", "addr", "add", w.there+"/24", "dev", "front"),
		w.inside("ip", "addr", "add", w.ledgerThere+"/24", "dev", "back"),
		w.inside("ip", "link", "set", "lo", "up"),
		w.inside("ip", "link", "set", "front", "up"),
		w.inside("ip", "link", "set", "back", "up"),
	} {
		if _, err := output(ctx, words[0], words[1:]...); err != nil {
			w.close()
			return nil, err
		}
	}
	return w, nil
}

// inside is a command that runs in the network.
func (w *network) inside(words ...string) []string {
	return append([]string{"nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", w.holder.Pid()), "--"}, words...)
}

// nobody is an address of Ethernet that no card has.
const nobody = "02:00:00:00:00:01"

// cut has all packets between node and ledger vanish, in both directions, and no
// connection hears of it: each side takes the other for a card that is not there. A
// cable that is pulled would tell the kernel, and with it the program.
func (w *network) cut(ctx context.Context, cut bool) error {
	for _, side := range []struct {
		device, other string
		command       func(...string) []string
	}{
		{w.back, w.ledgerThere, func(words ...string) []string { return words }},
		{"back", w.ledgerSide, w.inside},
	} {
		words := []string{"ip", "neigh", "del", side.other, "dev", side.device} // and asked for again
		if cut {
			words = []string{"ip", "neigh", "replace", side.other, "lladdr", nobody, "dev", side.device, "nud", "permanent"}
		}
		words = side.command(words...)
		if _, err := output(ctx, words[0], words[1:]...); err != nil {
			return err
		}
	}
	return nil
}

func (w *network) close() { w.holder.kill() }
