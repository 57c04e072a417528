package web_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"homing/web"
)

func TestTheBundleIsThere(t *testing.T) {
	files := web.Files()
	for _, name := range web.Names {
		if len(files[name]) == 0 {
			t.Errorf("%s is missing: run make web", name)
		}
		if len(files[name]) > 80<<10 {
			t.Errorf("%s has %d bytes: pages would load slowly", name, len(files[name]))
		}
	}
	for _, name := range []string{"htmx.org 2.", "uplot 1."} {
		if !strings.Contains(string(files["LICENSES.txt"]), name) {
			t.Errorf("LICENSES.txt does not name %s", name)
		}
	}
}

// A version that floats is another program tomorrow.
func TestVersionsArePinned(t *testing.T) {
	text, err := os.ReadFile("package.json")
	if err != nil {
		t.Fatal(err)
	}
	var p struct{ Dependencies, DevDependencies map[string]string }
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	for _, list := range []map[string]string{p.Dependencies, p.DevDependencies} {
		for name, version := range list {
			if !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(version) {
				t.Errorf("%s %s: want an exact version", name, version)
			}
		}
	}
	if len(p.Dependencies) == 0 || len(p.DevDependencies) == 0 {
		t.Error("package.json names no packages")
	}
}
