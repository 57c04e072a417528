package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed rivals/*.conf rivals/*.lua
var sources embed.FS

// place is what the rivals' sources are filled in with.
type place struct {
	Dir           string
	Port, TLSPort int
	Cert, Key     string
	Socket        string // of Redis
	Fsync         string // appendfsync
	AdvertiserKey string
	RedisModule   string
}

// advertiserKey is what the rivals' one advertiser sends.
const advertiserKey = "Benchmark0Benchmark1Benchmark2Bench3"

// write fills in some of the sources.
func (p *place) write(names ...string) error {
	for _, name := range names {
		t, err := template.ParseFS(sources, "rivals/"+name)
		if err != nil {
			return err
		}
		f, err := os.OpenFile(filepath.Join(p.Dir, name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		if err := errors.Join(t.Execute(f, p), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// startNginx starts nginx alone.
func startNginx(ctx context.Context, o *options) (*server, error) {
	p := place{Dir: filepath.Join(o.dir, "nginx")}
	if err := os.MkdirAll(p.Dir, 0o755); err != nil {
		return nil, err
	}
	var err error
	if p.Port, err = freePort(); err != nil {
		return nil, err
	}
	if p.TLSPort, err = freePort(); err != nil {
		return nil, err
	}
	p.Cert, p.Key = filepath.Join(p.Dir, "cert.pem"), filepath.Join(p.Dir, "key.pem")
	if err := certify(p.Cert, p.Key, o.now); err != nil {
		return nil, err
	}
	if err := p.write("nginx.conf"); err != nil {
		return nil, err
	}
	s, err := p.nginx(ctx, "nginx", "nginx.conf")
	if err != nil {
		return nil, err
	}
	s.secure = fmt.Sprintf("127.0.0.1:%d", p.TLSPort)
	return s, nil
}

// nginx starts one on a file of settings.
func (p *place) nginx(ctx context.Context, name, conf string) (*server, error) {
	c, err := command(filepath.Join(p.Dir, "nginx.log"), "nginx", "-p", p.Dir, "-c", filepath.Join(p.Dir, conf), "-g", "daemon off; user root;")
	if err != nil {
		return nil, err
	}
	s := &server{name: name, address: fmt.Sprintf("127.0.0.1:%d", p.Port), path: slug, pids: []int{c.Process.Pid}, stop: func() { end(c) }}
	if err := await(ctx, "tcp", s.address); err != nil {
		s.stop()
		text, _ := os.ReadFile(filepath.Join(p.Dir, "nginx.log")) // it may say why
		return nil, fmt.Errorf("%s: %w: %s", name, err, text)
	}
	return s, nil
}

// startRedis starts nginx + Lua + Redis with a durability.
func startRedis(ctx context.Context, o *options, fsync string) (*server, error) {
	p := place{Dir: filepath.Join(o.dir, "redis-"+fsync), Fsync: fsync, AdvertiserKey: advertiserKey}
	if err := os.MkdirAll(p.Dir, 0o755); err != nil {
		return nil, err
	}
	p.Socket = filepath.Join(p.Dir, "redis.sock")
	var err error
	if p.Port, err = freePort(); err != nil {
		return nil, err
	}
	if p.RedisModule, err = redisModule(); err != nil {
		return nil, err
	}
	if err := p.write("lua.conf", "click.lua", "postback.lua", "redis.conf"); err != nil {
		return nil, err
	}
	store, err := command(filepath.Join(p.Dir, "redis.log"), "redis-server", filepath.Join(p.Dir, "redis.conf"))
	if err != nil {
		return nil, err
	}
	if err := await(ctx, "unix", p.Socket); err != nil {
		end(store)
		return nil, fmt.Errorf("redis: %w", err)
	}
	// nginx finds Debian's modules beside its own prefix.
	if err := os.Symlink("/usr/lib/nginx/modules", filepath.Join(p.Dir, "modules")); err != nil {
		end(store)
		return nil, err
	}
	s, err := p.nginx(ctx, "nginx + Lua + Redis "+fsync, "lua.conf")
	if err != nil {
		end(store)
		return nil, err
	}
	s.pids = append(s.pids, store.Process.Pid)
	s.postbacks, s.key = true, advertiserKey
	web := s.stop
	s.stop = func() { web(); end(store) }
	return s, nil
}

// redisModule finds what Debian calls the Lua client of Redis.
func redisModule() (string, error) {
	for _, name := range []string{"resty/redis", "nginx/redis"} {
		if _, err := os.Stat("/usr/share/lua/5.1/" + name + ".lua"); err == nil {
			return strings.ReplaceAll(name, "/", "."), nil
		}
	}
	return "", errors.New("the Lua client of Redis is missing: apt-get install lua-nginx-redis")
}

// packages are what Debian calls everything that is needed, by a file that tells
// whether it is there.
var packages = map[string]string{
	"nginx": "/usr/sbin/nginx", "libnginx-mod-http-lua": "/usr/lib/nginx/modules/ngx_http_lua_module.so",
	"lua-nginx-redis": "/usr/share/doc/lua-nginx-redis", "redis-server": "/usr/bin/redis-server", "wrk": "/usr/bin/wrk", "linux-perf": "/usr/bin/perf",
}

// install brings what is missing, as root on Debian, and says what to do else.
// Debian starts what it installs; that is ended again.
func install(ctx context.Context) error {
	var missing []string
	for name, file := range packages {
		if _, err := os.Stat(file); err != nil {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	words := append([]string{"install", "-y", "-qq", "--no-install-recommends"}, missing...)
	if os.Geteuid() != 0 {
		return fmt.Errorf("missing: %s; as root: apt-get %s", strings.Join(missing, " "), strings.Join(words, " "))
	}
	// A policy of 101 keeps Debian from starting services that are installed.
	const policy = "/usr/sbin/policy-rc.d"
	if _, err := os.Stat(policy); errors.Is(err, os.ErrNotExist) {
		if err := os.WriteFile(policy, []byte("#!/bin/sh\nexit 101\n"), 0o755); err != nil {
			return err
		}
		defer os.Remove(policy) // a later run would only not start services
	}
	for _, args := range [][]string{{"update", "-qq"}, words} {
		c := exec.CommandContext(ctx, "apt-get", args...)
		c.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w: %s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}
