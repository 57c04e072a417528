package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net"
	"time"

	"github.com/valyala/fasthttp"
)

const (
	// readBuffer bounds a request's header: an 8 KiB query and 4 KiB of headers
	// and cookies fit.
	readBuffer = 16 << 10
	// headerTime is how long a request may take to arrive.
	headerTime = 5 * time.Second
	// idleTime is how long a connection may wait for its next request.
	idleTime = 30 * time.Second
	// writeTime is how long an answer may take to be taken.
	writeTime = 10 * time.Second
	// grace is how long connections have to send one more request, whose
	// answer tells them to close, before idle ones are closed.
	grace = 300 * time.Millisecond
)

func (e *Edge) newServer() *fasthttp.Server {
	return &fasthttp.Server{
		Handler:                      e.handle,
		HeaderReceived:               ignoreBody,
		ErrorHandler:                 e.unreadable,
		Logger:                       quietLogger{e.options.Log},
		ReadBufferSize:               readBuffer,
		ReduceMemoryUsage:            true, // see waiting
		ReadTimeout:                  headerTime,
		IdleTimeout:                  idleTime,
		WriteTimeout:                 writeTime,
		MaxRequestBodySize:           1, // 0 would mean 4 MiB; none is read, see ignoreBody
		Concurrency:                  math.MaxInt32,
		SecureErrorLogMessage:        true,
		DisablePreParseMultipartForm: true,
		NoDefaultServerHeader:        true,
		NoDefaultContentType:         true,
		CloseOnShutdown:              true,
	}
}

// Listen listens on a TCP address for Serve or ServeTLS. It is net.Listen
// without Multipath TCP, which Go asks for by default: its listeners cannot be
// closed without losing connections, see turnNewAway, and cost more.
func Listen(address string) (net.Listener, error) {
	var c net.ListenConfig
	c.SetMultipathTCP(false)
	return c.Listen(context.Background(), "tcp", address)
}

// Serve answers plain connections until Shutdown, then it returns nil.
func (e *Edge) Serve(l net.Listener) error {
	return e.serve(e.listen(l, false))
}

// ServeTLS answers TLS connections until Shutdown, then it returns nil.
func (e *Edge) ServeTLS(l net.Listener, config *tls.Config) error {
	return e.serve(&secureListener{tls.NewListener(e.listen(l, true), config)})
}

func (e *Edge) listen(l net.Listener, tls bool) *listener {
	wrapped := &listener{Listener: l, limits: &e.conns, meters: e.metrics, tls: tls}
	e.listening.Lock()
	defer e.listening.Unlock()
	e.listeners = append(e.listeners, wrapped)
	return wrapped
}

func (e *Edge) serve(l net.Listener) error {
	e.opened.Do(func() { e.watching.Go(e.watch) })
	err := e.server.Serve(l)
	if err == nil || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return fmt.Errorf("couldn't accept connections on %s: %w", l.Addr(), err)
}

func (e *Edge) shutdown(ctx context.Context) error {
	e.Drain()
	e.listening.Lock()
	for _, l := range e.listeners {
		_ = l.Close() // never fails
	}
	e.listening.Unlock()
	// Whoever is in the middle of a conversation learns from the next answer
	// that it is the last. fasthttp then closes what is idle; a request that
	// is on its way to an idle connection at that moment would be lost.
	e.sayGoodbye(ctx)
	err := e.server.ShutdownWithContext(ctx)
	e.closing.Do(func() { close(e.shut) })
	e.watching.Wait()
	if err != nil {
		return fmt.Errorf("couldn't finish all requests: %w", err)
	}
	return nil
}

// sayGoodbye returns when the listeners are closed, and the connections too or
// their grace is over.
func (e *Edge) sayGoodbye(ctx context.Context) {
	const step = 10 * time.Millisecond
	tick := time.NewTicker(step)
	defer tick.Stop()
	for waited := time.Duration(0); ctx.Err() == nil; {
		if e.closed() {
			if waited >= grace || e.conns.count() == 0 {
				return
			}
			waited += step
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// closed tells whether all listeners are.
func (e *Edge) closed() bool {
	e.listening.Lock()
	defer e.listening.Unlock()
	for _, l := range e.listeners {
		if !l.closed.Load() {
			return false
		}
	}
	return true
}
