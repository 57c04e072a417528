package cluster

import (
	"net"
	"os/exec"
	"testing"
	"time"
)

// TestACutIsSilent: packets vanish, no connection hears of it, and what was sent
// meanwhile arrives afterwards.
func TestACutIsSilent(t *testing.T) {
	w, err := newNetwork(t.Context(), t.TempDir(), 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(w.close)
	listener, err := net.Listen("tcp", net.JoinHostPort(w.ledgerSide, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	// A shell in the network sends two words, a second and a half apart.
	words := w.inside("bash", "-c", "exec 3<>/dev/tcp/"+w.ledgerSide+"/"+port+"; echo one >&3; sleep 1.5; echo two >&3; read -t 20 <&3")
	shell := exec.Command(words[0], words[1:]...)
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = shell.Process.Kill() // or it has ended
		_ = shell.Wait()
	})
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	read := func(patience time.Duration) (string, error) {
		buffer := make([]byte, 4)
		if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			return "", err
		}
		n, err := conn.Read(buffer)
		return string(buffer[:n]), err
	}
	if text, err := read(10 * time.Second); text != "one\n" {
		t.Fatalf("%q, %v", text, err)
	}
	if err := w.cut(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if text, err := read(3 * time.Second); err == nil {
		t.Errorf("%q came through the cut", text)
	} else if timeout, ok := err.(net.Error); !ok || !timeout.Timeout() {
		t.Errorf("the connection heard of it: %v", err)
	}
	if err := w.cut(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if text, err := read(20 * time.Second); text != "two\n" {
		t.Errorf("after it %q, %v", text, err)
	}
}
