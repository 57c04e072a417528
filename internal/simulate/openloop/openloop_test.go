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
	if p.Count != 500 {
		t.Errorf("%d answers instead of 500", p.Count)
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
	if good, shed := o.Percentiles(200).Count, o.Percentiles(503).Count; good != 100 || shed != 100 {
		t.Errorf("%d good and %d shed", good, shed)
	}
	var good, shed int64
	for _, s := range o.Seconds {
		good, shed = good+s.Good, shed+s.Shed
	}
	if good != 100 || shed != 100 {
		t.Errorf("by seconds: %d good and %d shed", good, shed)
	}
}

func TestNobodyThereIsCounted(t *testing.T) {
	address := serve(t, nil)
	p := planOf(address, 50, 2)
	p.Address = "127.0.0.1:1"
	if o := Run(t.Context(), p); o.Percentiles(0).Count != 50 {
		t.Errorf("%+v", o)
	}
}
