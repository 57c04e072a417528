package pgtest

import (
	"sync"
	"testing"
)

var shared struct {
	once    sync.Once
	cluster *Cluster
	err     error
}

// Shared is one cluster for all tests of a package, which make databases of their
// own in it. The package's TestMain must call Main.
func Shared(t testing.TB) *Cluster {
	t.Helper()
	if _, err := programs(); err != nil {
		t.Skip(err)
	}
	shared.once.Do(func() { shared.cluster, shared.err = start(Options{}) })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.cluster
}

// Main runs the tests, then ends the shared cluster if there is one, and returns
// the exit code.
func Main(m *testing.M) int {
	code := m.Run()
	if shared.cluster != nil {
		shared.cluster.remove()
	}
	return code
}
