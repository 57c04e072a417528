package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"homing/internal/desk/control"
	"homing/internal/simulate/process"
)

// Node is a homing of the cluster.
type Node struct {
	*process.Process
	Name   string
	dir    string
	launch process.Launch
	host   string // where it listens
	ports  [3]int // tracking, https, desk
	Status control.Status

	// What can be done to it if the cluster is to be tortured; see Options.Hostile.
	clock  string   // the file with its clock's offset
	net    *network // nil: it has none of its own
	ledger []*link  // to each server of the ledger
	others []*link
}

// newNode makes a node's directory.
func newNode(o Options, name string) (*Node, error) {
	return &Node{Name: name, host: "127.0.0.1", dir: filepath.Join(o.Dir, name)}, os.MkdirAll(filepath.Join(o.Dir, name), 0o755)
}

// start starts the node on ports that stay the same, and waits until it answers.
func (n *Node) start(ctx context.Context, o Options, args ...string) error {
	for i, what := range []string{"track-port", "tls-port", "desk-port"} {
		port, err := portIn(n.dir, what)
		if err != nil {
			return err
		}
		n.ports[i] = port
	}
	n.launch = process.Launch{
		Program: o.Program, Data: filepath.Join(n.dir, "data"), Log: filepath.Join(n.dir, "log"),
		Args: append([]string{"--track-listen", n.at(0), "--track-tls-listen", n.at(1), "--desk-listen", n.at(2)}, args...),
	}
	if o.Hostile {
		n.clock = filepath.Join(n.dir, "clock")
		if err := n.SetClock(0); err != nil {
			return err
		}
		n.launch.Env = []string{"HOMING_TEST_CLOCK_OFFSET=@" + n.clock}
	}
	if n.net != nil {
		n.launch.Around = n.net.inside()
	}
	return n.Restart(ctx)
}

// at is where the node listens: 0 tracking, 1 https, 2 desk.
func (n *Node) at(which int) string { return net.JoinHostPort(n.host, strconv.Itoa(n.ports[which])) }

// Restart starts a node that has ended again.
func (n *Node) Restart(ctx context.Context) (err error) {
	if n.Process, err = process.Begin(n.launch); err != nil {
		return fmt.Errorf("%s: %w", n.Name, err)
	}
	if n.Status, err = n.Ready(ctx); err != nil {
		return fmt.Errorf("%s: %w", n.Name, err)
	}
	return nil
}

var setUpLink = regexp.MustCompile(`http\S+/welcome/\S+`)

// SetUp is the link that the first operator signs in with; empty if there is one.
func (n *Node) SetUp(ctx context.Context) string {
	client := n.Client()
	defer client.Close()
	if users, err := client.Users(ctx); err != nil || len(users) > 0 {
		return ""
	}
	text, err := os.ReadFile(n.launch.Log)
	if err != nil {
		return ""
	}
	if links := setUpLink.FindAllString(string(text), -1); len(links) > 0 {
		return links[len(links)-1]
	}
	return ""
}

// Track is where clicks and postbacks are taken, host and port.
func (n *Node) Track() string { return n.at(0) }

// TrackTLS is where they are taken over https, with a certificate of the node's own.
func (n *Node) TrackTLS() string { return n.at(1) }

// Panel is the address of the desk listener.
func (n *Node) Panel() string { return "http://" + n.at(2) }

// Run runs a command on the node and gives what it prints.
func (n *Node) Run(ctx context.Context, args ...string) (string, error) {
	out, _, err := n.launch.Run(ctx, args...)
	return out, err
}

// Data is the node's data directory.
func (n *Node) Data() string { return n.launch.Data }

// End ends the node in order, and by force if that takes too long.
func (n *Node) End() {
	if n.Process == nil {
		return
	}
	_ = n.Terminate() // or it has ended
	ctx, cancel := context.WithTimeout(context.Background(), endTime)
	defer cancel()
	if err := n.Wait(ctx); errors.Is(err, context.DeadlineExceeded) {
		n.Kill()
	}
	n.Sweep()
}
