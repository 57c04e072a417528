package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

// Nodes of a cluster tell each other that they are there: each keeps a line of its
// own among the shared values, and writes it again every so often.
const (
	nodesPrefix = "present/"
	nodeTells   = 10 * time.Second
	// nodeForgotten is when a node that is gone is not told of any more.
	nodeForgotten = 30 * 24 * time.Hour
)

// nodeWord is what a node tells of itself.
type nodeWord struct {
	Node    string        `json:"node"` // its number, 16 hex digits
	Role    string        `json:"role"`
	Host    string        `json:"host"`
	Version string        `json:"version"`
	Desk    string        `json:"desk,omitempty"` // how its desk listener is reached
	Seen    homing.Millis `json:"seen"`
	// Fresh is the moment up to which all that it took is in the warehouse; 0 = it does
	// not know.
	Fresh homing.Millis `json:"fresh,omitempty"`
	// Embedded: its warehouse is its own, which only the one node of a cluster may
	// have.
	Embedded bool `json:"embedded,omitempty"`
}

func (n *nodeWord) String() string { return fmt.Sprintf("%s on %s", n.Role, n.Host) }

// alive tells whether a node has told of itself lately. Clocks of nodes may differ
// by minutes, so whoever is ahead counts as well.
func (n *nodeWord) alive(now homing.Millis) bool {
	return now-n.Seen < homing.MillisIn(nodeGone) && n.Seen-now < 10*homing.MillisIn(nodeGone)
}

// listNodes lists the nodes that have told of themselves, in the order of their
// numbers.
func listNodes(ctx context.Context, commons ledger.Commons) ([]nodeWord, error) {
	names, err := commons.CommonNames(ctx, nodesPrefix)
	if err != nil {
		return nil, fmt.Errorf("couldn't list the nodes: %w", err)
	}
	var nodes []nodeWord
	for _, name := range names {
		text, err := commons.Common(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("couldn't list the nodes: %w", err)
		}
		var word nodeWord
		if json.Unmarshal(text, &word) == nil { // gone meanwhile, or of another version
			nodes = append(nodes, word)
		}
	}
	return nodes, nil
}

// presence keeps a node's line, and knows the others'.
type presence struct {
	commons ledger.Commons
	clock   homing.Clock
	word    nodeWord
	stands  []byte // what the ledger holds of us, as far as is known; run's own
	// loaded tells what nodeWord.Fresh is; nil, or set before run.
	loaded func() homing.Millis

	mu     sync.Mutex
	others []nodeWord // guarded by mu: all that were seen last, this one included
	err    error      // guarded by mu: why the ledger did not answer; nil if it did
}

func newPresence(commons ledger.Commons, clock homing.Clock, node uint64, role string, embedded bool) *presence {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return &presence{commons: commons, clock: clock, word: nodeWord{
		Node: fmt.Sprintf("%016x", node), Role: role, Host: host, Version: Version, Embedded: embedded,
	}}
}

// run tells of this node until ctx is done, and then that it is gone.
func (p *presence) run(ctx context.Context) {
	tick := time.NewTicker(nodeTells)
	defer tick.Stop()
	for {
		p.tell(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			_ = p.put(last, nil) // or it counts as gone in a while
			return
		}
	}
}

func (p *presence) tell(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, nodeTells)
	defer cancel()
	now := homing.MillisOf(p.clock())
	p.word.Seen = now
	if p.loaded != nil {
		p.word.Fresh = p.loaded()
	}
	text, err := json.Marshal(p.word)
	if err == nil {
		err = p.put(ctx, text)
	}
	var nodes []nodeWord
	if err == nil {
		nodes, err = listNodes(ctx, p.commons)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err = err; err == nil {
		p.others = nodes
	}
}

// put writes our line, whatever stands there.
func (p *presence) put(ctx context.Context, text []byte) error {
	name := nodesPrefix + p.word.Node
	err := p.commons.PutCommon(ctx, name, p.stands, text)
	if errors.Is(err, homing.ErrConflict) {
		if p.stands, err = p.commons.Common(ctx, name); err == nil {
			err = p.commons.PutCommon(ctx, name, p.stands, text)
		}
	}
	if err == nil {
		p.stands = text
	}
	return err
}

// nodes are those that were seen last, without such as have been gone for long.
func (p *presence) nodes() (list []nodeWord) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := homing.MillisOf(p.clock())
	for _, n := range p.others {
		if now-n.Seen < homing.MillisIn(nodeForgotten) {
			list = append(list, n)
		}
	}
	return list
}

// fresh is the moment up to which all that any node at work took is in the warehouse,
// if own is that of this one: by each node's own clock, and some seconds old. What lies
// at a node that is gone comes when it is back.
func (p *presence) fresh(own homing.Millis) homing.Millis {
	now := homing.MillisOf(p.clock())
	for _, n := range p.nodes() {
		if n.Fresh != 0 && n.Node != p.word.Node && n.alive(now) {
			own = min(own, n.Fresh)
		}
	}
	return own
}

// troubles tells of nodes that do not go together.
func (p *presence) troubles() (list []string) {
	now := homing.MillisOf(p.clock())
	nodes := p.nodes()
	for _, n := range nodes {
		if n.Embedded && n.alive(now) && len(nodes) > 1 && n.Node != p.word.Node {
			list = append(list, fmt.Sprintf("the node on %s has a warehouse of its own, which sees its own clicks only: give it --warehouse, as the others have", n.Host))
		}
	}
	return list
}
