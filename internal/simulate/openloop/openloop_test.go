package openloop

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"homing/internal/simulate/wire"
)

// serve answers at an address until the test ends.
func serve(t *testing.T, handle http.HandlerFunc) string {
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func planOf(address string, rate float64, connections int) Plan {
	return Plan{
		Address: address, Rate: rate, Duration: time.Second, Connections: connections, Clock: time.Now,
		Request: func(dst []byte, _ uint64) []byte { return wire.Request(dst, "GET", "/", address, "") },
	}
}

// TestAStallIsFeltByAllThatWereDue: a server that stalls once for 300 ms, asked on
// one connection, keeps everybody waiting whose moment came meanwhile. A closed
// loop would count one slow request.
func TestAStallIsFeltByAllThatWereDue(t *testing.T) {
	var n atomic.Int64
	address := serve(t, func(http.ResponseWriter, *http.Request) {
		if n.Add(1) == 100 {
			time.Sleep(300 * time.Millisecond)
		}
	})
	o := Run(t.Context(), planOf(address, 500, 1))
	p := o.Percentiles(200)
	if p.Count+o.Unsent != 500 {
		t.Errorf("%d answers instead of 500, %d not sent", p.Count, o.Unsent)
	}
	if p.P90 < 50 {
		t.Errorf("p90 is %v ms: those that were due during the stall were not measured from their moment", p.P90)
	}
}

func TestStatusesAreToldApart(t *testing.T) {
	var n atomic.Int64
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1)%2 == 0 {
			w.WriteHeader(503)
		}
	})
	o := Run(t.Context(), planOf(address, 200, 8))
	good, shed := o.Percentiles(200).Count, o.Percentiles(503).Count
	if good == 0 || good+shed+o.Unsent != 200 {
		t.Errorf("%d good and %d shed", good, shed)
	}
	var goods, sheds int64
	for _, s := range o.Seconds {
		goods, sheds = goods+s.Good, sheds+s.Shed
	}
	if uint64(goods) != good || uint64(sheds) != shed {
		t.Errorf("by seconds: %d good and %d shed", goods, sheds)
	}
}

func TestNobodyThereIsCounted(t *testing.T) {
	address := serve(t, nil)
	p := planOf(address, 50, 2)
	p.Address = "127.0.0.1:1"
	if o := Run(t.Context(), p); o.Percentiles(0).Count+o.Unsent != 50 || o.Percentiles(0).Count == 0 {
		t.Errorf("%+v", o)
	}
}

// TestTooMuchEnds: what could not be sent in time is counted and not made up for.
func TestTooMuchEnds(t *testing.T) {
	address := serve(t, func(http.ResponseWriter, *http.Request) { time.Sleep(20 * time.Millisecond) })
	began := time.Now()
	o := Run(t.Context(), planOf(address, 10_000, 2))
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
	if sent := o.Percentiles(200).Count; o.Unsent < 9000 || o.Unsent+sent < 9990 {
		t.Errorf("%d sent, %d not", sent, o.Unsent)
	}
}
