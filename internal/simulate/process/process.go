// Package process runs a homing in a process of its own, for who plays against
// it from outside, and ends it in every way there is.
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"homing/internal/desk/control"
)

// StartTime is how long a server may take to answer.
const StartTime = 20 * time.Second

// Launch tells what to run.
type Launch struct {
	Program string   // path of homing
	Data    string   // its --data-dir
	Log     string   // file that its output is appended to; not on a disk that is going to fail
	Args    []string // further flags of serve; they may repeat the ports, which are free ones otherwise
	Env     []string // added to ours
	// Around is a command that becomes the program, or runs beside it, such as
	// taskset -c 0, or strace -D -f -o FILE: with -D strace leaves the program
	// the process that was started. Program and arguments follow it.
	Around []string
	// SysProcAttr, if not nil, is told how the process is to be made.
	SysProcAttr func(*syscall.SysProcAttr)
}

// Process is a homing that was started. It never outlives us: the kernel kills
// it when we die without doing so. Methods are safe for concurrent use.
type Process struct {
	launch Launch
	cmd    *exec.Cmd
	exited chan struct{} // closed when it is gone
	end    error         // how it ended; read after exited

	mu   sync.Mutex
	left []int // guarded by mu: processes it had started, see Sweep
}

// Begin starts a process and does not wait until it serves.
func Begin(l Launch) (*Process, error) {
	log, err := os.OpenFile(l.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("couldn't open the server's log: %w", err)
	}
	words := append(append([]string{}, l.Around...), l.Program, "serve", "--data-dir", l.Data,
		"--track-listen", "127.0.0.1:0", "--track-tls-listen", "127.0.0.1:0", "--desk-listen", "127.0.0.1:0")
	words = append(words, l.Args...)
	p := &Process{launch: l, cmd: exec.Command(words[0], words[1:]...), exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.Env = append(os.Environ(), l.Env...)
	// A group of its own, so that Ctrl-C reaches only us, and we then end it.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(p.cmd.SysProcAttr)
	if l.SysProcAttr != nil {
		l.SysProcAttr(p.cmd.SysProcAttr)
	}
	started := make(chan error)
	go func() {
		defer close(p.exited)
		// The kernel kills the child when the thread that started it ends, so
		// that thread stays with it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		_ = log.Close() // the child has its own; nothing was written here
		started <- err
		if err == nil {
			p.end = p.cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("couldn't start %s: %w", words[0], err)
	}
	return p, nil
}

// Client asks over the control socket; it need not be there yet.
func (p *Process) Client() *control.Client {
	return control.NewClient(control.Dial(p.launch.Data), func() error { return nil })
}

// Ready waits until the server answers on its control socket, and tells where it
// is and what it is.
func (p *Process) Ready(ctx context.Context) (control.Status, error) {
	late := time.NewTimer(StartTime)
	defer late.Stop()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	client := p.Client()
	defer client.Close()
	for {
		status, asked := client.Status(ctx)
		if asked == nil {
			return status, nil
		}
		select {
		case <-again.C:
		case <-p.exited:
			return status, fmt.Errorf("it ended by itself: %s", p.LastWords())
		case <-late.C:
			return status, fmt.Errorf("it did not answer within %s: %w: %s", StartTime, asked, p.LastWords())
		case <-ctx.Done():
			return status, ctx.Err()
		}
	}
}

// Pid is the server's.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Exited is closed when the server is gone.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Kill ends the server with SIGKILL, if it runs, and returns when it is gone.
// What it had started is left to end by itself, or to Sweep.
func (p *Process) Kill() {
	select {
	case <-p.exited:
		return
	default:
	}
	p.mu.Lock()
	p.left = append(p.left, childrenOf(p.Pid())...)
	p.mu.Unlock()
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		panic(fmt.Sprintf("couldn't kill our own server, process %d: %v", p.Pid(), err))
	}
	<-p.exited
}

// Sweep kills what the server had started when it was killed, so that nothing
// writes to its directory any more.
func (p *Process) Sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, pid := range p.left {
		for isWarehouse(pid) {
			_ = syscall.Kill(pid, syscall.SIGKILL) // or it has just gone by itself
			time.Sleep(time.Millisecond)
		}
	}
	p.left = nil
}

// Signal sends the server any other signal.
func (p *Process) Signal(signal os.Signal) error { return p.cmd.Process.Signal(signal) }

// Terminate asks the server to end, by SIGTERM.
func (p *Process) Terminate() error { return p.cmd.Process.Signal(syscall.SIGTERM) }

// Wait waits until the server is gone and tells how it ended: nil is an exit
// status of 0.
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-p.exited:
		return p.end
	case <-ctx.Done():
		return fmt.Errorf("it does not end: %w: %s", ctx.Err(), p.LastWords())
	}
}

// Warehouse is the process of the server's warehouse, nil if there is none now.
func (p *Process) Warehouse() *os.Process {
	for _, pid := range childrenOf(p.Pid()) {
		if !isWarehouse(pid) {
			continue
		}
		if found, err := os.FindProcess(pid); err == nil {
			return found
		}
	}
	return nil
}

// LastWords is the end of what it printed.
func (p *Process) LastWords() string {
	text, err := os.ReadFile(p.launch.Log)
	if err != nil {
		return err.Error()
	}
	text = bytes.TrimSpace(text)
	return string(text[max(0, len(text)-800):])
}

// Run runs another command of the program on the same data directory and gives
// what it prints.
func (l Launch) Run(ctx context.Context, args ...string) (stdout, stderr string, err error) {
	cmd := exec.CommandContext(ctx, l.Program, append(args, "--data-dir", l.Data)...)
	cmd.Env = append(os.Environ(), l.Env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err = cmd.Run(); err != nil {
		err = fmt.Errorf("%s %v: %w: %s", filepath.Base(l.Program), args, err, bytes.TrimSpace(errs.Bytes()))
	}
	return out.String(), errs.String(), err
}
