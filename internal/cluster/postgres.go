package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"homing"
)

const (
	postgresUser = "homing"
	// postgresPatience is how long a server may take to start, or to follow.
	postgresPatience = 60 * time.Second
)

// Postgres is a server of PostgreSQL with its data.
type Postgres struct {
	*child
	dir      string // holds data, log and socket
	port     int
	password string
	standby  string // the name it follows under; empty = it follows nobody
}

// postgresPrograms is the directory of the server's programs.
func postgresPrograms() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // where Debian keeps them
	if err == nil && len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", errors.New("PostgreSQL is missing (Debian: apt-get install postgresql)")
}

func (p *Postgres) command(ctx context.Context, program string, args ...string) (*exec.Cmd, error) {
	bin, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	who, err := serverUser("postgres")
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, program), args...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "PGPASSWORD="+p.password)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who}
	return cmd, nil
}

func (p *Postgres) run(ctx context.Context, program string, args ...string) (string, error) {
	cmd, err := p.command(ctx, program, args...)
	if err != nil {
		return "", err
	}
	out, err := cmd.CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", program, err, text)
	}
	return text, nil
}

// newPostgres takes a directory, which may have been one before.
func newPostgres(dir string) (p *Postgres, begun bool, err error) {
	who, err := serverUser("postgres")
	if err != nil {
		return nil, false, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, false, err
	}
	p = &Postgres{dir: dir}
	if p.port, err = portIn(dir, "port"); err != nil {
		return nil, false, err
	}
	_, err = os.Stat(filepath.Join(p.data(), "PG_VERSION"))
	return p, err == nil, own(dir, who)
}

func (p *Postgres) data() string { return filepath.Join(p.dir, "data") }

// StartPostgres starts a server that takes writes, and makes it first if need be.
func StartPostgres(ctx context.Context, dir string) (*Postgres, error) {
	p, begun, err := newPostgres(dir)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "password")
	if !begun {
		who, err := serverUser("postgres")
		if err != nil {
			return nil, err
		}
		if err := errors.Join(os.WriteFile(file, []byte(homing.RandomText(32)), 0o600), own(file, who)); err != nil {
			return nil, err
		}
		if _, err := p.run(ctx, "initdb", "-D", p.data(), "-U", postgresUser, "--pwfile", file, "--auth=scram-sha-256",
			"-E", "UTF8", "--locale=C", "--data-checksums", "--no-instructions"); err != nil {
			return nil, err
		}
		if err := p.configure("max_connections = 100", "wal_level = replica", "max_wal_senders = 8", "wal_keep_size = 256MB"); err != nil {
			return nil, err
		}
	}
	password, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	p.password = strings.TrimSpace(string(password))
	return p, p.boot(ctx)
}

// configure adds lines to the server's settings.
func (p *Postgres) configure(lines ...string) error {
	file, err := os.OpenFile(filepath.Join(p.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	lines = append(lines, "listen_addresses = '127.0.0.1'", fmt.Sprintf("port = %d", p.port), fmt.Sprintf("unix_socket_directories = '%s'", p.dir))
	_, err = file.WriteString("\n" + strings.Join(lines, "\n") + "\n")
	return errors.Join(err, file.Close())
}

// boot starts the server's process and waits until it answers.
func (p *Postgres) boot(ctx context.Context) (err error) {
	cmd, err := p.command(context.WithoutCancel(ctx), "postgres", "-D", p.data())
	if err != nil {
		return err
	}
	if p.child, err = startChild("PostgreSQL", filepath.Join(p.dir, "log"), cmd); err != nil {
		return err
	}
	return p.await(ctx, postgresPatience, func() error {
		_, err := p.Ask(ctx, "SELECT 1")
		return err
	})
}

// Ask carries out statements as superuser and gives what they answer.
func (p *Postgres) Ask(ctx context.Context, sql string) (string, error) {
	return p.run(ctx, "psql", "-h", "127.0.0.1", "-p", fmt.Sprint(p.port), "-U", postgresUser, "-d", "postgres", "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", sql)
}

// MakeDatabase makes a database, unless there is one of the name.
func (p *Postgres) MakeDatabase(ctx context.Context, name string) error {
	there, err := p.Ask(ctx, fmt.Sprintf("SELECT count(*) FROM pg_database WHERE datname = '%s'", name))
	if err != nil || there != "0" {
		return err
	}
	_, err = p.Ask(ctx, "CREATE DATABASE "+name)
	return err
}

// Follow starts a standby that commits wait for, and waits until it follows.
func (p *Postgres) Follow(ctx context.Context, dir, name string) (*Postgres, error) {
	s, begun, err := newPostgres(dir)
	if err != nil {
		return nil, err
	}
	s.password, s.standby = p.password, name
	if !begun {
		from := fmt.Sprintf("host=127.0.0.1 port=%d user=%s password=%s application_name=%s", p.port, postgresUser, p.password, name)
		if _, err := s.run(ctx, "pg_basebackup", "-d", from, "-D", s.data(), "-R", "-X", "stream", "--checkpoint=fast"); err != nil {
			return nil, err
		}
		if err := s.configure(); err != nil {
			return nil, err
		}
	}
	if err := s.Restart(ctx); err != nil {
		return s, err
	}
	for _, sql := range []string{fmt.Sprintf("ALTER SYSTEM SET synchronous_standby_names = '%s'", name), "SELECT pg_reload_conf()"} {
		if _, err := p.Ask(ctx, sql); err != nil {
			return s, err
		}
	}
	return s, p.await(ctx, postgresPatience, func() error { return p.Followed(ctx) })
}

// Followed tells why no commit could wait for a standby now.
func (p *Postgres) Followed(ctx context.Context) error {
	n, err := p.Ask(ctx, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'")
	if err == nil && n != "1" {
		err = errors.New("no standby follows")
	}
	return err
}

// followAnew makes a server that has ended the standby of p, with a copy of p's data.
func (p *Postgres) followAnew(ctx context.Context, s *Postgres, name string) (*Postgres, error) {
	if err := os.RemoveAll(s.data()); err != nil {
		return nil, err
	}
	return p.Follow(ctx, s.dir, name)
}

// Promote makes a standby the one that takes writes, alone.
func (p *Postgres) Promote(ctx context.Context) error {
	for _, sql := range []string{"SELECT pg_promote(TRUE)", "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()"} {
		if _, err := p.Ask(ctx, sql); err != nil {
			return err
		}
	}
	p.standby = ""
	return nil
}

// URL is how a database is reached, password included; others are servers that may
// be the one that takes writes.
func (p *Postgres) URL(database string, others ...*Postgres) string {
	hosts := []string{p.Address()}
	for _, o := range others {
		hosts = append(hosts, o.Address())
	}
	return p.urlAt(database, hosts)
}

func (p *Postgres) urlAt(database string, hosts []string) string {
	return fmt.Sprintf("postgres://%s:%s@%s/%s", postgresUser, p.password, strings.Join(hosts, ","), database)
}

// Address is host and port.
func (p *Postgres) Address() string { return local(p.port) }

// Kill ends the server at once. Its processes notice that it is gone, and end.
func (p *Postgres) Kill() { p.kill() }

// Restart starts a server that has ended again, as what it was. What a killed one
// left is still there for a moment, and in the way.
func (p *Postgres) Restart(ctx context.Context) error {
	return startAgain(ctx, 500*time.Millisecond, p.boot, func() <-chan struct{} { return p.gone })
}

// End ends the server in order; connections are ended.
func (p *Postgres) End() { p.end(syscall.SIGINT) }
