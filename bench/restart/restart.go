// Package restart measures what clicks cost that lie stored: how long homing takes
// from its start to the first visitor redirected, and what memory they take.
//
//	fill ──► spool ──► start, first 302, end ──► again and again
//	              └──► start, look at its memory
//
// It fills the spool of a data directory through the engine itself, and starts the
// program after a clean end, after SIGKILL under load, and after one that left the
// last file full, which is the most that has to be recovered; each time with the
// spool's files thrown out of the page cache. None of the clicks has been loaded
// into the warehouse when it first starts, so that the loader works beside.
package restart

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"homing"
)

// Options say what is measured.
type Options struct {
	Program string // homing
	Dir     string // the data directory; made, and removed at the end
	Clicks  int64  // that lie stored
	// Patience is how long the spool may be filled; after it there are fewer.
	Patience time.Duration
	Rounds   int // starts of each kind
	Clock    homing.Clock
	// Told hears what is done, and how far it is; total is 0 if that is not known.
	Told func(what string, done, total int64)
}

// Result is what came of it.
type Result struct {
	Clicks, Bytes int64 // stored
	Files         int
	Filling       time.Duration
	Starts        []Starts
	Few, All      Weight // with hardly any clicks, and with all of them
}

// Starts are those of a kind: how long each took to the first 302.
type Starts struct {
	How string
	All []time.Duration
}

// Weight is the memory of a server on a number of clicks that does nothing.
type Weight struct {
	Clicks, Resident int64
}

// PerClick is the memory that a click takes while it lies stored, in bytes; it can
// be below 0, for two servers never take the same.
func (r *Result) PerClick() float64 {
	if r.All.Clicks <= r.Few.Clicks {
		return 0
	}
	return float64(r.All.Resident-r.Few.Resident) / float64(r.All.Clicks-r.Few.Clicks)
}

type restart struct {
	Options
	path    string // of the click URL
	address string
	cmd     *exec.Cmd
	result  Result
}

// Measure measures.
func Measure(ctx context.Context, o Options) (_ *Result, err error) {
	if _, err := os.Stat(o.Dir); err == nil {
		return nil, fmt.Errorf("%s is there already", o.Dir)
	}
	r := &restart{Options: o}
	defer func() { err = errors.Join(err, os.RemoveAll(o.Dir)) }()
	if err := r.setUp(ctx); err != nil {
		return nil, err
	}
	if err := r.fill(ctx); err != nil {
		return nil, err
	}
	for _, how := range []struct {
		name   string
		before func(context.Context) error
		end    func() error
	}{{"after a clean end", nil, r.stop}, {"after SIGKILL under load", nil, r.kill}, {"with a full last file", r.tear, r.stop}} {
		starts := Starts{How: how.name}
		rounds := r.Rounds
		if how.before == nil {
			rounds++ // the first start follows something else, and does not count
		}
		for round := range rounds {
			r.Told("starts "+how.name, int64(round), int64(rounds))
			if how.before != nil {
				if err := how.before(ctx); err != nil {
					return nil, err
				}
			}
			r.forget()
			took, err := r.start(ctx)
			if err == nil {
				err = how.end()
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", how.name, err)
			}
			if how.before != nil || round > 0 {
				starts.All = append(starts.All, took)
			}
		}
		r.result.Starts = append(r.result.Starts, starts)
	}
	return &r.result, nil
}

// setUp makes a campaign.
func (r *restart) setUp(ctx context.Context) error {
	var account struct{ ID int }
	var campaign struct {
		URL string `json:"click_url"`
	}
	if err := os.MkdirAll(r.Dir, 0o700); err != nil {
		return err
	}
	if err := r.ask(ctx, &account, "account", "create", "--name", "Restart"); err != nil {
		return err
	}
	err := r.ask(ctx, &campaign, "campaign", "create", "--account", fmt.Sprint(account.ID), "--name", "c", "--url", "https://adv.example/?c={click_id}")
	if err != nil {
		return err
	}
	u, err := url.Parse(campaign.URL)
	if err != nil {
		return err
	}
	r.path = u.Path
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	r.address = l.Addr().String()
	return l.Close()
}

func (r *restart) ask(ctx context.Context, into any, args ...string) error {
	out, err := exec.CommandContext(ctx, r.Program, append(args, "--data-dir", r.Dir, "--format", "json")...).Output()
	if err != nil {
		return fmt.Errorf("homing %s: %w", strings.Join(args, " "), err)
	}
	return json.Unmarshal(out, into)
}

// forget throws the spool's files out of the page cache.
func (r *restart) forget() {
	names, _ := filepath.Glob(filepath.Join(r.Dir, "spool", "*.seg")) // the pattern is good
	for _, name := range names {
		if f, err := os.Open(name); err == nil {
			_ = f.Sync()
			_ = dropFromCache(f) // as well as it can be done
			_ = f.Close()
		}
	}
}

// longest is how long a start may take before it is given up.
const longest = time.Minute

// start starts the program and waits for the first redirect.
func (r *restart) start(ctx context.Context) (time.Duration, error) {
	log, err := os.OpenFile(r.Dir+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	r.cmd = exec.Command(r.Program, "serve", "--data-dir", r.Dir, "--track-listen", r.address, "--track-tls-listen", "", "--desk-listen", "127.0.0.1:0")
	r.cmd.Stdout, r.cmd.Stderr = log, log
	began := r.Clock()
	if err := r.cmd.Start(); err != nil {
		return 0, err
	}
	for r.Clock().Sub(began) < longest && ctx.Err() == nil {
		if r.click() {
			return r.Clock().Sub(began), nil
		}
		time.Sleep(time.Millisecond)
	}
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait() // it was killed
	text, _ := os.ReadFile(r.Dir + ".log")
	return 0, fmt.Errorf("no redirect within %s: %s", longest, text[max(0, len(text)-800):])
}

// click is a visitor; it tells whether he was redirected.
func (r *restart) click() bool {
	conn, err := net.DialTimeout("tcp", r.address, time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(r.Clock().Add(5 * time.Second))
	if _, err := io.WriteString(conn, "GET "+r.path+" HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"); err != nil {
		return false
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	return err == nil && strings.Contains(line, " 302 ")
}

func (r *restart) stop() error {
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return r.cmd.Wait()
}

// kill ends it in the midst of clicks.
func (r *restart) kill() error {
	end := r.Clock().Add(time.Second)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for r.Clock().Before(end) {
				r.click()
			}
		})
	}
	time.Sleep(900 * time.Millisecond)
	err := r.cmd.Process.Kill()
	_ = r.cmd.Wait() // it was killed
	all.Wait()
	return err
}
