// Command restart measures how long homing takes from its start to the first
// visitor redirected, with a large spool.
//
//	go run ./bench/restart -program bin/homing -gigabytes 10 -dir /tmp/restart
//
// It makes a data directory, fills the spool with clicks through the engine
// itself, and starts the program again and again: after a clean end, after kill
// -9 under load, and after one that left the last file full, which is the most
// that has to be recovered; each time with the spool's files thrown out of the
// page cache. None of the clicks has been loaded into the warehouse when it first
// starts, so that the loader works beside. The directory is removed at the end.
package main

import (
	"bufio"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"homing"
	"homing/internal/engine/spool"
	"homing/internal/engine/spool/segment"
)

func main() {
	program := flag.String("program", "bin/homing", "the program")
	gigabytes := flag.Int64("gigabytes", 10, "how large the spool is made")
	dir := flag.String("dir", filepath.Join(os.TempDir(), "homing-restart"), "the data directory; made, and removed at the end")
	rounds := flag.Int("rounds", 5, "starts of each kind")
	limit := flag.Duration("limit", time.Second, "the longest that is well")
	tear := flag.Bool("tear", false, "append to the spool and be killed; for the program's own use")
	flag.Parse()
	if *tear {
		log.Fatal(tearOff(*dir))
	}
	r := &restart{program: *program, dir: *dir}
	err := r.run(*gigabytes<<30, *rounds, *limit)
	if err = errors.Join(err, os.RemoveAll(*dir)); err != nil {
		log.Fatal(err)
	}
}

type restart struct {
	program, dir string
	path         string // of the click URL
	address      string
	cmd          *exec.Cmd
}

func (r *restart) run(size int64, rounds int, limit time.Duration) error {
	if _, err := os.Stat(r.dir); err == nil {
		return fmt.Errorf("%s is there already; remove it or name another", r.dir)
	}
	if err := r.setUp(); err != nil {
		return err
	}
	begun := time.Now()
	files, err := r.fill(size)
	if err != nil {
		return err
	}
	fmt.Printf("%d GB in %d files, filled in %s\n", size>>30, files, time.Since(begun).Round(time.Second))
	slow := false
	for _, how := range []struct {
		name   string
		before func() error
		end    func() error
	}{{"after a clean end", nil, r.stop}, {"after kill -9 under load", nil, r.kill}, {"with a full last file", r.tear, r.stop}} {
		var took []time.Duration
		for range rounds {
			if how.before != nil {
				if err := how.before(); err != nil {
					return err
				}
			}
			r.forget()
			d, err := r.start()
			if err != nil {
				return err
			}
			took = append(took, d)
			if err := how.end(); err != nil {
				return err
			}
		}
		if how.before == nil && len(took) > 1 {
			took = took[1:] // the first start followed something else
		}
		slices.Sort(took)
		worst := took[len(took)-1]
		slow = slow || worst > limit
		fmt.Printf("%-26s median %s, worst %s, of %d\n", how.name, took[len(took)/2].Round(time.Millisecond), worst.Round(time.Millisecond), len(took))
	}
	if slow {
		return fmt.Errorf("slower than %s", limit)
	}
	return nil
}

// setUp makes a campaign.
func (r *restart) setUp() error {
	var account struct{ ID int }
	var campaign struct {
		URL string `json:"click_url"`
	}
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return err
	}
	if err := r.ask(&account, "account", "create", "--name", "Restart"); err != nil {
		return err
	}
	err := r.ask(&campaign, "campaign", "create", "--account", fmt.Sprint(account.ID), "--name", "c", "--url", "https://adv.example/?c={click_id}")
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

func (r *restart) ask(into any, args ...string) error {
	out, err := exec.Command(r.program, append(args, "--data-dir", r.dir, "--format", "json")...).Output()
	if err != nil {
		return fmt.Errorf("homing %s: %w", strings.Join(args, " "), err)
	}
	return json.Unmarshal(out, into)
}

// tear has the spool's last file filled by a process that is killed.
func (r *restart) tear() error {
	cmd := exec.Command(os.Args[0], "-tear", "-dir", r.dir)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); cmd.ProcessState == nil || cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		return fmt.Errorf("couldn't fill the last file: %w", err)
	}
	return nil
}

// tearOff fills the file that a spool begins with, and nearly all of the next.
func tearOff(dir string) error {
	s, err := segment.Open(segment.Options{Dir: filepath.Join(dir, "spool"), Clock: time.Now})
	if err != nil {
		return err
	}
	if err := appendClicks(s, 64<<20); err != nil {
		return err
	}
	return syscall.Kill(os.Getpid(), syscall.SIGKILL)
}

// fill makes the spool as large as it is to be.
func (r *restart) fill(size int64) (files int, err error) {
	s, err := segment.Open(segment.Options{Dir: filepath.Join(r.dir, "spool"), Clock: time.Now})
	if err != nil {
		return 0, err
	}
	err = errors.Join(appendClicks(s, size), s.Close())
	names, _ := filepath.Glob(filepath.Join(r.dir, "spool", "*.seg"))
	return len(names), err
}

// appendClicks appends clicks with large headers that do not compress.
func appendClicks(s *segment.Spool, size int64) error {
	const writers, agent = 8, 60 << 10
	var all sync.WaitGroup
	failed := make([]error, writers)
	for w := range writers {
		all.Go(func() {
			click := homing.Click{UserAgent: make([]byte, agent)}
			rand.Read(click.UserAgent)
			var record []byte
			for n := range size / agent / writers {
				at := homing.MillisOf(time.Now())
				click.Origin = homing.Origin{Time: at, Node: homing.NodeID(w + 1), Seq: uint16(n & homing.MaxSeq), Campaign: 1}
				binary.LittleEndian.PutUint64(click.UserAgent, uint64(n)) // no two alike
				record = homing.AppendClick(record[:0], &click)
				if _, failed[w] = s.Append(spool.KindClick, at, record); failed[w] != nil {
					return
				}
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// forget throws the spool's files out of the page cache.
func (r *restart) forget() {
	names, _ := filepath.Glob(filepath.Join(r.dir, "spool", "*.seg"))
	for _, name := range names {
		if f, err := os.Open(name); err == nil {
			_ = f.Sync()
			_ = dropFromCache(f) // as well as it can be done
			_ = f.Close()
		}
	}
}

// start starts the program and waits for the first redirect.
func (r *restart) start() (time.Duration, error) {
	r.cmd = exec.Command(r.program, "serve", "--data-dir", r.dir, "--track-listen", r.address, "--track-tls-listen", "", "--desk-listen", "127.0.0.1:0")
	r.cmd.Stderr = os.Stderr
	begun := time.Now()
	if err := r.cmd.Start(); err != nil {
		return 0, err
	}
	for time.Since(begun) < time.Minute {
		if r.click() {
			return time.Since(begun), nil
		}
		time.Sleep(time.Millisecond)
	}
	return 0, errors.Join(errors.New("no redirect within a minute"), r.kill())
}

// click is a visitor; it tells whether he was redirected.
func (r *restart) click() bool {
	conn, err := net.DialTimeout("tcp", r.address, time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
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
	end := time.Now().Add(time.Second)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for time.Now().Before(end) {
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
