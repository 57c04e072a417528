package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"homing/internal/desk/control"
	"homing/internal/simulate/process"
)

// Node is a homing of the cluster.
type Node struct {
	*process.Process
	Name   string
	launch process.Launch
	ports  [3]int // tracking, https, desk
	Status control.Status
}

// startNode starts a node on ports that stay the same, and waits until it answers.
func startNode(ctx context.Context, o Options, name string, args []string) (*Node, error) {
	dir := filepath.Join(o.Dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	n := &Node{Name: name}
	for i, what := range []string{"track-port", "tls-port", "desk-port"} {
		port, err := portIn(dir, what)
		if err != nil {
			return nil, err
		}
		n.ports[i] = port
	}
	n.launch = process.Launch{
		Program: o.Program, Data: filepath.Join(dir, "data"), Log: filepath.Join(dir, "log"),
		Args: append([]string{"--track-listen", local(n.ports[0]), "--track-tls-listen", local(n.ports[1]), "--desk-listen", local(n.ports[2])}, args...),
	}
	return n, n.Restart(ctx)
}

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
func (n *Node) Track() string { return local(n.ports[0]) }

// TrackTLS is where they are taken over https, with a certificate of the node's own.
func (n *Node) TrackTLS() string { return local(n.ports[1]) }

// Panel is the address of the desk listener.
func (n *Node) Panel() string { return "http://" + local(n.ports[2]) }

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
