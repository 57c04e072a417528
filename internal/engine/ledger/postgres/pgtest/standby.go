package pgtest

import (
	"errors"
	"fmt"
	"testing"
)

// Standby makes a copy of the cluster that follows it under a name, and lets the
// cluster's commits wait for it. It runs until the test ends.
func (c *Cluster) Standby(t testing.TB, name string) *Cluster {
	t.Helper()
	s, err := newCluster()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.remove)
	if err := s.run("pg_basebackup", "-d", c.URLWith("postgres", "application_name="+name), "-D", s.data(), "-R", "-X", "stream",
		"--checkpoint=fast", "--no-sync"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.configure(nil), s.boot()); err != nil {
		t.Fatal(err)
	}
	c.Require(t, name)
	return s
}

// Require lets commits wait for a standby, and waits until it follows.
func (c *Cluster) Require(t testing.TB, name string) {
	t.Helper()
	c.Exec(t, fmt.Sprintf("ALTER SYSTEM SET synchronous_standby_names = '%s'", name))
	c.Exec(t, "SELECT pg_reload_conf()")
	if err := c.await("has a synchronous standby", func() (bool, error) {
		n, err := c.query("postgres", "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'")
		return n == "1", err
	}); err != nil {
		t.Fatal(err)
	}
}

// Alone lets commits wait for nobody.
func (c *Cluster) Alone(t testing.TB) {
	t.Helper()
	c.Exec(t, "ALTER SYSTEM RESET synchronous_standby_names")
	c.Exec(t, "SELECT pg_reload_conf()")
}

// Promote makes a standby a server of its own.
func (c *Cluster) Promote(t testing.TB) {
	t.Helper()
	if got := c.Value(t, "postgres", "SELECT pg_promote(TRUE)"); got != "t" {
		t.Fatalf("the standby was not promoted: %q", got)
	}
	c.Exec(t, "ALTER SYSTEM RESET synchronous_standby_names")
	c.Exec(t, "SELECT pg_reload_conf()")
}
