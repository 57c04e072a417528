package loader

import (
	"context"
	"strings"
	"sync"
	"testing"

	"homing/internal/engine/ledger"
	"homing/internal/flow/cluster"
)

// meeting has two nodes look for a salt before either proposes one.
type meeting struct {
	ledger.Commons
	looked map[string]*sync.WaitGroup // by the salt's name; of both nodes

	mu  sync.Mutex
	met map[string]bool // guarded by mu: of this node
}

func (m *meeting) Common(ctx context.Context, name string) ([]byte, error) {
	value, err := m.Commons.Common(ctx, name)
	m.mu.Lock()
	first := !m.met[name]
	m.met[name] = true
	m.mu.Unlock()
	if both := m.looked[name]; both != nil && first {
		both.Done()
		both.Wait()
	}
	return value, err
}

// TestAVisitorOfTwoEdgesAtTheSameMoment: on a day of which nobody has a salt yet, both
// edges have found none before either proposes its own. One wins, and the visitor is one.
func TestAVisitorOfTwoEdgesAtTheSameMoment(t *testing.T) {
	all := nodes(t, 2)
	looked := map[string]*sync.WaitGroup{"salt/2026-11-20": {}}
	key, err := cluster.ParseKey(strings.Repeat("5a", 32))
	must(t, err)
	for _, both := range looked {
		both.Add(len(all))
	}
	for _, n := range all {
		n.options.Salts = cluster.NewSalts(cluster.SaltsOptions{Key: key, Clock: n.now,
			Commons: &meeting{Commons: n.link.Ledger(), looked: looked, met: map[string]bool{}}})
		n.Loader = Open(n.options)
		n.believe()
		for range 5 {
			n.visit()
		}
	}
	for _, n := range all {
		n.run()
	}
	for _, n := range all {
		n.catchUp()
	}
	all[0].want("10 clicks (10 origins, 1 unique), 0 postbacks (0 numbers, 0 calls), 0 conversions (0 known)")
}
