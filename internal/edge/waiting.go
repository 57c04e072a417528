//go:build unix

package edge

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
)

// waiting lets a connection wait for its next request without a buffer: many
// thousand connections are idle, and each would hold 16 KiB for nothing.
//
// The server asks for one byte first, see readAhead. What else has come with it
// is read in the same system call, into a buffer that is borrowed for as long as
// the server has not taken it over. A
// waiting is for one goroutine.
type waiting struct {
	raw    syscall.RawConn
	look   func(fd uintptr) bool // w.take, made once
	buffer *[readBuffer]byte     // nil while there is nothing
	rest   []byte                // of buffer
	err    error
}

var readBuffers = sync.Pool{New: func() any { return new([readBuffer]byte) }}

// read reads like c.
func (w *waiting) read(c net.Conn, p []byte) (int, error) {
	if w.buffer == nil {
		if len(p) != 1 {
			return c.Read(p)
		}
		if w.raw == nil {
			s, ok := c.(syscall.Conn)
			if !ok {
				return c.Read(p)
			}
			var err error
			if w.raw, err = s.SyscallConn(); err != nil {
				return 0, err
			}
			w.look = w.take
		}
		if err := w.raw.Read(w.look); err != nil {
			return 0, err // the deadline, or it is closed
		}
		if w.buffer == nil {
			return 0, w.err
		}
	}
	n := copy(p, w.rest)
	if w.rest = w.rest[n:]; len(w.rest) == 0 {
		w.end()
	}
	return n, nil
}

// take reads what is there. It says no if there is nothing yet.
func (w *waiting) take(fd uintptr) bool {
	b := readBuffers.Get().(*[readBuffer]byte)
	n, err := syscall.Read(int(fd), b[:])
	for err == syscall.EINTR {
		n, err = syscall.Read(int(fd), b[:])
	}
	if n > 0 {
		w.buffer, w.rest = b, b[:n]
		return true
	}
	readBuffers.Put(b)
	switch {
	case err == syscall.EAGAIN:
		return false
	case err != nil:
		w.err = os.NewSyscallError("read", err)
	default:
		w.err = io.EOF
	}
	return true
}

// end gives the buffer back.
func (w *waiting) end() {
	if w.buffer != nil {
		readBuffers.Put(w.buffer)
		w.buffer, w.rest = nil, nil
	}
}
