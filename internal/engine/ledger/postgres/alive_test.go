//go:build unix

package postgres

import (
	"context"
	"testing"
	"time"

	"homing/internal/engine/ledger/postgres/pgtest"
)

// A connection with a read left behind on it is looked at all the same, at once.
func TestAliveBesideAReader(t *testing.T) {
	l := openWith(t, Options{})
	conn, err := l.connect(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	reading := make(chan struct{})
	go func() {
		defer close(reading)
		var b [1]byte
		_, _ = conn.PgConn().Conn().Read(b[:]) // until the connection ends
	}()
	time.Sleep(50 * time.Millisecond)
	told := make(chan bool, 1)
	go func() { told <- alive(conn) }()
	select {
	case quiet := <-told:
		if !quiet {
			t.Error("it is taken for dead")
		}
	case <-time.After(10 * time.Second):
		t.Error("it waits for the reader")
	}
	_ = conn.PgConn().Conn().Close()
	<-reading
}

// One that the server has ended is dead.
func TestDeadConnection(t *testing.T) {
	c := pgtest.Start(t, pgtest.Options{})
	l := openURL(t, c.URL("postgres"))
	conn, err := l.connect(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if !alive(conn) {
		t.Error("a new one is taken for dead")
	}
	c.Kill(t)
	for began := time.Now(); alive(conn); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatal("it is taken for alive")
		}
	}
}
