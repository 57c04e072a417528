//go:build unix

package postgres

import (
	"errors"
	"net"
	"syscall"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"
)

// alive tells whether an idle connection seems to stand: nothing has come in on
// it. A server that ends says so, or at least closes its side; a statement sent
// after that would be lost, and nobody would know whether it was. It costs a
// microsecond, against a round trip for asking the server.
func alive(conn *pgx.Conn) bool {
	var socket any = conn.PgConn().Conn()
	if secure, ok := socket.(interface{ NetConn() net.Conn }); ok {
		socket = secure.NetConn()
	}
	direct, ok := socket.(syscall.Conn)
	if !ok {
		return true // nobody knows
	}
	raw, err := direct.SyscallConn()
	if err != nil {
		return false
	}
	quiet := false
	// Not raw.Read, which waits for whoever else reads: after a slow write the driver
	// leaves a read behind that ends with the server's next word, and none comes
	// before the next statement.
	err = raw.Control(func(fd uintptr) {
		var peek [1]byte
		_, _, err := unix.Recvfrom(int(fd), peek[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		quiet = errors.Is(err, unix.EAGAIN)
	})
	return err == nil && quiet
}
