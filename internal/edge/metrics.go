package edge

import (
	"fmt"
	"io"
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"homing"
)

// door tells clicks from postbacks in what is counted.
type door uint8

const (
	clickDoor door = iota
	postbackDoor
	doors
)

var doorNames = [doors]string{"click", "postback"}

// noClick says why a click was not one.
type noClick uint8

const (
	noClickUnknown noClick = iota
	noClickPaused
	noClickMethod
	noClickBody
	noClickTooLong
	noClicks
)

var noClickNames = [noClicks]string{"unknown", "paused", "method", "body", "query_too_long"}

// meters are what the doors count, in the words of Prometheus. They stand ready
// made in arrays, so that counting is one atomic addition.
type meters struct {
	set         *metrics.Set
	clicks      [homing.TestClick + 1]*metrics.Counter
	clickNot    [noClicks]*metrics.Counter
	fallback    *metrics.Counter
	unrecorded  *metrics.Counter
	postbacks   [256]*metrics.Counter // by reason, which has one outcome
	tooMany     *metrics.Counter
	unavailable [doors][causes]*metrics.Counter
	unreadable  [faultKinds]*metrics.Counter
	panics      *metrics.Counter
	connRefused [tooManyKinds]*metrics.Counter
	latency     [doors]latency
}

func newMeters(e *Edge) *meters {
	m := &meters{set: metrics.NewSet()}
	counter := func(format string, args ...any) *metrics.Counter {
		return m.set.NewCounter(fmt.Sprintf(format, args...))
	}
	for class := range m.clicks {
		m.clicks[class] = counter(`homing_clicks_total{class=%q}`, homing.ClickClass(class).String())
	}
	for why, name := range noClickNames {
		m.clickNot[why] = counter(`homing_clicks_refused_total{reason=%q}`, name)
	}
	m.fallback = counter(`homing_clicks_fallback_total`)
	m.unrecorded = counter(`homing_clicks_unrecorded_total`)
	for _, r := range homing.Reasons() {
		m.postbacks[r] = counter(`homing_postbacks_total{outcome=%q,reason=%q}`, r.Info().Outcome.String(), r.String())
	}
	m.panics = counter(`homing_panics_total`)
	m.tooMany = counter(`homing_postbacks_too_many_total`)
	for d, name := range doorNames {
		for c := range m.unavailable[d] {
			m.unavailable[d][c] = counter(`homing_unavailable_total{door=%q,cause=%q}`, name, causeNames[c])
		}
		m.latency[d].door = name
		m.set.RegisterMetricsWriter(m.latency[d].write)
	}
	for f, name := range faultNames {
		m.unreadable[f] = counter(`homing_http_refused_total{reason=%q}`, name)
	}
	m.connRefused[tooManyInAll] = counter(`homing_connections_refused_total{limit="all"}`)
	m.connRefused[tooManyOfAddr] = counter(`homing_connections_refused_total{limit="address"}`)
	m.set.NewGauge(`homing_connections`, func() float64 { return float64(e.conns.count()) })
	m.set.NewGauge(`homing_requests_under_way`, func() float64 { return float64(e.underWay.Load()) })
	return m
}

// Metrics are what the doors count, for /metrics.
func (e *Edge) Metrics() *metrics.Set { return e.metrics.set }

// Unrecorded is how many clicks were redirected without being recorded, since
// the start.
func (e *Edge) Unrecorded() uint64 { return e.metrics.unrecorded.Get() }

// latency is a histogram of times. The library's takes a lock and a logarithm;
// this one is on every request, so it is two atomic additions.
type latency struct {
	door    string
	buckets [latencyBuckets]atomic.Uint64
	micros  atomic.Uint64 // sum
}

// latencyBuckets: bucket i holds times below 2^i × 64 µs, the last one the
// rest: up to 64 µs, 128 µs, … 2.1 s, 4.2 s, more.
const latencyBuckets = 18

const latencyUnit = 64 * time.Microsecond

func (l *latency) note(d time.Duration) {
	d = max(d, 0)
	i := min(bits.Len64(uint64(d/latencyUnit)), latencyBuckets-1)
	l.buckets[i].Add(1)
	l.micros.Add(uint64(d.Microseconds()))
}

func (l *latency) write(w io.Writer) {
	total := uint64(0)
	const name = "homing_request_seconds"
	for i := range l.buckets {
		total += l.buckets[i].Load()
		le := "+Inf"
		if i < latencyBuckets-1 {
			le = fmt.Sprint((latencyUnit << i).Seconds())
		}
		fmt.Fprintf(w, "%s_bucket{door=%q,le=%q} %d\n", name, l.door, le, total)
	}
	fmt.Fprintf(w, "%s_sum{door=%q} %g\n", name, l.door, float64(l.micros.Load())/1e6)
	fmt.Fprintf(w, "%s_count{door=%q} %d\n", name, l.door, total)
}
