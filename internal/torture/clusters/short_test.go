package clusters_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"homing/internal/torture"
	"homing/internal/torture/clusters"
	"homing/internal/torture/mistake"
)

// seed is fixed, so that a failure can be repeated as far as scheduling lets it;
// make torture-cluster draws others.
const seed = 7

// TestClusterTorture has each of the cheap faults once.
func TestClusterTorture(t *testing.T) {
	if why := clusters.Needs(); why != "" {
		t.Skip(why)
	}
	if testing.Short() {
		t.Skip("it starts nine servers")
	}
	lookAtSources()
	// Nodes of a cluster have no warehouse of their own, and without the embedded one
	// the program is linked in a moment. Run make torture-cluster for the whole one.
	t.Setenv("CGO_ENABLED", "0")
	// Where a server that is not root may go, too.
	dir, err := os.MkdirTemp("", "homing-torture-cluster-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	program, err := mistake.Build(t.Context(), dir, mistake.Mistake{Name: "none"})
	if err != nil {
		t.Fatal(err)
	}
	source, err := mistake.Source()
	if err != nil {
		t.Fatal(err)
	}
	faults := clusters.Short()
	began := time.Now()
	proof := clusters.Proof{Faults: faults, InTurn: true, First: 1}
	result, err := torture.Perform(t.Context(), proof.Row(), &torture.Stage{
		Program: program, Dir: filepath.Join(dir, "cluster"), Source: source, Seed: seed, Clock: time.Now, Notes: t.Output(),
	}, len(faults))
	// Both are shown although go test keeps what a test prints to itself.
	if err != nil {
		fmt.Printf("torture: cluster: ended after %d faults and %.1f s: %v\n", result.Rounds, time.Since(began).Seconds(), err)
		t.Fatal(err)
	}
	fmt.Printf("torture: cluster: %d faults in %.1f s, %d clicks and %d conversions acknowledged and compared: %d lost, %d double, %d other\n",
		result.Rounds, time.Since(began).Seconds(), result.Clicks, result.Conversions, result.Lost, result.Double, result.Other)
	for _, f := range result.Figures {
		t.Logf("%s: %s %s", f.Name, f.Value, f.Limit)
	}
	// How long it took is told by make torture-cluster: here others may be at work.
	if result.Total() > 0 {
		t.Errorf("it does not hold: %s", strings.Join(result.First, "\n"))
	}
}

// lookAtSources looks at every file the program is built from, so that the cache of
// tests knows that they matter.
func lookAtSources() {
	for _, root := range []string{"../../../cmd", "../../../internal"} {
		_ = filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err == nil {
				_, err = os.Stat(path)
			}
			return err // the build will say what is wrong
		})
	}
}

// TestEveryMistakeHasItsFaults: every mistake of several machines is tried, with
// faults that there are.
func TestEveryMistakeHasItsFaults(t *testing.T) {
	var tried []string
	for _, trial := range clusters.Trials {
		m, err := mistake.Find(trial.Mistake)
		if err != nil || !m.Cluster {
			t.Errorf("%s: %v", trial.Mistake, err)
		}
		if _, err := clusters.Named(trial.Faults...); err != nil || len(trial.Faults) == 0 {
			t.Errorf("%s: %v", trial.Mistake, err)
		}
		tried = append(tried, trial.Mistake)
	}
	for _, m := range mistake.All {
		if m.Cluster && !slices.Contains(tried, m.Name) {
			t.Errorf("nobody tries: %s", m.Name)
		}
	}
}
