package suite

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program is the path of the built program; TestMain builds it with the race
// detector if the tests have it.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "homing-suite-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	program = filepath.Join(dir, "homing")
	// A program with the race detector sleeps for a second when it ends, unless
	// it is told not to; the suite ends hundreds.
	os.Setenv("GORACE", "atexit_sleep_ms=0")
	args := []string{"build", "-o", program}
	if raceEnabled {
		args = append(args, "-race")
	}
	build := exec.Command("go", append(args, "homing/cmd/homing")...)
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "couldn't build the program:", err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// lookAtSources looks at every file the program is built from. The test cache
// remembers what a test looked at, but knows nothing of what the go command
// reads for it: without this a result would be (cached) over another program.
// It remembers from m.Run on, so every use of the program calls this.
var lookAtSources = sync.OnceFunc(func() {
	for _, root := range []string{"../../cmd", "../../internal"} {
		_ = filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err == nil {
				_, err = os.Stat(path)
			}
			return err // the build will say what is wrong
		})
	}
})

// server is a running homing.
type server struct {
	t        *testing.T
	dir      string
	args     []string
	cmd      *exec.Cmd
	track    string // host:port
	trackTLS string
	desk     string
	setUp    string // the one-time link; empty if there is an operator
	exited   chan error
	stderr   lockedBuffer
}

// lockedBuffer gathers what a process prints.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start runs homing serve on a data directory with free ports, and waits until
// it serves. It is killed at the end of the test.
func start(t *testing.T, dir string, args ...string) *server {
	t.Helper()
	s := &server{t: t, dir: dir, args: args}
	t.Cleanup(func() {
		if s.exited != nil { // it was started, whether or not it came up
			s.kill()
		}
	})
	s.run()
	return s
}

func (s *server) run() {
	s.t.Helper()
	lookAtSources()
	args := append([]string{"serve", "--data-dir", s.dir, "--track-listen", "127.0.0.1:0",
		"--track-tls-listen", "127.0.0.1:0", "--desk-listen", "127.0.0.1:0"}, s.args...)
	s.cmd = exec.Command(program, args...)
	s.cmd.Stderr = &s.stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.setUp = ""
	told := make(chan string, 64)
	go func() {
		defer close(told)
		for scan := bufio.NewScanner(out); scan.Scan(); {
			told <- scan.Text()
		}
	}()
	s.exited = make(chan error, 1)
	cmd, exited := s.cmd, s.exited
	go func() { exited <- cmd.Wait() }()
	s.readAnnouncement(told)
	s.waitReady()
}

func (s *server) readAnnouncement(told chan string) {
	s.t.Helper()
	deadline := time.After(30 * time.Second)
	var announced <-chan time.Time
	for {
		select {
		case line, ok := <-told:
			if !ok {
				s.t.Fatalf("the server ended: %s", s.stderr.String())
			}
			for _, word := range strings.Fields(line) {
				switch {
				case strings.Contains(word, "/welcome/"):
					s.setUp = word
				case strings.HasPrefix(word, "https://"):
					s.trackTLS = strings.TrimPrefix(word, "https://")
				case strings.HasPrefix(word, "http://") && tellsOfDesk(line):
					s.desk = strings.TrimPrefix(word, "http://")
				case strings.HasPrefix(word, "http://"):
					s.track = strings.TrimPrefix(word, "http://")
				}
			}
			if tellsOfDesk(line) {
				announced = time.After(500 * time.Millisecond) // a set-up link may follow
			}
			if s.setUp != "" {
				return
			}
		case <-announced:
			return
		case <-deadline:
			s.t.Fatalf("the server does not say where it is: %s", s.stderr.String())
		}
	}
}

// tellsOfDesk: an edge has a desk listener for health and metrics only.
func tellsOfDesk(line string) bool {
	return strings.Contains(line, "panel") || strings.Contains(line, "health and metrics")
}

func (s *server) waitReady() {
	s.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		address := s.track
		if address == "" { // a desk's
			address = s.desk
		}
		resp, err := http.Get("http://" + address + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == 200 {
				return
			}
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("the server does not become ready: %v: %s", err, s.stderr.String())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// kill ends the server with SIGKILL, if it still runs.
func (s *server) kill() {
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.exited
	s.exited <- nil
}

// stop ends the server with SIGTERM and returns how it ended.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-s.exited:
		s.exited <- err
		return err
	case <-time.After(15 * time.Second):
		return fmt.Errorf("it does not end: %s", s.stderr.String())
	}
}

// homing runs a command on the server's data directory and returns what it
// prints.
func (s *server) homing(args ...string) string {
	s.t.Helper()
	out, stderr, code := s.try(args...)
	if code != 0 {
		s.t.Fatalf("homing %s: exit status %d: %s", strings.Join(args, " "), code, stderr)
	}
	return out
}

// try runs a command on the server's data directory.
func (s *server) try(args ...string) (stdout, stderr string, code int) {
	s.t.Helper()
	return run(s.t, append(args, "--data-dir", s.dir)...)
}

func run(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	lookAtSources()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// object runs a command with --format json and decodes what it prints.
func (s *server) object(into any, args ...string) {
	s.t.Helper()
	out := s.homing(append(args, "--format", "json")...)
	if err := json.Unmarshal([]byte(out), into); err != nil {
		s.t.Fatalf("homing %s printed no JSON: %v: %s", strings.Join(args, " "), err, out)
	}
}

type account struct {
	ID       int    `json:"id"`
	Key      string `json:"key"`
	PublicID string `json:"public_id"`
}

type campaign struct {
	ID       int    `json:"id"`
	ClickURL string `json:"click_url"`
}

func (c campaign) path() string { return c.ClickURL[strings.Index(c.ClickURL, "/c/"):] }

func (s *server) newAccount(args ...string) (a account) {
	s.t.Helper()
	s.object(&a, append([]string{"account", "create", "--name", "Acme"}, args...)...)
	return a
}

func (s *server) newCampaign(a account, args ...string) (c campaign) {
	s.t.Helper()
	s.object(&c, append([]string{"campaign", "create", "--account", fmt.Sprint(a.ID), "--name", "Spring",
		"--url", "https://adv.example/lp?some=1&t={click_id}&s={sub1}"}, args...)...)
	return c
}

// answer is what came back on a socket.
type answer struct {
	status int
	header http.Header
	body   string
	closed bool // the connection was closed without an answer
}

// dial opens a connection from a local address, plain or TLS.
func (s *server) dial(https bool, from string) net.Conn {
	s.t.Helper()
	d := net.Dialer{Timeout: 5 * time.Second}
	if from != "" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	if !https {
		conn, err := d.Dial("tcp", s.track)
		if err != nil {
			s.t.Fatal(err)
		}
		return conn
	}
	conn, err := tls.DialWithDialer(&d, "tcp", s.trackTLS, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		s.t.Fatal(err)
	}
	return conn
}

// exchange sends bytes and reads one answer.
func (s *server) exchange(https bool, from, method string, request []byte) answer {
	conn := s.dial(https, from)
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second)) // a dead connection shows when it is read
	_, _ = conn.Write(request)                             // the server may have refused by now
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		return answer{closed: true}
	}
	body, _ := io.ReadAll(resp.Body)
	return answer{status: resp.StatusCode, header: resp.Header, body: strings.TrimSpace(string(body))}
}

// get asks for a raw target over a connection of its own.
func (s *server) get(https bool, target string) answer {
	return s.exchange(https, "", "GET", []byte("GET "+target+" HTTP/1.1\r\nHost: t.example\r\nConnection: close\r\n\r\n"))
}

// click makes a click and returns its id.
func (s *server) click(c campaign, query string) string {
	s.t.Helper()
	a := s.get(false, c.path()+query)
	_, rest, ok := strings.Cut(a.header.Get("Location"), "t=")
	if a.status != 302 || !ok || len(rest) < 40 {
		s.t.Fatalf("click: %d, Location %q", a.status, a.header.Get("Location"))
	}
	return rest[:40]
}

// exchangeDesk gets a page of the desk listener.
func (s *server) exchangeDesk(path string) string {
	s.t.Helper()
	resp, err := http.Get("http://" + s.desk + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(body)
}
