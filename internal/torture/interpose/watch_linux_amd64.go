package interpose

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Watch decides what becomes of the disk operations of the programs that are run
// by its Around, one after the other or side by side. Methods are safe for
// concurrent use.
type Watch struct {
	dir      string
	socket   string
	listener *net.UnixListener
	programs sync.WaitGroup

	mu     sync.Mutex
	decide func(Operation) Outcome // guarded by mu; nil = let everything be
	closed bool                    // guarded by mu
	under  map[inode]*undo         // guarded by mu: what lay under unsynced writes
}

// New makes a Watch over what is below a directory. The rest of what a program
// does is let be.
func New(dir string) (*Watch, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	// The name of a socket is short.
	home, err := os.MkdirTemp("", "interpose")
	if err != nil {
		return nil, err
	}
	w := &Watch{dir: dir, socket: filepath.Join(home, "s"), under: map[inode]*undo{}}
	w.listener, err = net.ListenUnix("unix", &net.UnixAddr{Name: w.socket, Net: "unix"})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(home))
	}
	w.programs.Go(w.accept)
	return w, nil
}

// Around are the words that a command begins with to be watched. Who is running
// must call Main first.
func (w *Watch) Around() ([]string, error) {
	if !called {
		return nil, errors.New("main, or TestMain, must call interpose.Main before anything else")
	}
	self, err := os.Executable()
	return []string{self, Argument, w.socket}, err
}

// Decide has every operation from now on decided by f, which is called by one
// goroutine after the other and must be quick; nil lets everything be.
func (w *Watch) Decide(f func(Operation) Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.decide = f
}

// Close ends the Watch. Programs that still run hang in their next operation, so
// they are to be ended before.
func (w *Watch) Close() error {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	err := w.listener.Close()
	w.programs.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, u := range w.under {
		_ = u.file.Close() // nothing is to be kept in it
	}
	return errors.Join(err, os.RemoveAll(filepath.Dir(w.socket)))
}

func (w *Watch) isClosed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closed
}

func (w *Watch) accept() {
	for {
		conn, err := w.listener.AcceptUnix()
		if err != nil {
			return
		}
		fd, err := receive(conn)
		_ = conn.Close() // it has said what it had to
		if err == nil {
			w.programs.Go(func() { w.serve(fd) })
		}
	}
}

// receive takes the filter's other end.
func receive(conn *net.UnixConn) (fd int, err error) {
	rights := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := conn.ReadMsgUnix(make([]byte, 1), rights)
	if err != nil {
		return 0, err
	}
	messages, err := unix.ParseSocketControlMessage(rights[:n])
	if err != nil || len(messages) != 1 {
		return 0, fmt.Errorf("%d messages instead of a filter: %w", len(messages), err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return 0, fmt.Errorf("%d files instead of a filter: %w", len(fds), err)
	}
	return fds[0], nil
}

// notification is the kernel's struct seccomp_notif, answer its
// seccomp_notif_resp.
type notification struct {
	ID        uint64
	PID       uint32 // the thread's
	Flags     uint32
	Number    int32
	Arch      uint32
	At        uint64
	Arguments [6]uint64
}

type answer struct {
	ID    uint64
	Value int64
	Error int32
	Flags uint32
}

const (
	receiveNext = unix.SECCOMP_IOCTL_NOTIF_RECV
	sendAnswer  = unix.SECCOMP_IOCTL_NOTIF_SEND
	goOn        = unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE
)

// serve answers until the last thread under the filter is gone.
func (w *Watch) serve(fd int) {
	defer unix.Close(fd)
	for !w.isClosed() {
		ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if n, err := unix.Poll(ready, 200); err != nil && err != unix.EINTR {
			return
		} else if n <= 0 {
			continue
		}
		if ready[0].Revents&unix.POLLIN == 0 {
			return // nobody is left
		}
		var n notification
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), receiveNext, uintptr(unsafe.Pointer(&n))); errno != 0 {
			continue // it was killed meanwhile
		}
		a := w.judge(&n)
		a.ID = n.ID
		// That the thread is gone is as good as an answer.
		_, _, _ = unix.Syscall(unix.SYS_IOCTL, uintptr(fd), sendAnswer, uintptr(unsafe.Pointer(&a)))
	}
}

// judge carries out what is decided about an operation.
func (w *Watch) judge(n *notification) answer {
	op, ok := w.look(n)
	if !ok {
		return answer{Flags: goOn}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var o Outcome
	if w.decide != nil {
		o = w.decide(op)
	}
	switch {
	case o.Half && op.Call == Write && n.Number == unix.SYS_PWRITE64:
		if done, err := w.half(n, &op); err == nil {
			return answer{Value: done}
		}
	case o.Errno != 0:
		if op.Call == Sync {
			w.failSync(n, o)
		}
		return answer{Error: -int32(o.Errno)}
	}
	switch op.Call {
	case Write:
		w.note(n, op.Length)
	case Sync:
		w.confirm(n)
	}
	return answer{Flags: goOn}
}
