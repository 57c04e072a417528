package simulate

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"homing"
)

// Requests are written byte by byte, because senders' bad habits are exactly
// what a library would tidy up before it is sent.

// answer is what the server answered. Its slices are good until the next
// request on the same line.
type answer struct {
	status   int
	location []byte
	result   []byte // Postback-Result
	noStore  bool
	body     []byte
}

// errNotSent means that the server has certainly not seen the request; after
// any other error it may have.
var errNotSent = errors.New("not sent")

const (
	answerTime = 10 * time.Second // how long a sender waits for an answer
	// idleTime is how long a connection is used again; the server closes idle
	// ones later, and a request that meets the closing is in doubt.
	idleTime  = 10 * time.Second
	maxAnswer = 64 << 10
)

// line is one keep-alive connection of one worker, dialled when needed. It is
// for one goroutine.
type line struct {
	clock homing.Clock
	// address tells where the server is now: another place after a restart.
	address func() string
	secure  *tls.Config // nil for plain http

	conn   net.Conn
	in     *bufio.Reader
	dialed string    // what conn was dialled to
	used   time.Time // when it was last answered on
	body   []byte
}

// send writes a whole request and reads the answer. A request on a connection
// that turns out to be closed before a byte of answer came is the caller's to
// repeat, knowing that the first one may have been seen.
func (l *line) send(ctx context.Context, request []byte, head bool) (answer, error) {
	if err := l.open(ctx); err != nil {
		return answer{}, fmt.Errorf("%w: %w", errNotSent, err)
	}
	// A deadline that cannot be set shows itself as the error of what follows.
	_ = l.conn.SetDeadline(time.Now().Add(answerTime)) // the real clock, whatever ours says
	if _, err := l.conn.Write(request); err != nil {
		l.close()
		return answer{}, err
	}
	a, keep, err := l.read(head)
	if err != nil || !keep {
		l.close()
	}
	l.used = l.clock()
	return a, err
}

func (l *line) open(ctx context.Context) error {
	address := l.address()
	if l.conn != nil && (address != l.dialed || l.clock().Sub(l.used) > idleTime) {
		l.close()
	}
	if l.conn != nil {
		return nil
	}
	dialer := net.Dialer{Timeout: 2 * time.Second}
	var conn net.Conn
	var err error
	if l.secure != nil {
		conn, err = (&tls.Dialer{NetDialer: &dialer, Config: l.secure}).DialContext(ctx, "tcp", address)
	} else {
		conn, err = dialer.DialContext(ctx, "tcp", address)
	}
	if err != nil {
		return err
	}
	l.conn, l.dialed = conn, address
	if l.in == nil {
		l.in = bufio.NewReaderSize(conn, 4096)
	}
	l.in.Reset(conn)
	return nil
}

// close drops the connection; what it had to tell has been told.
func (l *line) close() {
	if l.conn != nil {
		_ = l.conn.Close()
		l.conn = nil
	}
}

// read reads one answer. keep tells whether the connection can be used again.
func (l *line) read(head bool) (a answer, keep bool, err error) {
	first, err := l.in.ReadSlice('\n')
	if err != nil {
		return a, false, err
	}
	if a.status, err = statusOf(first); err != nil {
		return a, false, err
	}
	keep, length := true, 0
	for {
		text, err := l.in.ReadSlice('\n')
		if err != nil {
			return a, false, err
		}
		name, value, ok := bytes.Cut(bytes.TrimRight(text, "\r\n"), []byte(":"))
		if !ok {
			break
		}
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil || length < 0 || length > maxAnswer {
				return a, false, fmt.Errorf("answer of length %q", value)
			}
		case bytes.EqualFold(name, []byte("Location")):
			a.location = bytes.Clone(value)
		case bytes.EqualFold(name, []byte("Postback-Result")):
			a.result = bytes.Clone(value)
		case bytes.EqualFold(name, []byte("Cache-Control")):
			a.noStore = bytes.Contains(value, []byte("no-store"))
		case bytes.EqualFold(name, []byte("Connection")):
			keep = !bytes.EqualFold(value, []byte("close"))
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			return a, false, fmt.Errorf("answer with Transfer-Encoding %q", value)
		}
	}
	if head {
		return a, keep, nil
	}
	if cap(l.body) < length {
		l.body = make([]byte, length)
	}
	a.body = l.body[:length]
	_, err = io.ReadFull(l.in, a.body)
	return a, keep, err
}

// statusOf reads "HTTP/1.1 302 Found".
func statusOf(first []byte) (int, error) {
	rest, ok := bytes.CutPrefix(first, []byte("HTTP/1."))
	if !ok || len(rest) < 5 {
		return 0, fmt.Errorf("answer that is not HTTP: %q", first[:min(len(first), 40)])
	}
	status, err := strconv.Atoi(string(rest[2:5]))
	if err != nil {
		return 0, fmt.Errorf("answer without a status: %q", first[:min(len(first), 40)])
	}
	return status, nil
}

// request puts a request together in dst. headers are whole lines with their
// ends.
func request(dst []byte, method, target, host, headers string) []byte {
	dst = append(dst, method...)
	dst = append(dst, ' ')
	dst = append(dst, target...)
	dst = append(dst, " HTTP/1.1\r\nHost: "...)
	dst = append(dst, host...)
	dst = append(dst, "\r\n"...)
	dst = append(dst, headers...)
	if method == "POST" {
		dst = append(dst, "Content-Length: 0\r\n"...)
	}
	return append(dst, "\r\n"...)
}
