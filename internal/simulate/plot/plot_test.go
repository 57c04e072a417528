package plot

import (
	"encoding/xml"
	"strings"
	"testing"
)

func TestAPlotIsToScale(t *testing.T) {
	p := Plot{Title: "A <b> & c", Across: "connections", Steps: []string{"1", "2"}, Lines: []Line{{"ours", []float64{0, 50_000}}}}
	svg := p.SVG()
	if err := xml.Unmarshal([]byte(svg), new(struct{})); err != nil {
		t.Fatalf("not XML: %v", err)
	}
	for _, want := range []string{"A &lt;b&gt; &amp; c", ">50k<", `points="70.0,330.0 700.0,70.0"`} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %q in %s", want, svg)
		}
	}
}

func TestStepsAreNice(t *testing.T) {
	for highest, want := range map[float64]float64{61_000: 10_000, 0.4: 0.1, 7: 1, 8: 1, 0: 1, 123: 20, 0.08: 0.01} {
		if got := niceStep(highest); got < want*0.999 || got > want*1.001 {
			t.Errorf("up to %v: steps of %v, want %v", highest, got, want)
		}
	}
}
