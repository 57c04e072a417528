package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// endTime is how long a process may take to end before it is killed.
const endTime = 15 * time.Second

// child is a process that was started here. The kernel kills it when we die without
// doing so, where it can.
type child struct {
	name string
	cmd  *exec.Cmd
	log  string
	gone chan struct{} // closed when it has ended
}

// startChild starts a program whose output goes to a file.
func startChild(name, log string, cmd *exec.Cmd) (*child, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer file.Close() // the child has its own
	cmd.Stdout, cmd.Stderr = file, file
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true // Ctrl-C reaches us, and we end it
	dieWithParent(cmd.SysProcAttr)
	c := &child{name: name, cmd: cmd, log: log, gone: make(chan struct{})}
	started := make(chan error)
	go func() {
		defer close(c.gone)
		// The kernel kills the child when the thread that started it ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // however it ended
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("couldn't start %s: %w", name, err)
	}
	return c, nil
}

// Pid is its number.
func (c *child) Pid() int { return c.cmd.Process.Pid }

// await waits until something is so.
func (c *child) await(ctx context.Context, patience time.Duration, is func() error) error {
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		err := is()
		if err == nil {
			return nil
		}
		select {
		case <-c.gone:
			return fmt.Errorf("%s ended: %s", c.name, c.lastWords())
		case <-ctx.Done():
			return ctx.Err()
		case <-late.C:
			return fmt.Errorf("%s does not answer after %s: %w: %s", c.name, patience, err, c.lastWords())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (c *child) lastWords() string {
	text, err := os.ReadFile(c.log)
	if err != nil {
		return err.Error()
	}
	return string(bytes.TrimSpace(text[max(0, len(text)-800):]))
}

// startTries is how often a server is started that ends at once.
const startTries = 8

// startAgain starts a server until it runs, with a rest after each time that it ended
// at once; gone tells when the last one has. One that runs and does not answer is no
// matter of trying.
func startAgain(ctx context.Context, rest time.Duration, start func(context.Context) error, gone func() <-chan struct{}) (err error) {
	for range startTries {
		if err = start(ctx); err == nil || ctx.Err() != nil {
			return err
		}
		select {
		case <-gone():
		default:
			return err
		}
		time.Sleep(rest)
	}
	return err
}

// end asks the process to end, by its id, and kills it if it does not.
func (c *child) end(signal syscall.Signal) {
	if c == nil {
		return
	}
	_ = c.cmd.Process.Signal(syscall.SIGCONT) // it may be frozen
	_ = c.cmd.Process.Signal(signal)          // or it has ended
	select {
	case <-c.gone:
	case <-time.After(endTime):
		c.kill()
	}
}

// kill ends the process at once.
func (c *child) kill() {
	_ = c.cmd.Process.Kill() // or it has ended
	<-c.gone
}

// freePort finds a port that nobody listens on just now.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}

// portIn is the port that a directory was given at its first start.
func portIn(dir, name string) (int, error) {
	path := filepath.Join(dir, name)
	if text, err := os.ReadFile(path); err == nil {
		return strconv.Atoi(string(bytes.TrimSpace(text)))
	}
	port, err := freePort()
	if err != nil {
		return 0, err
	}
	return port, os.WriteFile(path, []byte(strconv.Itoa(port)+"\n"), 0o644)
}

func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// output runs a program to its end and gives what it prints.
func output(ctx context.Context, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", filepath.Base(program), err, bytes.TrimSpace(errs.Bytes()))
	}
	return out.Bytes(), nil
}

// serverUser is whom programs run as that refuse to be root; nil = as we do.
func serverUser(names ...string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range append(names, "nobody") {
		who, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(who.Uid)
		gid, gidErr := strconv.Atoi(who.Gid)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(uidErr, gidErr)
	}
	return nil, fmt.Errorf("none of the users %v is here, and the server does not run as root", names)
}

// own gives a path to whom a server runs as.
func own(path string, who *syscall.Credential) error {
	if who == nil {
		return nil
	}
	return os.Chown(path, int(who.Uid), int(who.Gid))
}

// reachable is the directory, or one elsewhere if other users than root cannot get
// into it: servers that refuse to be root could not.
func reachable(dir string) (string, error) {
	if os.Geteuid() != 0 {
		return dir, nil
	}
	for at := dir; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return "", err
		}
		if info.Mode().Perm()&0o001 == 0 {
			break
		}
		if at == filepath.Dir(at) {
			return dir, nil
		}
	}
	elsewhere := filepath.Join(os.TempDir(), "homing-cluster")
	return elsewhere, os.MkdirAll(elsewhere, 0o755)
}
