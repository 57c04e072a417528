package simulate

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
)

// startTime is how long a server may take to answer.
const startTime = 20 * time.Second

// child is a house in a process of its own. It never outlives the simulation:
// Kill ends it, and the kernel does if the simulation dies without calling it.
type child struct {
	executable string
	dir        string // scratch: data and log
	env        Env

	mu      sync.Mutex
	process *os.Process   // guarded by mu; nil = not running
	exited  chan struct{} // guarded by mu: closed when the process is gone
	// left are processes of warehouses whose server was killed. They end by
	// themselves, unless they are stopped.
	left []int // guarded by mu
}

var _ house = (*child)(nil)

// Start starts the server on whatever is in the directory.
func (c *child) Start(ctx context.Context) (Server, error) {
	exited, err := c.launch()
	if err != nil {
		return nil, err
	}
	late := time.NewTimer(startTime)
	defer late.Stop()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		server, asked := c.ask(ctx)
		if asked == nil {
			return server, nil
		}
		select {
		case <-again.C:
		case <-exited:
			return nil, fmt.Errorf("it ended by itself: %s", c.lastWords())
		case <-late.C:
			return nil, fmt.Errorf("it did not answer within %s: %w", startTime, asked)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// ask tries the control socket once.
func (c *child) ask(ctx context.Context) (Server, error) {
	server, err := c.env.Connect(ctx, c.data())
	if err != nil {
		return nil, err
	}
	if _, err = server.Status(ctx); err != nil {
		_ = server.Close() // it was not there yet
		return nil, err
	}
	return server, nil
}

func (c *child) data() string { return filepath.Join(c.dir, "data") }
func (c *child) log() string  { return filepath.Join(c.dir, "serve.log") }

// launch starts the process, on ports that are free.
func (c *child) launch() (exited chan struct{}, err error) {
	log, err := os.OpenFile(c.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("couldn't open the server's log: %w", err)
	}
	cmd := exec.Command(c.executable, "serve", "--data-dir", c.data(),
		"--track-listen", "127.0.0.1:0", "--track-tls-listen", "127.0.0.1:0", "--desk-listen", "127.0.0.1:0")
	cmd.Stdout, cmd.Stderr = log, log
	// A group of its own, so that Ctrl-C reaches only the simulation, which then
	// ends it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(cmd.SysProcAttr)
	exited = make(chan struct{})
	started := make(chan error)
	go func() {
		defer close(exited)
		// The kernel kills the child when the thread that started it ends, so
		// that thread stays with it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		_ = log.Close() // the child has its own; nothing was written here
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in its log
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("couldn't start %s: %w", c.executable, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.process, c.exited = cmd.Process, exited
	return exited, nil
}

// Kill ends the process, if it runs, and waits until it is gone.
func (c *child) Kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.process == nil {
		return
	}
	if pid := warehouseOf(c.process.Pid); pid != 0 {
		c.left = append(c.left, pid)
	}
	if err := c.process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		panic(fmt.Sprintf("couldn't kill our own server, process %d: %v", c.process.Pid, err))
	}
	<-c.exited
	c.process = nil
}

// Warehouse finds the process of the warehouse.
func (c *child) Warehouse() beast {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.process == nil {
		return nil
	}
	pid := warehouseOf(c.process.Pid)
	if pid == 0 {
		return nil
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return nil // it has just gone
	}
	return process
}

// sweep ends what was left behind, so that nothing writes to the directory any
// more.
func (c *child) sweep() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, pid := range c.left {
		for isWarehouse(pid) {
			_ = syscall.Kill(pid, syscall.SIGKILL) // or it has just gone by itself
			time.Sleep(time.Millisecond)
		}
	}
	c.left = nil
}

// lastWords is the end of the server's log.
func (c *child) lastWords() string {
	text, err := os.ReadFile(c.log())
	if err != nil {
		return err.Error()
	}
	text = bytes.TrimSpace(text)
	return string(text[max(0, len(text)-500):])
}
