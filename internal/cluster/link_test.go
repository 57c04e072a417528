package cluster

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// echo answers with what it is sent.
func echo(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	return listener.Addr().String()
}

// exchange sends a byte and waits for it to come back.
func exchange(conn net.Conn, patience time.Duration) error {
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("x")); err != nil {
		return err
	}
	_, err := io.ReadFull(conn, make([]byte, 1))
	return err
}

func TestALinkIsSlowAndHolds(t *testing.T) {
	l, err := newLink("127.0.0.1:0", echo(t))
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	conn, err := net.Dial("tcp", l.address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := exchange(conn, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	const late = 60 * time.Millisecond
	l.delay(late)
	began := time.Now()
	if err := exchange(conn, 5*time.Second); err != nil || time.Since(began) < 2*late {
		t.Errorf("there and back took %s, %v", time.Since(began), err)
	}
	l.delay(0)
	l.hold(true)
	if err := exchange(conn, 200*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("something passed: %v", err)
	}
	l.hold(false)
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Errorf("what was held back did not arrive: %v", err)
	}
}

// TestALinkEndsWithItsConnections: closing waits for nobody, whatever is held back.
func TestALinkEndsWithItsConnections(t *testing.T) {
	l, err := newLink("127.0.0.1:0", echo(t))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", l.address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := exchange(conn, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	l.hold(true)
	ended := make(chan struct{})
	go func() { l.close(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("it does not end")
	}
	if err := exchange(conn, 5*time.Second); err == nil {
		t.Error("it still answers")
	}
}
