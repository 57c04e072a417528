package suite

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"homing/internal/cluster"
)

// Nodes of a cluster, with PostgreSQL as Debian packages it. Without it the tests are
// skipped with the reason.

var databases atomic.Int64

// shared is what the nodes of a test share.
type shared struct {
	t        *testing.T
	postgres *cluster.Postgres
	url      string // of the ledger
	key      string // file of the cluster key
}

func newShared(t *testing.T) *shared {
	t.Helper()
	if missing := cluster.Missing(true); len(missing) > 0 {
		t.Skip(strings.Join(missing, "; "))
	}
	dir, err := os.MkdirTemp("", "homing-suite-pg-") // where a server that is not root may go
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	pg, err := cluster.StartPostgres(ctx, filepath.Join(dir, "primary"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pg.End)
	s := &shared{t: t, postgres: pg, key: filepath.Join(t.TempDir(), "cluster-key")}
	s.url = s.database()
	text, _, _ := run(t, "cluster-key")
	if err := os.WriteFile(s.key, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// database is the address of an empty one.
func (s *shared) database() string {
	s.t.Helper()
	name := fmt.Sprintf("homing_%d", databases.Add(1))
	if err := s.postgres.MakeDatabase(s.t.Context(), name); err != nil {
		s.t.Fatal(err)
	}
	return s.postgres.URL(name)
}

// args are those of every node.
func (s *shared) args(more ...string) []string {
	return append([]string{"--ledger", s.url, "--cluster-key-file", s.key}, more...)
}

// TestConformanceOnASharedLedger runs every case against a node whose ledger is on
// PostgreSQL.
func TestConformanceOnASharedLedger(t *testing.T) {
	s := newShared(t)
	conform(t, newStage(t, s.args()...))
}

func readyz(t *testing.T, address string) (status int, body string) {
	t.Helper()
	resp, err := http.Get("http://" + address + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text := make([]byte, 4096)
	n, _ := resp.Body.Read(text)
	return resp.StatusCode, string(text[:n])
}

// within waits until something is so.
func within(t *testing.T, patience time.Duration, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %v it is not so that %s", patience, what)
		}
	}
}

// TestANodeGoesOnWithoutItsLedger: clicks are redirected while the ledger is away,
// also by a node that was started meanwhile; postbacks are told to come again, and
// count when it is back.
func TestANodeGoesOnWithoutItsLedger(t *testing.T) {
	s := newShared(t)
	node := start(t, data(t), s.args()...)
	a := node.newAccount("--multi-lead")
	c := node.newCampaign(a)
	before := node.click(c, "")
	within(t, 20*time.Second, "the settings are kept in a file", func() bool {
		info, err := os.Stat(filepath.Join(node.dir, "settings.cache"))
		return err == nil && info.Size() > 0
	})
	s.postgres.End()
	within(t, 20*time.Second, "the node tells of it", func() bool {
		status, body := readyz(t, node.track)
		return status == 200 && strings.Contains(body, "ledger")
	})
	node.click(c, "")
	if got := node.get(true, postbackPath+before+"?key="+a.Key); got.status != 503 || got.header.Get("Retry-After") == "" {
		t.Errorf("a postback got %d %v, want 503 and when to come again", got.status, got.header)
	}
	if err := node.stop(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	node.run()
	later := node.click(c, "")
	if err := s.postgres.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{before, later} {
		within(t, 20*time.Second, "the postback counts", func() bool {
			return node.get(true, postbackPath+id+"?key="+a.Key).header.Get("Postback-Result") == "counted"
		})
	}
	within(t, 30*time.Second, "reports have all", func() bool {
		out := node.homing("report", "--by", "campaign", "--metrics", "clicks,conversions", "--range", "last_7_days", "--format", "csv")
		return strings.Contains(out, ",3,2")
	})
}

// TestWrongSetUpsSayWhatToDo: none of these starts.
func TestWrongSetUpsSayWhatToDo(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	text, _, _ := run(t, "cluster-key")
	if err := os.WriteFile(key, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	single := start(t, data(t))
	if err := single.stop(); err != nil {
		t.Fatal(err)
	}
	const far = "postgres://homing:tell-nobody@127.0.0.1:1/homing"
	for _, c := range []struct {
		name string
		args []string
		says []string
	}{
		{"an edge alone", []string{"--role", "edge"}, []string{"--ledger postgres://"}},
		{"an edge without a shared warehouse", []string{"--role", "edge", "--ledger", far, "--cluster-key-file", key}, []string{"--warehouse clickhouse://"}},
		{"a desk alone", []string{"--role", "desk"}, []string{"--ledger postgres://"}},
		{"a warehouse without a ledger", []string{"--warehouse", "clickhouse://h/d"}, []string{"--ledger"}},
		{"no cluster key", []string{"--ledger", far}, []string{"homing cluster-key"}},
		{"a cluster key for nothing", []string{"--cluster-key-file", key}, []string{"without --ledger"}},
		{"another database", []string{"--ledger", "mysql://root:tell-nobody@h/d", "--cluster-key-file", key}, []string{"postgres://"}},
		{"no such file", []string{"--ledger", "@/nowhere", "--cluster-key-file", key}, []string{"no such file"}},
		{"a directory with its own ledger", []string{"--data-dir", single.dir, "--ledger", far, "--cluster-key-file", key}, []string{"homing migrate --from-data"}},
	} {
		args := append([]string{"serve", "--data-dir", data(t), "--track-listen", "127.0.0.1:0", "--desk-listen", "127.0.0.1:0"}, c.args...)
		_, stderr, code := run(t, args...)
		if code == 0 || strings.Contains(stderr, "tell-nobody") {
			t.Errorf("%s: exit status %d: %s", c.name, code, stderr)
		}
		for _, want := range c.says {
			if !strings.Contains(stderr, want) {
				t.Errorf("%s: it does not say %q: %s", c.name, want, stderr)
			}
		}
	}
}

// TestTheLedgerMovesToAClusterAndBack: numbers, keys and conversions stay what they
// are, and a repeat of what was counted before is a duplicate afterwards.
func TestTheLedgerMovesToAClusterAndBack(t *testing.T) {
	s := newShared(t)
	old := start(t, data(t))
	a := old.newAccount("--multi-lead")
	c := old.newCampaign(a)
	counted, waiting := old.click(c, ""), old.click(c, "")
	if got := old.get(true, postbackPath+counted+"?value=1.5&key="+a.Key); got.header.Get("Postback-Result") != "counted" {
		t.Fatalf("it was not counted: %v", got)
	}
	if _, stderr, code := run(t, "migrate", "--from-data", old.dir, "--ledger", s.url, "--cluster-key-file", s.key); code == 0 || !strings.Contains(stderr, "a server runs") {
		t.Errorf("a house at work was moved: %s", stderr)
	}
	if err := old.stop(); err != nil {
		t.Fatal(err)
	}
	out, stderr, code := run(t, "migrate", "--from-data", old.dir, "--ledger", s.url, "--cluster-key-file", s.key)
	if code != 0 || !strings.Contains(out, "Every row was compared") {
		t.Fatalf("exit status %d: %s%s", code, out, stderr)
	}
	if _, stderr, code := run(t, "migrate", "--from-data", old.dir, "--ledger", s.url, "--cluster-key-file", s.key); code == 0 || !strings.Contains(stderr, "holds a house already") {
		t.Errorf("it was moved over another: %s", stderr)
	}
	node := start(t, data(t), s.args()...)
	result := func(s *server, id string) string {
		return s.get(true, postbackPath+id+"?value=1.5&key="+a.Key).header.Get("Postback-Result")
	}
	if got := result(node, counted); got != "duplicate" {
		t.Errorf("what was counted before is %q now", got)
	}
	if got := result(node, waiting); got != "counted" {
		t.Errorf("what was on its way is %q", got)
	}
	if err := node.stop(); err != nil {
		t.Fatal(err)
	}
	back := data(t)
	if out, stderr, code := run(t, "migrate", "--to-data", back, "--ledger", s.url, "--cluster-key-file", s.key); code != 0 {
		t.Fatalf("exit status %d: %s%s", code, out, stderr)
	}
	again := start(t, back)
	for _, id := range []string{counted, waiting} {
		if got := result(again, id); got != "duplicate" {
			t.Errorf("after the way back it is %q", got)
		}
	}
	old.run()
	if got := result(old, counted); got != "duplicate" {
		t.Errorf("the old house says %q", got)
	}
	if out, stderr, code := run(t, "ledger", "restored", "--ledger", s.url); code != 0 || !strings.Contains(out, "is ready") {
		t.Errorf("the ledger could not be readied: %s%s", out, stderr)
	}
	if later := start(t, data(t), s.args()...).newAccount(); later.ID < 100_000 {
		t.Errorf("after a restore the next advertiser has the number %d", later.ID)
	}
}

// TestAHouseMovesToServersAndBack moves a house with traffic to PostgreSQL and
// ClickHouse, runs every conformance case against an edge there, and moves it back.
func TestAHouseMovesToServersAndBack(t *testing.T) {
	if missing := cluster.Missing(false); len(missing) > 0 {
		t.Skip(strings.Join(missing, "; "))
	}
	if testing.Short() {
		t.Skip("it starts six servers")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "homing-suite-cluster-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	servers, err := cluster.Start(ctx, cluster.Options{Dir: dir, Program: program, Servers: true, Out: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = servers.Close() })
	far := []string{"--ledger", "@" + dir + "/ledger-url", "--warehouse", "@" + dir + "/warehouse-url", "--cluster-key-file", servers.KeyFile()}

	old := start(t, data(t))
	if _, stderr, code := run(t, "simulate", "--data-dir", old.dir, "--rate", "150", "--duration", "4s", "--delay", "1s"); code != 0 {
		t.Fatalf("simulate: %s", stderr)
	}
	question := []string{"report", "--by", "day,campaign,country", "--range", "last_7_days", "--format", "csv",
		"--metrics", "clicks,unique_clicks,bot_clicks,conversions,value,cost,postbacks,duplicates,refusals"}
	before := old.homing(question...)
	if err := old.stop(); err != nil {
		t.Fatal(err)
	}
	if out, stderr, code := run(t, append([]string{"migrate", "--from-data", old.dir}, far...)...); code != 0 {
		t.Fatalf("the move there: exit status %d: %s%s", code, out, stderr)
	}

	desk := start(t, data(t), append([]string{"--role", "desk", "--public-url", "http://t.example"}, far...)...)
	within(t, 30*time.Second, "the desk's reports are those of the old house", func() bool { return desk.homing(question...) == before })
	t.Run("conformance of an edge", func(t *testing.T) {
		conform(t, newStage(t, append([]string{"--role", "edge"}, far...)...))
	})
	if err := desk.stop(); err != nil {
		t.Fatal(err)
	}
	back := data(t)
	within(t, time.Minute, "the nodes count as gone", func() bool {
		_, stderr, code := run(t, append([]string{"migrate", "--to-data", back}, far...)...)
		if code != 0 && !strings.Contains(stderr, "nodes are at work") {
			t.Fatalf("the way back: exit status %d: %s", code, stderr)
		}
		return code == 0
	})
	again := start(t, back)
	var campaigns []struct{ ID int }
	again.object(&campaigns, "campaign", "list")
	if len(campaigns) < 12 {
		t.Errorf("after the way back there are %d campaigns", len(campaigns))
	}
}
