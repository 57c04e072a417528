// Package plot draws lines as SVG, for results that people look at.
package plot

import (
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Plot is lines over steps, drawn to scale from zero.
type Plot struct {
	Title  string
	Across string   // what the steps are
	Steps  []string // from left to right, at the same distance
	Lines  []Line
}

// Line is one of a Plot; it has a value for each step.
type Line struct {
	Name   string
	Values []float64
}

// A plot is drawn in these measures, in pixels.
const (
	plotWidth, plotHeight  = 720, 380
	left, right, top, foot = 70, 20, 70, 50
)

// SVG draws the plot, readable on a light and on a dark page.
func (p *Plot) SVG() string {
	var b strings.Builder
	highest := 0.0
	for _, l := range p.Lines {
		for _, v := range l.Values {
			highest = max(highest, v)
		}
	}
	step := niceStep(highest)
	upTo := step * math.Max(1, math.Ceil(highest/step))
	x := func(i int) float64 {
		return left + (plotWidth-left-right)*float64(i)/float64(max(1, len(p.Steps)-1))
	}
	y := func(v float64) float64 { return plotHeight - foot - (plotHeight-top-foot)*v/upTo }
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s" font-family="system-ui, sans-serif" font-size="13">`+"\n", plotWidth, plotHeight, escaped(p.Title))
	b.WriteString(`<style>
:root { --ink: #1d2330; --faint: #d8dce4; --page: #ffffff; --c0: #1662c4; --c1: #6b7280; --c2: #b4451f; --c3: #8a6d00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --faint: #39414f; --page: #12161d; --c0: #6aa8ff; --c1: #9aa3b2; --c2: #ff9166; --c3: #e0c04a; } }
text { fill: var(--ink); } .grid { stroke: var(--faint); } .page { fill: var(--page); }
.l { fill: none; stroke-width: 2.5; }
`)
	for i := range 4 {
		fmt.Fprintf(&b, ".l%d { stroke: var(--c%d); } .d%d { fill: var(--c%d); }\n", i, i, i, i)
	}
	b.WriteString("</style>\n")
	fmt.Fprintf(&b, `<rect class="page" width="%d" height="%d"/>`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&b, `<text x="%d" y="22" font-size="16" font-weight="600">%s</text>`+"\n", 16, escaped(p.Title))
	for v := 0.0; v <= upTo*1.0001; v += step {
		fmt.Fprintf(&b, `<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n",
			left, plotWidth-right, y(v), y(v), left-8, y(v)+4, label(v))
	}
	for i, s := range p.Steps {
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x(i), plotHeight-foot+20, escaped(s))
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", (left+plotWidth-right)/2, plotHeight-10, escaped(p.Across))
	for n, l := range p.Lines {
		var points []string
		for i, v := range l.Values {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(i), y(v)))
			fmt.Fprintf(&b, `<circle class="d%d" cx="%.1f" cy="%.1f" r="3.5"><title>%s, %s: %s</title></circle>`+"\n", n%4, x(i), y(v), escaped(l.Name), escaped(p.Steps[i]), label(v))
		}
		fmt.Fprintf(&b, `<polyline class="l l%d" points="%s"/>`+"\n", n%4, strings.Join(points, " "))
	}
	across := 16.0
	for n, l := range p.Lines {
		fmt.Fprintf(&b, `<circle class="d%d" cx="%.1f" cy="45" r="5"/><text x="%.1f" y="49">%s</text>`+"\n", n%4, across+5, across+16, escaped(l.Name))
		across += 36 + 7.2*float64(len(l.Name))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// niceStep is a step of 1, 2 or 5 times a power of ten of which four to ten reach
// the highest value.
func niceStep(highest float64) float64 {
	if highest <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(highest)))
	for _, part := range []float64{0.1, 0.2, 0.5, 1} {
		if highest/(part*power) <= 7 {
			return part * power
		}
	}
	return power
}

// label writes a figure short: 20k, 150, 0.5.
func label(v float64) string {
	switch {
	case v >= 1000:
		return strconv.FormatFloat(v/1000, 'g', 4, 64) + "k"
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder never fails
	return b.String()
}
