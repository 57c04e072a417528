package app

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"homing/internal/edge/latency"
)

// exposition gathers samples, from whoever writes them, and gives them out by
// metric: each once, in the order of metricWords, with its HELP and TYPE before
// it, as Prometheus wants to read them.
type exposition struct{ bytes.Buffer }

// sample adds one. labels are those in braces, or none.
func (e *exposition) sample(name, labels string, value float64) {
	if labels != "" {
		labels = "{" + labels + "}"
	}
	fmt.Fprintf(e, "%s%s %v\n", name, labels, value)
}

// flag adds one that is 1 or 0.
func (e *exposition) flag(name string, on bool) {
	value := 0.0
	if on {
		value = 1
	}
	e.sample(name, "", value)
}

// writeTo gives out what was gathered. Samples of no known metric come last,
// without words; a test forbids them.
func (e *exposition) writeTo(w io.Writer) {
	byMetric := map[string]*bytes.Buffer{}
	var unknown bytes.Buffer
	for line := range bytes.Lines(e.Bytes()) {
		name, known := metricOf(string(line))
		if !known {
			unknown.Write(line)
			continue
		}
		if byMetric[name] == nil {
			byMetric[name] = new(bytes.Buffer)
		}
		byMetric[name].Write(line)
	}
	for _, m := range metricWords {
		if samples := byMetric[m.name]; samples != nil {
			fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", m.name, m.help, m.name, m.kind)
			_, _ = samples.WriteTo(w) // whoever asked has gone
		}
	}
	_, _ = unknown.WriteTo(w)
}

// metricOf tells which metric a sample is of: what a histogram's and a summary's
// are called besides is no name of its own.
func metricOf(line string) (name string, known bool) {
	name = line[:strings.IndexAny(line, "{ ")]
	if _, known := kindsOfMetrics[name]; known {
		return name, true
	}
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		base, cut := strings.CutSuffix(name, suffix)
		if kind := kindsOfMetrics[base]; cut && (kind == histogram || kind == summary) {
			return base, true
		}
	}
	return name, false
}

var kindsOfMetrics = func() map[string]metricKind {
	kinds := map[string]metricKind{}
	for _, m := range metricWords {
		kinds[m.name] = m.kind
	}
	return kinds
}()

// commits measures what the engines make durable.
type commits struct {
	spool, ledger latency.Histogram
	writes        atomic.Uint64 // that the ledger's commits carried
}

func (c *commits) ofLedger(writes int, took time.Duration) {
	c.ledger.Note(took)
	c.writes.Add(uint64(writes))
}
