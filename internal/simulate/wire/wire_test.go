package wire

import (
	"bufio"
	"errors"
	"net"
	"strings"
	"testing"
	"time"
)

func TestAnswersAreRead(t *testing.T) {
	for _, test := range []struct {
		name, text string
		head       bool
		want       Answer
		keep, bad  bool
	}{
		{name: "redirect", text: "HTTP/1.1 302 Found\r\nlocation: https://a/?b=c: d\r\nCache-Control: no-store\r\nContent-Length: 0\r\n\r\n",
			want: Answer{Status: 302, Location: []byte("https://a/?b=c: d"), NoStore: true}, keep: true},
		{name: "verdict", text: "HTTP/1.1 200 OK\r\nPostback-Result: counted\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
			want: Answer{Status: 200, Result: []byte("counted"), Body: []byte("ok")}},
		{name: "HEAD has no body", text: "HTTP/1.1 405 No\r\nContent-Length: 30\r\n\r\n", head: true, want: Answer{Status: 405}, keep: true},
		{name: "cut in the body", text: "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"ok", bad: true},
		{name: "cut in the headers", text: "HTTP/1.1 200 OK\r\nConte", bad: true},
		{name: "not HTTP", text: "hello there\r\n\r\n", bad: true},
		{name: "absurd length", text: "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", bad: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := Line{in: bufio.NewReader(strings.NewReader(test.text))}
			a, keep, err := l.read(test.head)
			if test.bad {
				if err == nil {
					t.Errorf("read %+v", a)
				}
				return
			}
			if err != nil || keep != test.keep || a.Status != test.want.Status || a.NoStore != test.want.NoStore ||
				string(a.Location) != string(test.want.Location) || string(a.Result) != string(test.want.Result) || string(a.Body) != string(test.want.Body) {
				t.Errorf("read %+v, keep %v, %v", a, keep, err)
			}
		})
	}
}

// TestOnlyARefusedConnectionIsCertain: a request may have been seen unless there
// was nobody to send it to.
func TestOnlyARefusedConnectionIsCertain(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			_, _ = conn.Read(make([]byte, 1000))
			conn.Close()
		}
	}()
	l := Line{Clock: time.Now, Address: listener.Addr().String}
	_, err = l.Send(t.Context(), Request(nil, "GET", "/{x};%zz", "h", "A: b\r\n"), false)
	if err == nil || errors.Is(err, ErrNotSent) {
		t.Errorf("a request that was cut short gave %v", err)
	}
	listener.Close()
	if _, err = l.Send(t.Context(), Request(nil, "GET", "/", "h", ""), false); !errors.Is(err, ErrNotSent) {
		t.Errorf("a refused connection gave %v", err)
	}
}

func TestRequestsAreWrittenByteForByte(t *testing.T) {
	got := string(Request(nil, "POST", "/api/{click_id}?a=1;b=%zz", "127.0.0.1:1", "User-Agent: x\r\n"))
	want := "POST /api/{click_id}?a=1;b=%zz HTTP/1.1\r\nHost: 127.0.0.1:1\r\nUser-Agent: x\r\nContent-Length: 0\r\n\r\n"
	if got != want {
		t.Errorf("wrote %q", got)
	}
}
