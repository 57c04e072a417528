package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/desk/signin"
)

// Connect gives a client to the homing of a data directory: over its control
// socket if a server runs there; else the engines are opened here and answer
// the same requests, until the client is closed.
func Connect(ctx context.Context, dataDir string, clock homing.Clock) (*control.Client, error) {
	socket := filepath.Join(dataDir, socketFile)
	if client := dial(socket); client != nil {
		return client, nil
	}
	cfg := Config{DataDir: dataDir}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	var fatal error
	h, err := openHouse(ctx, &cfg, clock, quiet, func(err error) { fatal = err })
	if errors.Is(err, errInUse) {
		// A server may be starting: its socket comes a moment after its lock.
		if client := dialPatiently(ctx, socket); client != nil {
			return client, nil
		}
	}
	if err != nil {
		return nil, err
	}
	handler := control.Handler(h.offlineDesk())
	return control.NewClient(inProcess{handler}, func() error { return errors.Join(fatal, h.Close()) }), nil
}

// dial connects to a control socket; nil if nobody listens there.
func dial(socket string) *control.Client {
	short, leave, err := shortSocketPath(socket)
	if err != nil {
		return nil
	}
	conn, err := net.Dial("unix", short)
	if err != nil {
		leave()
		return nil
	}
	conn.Close()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", short)
	}}
	return control.NewClient(transport, func() error {
		transport.CloseIdleConnections()
		leave()
		return nil
	})
}

func dialPatiently(ctx context.Context, socket string) *control.Client {
	for range 20 {
		if client := dial(socket); client != nil {
			return client
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}

// offlineDesk answers for a house whose doors are closed.
func (h *house) offlineDesk() control.Desk {
	d := h.controlDesk()
	// The addresses are those a server without settings would have.
	d.Addresses = func() control.Addresses {
		return control.Addresses{Track: "http://127.0.0.1:8080", TrackTLS: "https://127.0.0.1:8443", Desk: "http://127.0.0.1:8081"}
	}
	d.SignIn = signin.New(signin.Options{People: h.ledger, Clock: h.clock, DeskURL: func() string { return d.Addresses().Desk }})
	d.Offline = true
	d.Status = func() control.Status { return control.Status{Version: Version, Spool: h.spoolStatus()} }
	return d
}

// inProcess answers requests by calling a handler.
type inProcess struct{ handler http.Handler }

// RoundTrip runs the handler beside the reader of its answer, so that streams
// stay streams.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	reader, writer := io.Pipe()
	w := &pipeWriter{header: http.Header{}, body: writer, begun: make(chan struct{})}
	go func() {
		defer func() {
			w.begin(http.StatusOK)
			writer.Close()
		}()
		t.handler.ServeHTTP(w, r)
	}()
	select {
	case <-w.begun:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	return &http.Response{
		StatusCode: w.status, Status: fmt.Sprint(w.status), Header: w.header, Body: reader, Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: -1,
	}, nil
}

// pipeWriter is a ResponseWriter into a pipe. It belongs to the handler's
// goroutine; status and header are read after begun is closed.
type pipeWriter struct {
	header http.Header
	body   *io.PipeWriter
	status int
	begun  chan struct{}
}

func (w *pipeWriter) Header() http.Header { return w.header }

func (w *pipeWriter) WriteHeader(status int) { w.begin(status) }

func (w *pipeWriter) begin(status int) {
	if w.status == 0 {
		w.status = status
		close(w.begun)
	}
}

func (w *pipeWriter) Write(p []byte) (int, error) {
	w.begin(http.StatusOK)
	return w.body.Write(bytes.Clone(p))
}

// Flush is there because streams ask for it; a pipe holds nothing back.
func (w *pipeWriter) Flush() {}
