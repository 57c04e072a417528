package edge

import (
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// turnNewAway makes the kernel drop packets that begin a connection, and let
// those through that belong to one it has begun. Closing a listener resets
// whatever it has accepted for us; so the queue must be empty and stay empty
// before. Whose packets are dropped tries again in a second, and finds the port
// closed, or our successor's.
func turnNewAway(l net.Listener) error {
	c, ok := l.(syscall.Conn)
	if !ok || l.Addr().Network() != "tcp" {
		return errors.ErrUnsupported
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{
			Len: uint16(len(noSYN)), Filter: &noSYN[0],
		})
	})
	return errors.Join(err, failed)
}

// noSYN is a filter program: of a TCP header, the flags are byte 13.
var noSYN = []unix.SockFilter{
	{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 13},
	{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: 0x12},            // SYN and ACK
	{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 1, Jf: 0, K: 2}, // SYN alone
	{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff},                     // take it
	{Code: unix.BPF_RET | unix.BPF_K, K: 0},                              // drop it
}
