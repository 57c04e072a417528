package edge

import (
	"fmt"
	"io"

	"github.com/VictoriaMetrics/metrics"

	"homing"
	"homing/internal/edge/latency"
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
	keyInClear  *metrics.Counter
	latency     [doors]latency.Histogram
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
	m.keyInClear = counter(`homing_keys_over_http_total`)
	for d, name := range doorNames {
		for c := range m.unavailable[d] {
			m.unavailable[d][c] = counter(`homing_unavailable_total{door=%q,cause=%q}`, name, causeNames[c])
		}
		m.set.RegisterMetricsWriter(func(w io.Writer) {
			m.latency[d].Write(w, "homing_request_seconds", fmt.Sprintf("door=%q", name))
		})
	}
	for f, name := range faultNames {
		m.unreadable[f] = counter(`homing_http_refused_total{reason=%q}`, name)
	}
	m.connRefused[tooManyInAll] = counter(`homing_connections_refused_total{limit="all"}`)
	m.connRefused[tooManyOfAddr] = counter(`homing_connections_refused_total{limit="address"}`)
	m.set.NewGauge(`homing_connections`, func() float64 { return float64(e.conns.count()) })
	m.set.NewGauge(`homing_requests_under_way`, func() float64 { return float64(e.underWay.Load()) })
	m.set.NewGauge(`homing_untrusted_proxies{network="private"}`, func() float64 { near, _ := e.notices.count(); return float64(near) })
	m.set.NewGauge(`homing_untrusted_proxies{network="public"}`, func() float64 { _, far := e.notices.count(); return float64(far) })
	return m
}

// Metrics are what the doors count, for /metrics.
func (e *Edge) Metrics() *metrics.Set { return e.metrics.set }

// Unrecorded is how many clicks were redirected without being recorded, since
// the start.
func (e *Edge) Unrecorded() uint64 { return e.metrics.unrecorded.Get() }
