package app

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMetricsAreDocumented keeps docs/metrics.md as the words are: go test
// ./internal/app -run Documented -update writes it. That a running house gives
// out exactly these is tested by the suite.
func TestMetricsAreDocumented(t *testing.T) {
	const path = "../../docs/metrics.md"
	want := metricsPage()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is stale: run this test with -update", path)
	}
}

func metricsPage() string {
	var b strings.Builder
	b.WriteString(`# Metrics

homing gives out metrics at ` + "`/metrics`" + ` on the desk listener, in Prometheus' text format: to programs on the same machine, and to whoever
sends the bearer token of ` + "`--metrics-token`" + `. Advertisers, campaigns and addresses are no labels: their figures are in reports,
and the number of series does not grow with them.

[operations.md](operations.md) says what to do when an alert fires. Alert rules, a dashboard and how to scrape are in
[deploy/](../deploy/README.md).

Histograms have ` + "`_bucket`, `_sum` and `_count`" + `, with bounds from 64 µs to 4.2 s, each twice the one before. Counters begin at 0
when the process starts, but for ` + "`homing_spool_records_total`" + `. Everything that could be counted is there from the
start, so that ` + "`increase()`" + ` sees the first of its kind.

`)
	for _, part := range []struct{ prefix, title, text string }{
		{"homing_", "homing", ""},
		{"go_", "Go", "What the Go runtime tells, as the library github.com/VictoriaMetrics/metrics names it.\n\n"},
		{"process_", "The process", "What the kernel tells. The warehouse is a process of its own and not in it.\n\n"},
	} {
		fmt.Fprintf(&b, "## %s\n\n%s| metric | type | labels | meaning |\n|---|---|---|---|\n", part.title, part.text)
		for _, m := range metricWords {
			if !strings.HasPrefix(m.name, part.prefix) {
				continue
			}
			help := m.help
			if m.unless != "" {
				help += " Missing: " + m.unless + "."
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.name, m.kind, m.labels, help)
		}
		b.WriteString("\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func TestExposition(t *testing.T) {
	var e exposition
	var c commits
	c.spool.Note(time.Millisecond)
	e.sample("homing_node", "", 3)
	e.sample("homing_clicks_total", `class="test"`, 1)
	c.spool.Write(&e, "homing_spool_commit_seconds", "")
	e.sample("homing_nobody_knows", "", 1)
	e.sample("homing_clicks_total", `class="robot"`, 2)
	var out bytes.Buffer
	e.writeTo(&out)
	text := out.String()
	inOrder(t, text,
		"# HELP homing_clicks_total Clicks that", "# TYPE homing_clicks_total counter\nhoming_clicks_total{class=\"test\"} 1\nhoming_clicks_total{class=\"robot\"} 2\n",
		"# TYPE homing_spool_commit_seconds histogram\n", "homing_spool_commit_seconds_count 1\n",
		"# TYPE homing_node gauge\nhoming_node 3\n", "homing_nobody_knows 1\n")
	if strings.Count(text, "# TYPE") != 3 || strings.Contains(text, "HELP homing_nobody") {
		t.Errorf("words in the wrong places:\n%s", text)
	}
}

// inOrder wants pieces of a text, each behind the one before.
func inOrder(t *testing.T, text string, pieces ...string) {
	t.Helper()
	rest := text
	for _, piece := range pieces {
		_, behind, found := strings.Cut(rest, piece)
		if !found {
			t.Fatalf("no %q in its place in\n%s", piece, text)
		}
		rest = behind
	}
}

// TestMetricWords holds the words to Prometheus' conventions.
func TestMetricWords(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range metricWords {
		if seen[m.name] {
			t.Errorf("%s stands twice", m.name)
		}
		seen[m.name] = true
		if m.help == "" || !strings.HasSuffix(m.help, ".") || strings.ContainsAny(m.help, "\n\\|") {
			t.Errorf("%s: help %q", m.name, m.help)
		}
		if !strings.HasPrefix(m.name, "homing_") {
			continue // the library's own
		}
		if (m.kind == counter) != strings.HasSuffix(m.name, "_total") {
			t.Errorf("%s is a %s", m.name, m.kind)
		}
		for _, unit := range []string{"_ms", "_millis", "_milliseconds", "_minutes", "_kb", "_mb", "_percent"} {
			if strings.HasSuffix(m.name, unit) {
				t.Errorf("%s is in no base unit", m.name)
			}
		}
	}
}

func TestMemoryLimit(t *testing.T) {
	if _, err := os.Stat("/proc/meminfo"); err != nil {
		t.Skip("the system does not tell")
	}
	if limit := memoryLimit(); limit < 16<<20 || limit > 1<<50 {
		t.Errorf("%d bytes", limit)
	}
}

func TestSizeOf(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"/a", "/b"} {
		if err := os.WriteFile(dir+name, make([]byte, 1000), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if size, err := sizeOf(dir); err != nil || size != 2000 {
		t.Errorf("%d bytes, %v", size, err)
	}
}
