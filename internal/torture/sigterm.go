package torture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"homing"
	"homing/internal/simulate/process"
	"homing/internal/simulate/wire"
)

var terminations = Row{
	Name:  "SIGTERM",
	How:   "SIGTERM while requests come over plain http and https, over connections that are kept and others made anew, and some arrive slowly",
	Proof: "no request on an accepted connection is reset or unanswered; /readyz says 503 before the listener closes; exit status 0 within 10 s",
	Short: 5, Long: 200, Unit: "restarts",
	Mistakes: []string{"no drain", "ready to the end"},
	Run:      runTerminations,
}

const (
	termWorkers = 24
	// exitTime is how long an ending server may take.
	exitTime = 10 * time.Second
	// mayClose is how long a connection is idle before an ending server may close
	// it, so that a request on its way to it is lost, as HTTP has it. It gives
	// less than the 300 ms it has, for clocks and a busy machine.
	mayClose = 200 * time.Millisecond
)

func runTerminations(ctx context.Context, s *Stage, rounds int) (result Result, err error) {
	var d *Driver
	var slowest time.Duration
	launch := s.Launch(filepath.Join(s.Dir, "data"), "--track-tls-listen", "127.0.0.1:0")
	server, err := Open(ctx, s, &d, launch)
	if err != nil {
		return result, err
	}
	defer func() {
		if server != nil {
			server.Kill()
			server.Sweep()
		}
	}()
	d.Redial = true
	d.Broken = func(first bool, idle time.Duration, err error) {
		switch {
		case first:
			d.Books.Wrong(Lost, "a request on a connection that had just been accepted was not answered: %v", err)
		case idle < mayClose:
			d.Books.Wrong(Lost, "a request on a connection that had been idle for %s was not answered: %v", idle, err)
		}
	}
	done := 0
	for ; done < rounds && d.Books.Found().Total() == 0; done++ {
		began := homing.MillisOf(s.Clock()) - 1000
		took, err := d.terminate(ctx, server, s.Rand(uint64(done)).Uint64())
		if err != nil {
			return d.Result(done), err
		}
		slowest = max(slowest, took)
		if server, err = d.Reopen(ctx, launch); err != nil || server == nil {
			return d.Result(done), err
		}
		client := server.Client()
		err = d.Compare(ctx, client, began, false)
		_ = client.Close() // nothing is open between requests
		if err != nil {
			return d.Result(done), err
		}
		s.Done(done + 1)
	}
	if err := d.Settle(ctx, server); err != nil {
		return d.Result(done), err
	}
	result = d.Result(done)
	result.Figures = []Figure{{Name: "slowest exit", Value: slowest.Round(time.Millisecond).String(),
		Limit: "at most " + exitTime.String(), Missed: slowest > exitTime}}
	return result, nil
}

// terminate ends the server under load, and tells how long it took.
func (d *Driver) terminate(ctx context.Context, server *process.Process, seed uint64) (time.Duration, error) {
	stop := d.Load(ctx, termWorkers, seed)
	defer stop()
	if err := Sleep(ctx, 200*time.Millisecond+time.Duration(seed%500)*time.Millisecond); err != nil {
		return 0, err
	}
	p := d.probe(ctx)
	defer p.stop()
	finish, err := d.hesitate(ctx)
	if err != nil {
		return 0, err
	}
	began := d.Stage.Clock()
	if err := server.Terminate(); err != nil {
		return 0, err
	}
	finish()
	waiting, cancel := context.WithTimeout(ctx, exitTime+5*time.Second)
	defer cancel()
	end := server.Wait(waiting)
	took := d.Stage.Clock().Sub(began)
	p.stop()
	switch {
	case ctx.Err() != nil:
		return took, ctx.Err()
	case end != nil:
		d.Books.Wrong(Other, "after SIGTERM: %v", end)
		server.Kill()
	case !p.unready.Load():
		d.Books.Wrong(Other, "after SIGTERM /readyz never said 503")
	case p.late.Load():
		d.Books.Wrong(Other, "after SIGTERM the listener was closed before /readyz said 503")
	}
	return took, nil
}

const (
	// hesitant is how many requests have begun to arrive when SIGTERM comes.
	hesitant = 4
	// hesitation is how much later the rest of them comes.
	hesitation = 500 * time.Millisecond
)

// hesitate sends the beginnings of some requests. finish sends their ends a little
// later and wants answers.
func (d *Driver) hesitate(ctx context.Context) (finish func(), err error) {
	request := wire.Request(nil, "GET", "/healthz", *d.address.Load(), "")
	var conns []net.Conn
	for range hesitant {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, "tcp", *d.address.Load())
		if err != nil {
			return nil, fmt.Errorf("couldn't connect: %w", err)
		}
		context.AfterFunc(ctx, func() { _ = conn.Close() }) // so that nobody waits for an answer
		conns = append(conns, conn)
		if _, err := conn.Write(request[:len(request)/2]); err != nil {
			return nil, fmt.Errorf("couldn't begin a request: %w", err)
		}
	}
	return func() {
		_ = Sleep(ctx, hesitation) // or it is over
		for _, conn := range conns {
			_, err := conn.Write(request[len(request)/2:])
			first := make([]byte, len("HTTP/1.1 200"))
			if err == nil {
				err = conn.SetReadDeadline(time.Now().Add(exitTime))
			}
			if err == nil {
				_, err = io.ReadFull(conn, first)
			}
			if ctx.Err() == nil && (err != nil || string(first) != "HTTP/1.1 200") {
				d.Books.Wrong(Lost, "a request that had begun to arrive before SIGTERM was answered %q: %v", first, err)
			}
			_ = conn.Close() // it has told all
		}
	}, nil
}

// probe is what a load balancer sees.
type probe struct {
	unready atomic.Bool // 503 was seen
	late    atomic.Bool // a connection was refused before
	stop    func()
}

// probe asks /readyz over a connection that is kept, and looks whether new ones are
// refused. It returns when the server has said that it is ready.
func (d *Driver) probe(ctx context.Context) *probe {
	ctx, cancel := context.WithCancel(ctx)
	p, asked, dialled := &probe{}, make(chan struct{}), make(chan struct{})
	healthy := make(chan struct{})
	saidSo := sync.OnceFunc(func() { close(healthy) })
	go func() {
		defer close(asked)
		line := wire.Line{Clock: d.Stage.Clock, Address: func() string { return *d.address.Load() }}
		defer line.Close()
		request := wire.Request(nil, "GET", "/readyz", line.Address(), "")
		for ctx.Err() == nil && !p.unready.Load() {
			switch a, err := line.Send(ctx, request, false); {
			case err != nil: // it is closed
			case a.Status == 503:
				p.unready.Store(true)
			default:
				saidSo()
			}
			_ = Sleep(ctx, time.Millisecond) // or it is over
		}
	}()
	go func() {
		defer close(dialled)
		for ctx.Err() == nil {
			line := wire.Line{Clock: d.Stage.Clock, Address: func() string { return *d.address.Load() }}
			_, err := line.Send(ctx, wire.Request(nil, "GET", "/healthz", line.Address(), "Connection: close\r\n"), false)
			line.Close()
			if errors.Is(err, syscall.ECONNREFUSED) {
				p.late.Store(!p.unready.Load())
				return
			}
			_ = Sleep(ctx, time.Millisecond) // or it is over
		}
	}()
	p.stop = sync.OnceFunc(func() { cancel(); <-asked; <-dialled })
	select {
	case <-healthy:
	case <-asked:
	}
	return p
}
