package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"homing/internal/desk/control"
	"homing/internal/simulate/process"
)

// server is one that is measured.
type server struct {
	name    string
	address string // host:port
	secure  string // host:port of https; empty = none
	desk    string // where homing tells its metrics; empty = nowhere
	path    string // of the click URL
	key     string // the advertiser's
	// postbacks tells whether it takes them.
	postbacks bool
	pids      []int // of the processes that were started; their children belong to it
	stop      func()
	ids       string // file of click ids it gave
	leads     uint64 // numbers of leads that were sent
}

// slug is the click URL of servers that have one campaign.
const slug = "/c/spring"

// startHoming starts a homing, with or without its reports running: a warehouse
// whose process is stopped takes nothing in, so the loader waits.
// environment is added to ours.
func startHoming(ctx context.Context, o *options, name string, reports bool, environment ...string) (*server, error) {
	dir := filepath.Join(o.dir, strings.ReplaceAll(name, " ", "-"))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	p, err := process.Begin(process.Launch{
		Program: o.program, Data: filepath.Join(dir, "data"), Log: filepath.Join(dir, "serve.log"),
		Args: []string{"--trusted-proxies", "127.0.0.1/32", "--track-tls-listen", "127.0.0.1:0", "--warehouse-silence", "24h"},
		Env:  environment,
	})
	if err != nil {
		return nil, err
	}
	s := &server{name: name, postbacks: true, pids: []int{p.Pid()}, stop: func() { p.Kill(); p.Sweep() }}
	status, err := p.Ready(ctx)
	if err == nil {
		err = s.furnish(ctx, p.Client())
	}
	if err == nil && !reports {
		err = stopReports(ctx, p)
	}
	if err != nil {
		s.stop()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s.address, s.secure = strings.TrimPrefix(status.Track, "http://"), strings.TrimPrefix(status.TrackTLS, "https://")
	s.desk = status.Desk
	return s, nil
}

// furnish makes an account and a campaign.
func (s *server) furnish(ctx context.Context, client *control.Client) error {
	name, multi, template := "bench", true, "https://shop.example/?click={click_id}&s={sub1}"
	account, err := client.CreateAccount(ctx, control.AccountEdit{Name: &name, MultiLead: &multi})
	if err != nil {
		return err
	}
	campaign, err := client.CreateCampaign(ctx, control.CampaignEdit{Account: account.ID, Name: &name, URL: &template})
	if err != nil {
		return err
	}
	u, err := url.Parse(campaign.ClickURL)
	if err != nil {
		return err
	}
	s.path, s.key = u.EscapedPath(), string(account.Key)
	return nil
}

// stopReports stops the process of the warehouse once it is there.
func stopReports(ctx context.Context, p *process.Process) error {
	for range 500 {
		if w := p.Warehouse(); w != nil {
			return w.Signal(syscall.SIGSTOP)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
	return errors.New("the process of the warehouse does not come up")
}

// freePort finds one that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// command starts a process of a rival, which must not leave us behind.
func command(log string, name string, args ...string) (*exec.Cmd, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	c := exec.Command(name, args...)
	c.Stdout, c.Stderr = out, out
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("couldn't start %s: %w", name, err)
	}
	return c, nil
}

// end asks a process to end, and waits.
func end(c *exec.Cmd) {
	_ = c.Process.Signal(syscall.SIGTERM) // or it has ended
	_ = c.Wait()
}

// await waits until something listens at an address.
func await(ctx context.Context, network, address string) error {
	for range 300 {
		conn, err := net.Dial(network, address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("nothing listens at %s", address)
}
