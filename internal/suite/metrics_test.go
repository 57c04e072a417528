package suite

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// sample is one of /metrics.
type sample struct {
	name   string
	labels map[string]string
	value  float64
}

// family is a metric with its samples.
type family struct {
	help, kind string
	samples    []sample
}

// labels are the names of all labels, without those that Prometheus gives
// histograms and summaries.
func (f *family) labels() string {
	names := map[string]bool{}
	for _, s := range f.samples {
		for name := range s.labels {
			names[name] = true
		}
	}
	delete(names, "le")
	delete(names, "quantile")
	return strings.Join(slices.Sorted(maps.Keys(names)), ", ")
}

var (
	sampleLine = regexp.MustCompile(`^([a-z_]+)(?:\{(.*)\})? (\S+)$`)
	labelPair  = regexp.MustCompile(`([A-Za-z_]+)="((?:[^"\\]|\\.)*)"`)
)

// scrape reads /metrics as Prometheus does: a metric's samples follow its HELP and
// TYPE.
func (s *server) scrape() map[string]*family {
	s.t.Helper()
	families := map[string]*family{}
	var now *family
	var name string
	for line := range strings.Lines(s.exchangeDesk("/metrics")) {
		line = strings.TrimSuffix(line, "\n")
		if rest, ok := strings.CutPrefix(line, "# HELP "); ok {
			var help string
			name, help, _ = strings.Cut(rest, " ")
			if families[name] != nil {
				s.t.Errorf("%s stands twice", name)
			}
			now = &family{help: help}
			families[name] = now
			continue
		}
		if rest, ok := strings.CutPrefix(line, "# TYPE "); ok && now != nil {
			now.kind = strings.TrimPrefix(rest, name+" ")
			continue
		}
		found := sampleLine.FindStringSubmatch(line)
		if now == nil || found == nil || !strings.HasPrefix(found[1], name) {
			s.t.Fatalf("no sample of %s: %q", name, line)
		}
		value, err := strconv.ParseFloat(found[3], 64)
		if err != nil {
			s.t.Errorf("%q: %v", line, err)
		}
		one := sample{name: found[1], labels: map[string]string{}, value: value}
		for _, pair := range labelPair.FindAllStringSubmatch(found[2], -1) {
			one.labels[pair[1]] = pair[2]
		}
		now.samples = append(now.samples, one)
	}
	return families
}

// sum adds up the samples that have all of the labels, such as "door=click".
func (f *family) sum(labels ...string) (sum float64) {
	for _, one := range f.samples {
		has := true
		for _, pair := range labels {
			label, want, _ := strings.Cut(pair, "=")
			has = has && one.labels[label] == want
		}
		if has {
			sum += one.value
		}
	}
	return sum
}

// figure is such a sum, now.
func (s *server) figure(name string, labels ...string) float64 {
	s.t.Helper()
	f := s.scrape()[name]
	if f == nil {
		s.t.Fatalf("there is no %s", name)
	}
	return f.sum(labels...)
}

// eventually waits until something is so.
func (s *server) eventually(what string, so func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(40 * time.Second); !so(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("it is not so that %s\n%s", what, s.stderr.String())
		}
	}
}

// worked is a house that has seen all that metrics may tell of: its spool had
// records when it was opened.
func worked(t *testing.T) *server {
	t.Helper()
	s := start(t, data(t))
	c := s.newCampaign(s.newAccount())
	s.get(false, postbackPath+s.click(c, "?sub1=a"))
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	s.run()
	s.eventually("the disk is gauged", func() bool {
		f := s.scrape()
		return f["homing_spool_oldest_timestamp_seconds"] != nil && f["homing_disk_free_bytes"] != nil && f["homing_warehouse_up"].samples[0].value == 1
	})
	return s
}

var metricRow = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (\\w+) \\| ([^|]*) \\| ([^|]*) \\|$")

// TestMetrics compares /metrics of a running house with docs/metrics.md, and
// wants everything that alert rules and dashboard ask for to be there.
func TestMetrics(t *testing.T) {
	s := worked(t)
	there := s.scrape()
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, row := range metricRow.FindAllStringSubmatch(string(page), -1) {
		name, kind, labels, help := row[1], row[2], row[3], row[4]
		told[name] = true
		f := there[name]
		if f == nil && runtime.GOOS != "linux" && strings.Contains(help, "elsewhere than on Linux") {
			continue
		}
		if f == nil {
			t.Errorf("%s is in docs/metrics.md and not at /metrics", name)
			continue
		}
		if f.kind != kind || f.labels() != labels || !strings.HasPrefix(help, f.help) || f.help == "" {
			t.Errorf("%s at /metrics is a %s with labels %q: %s\nin docs/metrics.md a %s with %q: %s", name, f.kind, f.labels(), f.help, kind, labels, help)
		}
	}
	if len(told) < 80 {
		t.Errorf("docs/metrics.md tells of %d metrics only", len(told))
	}
	for name := range there {
		if !told[name] {
			t.Errorf("%s is at /metrics and not in docs/metrics.md", name)
		}
	}
	for where, expr := range expressions(t) {
		for _, problem := range strangers(expr, there) {
			t.Errorf("%s: %s", where, problem)
		}
	}
}

// expressions are those of alert rules and dashboard, by where they stand.
func expressions(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	rules, err := os.ReadFile("../../deploy/prometheus/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	rule := regexp.MustCompile(`(?s)- alert: (\w+)\n +expr: (.*?)\n +(?:for|labels):`)
	for _, found := range rule.FindAllStringSubmatch(string(rules), -1) {
		all["alert "+found[1]] = found[2]
	}
	alerts := len(all)
	text, err := os.ReadFile("../../deploy/grafana/homing.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Annotations struct{ List []struct{ Expr string } }
		Templating  struct{ List []struct{ Definition string } }
		Panels      []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	for _, p := range dashboard.Panels {
		for i, target := range p.Targets {
			all[fmt.Sprintf("panel %s %d", p.Title, i)] = target.Expr
		}
	}
	for i, a := range dashboard.Annotations.List {
		all[fmt.Sprintf("annotation %d", i)] = a.Expr
	}
	for i, v := range dashboard.Templating.List {
		all[fmt.Sprintf("variable %d", i)] = v.Definition
	}
	if alerts < 20 || len(all) < alerts+40 {
		t.Fatalf("only %d alerts and %d expressions were found", alerts, len(all))
	}
	return all
}

var (
	metricIn = regexp.MustCompile(`\b((?:homing|go|process)_[a-z_]+)(\{[^}]*\})?`)
	matcher  = regexp.MustCompile(`([a-z_]+) *(=~|!~|!=|=) *"([^"]*)"`)
	grouping = regexp.MustCompile(`\b(?:by|without|on|ignoring) \(([a-z_, ]*)\)`)
)

// scraped are the labels that Prometheus gives what it scrapes.
var scraped = []string{"job", "instance"}

// strangers says what of an expression is not there: metrics, labels, and values
// of labels that are compared.
func strangers(expr string, there map[string]*family) (problems []string) {
	known := map[string]bool{"le": true}
	for _, name := range scraped {
		known[name] = true
	}
	for _, found := range metricIn.FindAllStringSubmatch(expr, -1) {
		f := there[found[1]]
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if base := there[strings.TrimSuffix(found[1], suffix)]; f == nil && base != nil && (base.kind == "histogram" || base.kind == "summary") {
				f = base
			}
		}
		if f == nil {
			problems = append(problems, "there is no "+found[1])
			continue
		}
		for _, label := range strings.Split(f.labels(), ", ") {
			known[label] = true
		}
		for _, m := range matcher.FindAllStringSubmatch(found[2], -1) {
			label, op, value := m[1], m[2], m[3]
			if slices.Contains(scraped, label) {
				continue
			}
			if op == "=" && !slices.ContainsFunc(f.samples, func(s sample) bool { return s.labels[label] == value }) && label != "ours" {
				problems = append(problems, fmt.Sprintf("no %s has %s=%q", found[1], label, value))
			}
			if !strings.Contains(", "+f.labels()+",", ", "+label+",") {
				problems = append(problems, fmt.Sprintf("%s has no label %s", found[1], label))
			}
		}
	}
	for _, list := range grouping.FindAllStringSubmatch(expr, -1) {
		for _, label := range strings.Split(list[1], ",") {
			if label = strings.TrimSpace(label); !known[label] {
				problems = append(problems, "nothing has the label "+label)
			}
		}
	}
	return problems
}

// TestStrangers shows that the search finds what is not there.
func TestStrangers(t *testing.T) {
	there := map[string]*family{
		"homing_a_total": {kind: "counter", samples: []sample{{labels: map[string]string{"door": "click"}}}},
		"homing_b":       {kind: "histogram", samples: []sample{{labels: map[string]string{"le": "1"}}}},
	}
	for expr, want := range map[string]string{
		`sum by (door) (rate(homing_a_total{door="click",instance=~"$instance"}[5m]))`: "",
		`sum by (le) (rate(homing_b_bucket[5m])) > 0`:                                  "",
		`homing_c > 1`:                      "there is no homing_c",
		`homing_a_count`:                    "there is no homing_a_count",
		`homing_a_total{door="side"}`:       `no homing_a_total has door="side"`,
		`homing_a_total{window=~"x"}`:       "homing_a_total has no label window",
		`sum by (window) (homing_a_total)`:  "nothing has the label window",
		`homing_b / on (door) homing_b_sum`: "nothing has the label door",
	} {
		if got := strings.Join(strangers(expr, there), "; "); got != want {
			t.Errorf("%s: %q, want %q", expr, got, want)
		}
	}
}

// TestMetricsHaveNoSecrets looks for what must not be a label: keys, addresses,
// advertisers' names.
func TestMetricsHaveNoSecrets(t *testing.T) {
	s := start(t, data(t))
	a := s.newAccount()
	id := s.click(s.newCampaign(a), "?sub1=subject")
	s.get(false, postbackPath+id+"?key="+a.Key)
	s.get(false, postbackPath+id+"?key="+strings.Repeat("w", 36))
	text := s.exchangeDesk("/metrics")
	for _, secret := range []string{a.Key, a.PublicID, id, "Acme", "Spring", "subject", "127.0.0.1"} {
		if strings.Contains(text, secret) {
			t.Errorf("/metrics tells %q", secret)
		}
	}
}
