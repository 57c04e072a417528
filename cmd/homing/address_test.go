package main

import (
	"strings"
	"testing"
)

// TestAddressesOfServersAreShownWithoutPasswords wherever in the address they stand.
func TestAddressesOfServersAreShownWithoutPasswords(t *testing.T) {
	s := open(t, nil)
	for _, c := range []struct{ ledger, warehouse, shown string }{
		{"postgres://homing:tell-nobody@db/homing", "", "homing:xxxxx@db"},
		{"postgres://db/homing?user=u&password=tell-nobody&sslPassword=tell-nobody", "", "user=u"},
		{"host=db password=tell-nobody", "", "[not shown]"},
		{"postgres://homing:tell-nobody@one:5432,two:5433/homing?connect_timeout=3", "", "homing:xxxxx@one:5432,two:5433/homing?connect_timeout=3"},
		{"postgres://homing:some/tell-nobody@db/homing", "", "[not shown]"},
		{"@/run/secrets/tell-where", "", "@/run/secrets/tell-where"},
		{"", "clickhouse://homing:tell-nobody@a,b:8123/homing?cluster=c", "a,b:8123/homing"},
	} {
		if code := s.run("config", "print", "--ledger", c.ledger, "--warehouse", c.warehouse); code != 0 {
			t.Fatalf("exit status %d: %s", code, s.err.String())
		}
		out := s.out.String()
		if strings.Contains(out, "tell-nobody") || !strings.Contains(out, c.shown) {
			t.Errorf("%s%s: want %q and no password in\n%s", c.ledger, c.warehouse, c.shown, out)
		}
	}
}

func TestAClusterKeyIsANewOne(t *testing.T) {
	s := open(t, nil)
	seen := map[string]bool{}
	for range 3 {
		if code := s.run("cluster-key"); code != 0 {
			t.Fatalf("exit status %d: %s", code, s.err.String())
		}
		key := strings.TrimSpace(s.out.String())
		if len(key) != 64 || seen[key] {
			t.Errorf("the key is %q", key)
		}
		seen[key] = true
	}
}
