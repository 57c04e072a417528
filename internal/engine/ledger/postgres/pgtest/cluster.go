// Package pgtest starts private PostgreSQL clusters for tests: in a directory of
// their own, on a free port of the loopback, gone when the test ends. Where the
// server's programs are missing, tests are skipped with the reason.
//
//	pgtest.Start(t, pgtest.Options{}) ──► Cluster ──► Database(t) ──► a connection string
//	                                         ├─► Kill, Restart, Stop, Freeze
//	                                         ├─► Standby ──► Promote
//	                                         └─► Between ──► Proxy: distance, a lost answer
//
// The server refuses to run as root; tests that do run it as postgres or nobody.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// User and Password are those of every cluster's superuser. The password is odd
// enough that a test finds it in whatever should not hold it.
const (
	User     = "homing"
	Password = "sesame-Pa55-word"
	// Careful is the name of a user that is asked for a password, once a test has
	// made it.
	Careful = "careful"
)

// Options say what a cluster is like.
type Options struct {
	// Durable lets it sync to disk. Without, a kill of its processes loses nothing
	// either, and everything is faster.
	Durable bool
	// Settings are lines of postgresql.conf: "max_connections = 10".
	Settings []string
}

// Cluster is a running server with its own data.
type Cluster struct {
	dir  string // holds data, the log and the socket
	port int
	proc *exec.Cmd     // nil: not running
	done chan struct{} // closed when proc has ended
}

var databases atomic.Int64

// Start makes a cluster and runs it until the test ends.
func Start(t testing.TB, o Options) *Cluster {
	t.Helper()
	if _, err := programs(); err != nil {
		t.Skip(err)
	}
	c, err := start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the server's log ends with:\n%s", c.logEnd())
		}
		c.remove()
	})
	return c
}

func start(o Options) (*Cluster, error) {
	c, err := newCluster()
	if err != nil {
		return nil, err
	}
	password := filepath.Join(c.dir, "password")
	if err := os.WriteFile(password, []byte(Password+"\n"), 0o600); err != nil {
		return nil, err
	}
	if err := c.own(password); err != nil {
		return nil, err
	}
	if err := c.run("initdb", "-D", c.data(), "-U", User, "--pwfile", password, "--auth=trust",
		"-E", "UTF8", "--locale=C", "--data-checksums", "--no-sync", "--no-instructions"); err != nil {
		c.remove()
		return nil, err
	}
	if err := c.askPassword(); err != nil {
		c.remove()
		return nil, err
	}
	settings := append([]string{
		"max_connections = 100", "shared_buffers = 32MB", "dynamic_shared_memory_type = mmap", "wal_level = replica",
		"fsync = " + map[bool]string{true: "on", false: "off"}[o.Durable],
	}, o.Settings...)
	if err := c.configure(settings); err != nil {
		c.remove()
		return nil, err
	}
	if err := c.boot(); err != nil {
		c.remove()
		return nil, err
	}
	return c, nil
}

func newCluster() (*Cluster, error) {
	dir, err := os.MkdirTemp("", "homing-pg-") // t.TempDir cannot be entered by another user
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	c := &Cluster{dir: dir, port: port}
	return c, errors.Join(listener.Close(), c.own(dir))
}

// askPassword lets the server ask one user for a password. All others are trusted,
// which spares every connection some milliseconds of hashing.
func (c *Cluster) askPassword() error {
	path := filepath.Join(c.data(), "pg_hba.conf")
	rules, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append([]byte("host all "+Careful+" all scram-sha-256\n"), rules...), 0o600)
}

// configure adds lines to the server's settings.
func (c *Cluster) configure(settings []string) error {
	f, err := os.OpenFile(filepath.Join(c.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	settings = append(settings, "listen_addresses = '127.0.0.1'", fmt.Sprintf("port = %d", c.port), fmt.Sprintf("unix_socket_directories = '%s'", c.dir))
	_, err = f.WriteString("\n" + strings.Join(settings, "\n") + "\n")
	return errors.Join(err, f.Close())
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

// boot starts the server and waits until it answers.
func (c *Cluster) boot() error {
	cmd, err := c.command("postgres", "-D", c.data())
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(c.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	dieWithTest(cmd.SysProcAttr)
	if err := cmd.Start(); err != nil {
		return err
	}
	c.proc, c.done = cmd, make(chan struct{})
	go func(done chan struct{}) {
		_ = cmd.Wait() // however it ended
		close(done)
	}(c.done)
	return c.await("answers", func() (bool, error) {
		_, err := c.query("postgres", "SELECT 1")
		return err == nil, err
	})
}

// mostWait is how long a server may take for what it is asked.
const mostWait = 30 * time.Second

// await waits until something is so.
func (c *Cluster) await(what string, is func() (bool, error)) error {
	for waited := time.Duration(0); ; waited += 20 * time.Millisecond {
		ok, err := is()
		if ok {
			return nil
		}
		if waited > mostWait {
			return fmt.Errorf("after %v it is not so that the server %s: %w\n%s", mostWait, what, err, c.logEnd())
		}
		select {
		case <-c.done:
			return fmt.Errorf("the server ended:\n%s", c.logEnd())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (c *Cluster) logEnd() []byte {
	text, err := os.ReadFile(filepath.Join(c.dir, "log"))
	if err != nil {
		return []byte(err.Error())
	}
	return bytes.TrimSpace(text[max(0, len(text)-4000):])
}

// Address is host and port.
func (c *Cluster) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)) }

// URL is the connection string of a database, password included.
func (c *Cluster) URL(database string) string { return c.URLWith(database, "") }

// URLWith is URL with a query.
func (c *Cluster) URLWith(database, query string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(User, Password), Host: c.Address(), Path: "/" + database, RawQuery: query}
	return u.String()
}

// Schema returns the connection string of an empty place for a ledger, which is
// made much faster than a database.
func (c *Cluster) Schema() string {
	return c.URLWith("postgres", fmt.Sprintf("search_path=homing_%d", databases.Add(1)))
}

// Database makes an empty database and returns its name.
func (c *Cluster) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("homing_%d", databases.Add(1))
	c.Exec(t, "CREATE DATABASE "+name)
	return name
}

// Exec carries out a statement on the database postgres, as superuser.
func (c *Cluster) Exec(t testing.TB, sql string) {
	t.Helper()
	if _, err := c.query("postgres", sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// Value reads one value, as text, from a database.
func (c *Cluster) Value(t testing.TB, database, sql string) string {
	t.Helper()
	value, err := c.query(database, sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

// query carries out statements and returns the first value.
func (c *Cluster) query(database, sql string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), mostWait)
	defer cancel()
	conn, err := pgconn.Connect(ctx, c.URL(database))
	if err != nil {
		return "", err
	}
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return "", err
	}
	for _, r := range results {
		if len(r.Rows) > 0 {
			return string(r.Rows[0][0]), nil
		}
	}
	return "", nil
}

// remove ends the server, whatever its state, and removes what it has.
func (c *Cluster) remove() {
	if c.proc != nil {
		for _, pid := range childrenOf(c.proc.Process.Pid) {
			_ = syscall.Kill(pid, syscall.SIGCONT) // it may be frozen, or gone
		}
		_ = c.proc.Process.Signal(syscall.SIGCONT)
		_ = c.proc.Process.Signal(syscall.SIGQUIT) // at once
		<-c.done
		c.proc = nil
	}
	c.releaseMemory()
	_ = os.RemoveAll(c.dir) // what stays is the temporary directory's to clear
}

// Run runs one of the server's client programs on a database, and returns what it
// writes.
func (c *Cluster) Run(t testing.TB, program, database string, args ...string) []byte {
	t.Helper()
	cmd, err := c.command(program, append([]string{"-d", c.URL(database)}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	cmd.SysProcAttr = nil // it may run as anybody, and read what the test wrote
	cmd.Dir = ""
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", program, err, complaint.Bytes())
	}
	return out
}
