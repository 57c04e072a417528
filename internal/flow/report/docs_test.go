package report_test

import (
	"os"
	"strings"
	"testing"

	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// TestReportsAreDocumented wants every name a question may hold in docs/reports.md.
func TestReportsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../../docs/reports.md")
	if err != nil {
		t.Fatal(err)
	}
	wanted := []string{"by", "metrics", "range", "from", "to", "tz", "basis", "where", "order", "limit", "compare", "fill"}
	for _, m := range report.Metrics() {
		wanted = append(wanted, m.String())
	}
	for d := range warehouse.Dimension(warehouse.DimensionCount) {
		// sub2 to sub9 stand between the two that are named.
		if name := d.String(); !strings.HasPrefix(name, "sub") || name == "sub1" || name == "sub10" {
			wanted = append(wanted, name)
		}
	}
	for _, name := range wanted {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("docs/reports.md does not tell of %s", name)
		}
	}
}
