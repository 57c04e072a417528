package homing_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// room is a place in the house and the rooms it may know.
type room struct {
	name   string
	prefix string // of the packages in it, below the module
	knows  []string
	rule   string // the arrow in words
}

// rooms are listed from the bottom up; a package is in the last room whose
// prefix fits. Everybody may know the words and his own room.
var rooms = []room{
	{name: "words", prefix: "", rule: "package homing holds words and values and knows nothing of the program"},
	{name: "rule", prefix: "internal/rule/", rule: "a rule decides purely: it may only know the words and other rules"},
	{name: "contract", prefix: "internal/engine/", rule: "an engine's contract may only know the words"},
	{name: "engine", prefix: "", knows: []string{"contract"}, rule: "an engine may only know its contract and the words"},
	{name: "flow", prefix: "internal/flow/", knows: []string{"rule", "contract"}, rule: "a flow may only know rules, engine contracts and the words; only app names an engine"},
	{name: "edge", prefix: "internal/edge", knows: []string{"flow", "rule", "contract"}, rule: "a door for machines may only know flows, rules, engine contracts and the words; only app names an engine"},
	{name: "web", prefix: "web/", rule: "the bundle of the panel's scripts holds files and knows nothing"},
	{name: "desk", prefix: "internal/desk/", knows: []string{"web", "flow", "rule", "contract"}, rule: "a door for people may only know flows, rules, engine contracts and the words; only app names an engine"},
	{name: "simulate", prefix: "internal/simulate", knows: []string{"desk"}, rule: "the simulation plays from outside: it may only know the control socket and the words"},
	{name: "app", prefix: "internal/app", knows: []string{"edge", "desk", "flow", "rule", "contract", "engine"}, rule: "app wires the house and is known by cmd, suites and benchmarks only"},
	{name: "cmd", prefix: "cmd/", knows: []string{"app", "simulate", "desk"}, rule: "a command parses, calls app or the control socket, and prints"},
	{name: "show", prefix: "bench/show", rule: "tables, times and progress know nothing of what was measured"},
	{name: "cluster", prefix: "internal/cluster", knows: []string{"simulate", "desk"}, rule: "the cluster runs programs from outside: it may only know the simulation's process, the control socket and the words"},
	{name: "torture", prefix: "internal/torture", knows: []string{"cluster", "simulate", "desk", "show"}, rule: "the torture plays from outside: it may only know the control socket, the simulation's wire and process, and the words"},
	{name: "bench", prefix: "bench/", knows: []string{"show", "simulate", "app", "desk", "flow", "rule", "contract", "engine"}, rule: "a benchmark measures doors, flows, engines and the panel as app wires it; nobody knows it"},
	{name: "suite", prefix: "internal/suite", knows: []string{"cluster", "app", "desk", "flow", "rule", "contract", "engine", "simulate", "edge"}, rule: "suites are tests"},
}

func roomOf(pkg string) (room, bool) {
	path := strings.TrimPrefix(strings.TrimPrefix(pkg, "homing"), "/")
	if path == "" {
		return rooms[0], true
	}
	if rest, ok := strings.CutPrefix(path, "internal/engine/"); ok {
		// internal/engine/spool is a contract, what lies below it an
		// implementation or its suite.
		if strings.Contains(rest, "/") {
			return named("engine"), true
		}
		return named("contract"), true
	}
	if strings.HasPrefix(path, "internal/desk/") && strings.HasSuffix(path, "test") {
		return named("suite"), true // a stage for the tests of its neighbours
	}
	for _, r := range rooms {
		if r.prefix != "" && (strings.HasPrefix(path, r.prefix) || path+"/" == r.prefix) {
			return r, true
		}
	}
	return room{}, false
}

func named(name string) room {
	return rooms[slices.IndexFunc(rooms, func(r room) bool { return r.name == name })]
}

// wrong says in a sentence why an arrow is wrong; it says nothing if it is not.
func wrong(from, to string) string {
	a, ok := roomOf(from)
	if !ok {
		return fmt.Sprintf("%s is in no room: put it into one of those in ARCHITECTURE.md, or make a room in arrows_test.go with a sentence for it", from)
	}
	b, ok := roomOf(to)
	if !ok || b.name == "words" || a.name == b.name && a.name != "engine" || slices.Contains(a.knows, b.name) {
		return ""
	}
	if a.name == "engine" && b.name == "engine" && strings.HasPrefix(to, from[:strings.LastIndex(from, "/")]) {
		return "" // an implementation's packages, and the suite beside it
	}
	return fmt.Sprintf("the arrow %s -> %s is turned round: %s. Arrows point cmd -> app -> edge, desk -> flow -> rule, engine contracts -> homing; move what is needed down, or hand it in as a value", from, to, a.rule)
}

// TestArrows reads every import of the program. It reads the files itself, and
// does not ask the go command, so that a cached result is given up when one
// changes.
func TestArrows(t *testing.T) {
	packages := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules" || entry.Name() == "testdata"):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		from := strings.TrimSuffix("homing/"+filepath.ToSlash(filepath.Dir(path)), "/.")
		packages[from] = true
		for _, spec := range file.Imports {
			to := strings.Trim(spec.Path.Value, `"`)
			if to != "homing" && !strings.HasPrefix(to, "homing/") {
				continue
			}
			if sentence := wrong(from, to); sentence != "" {
				t.Errorf("%s: %s", path, sentence)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) < 20 {
		t.Errorf("only %d packages were read", len(packages))
	}
}

// TestWrongArrows turns arrows round and expects a sentence for each.
func TestWrongArrows(t *testing.T) {
	for _, c := range []struct {
		from, to string
		ok       bool
	}{
		{"homing/internal/edge", "homing/internal/flow/catalog", true},
		{"homing/internal/flow/trace", "homing/internal/flow/journal", true},
		{"homing/internal/app", "homing/internal/engine/spool/segment", true},
		{"homing/internal/engine/spool/segment", "homing/internal/engine/spool", true},
		{"homing/internal/rule/judge", "homing/internal/rule/target", true},
		{"homing/internal/rule/judge", "homing/internal/flow/catalog", false},
		{"homing/internal/flow/catalog", "homing/internal/edge", false},
		{"homing/internal/edge", "homing/internal/desk/panel", false},
		{"homing/internal/edge", "homing/internal/engine/spool/segment", false},
		{"homing/internal/engine/spool", "homing/internal/engine/spool/segment", false},
		{"homing/internal/engine/ledger/sqlite", "homing/internal/engine/spool/segment", false},
		{"homing/internal/engine/ledger/sqlite", "homing/internal/rule/judge", false},
		{"homing", "homing/internal/rule/judge", false},
		{"homing/internal/simulate", "homing/internal/engine/ledger", false},
		{"homing/internal/desk/panel/page", "homing/web", true},
		{"homing/internal/edge", "homing/web", false},
		{"homing/internal/misc", "homing", false},
	} {
		if sentence := wrong(c.from, c.to); (sentence == "") != c.ok {
			t.Errorf("%s -> %s: got %q", c.from, c.to, sentence)
		}
	}
}
