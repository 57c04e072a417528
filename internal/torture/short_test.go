package torture_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"homing/internal/torture"
	"homing/internal/torture/interpose"
	"homing/internal/torture/mistake"
)

// dir is scratch of all tests.
var dir string

// withMistakes: the environment asks for TestTheMistakesAreCaught.
var withMistakes bool

func TestMain(m *testing.M) {
	interpose.Main()
	withMistakes = os.Getenv("HOMING_MISTAKES") != ""
	os.Unsetenv("HOMING_MISTAKES") // homing takes it for a setting, and there is none of that name
	// A program with the race detector sleeps for a second when it ends, unless
	// it is told not to.
	os.Setenv("GORACE", "atexit_sleep_ms=0")
	var err error
	if dir, err = os.MkdirTemp("", "homing-torture-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// program builds the program, with the race detector if the tests have it.
var program = sync.OnceValues(func() (string, error) {
	return mistake.Build(context.Background(), dir, mistake.Mistake{Name: "none", Race: raceEnabled})
})

// lookAtSources looks at every file the program is built from. The test cache
// remembers what a test looked at, but knows nothing of what the go command
// reads for it: without this a result would be (cached) over another program.
// It remembers from m.Run on, so every use of the program calls this.
var lookAtSources = sync.OnceFunc(func() {
	for _, root := range []string{"../../cmd", "../../internal"} {
		_ = filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err == nil {
				_, err = os.Stat(path)
			}
			return err // the build will say what is wrong
		})
	}
})

// seed is fixed, so that a failure can be repeated as far as scheduling lets it;
// make torture draws others.
const seed = 5

func stage(t *testing.T, program string) *torture.Stage {
	lookAtSources()
	source, err := mistake.Source()
	if err != nil {
		t.Fatal(err)
	}
	return &torture.Stage{Program: program, Dir: t.TempDir(), Source: source, Seed: seed, Clock: time.Now, Notes: t.Output()}
}

// TestTorture runs every row as often as Row.Short says.
func TestTorture(t *testing.T) {
	program, err := program()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range torture.Rows() {
		t.Run(row.Name, func(t *testing.T) {
			if row.Needs != nil {
				if why := row.Needs(); why != "" {
					t.Skip(why)
				}
			}
			began := time.Now()
			result, err := torture.Perform(t.Context(), &row, stage(t, program), row.Short)
			if err != nil {
				t.Fatal(err)
			}
			// It is shown although nothing failed.
			fmt.Printf("torture: %s: %d %s in %.1f s, %d clicks and %d conversions acknowledged and compared: %d lost, %d double, %d other\n",
				row.Name, result.Rounds, row.Unit, time.Since(began).Seconds(), result.Clicks, result.Conversions, result.Lost, result.Double, result.Other)
			for _, f := range result.Figures {
				t.Logf("%s: %s %s", f.Name, f.Value, f.Limit)
			}
			if result.Failed() {
				t.Errorf("it does not hold: %s", strings.Join(result.First, "\n"))
			}
		})
	}
}

// attempts is how often a row may be run, with other seeds, until it catches a
// mistake: its moments are drawn.
const attempts = 4

// caught runs a row on a program with a mistake until it fails, and tells what
// it said; "" if it never did.
func caught(t *testing.T, row *torture.Row, m mistake.Mistake, program string) string {
	for i := range attempts {
		s := stage(t, program)
		s.Seed = seed + uint64(i)
		result, err := torture.Perform(t.Context(), row, s, row.Short)
		switch {
		case err != nil:
			t.Fatalf("a mistake must be found, not stand in the way: %v", err)
		case result.Failed() && len(result.First) > 0:
			said, _, _ := strings.Cut(result.First[0], "\n")
			return said
		case result.Failed():
			return "a limit was missed"
		}
	}
	return ""
}

// TestAMistakeIsCaught is TestTheMistakesAreCaught for one that is cheap.
func TestAMistakeIsCaught(t *testing.T) {
	check(t, "SIGKILL", "click acknowledged early", dir)
}

func check(t *testing.T, rowName, name, dir string) string {
	lookAtSources()
	rows := torture.Rows()
	i := slices.IndexFunc(rows, func(r torture.Row) bool { return r.Name == rowName })
	if i < 0 {
		t.Fatalf("there is no row %q", rowName)
	}
	m, err := mistake.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	if rows[i].Needs != nil {
		if why := rows[i].Needs(); why != "" {
			t.Skip(why)
		}
	}
	built, err := mistake.Build(t.Context(), dir, m)
	if err != nil {
		t.Fatal(err)
	}
	what := caught(t, &rows[i], m, built)
	if what == "" {
		t.Errorf("%s does not notice: %s", rowName, m.What)
	} else {
		t.Logf("%s (%s) was noticed: %s", name, m.What, what)
	}
	return what
}

// TestTheMistakesAreCaught builds the program with each mistake that a row names
// and wants the row to fail. It takes long: make torture-mistakes runs it, and
// notes in .scratch/torture what was caught, for docs/reliability.md.
func TestTheMistakesAreCaught(t *testing.T) {
	if !withMistakes {
		t.Skip("it builds the program once for each mistake; make torture-mistakes runs it")
	}
	source, err := mistake.Source()
	if err != nil {
		t.Fatal(err)
	}
	scratch := filepath.Join(source, ".scratch", "torture")
	notes, err := readCaught(filepath.Join(scratch, torture.CaughtFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range torture.Rows() {
		for _, name := range row.Mistakes {
			t.Run(row.Name+"/"+name, func(t *testing.T) {
				what := check(t, row.Name, name, filepath.Join(scratch, "programs"))
				if notes[row.Name] == nil {
					notes[row.Name] = map[string]string{}
				}
				notes[row.Name][name] = what
				text, err := json.MarshalIndent(notes, "", "  ")
				if err == nil {
					err = os.WriteFile(filepath.Join(scratch, torture.CaughtFile), text, 0o600)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestAMistakeThatNoRowCatchesIsCaughtByATest: every mistake is named by a row, or
// names the test that catches it.
func TestAMistakeThatNoRowCatchesIsCaughtByATest(t *testing.T) {
	named := map[string]bool{}
	for _, row := range torture.Rows() {
		for _, name := range row.Mistakes {
			named[name] = true
		}
	}
	for _, m := range mistake.All {
		switch {
		case m.Cluster: // package clusters looks after them
		case m.Test.Name == "" && !named[m.Name]:
			t.Errorf("nobody has to catch: %s", m.Name)
		case m.Test.Name == "":
		case m.Why == "":
			t.Errorf("%s does not say why no row catches it", m.Name)
		default:
			said, err := mistake.InTest(t.Context(), m)
			if err != nil || said == "" {
				t.Errorf("%s does not notice %s: %v", m.Test.Name, m.Name, err)
			}
			t.Logf("%s (%s) was noticed: %s", m.Name, m.What, said)
		}
	}
}

// readCaught reads what was caught before: by row and mistake, in words.
func readCaught(path string) (torture.Caught, error) {
	caught := torture.Caught{}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return caught, nil
	}
	if err != nil {
		return nil, err
	}
	return caught, json.Unmarshal(text, &caught)
}
