package edge

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
)

// How many peers are told of. Anybody on the internet may send X-Forwarded-For,
// so strangers must not push out the one proxy that matters, which is near.
const (
	maxNear = 16
	maxFar  = 4
)

// notices are what the operator should know, told once each.
type notices struct {
	log *slog.Logger

	mu    sync.RWMutex
	peers map[netip.Addr]bool // guarded by mu
	far   int                 // guarded by mu: how many of them are not near
	texts []string            // guarded by mu
}

// untrusted notes that X-Forwarded-* came from a peer that is not trusted.
func (n *notices) untrusted(peer netip.Addr) {
	if !peer.IsValid() {
		return
	}
	near := peer.IsLoopback() || peer.IsPrivate() || peer.IsLinkLocalUnicast()
	n.mu.RLock()
	known := n.peers[peer] || near && len(n.peers)-n.far >= maxNear || !near && n.far >= maxFar
	n.mu.RUnlock()
	if known {
		return
	}
	if text, first := n.add(peer, near); first {
		n.log.Warn(text)
	}
}

func (n *notices) add(peer netip.Addr, near bool) (text string, first bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.peers[peer] {
		return "", false
	}
	if n.peers == nil {
		n.peers = map[netip.Addr]bool{}
	}
	n.peers[peer] = true
	if !near {
		n.far++
	}
	text = fmt.Sprintf("X-Forwarded-* comes from %s, which is not trusted: if that is your proxy, add it to --trusted-proxies", peer)
	n.texts = append(n.texts, text)
	return text, true
}

func (n *notices) list() []string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return slices.Clone(n.texts)
}

// count tells how many untrusted peers are known, near ones and far ones. Both
// are bounded, see maxNear.
func (n *notices) count() (near, far int) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return len(n.peers) - n.far, n.far
}
