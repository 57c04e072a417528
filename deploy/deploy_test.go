// Package deploy holds what operators run homing with. Its tests look at the
// files alone; that their metrics are those of a running house, and that faults of
// the real program make alerts fire, is tested by the suite.
package deploy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// promtool runs Prometheus' own tool, in the folder of the rules.
func promtool(t *testing.T, args ...string) string {
	t.Helper()
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed (Debian: apt-get install prometheus)")
	}
	cmd := exec.Command(tool, args...)
	cmd.Dir = "prometheus"
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestRulesAreRules(t *testing.T) {
	if out := promtool(t, "check", "rules", "alerts.yml"); !strings.Contains(out, fmt.Sprintf("%d rules found", len(alerts(t)))) {
		t.Errorf("promtool finds other rules than this test: %s", out)
	}
}

func TestAlertsFire(t *testing.T) { promtool(t, "test", "rules", "alerts_test.yml") }

func TestScrapeIsAConfiguration(t *testing.T) {
	promtool(t, "check", "config", "--syntax-only", "scrape.yml")
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var alertName = regexp.MustCompile(`(?m)^ +- alert: (\w+)$`)

// alerts are the names of all rules.
func alerts(t *testing.T) (names []string) {
	t.Helper()
	for _, found := range alertName.FindAllStringSubmatch(read(t, "prometheus/alerts.yml"), -1) {
		names = append(names, found[1])
	}
	if len(names) < 20 {
		t.Fatalf("only %d alerts were found", len(names))
	}
	return names
}

// TestEveryAlertIsTested wants of each a moment when it is quiet and one when it
// fires, and a place in the runbook.
func TestEveryAlertIsTested(t *testing.T) {
	tests, runbook, rules := read(t, "prometheus/alerts_test.yml"), read(t, "../docs/operations.md"), read(t, "prometheus/alerts.yml")
	for _, name := range alerts(t) {
		firing := `ALERTS\{alertname="` + name + `",alertstate="firing"\}\n +eval_time: \w+\n +exp_samples:`
		if !regexp.MustCompile(firing + ` \[\]`).MatchString(tests) {
			t.Errorf("no test says when %s does not fire", name)
		}
		if !regexp.MustCompile(firing + `\n +- \{value: 1,`).MatchString(tests) {
			t.Errorf("no test says when %s fires", name)
		}
		if !strings.Contains(runbook, "\n### "+name+"\n") || !strings.Contains(runbook, "| ["+name+"](#"+strings.ToLower(name)+") | ") {
			t.Errorf("docs/operations.md does not say what to do about %s", name)
		}
		if !strings.Contains(rules, "runbook: docs/operations.md#"+strings.ToLower(name)+"\n") {
			t.Errorf("%s does not name its runbook", name)
		}
	}
	if n := strings.Count(runbook, "\n### "); n != len(alerts(t)) {
		t.Errorf("docs/operations.md has %d alerts, the rules %d", n, len(alerts(t)))
	}
}

// panel is what of a dashboard's panel has expressions.
type panel struct {
	ID      int
	Type    string
	Title   string
	Targets []struct{ Expr string }
	GridPos struct{ H, W, X, Y int }
}

type dashboard struct {
	UID           string
	SchemaVersion int
	Templating    struct {
		List []struct{ Name, Type string }
	}
	Panels []panel
}

func theDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(read(t, "grafana/homing.json")))
	if err := decoder.Decode(&d); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDashboard looks at what Grafana would.
func TestDashboard(t *testing.T) {
	d := theDashboard(t)
	var variables, rows []string
	for _, v := range d.Templating.List {
		variables = append(variables, v.Name)
	}
	if got := strings.Join(variables, " "); got != "datasource instance" || d.UID == "" || d.SchemaVersion < 38 {
		t.Errorf("variables %s, uid %q, schema %d", got, d.UID, d.SchemaVersion)
	}
	ids := map[int]bool{}
	for _, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("two panels have the number %d", p.ID)
		}
		ids[p.ID] = true
		if p.Type == "row" {
			rows = append(rows, p.Title)
		} else if len(p.Targets) == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %q has %d expressions and stands at %+v", p.Title, len(p.Targets), p.GridPos)
		}
	}
	if got := strings.Join(rows, ", "); got != "Doors, Verdicts, Durability, Reports, Machine" {
		t.Errorf("rows %s", got)
	}
}

// TestDashboardsExpressionsParse has promtool read them as rules.
func TestDashboardsExpressionsParse(t *testing.T) {
	var rules bytes.Buffer
	rules.WriteString("groups:\n  - name: dashboard\n    rules:\n")
	n := 0
	for _, p := range theDashboard(t).Panels {
		for _, target := range p.Targets {
			expr := strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*").Replace(target.Expr)
			fmt.Fprintf(&rules, "      - record: panel:%d:%d\n        expr: %q\n", p.ID, n, expr)
			n++
		}
	}
	path := filepath.Join(t.TempDir(), "dashboard.yml")
	if err := os.WriteFile(path, rules.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := promtool(t, "check", "rules", path); !strings.Contains(out, fmt.Sprintf("%d rules found", n)) {
		t.Errorf("%d expressions, but %s", n, out)
	}
}

// TestUnit has systemd read the service, with a program that is there.
func TestUnit(t *testing.T) {
	tool, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	unit := filepath.Join(t.TempDir(), "homing.service")
	text := strings.Replace(read(t, "systemd/homing.service"), "/usr/local/bin/homing", "/bin/true", 1)
	if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool, "verify", "--man=no", unit).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, filepath.Base(unit)) || strings.Contains(line, unit) {
			t.Errorf("systemd-analyze verify: %s", line)
		}
	}
	if err != nil {
		t.Logf("systemd-analyze verify: %v\n%s", err, out) // without an init it may complain of others
	}
}
