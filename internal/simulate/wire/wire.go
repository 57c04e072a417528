// Package wire sends requests byte by byte and reads answers, for who plays
// visitors and advertisers' servers from outside: their bad habits are exactly
// what a library would tidy up before it is sent.
package wire

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

// Answer is what the server answered. Its slices are good until the next
// request on the same line.
type Answer struct {
	Status     int
	Location   []byte
	Result     []byte // Postback-Result
	NoStore    bool
	RetryAfter bool // there is such a header
	Body       []byte
}

// ErrNotSent means that the server has certainly not seen the request; after
// any other error it may have.
var ErrNotSent = errors.New("not sent")

const (
	answerTime = 10 * time.Second // how long a sender waits for an answer
	// idleTime is how long a connection is used again; the server closes idle
	// ones later, and a request that meets the closing is in doubt.
	idleTime  = 10 * time.Second
	maxAnswer = 64 << 10
)

// Line is one keep-alive connection of one worker, dialled when needed. It is
// for one goroutine.
type Line struct {
	Clock homing.Clock
	// Address tells where the server is now: another place after a restart.
	Address func() string
	Secure  *tls.Config // nil for plain http

	conn   net.Conn
	in     *bufio.Reader
	dialed string    // what conn was dialled to
	used   time.Time // when it was last answered on
	body   []byte
}

// Send writes a whole request and reads the answer. A request on a connection
// that turns out to be closed before a byte of answer came is the caller's to
// repeat, knowing that the first one may have been seen.
func (l *Line) Send(ctx context.Context, request []byte, head bool) (Answer, error) {
	if err := l.open(ctx); err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	// A deadline that cannot be set shows itself as the error of what follows.
	_ = l.conn.SetDeadline(time.Now().Add(answerTime)) // the real clock, whatever ours says
	if _, err := l.conn.Write(request); err != nil {
		l.Close()
		return Answer{}, err
	}
	a, keep, err := l.read(head)
	if err != nil || !keep {
		l.Close()
	}
	l.used = l.Clock()
	return a, err
}

func (l *Line) open(ctx context.Context) error {
	address := l.Address()
	if l.conn != nil && (address != l.dialed || l.Clock().Sub(l.used) > idleTime) {
		l.Close()
	}
	if l.conn != nil {
		return nil
	}
	dialer := net.Dialer{Timeout: 2 * time.Second}
	var conn net.Conn
	var err error
	if l.Secure != nil {
		conn, err = (&tls.Dialer{NetDialer: &dialer, Config: l.Secure}).DialContext(ctx, "tcp", address)
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

// Dial opens the connection, if it is not, before there is anything to send.
func (l *Line) Dial(ctx context.Context) error {
	if err := l.open(ctx); err != nil {
		return err
	}
	l.used = l.Clock()
	return nil
}

// Open tells whether there is a connection, on which an answer has come before.
func (l *Line) Open() bool { return l.conn != nil }

// Close drops the connection; what it had to tell has been told.
func (l *Line) Close() {
	if l.conn != nil {
		_ = l.conn.Close()
		l.conn = nil
	}
}

// read reads one answer. keep tells whether the connection can be used again.
func (l *Line) read(head bool) (a Answer, keep bool, err error) {
	first, err := l.in.ReadSlice('\n')
	if err != nil {
		return a, false, err
	}
	if a.Status, err = statusOf(first); err != nil {
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
			a.Location = bytes.Clone(value)
		case bytes.EqualFold(name, []byte("Postback-Result")):
			a.Result = bytes.Clone(value)
		case bytes.EqualFold(name, []byte("Cache-Control")):
			a.NoStore = bytes.Contains(value, []byte("no-store"))
		case bytes.EqualFold(name, []byte("Retry-After")):
			a.RetryAfter = true
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
	a.Body = l.body[:length]
	_, err = io.ReadFull(l.in, a.Body)
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
		return 0, fmt.Errorf("answer without a Status: %q", first[:min(len(first), 40)])
	}
	return status, nil
}

// Request puts a request together in dst. headers are whole lines with their
// ends.
func Request(dst []byte, method, target, host, headers string) []byte {
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
