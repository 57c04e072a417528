package page

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var token = regexp.MustCompile(`--([a-z-]+): light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\);`)

// pairs are the colours that carry text, on what they stand on.
var pairs = map[string][]string{
	"ink":           {"ground", "surface", "sunken", "hover", "raised", "accent-soft"},
	"muted":         {"ground", "surface", "sunken", "hover", "calm-soft"},
	"accent":        {"ground", "surface", "sunken", "hover"},
	"accent-strong": {"ground", "surface", "accent-soft"},
	"on-accent":     {"accent", "accent-strong"},
	"good":          {"good-soft"},
	"warn":          {"warn-soft"},
	"bad":           {"bad-soft", "surface", "sunken", "hover"},
	"calm":          {"calm-soft"},
	"macro":         {"macro-soft", "surface"},
}

func TestTextHasContrastInBothThemes(t *testing.T) {
	source, err := os.ReadFile("assets/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	colours := map[string][2]string{}
	for _, m := range token.FindAllStringSubmatch(string(source), -1) {
		colours[m[1]] = [2]string{m[2], m[3]}
	}
	check := func(front, back string, least float64) {
		for i, theme := range []string{"light", "dark"} {
			f, b := colours[front][i], colours[back][i]
			if f == "" || b == "" {
				t.Errorf("no colour %s or %s", front, back)
				continue
			}
			if c := contrast(f, b); c < least {
				t.Errorf("%s on %s, %s: contrast %.2f, want %.1f", front, back, theme, c, least)
			}
		}
	}
	for front, backs := range pairs {
		for _, back := range backs {
			check(front, back, 4.5)
		}
	}
	check("edge", "surface", 3) // the outline of inputs
}

// contrast is WCAG's contrast ratio.
func contrast(a, b string) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(hex string) float64 {
	var l float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, _ := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		l += weight * c
	}
	return l
}

// Colours are written down in one file only.
func TestColoursComeFromTheTokens(t *testing.T) {
	for _, name := range styles[1:] {
		source, err := os.ReadFile("assets/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(source), "\n") {
			if regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b`).MatchString(line) {
				t.Errorf("%s has a colour of its own: %s", name, line)
			}
		}
	}
}

func TestScriptIsAModuleOfOurOwn(t *testing.T) {
	source, err := os.ReadFile("assets/panel.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"eval(", "innerHTML", "new Function", "import(", "http://", "https://"} {
		if strings.Contains(string(source), bad) {
			t.Errorf("the script has %s", bad)
		}
	}
}
