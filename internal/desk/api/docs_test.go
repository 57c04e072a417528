package api

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of routes in docs/api.md")

// The table of routes in docs/api.md is the one that requests are routed by, and
// every type of problem is explained.
func TestDocs(t *testing.T) {
	path := filepath.Join("..", "..", "..", "docs", "api.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	part := regexp.MustCompile(`(?s)(<!-- routes: [^\n]*-->\n).*(<!-- /routes -->)`)
	fresh := part.ReplaceAllString(string(text), "${1}"+routeTable()+"${2}")
	if *update {
		if err := os.WriteFile(path, []byte(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if fresh != string(text) {
		t.Error("docs/api.md is stale; write it anew with: go test ./internal/desk/api -run TestDocs -update")
	}
	sources, err := filepath.Glob("*.go")
	if err != nil || len(sources) == 0 {
		t.Fatal(err)
	}
	slug := regexp.MustCompile(`(?:refuse\(http\.\w+|homing\.Err\w+, http\.\w+|errBodySize, http\.\w+), "([a-z-]+)"`)
	found := 0
	for _, source := range sources {
		code, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range slug.FindAllStringSubmatch(string(code), -1) {
			found++
			if !strings.Contains(fresh, "`"+match[1]+"`") {
				t.Errorf("docs/api.md does not tell of the problem %s (%s)", match[1], source)
			}
		}
	}
	if found < 15 {
		t.Errorf("only %d problems were found in the source", found)
	}
}

func routeTable() string {
	var b strings.Builder
	b.WriteString("\n| request | what | scope |\n|---|---|---|\n")
	for _, r := range routes() {
		needs := strings.Join(r.scope.Names(), ", ")
		switch r.who {
		case anyone:
			needs = "no token"
		case operators:
			needs += "; not for tokens of an account"
		}
		fmt.Fprintf(&b, "| `%s %s` | %s | %s |\n", r.method, r.pattern, r.summary, needs)
	}
	b.WriteString("\n")
	return b.String()
}
