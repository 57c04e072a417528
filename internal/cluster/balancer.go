package cluster

import (
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// askEvery is how often edges are asked whether they are ready.
	askEvery = 250 * time.Millisecond
	askTime  = time.Second
)

// Balancer sends each connection to an edge by chance, of those that say that they
// are ready; to any if none does.
type Balancer struct {
	edges      []*Node
	ready      []atomic.Bool
	plain, tls net.Listener
	wires      carrier
	stop       chan struct{}
}

// balance opens a balancer at ports that stay the same.
func balance(dir string, edges []*Node) (*Balancer, error) {
	b := &Balancer{edges: edges, ready: make([]atomic.Bool, len(edges)), stop: make(chan struct{})}
	for _, l := range []struct {
		port     string
		listener *net.Listener
		to       func(*Node) string
	}{{"balancer-port", &b.plain, (*Node).Track}, {"balancer-tls-port", &b.tls, (*Node).TrackTLS}} {
		port, err := portIn(dir, l.port)
		if err != nil {
			return nil, err
		}
		if *l.listener, err = net.Listen("tcp", local(port)); err != nil {
			return nil, err
		}
		b.wires.serve(*l.listener, func(conn net.Conn) { b.wires.carry(conn, l.to(b.choose()), pour) })
	}
	b.ask()
	b.wires.working.Go(b.keepAsking)
	return b, nil
}

// Address is host and port.
func (b *Balancer) Address() string { return b.plain.Addr().String() }

// AddressTLS is host and port for https, which edges end.
func (b *Balancer) AddressTLS() string { return b.tls.Addr().String() }

func (b *Balancer) keepAsking() {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		select {
		case <-b.stop:
			return
		case <-tick.C:
			b.ask()
		}
	}
}

// ask asks all edges at once.
func (b *Balancer) ask() {
	var asking sync.WaitGroup
	for i, edge := range b.edges {
		asking.Go(func() {
			client := http.Client{Timeout: askTime, Transport: &http.Transport{DisableKeepAlives: true}}
			resp, err := client.Get("http://" + edge.Track() + "/readyz")
			if err == nil {
				_ = resp.Body.Close() // the status is all
			}
			b.ready[i].Store(err == nil && resp.StatusCode == http.StatusOK)
		})
	}
	asking.Wait()
}

// choose takes an edge by chance.
func (b *Balancer) choose() *Node {
	var ready []*Node
	for i, edge := range b.edges {
		if b.ready[i].Load() {
			ready = append(ready, edge)
		}
	}
	if len(ready) == 0 {
		ready = b.edges
	}
	return ready[rand.IntN(len(ready))]
}

// pour copies until one side ends, and passes the end on.
func pour(to, from net.Conn) {
	_, _ = io.Copy(to, from) // a connection that is cut is an end, too
	endAt(to)
}

// Close cuts all connections.
func (b *Balancer) Close() {
	close(b.stop)
	_, _ = b.plain.Close(), b.tls.Close() // they were open
	b.wires.cut()
}
