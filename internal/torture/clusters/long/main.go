// Command long runs the proof of package clusters at its full length, and writes what
// came of it into docs/reliability.md.
//
//	rounds, a cluster for some of them ──► state (each round is kept, so that the next run
//	                                       goes on where this one was ended) ──► table
//
// It ends with 1 if anything was lost, doubled or wrong, or took too long.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"homing/bench/show"
	"homing/internal/torture"
	"homing/internal/torture/clusters"
	"homing/internal/torture/mistake"
)

// options are what can be chosen.
type options struct {
	dir      string
	rounds   int
	chapter  int
	faults   string
	seed     uint64
	again    bool
	mistakes bool
	document string
	now      func() time.Time
}

// wholeRounds is how many are wanted.
const wholeRounds = 200

func parse(arguments []string) (options, error) {
	o := options{now: time.Now}
	f := flag.NewFlagSet("long", flag.ContinueOnError)
	f.StringVar(&o.dir, "dir", ".scratch/torture-cluster", "where everything is kept: programs, data, what is done")
	f.IntVar(&o.rounds, "rounds", wholeRounds, "faults in all, those of runs before among them")
	f.IntVar(&o.chapter, "chapter", 50, "faults that one cluster lives through")
	f.StringVar(&o.faults, "faults", "", "kinds to draw from, separated by commas: a trial, of which nothing is kept")
	f.Uint64Var(&o.seed, "seed", 0, "of everything that is drawn; 0 draws one, or goes on with that of the run before")
	f.BoolVar(&o.again, "again", false, "begin again, and forget the rounds before")
	f.BoolVar(&o.mistakes, "mistakes", false, "build the program with each deliberate mistake, and want the proof to fail")
	f.StringVar(&o.document, "document", "docs/reliability.md", "the file whose table is written")
	if err := f.Parse(arguments); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unknown argument %q", f.Arg(0))
	}
	var err error
	o.dir, err = filepath.Abs(o.dir)
	return o, err
}

func main() { show.Main("torture-cluster", run) }

// run tells the exit code: 1 if anything does not hold.
func run(ctx context.Context, arguments []string) (int, error) {
	o, err := parse(arguments)
	if err != nil {
		return 2, err
	}
	if why := clusters.Needs(); why != "" {
		return 2, errors.New(why)
	}
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return 2, err
	}
	state, err := readState(o.dir)
	if err != nil {
		return 2, err
	}
	trial := o.faults != ""
	switch {
	case o.mistakes:
		err = tryMistakes(ctx, &o, state)
	default:
		if o.again || trial {
			state.Rounds, state.Seed = nil, 0
		}
		err = runRounds(ctx, &o, state, trial)
	}
	result := state.result(trial)
	fmt.Print(result.Text())
	if !trial {
		if written := result.Write(o.document); written != nil {
			err = errors.Join(err, fmt.Errorf("couldn't write the table: %w", written))
		}
	}
	if err != nil {
		return 2, err
	}
	if result.Missed() {
		return 1, nil
	}
	return 0, nil
}

// mostStops is how often a run goes on with a new cluster when something stood in the
// way of the one before, after some rounds.
const mostStops = 5

// runRounds runs what is not done, a chapter at a time.
func runRounds(ctx context.Context, o *options, state *state, trial bool) error {
	var faults []clusters.Fault
	if trial {
		var err error
		if faults, err = clusters.Named(strings.Split(o.faults, ",")...); err != nil {
			return fmt.Errorf("--faults: %w", err)
		}
	}
	switch {
	case o.seed != 0:
		state.Seed = o.seed
	case state.Seed == 0:
		state.Seed = uint64(rand.Uint32()) + 1
	}
	fmt.Fprintf(os.Stderr, "seed %d, %d of %d rounds are done\n", state.Seed, len(state.Rounds), o.rounds)
	if len(state.Rounds) >= o.rounds {
		return nil
	}
	program, err := mistake.Build(ctx, filepath.Join(o.dir, "programs"), mistake.Mistake{Name: "none"})
	if err != nil {
		return err
	}
	if state.Sources, err = mistake.Sum(); err != nil {
		return err
	}
	state.Machine, state.Date = show.Machine(), o.now().UTC().Format("2006-01-02")
	progress := show.NewProgress(o.now)
	defer progress.End()
	progress.Begin("cluster: %d faults", o.rounds)
	stops := 0
	for len(state.Rounds) < o.rounds {
		proof := clusters.Proof{Faults: faults, First: len(state.Rounds) + 1}
		proof.Told = func(r clusters.Round) {
			state.Rounds = append(state.Rounds, r)
			if !trial {
				if err := state.write(o.dir); err != nil {
					fmt.Fprintln(os.Stderr, "torture-cluster:", err)
				}
			}
			progress.At(int64(len(state.Rounds)), int64(o.rounds))
		}
		began := o.now()
		result, err := perform(ctx, o, proof, program, state.Seed, min(o.chapter, o.rounds-len(state.Rounds)))
		state.Took += o.now().Sub(began)
		if err != nil {
			if stops++; stops > mostStops || len(state.Rounds) < proof.First || ctx.Err() != nil {
				return err
			}
			// A server that does not start, for one: it is none of homing's. What it was is told.
			fmt.Fprintf(os.Stderr, "something stood in the way, and a new cluster is begun: %v\n", err)
			continue
		}
		// What was found after the last round is of none.
		if result.Total() > 0 && (len(state.Rounds) == 0 || state.Rounds[len(state.Rounds)-1].Total() == 0) {
			state.Rounds = append(state.Rounds, clusters.Round{Number: len(state.Rounds) + 1, Fault: atLast, Tally: result.Tally})
		}
		if !trial {
			if err := state.write(o.dir); err != nil {
				return err
			}
		}
		if result.Total() > 0 {
			return fmt.Errorf("it does not hold (what is there is kept in %s): %s", filepath.Join(o.dir, "cluster"), strings.Join(result.First, "\n"))
		}
	}
	return nil
}

// perform runs some rounds on a cluster of their own, which is kept if something does
// not hold.
func perform(ctx context.Context, o *options, proof clusters.Proof, program string, seed uint64, rounds int) (torture.Result, error) {
	dir := filepath.Join(o.dir, "cluster")
	if err := os.RemoveAll(dir); err != nil {
		return torture.Result{}, err
	}
	result, err := torture.Perform(ctx, proof.Row(), &torture.Stage{
		Program: program, Dir: dir, Seed: seed, Clock: o.now, Notes: os.Stderr,
	}, rounds)
	if err != nil {
		return result, fmt.Errorf("%w (what is there is kept in %s)", err, dir)
	}
	if result.Total() > 0 {
		return result, nil
	}
	return result, os.RemoveAll(dir)
}

// tryMistakes wants the proof to find each of them.
func tryMistakes(ctx context.Context, o *options, state *state) error {
	if state.Caught == nil {
		state.Caught = map[string]string{}
	}
	// Nodes of a cluster have no warehouse of their own, and without the embedded one the
	// program is linked in a moment.
	if err := os.Setenv("CGO_ENABLED", "0"); err != nil {
		return err
	}
	for _, t := range clusters.Trials {
		m, err := mistake.Find(t.Mistake)
		if err != nil {
			return err
		}
		if state.Caught[m.Name] != "" && !o.again {
			fmt.Fprintf(os.Stderr, "%s: it was caught, --again tries it once more\n", m.Name)
			continue
		}
		faults, err := clusters.Named(t.Faults...)
		if err != nil {
			return err
		}
		program, err := mistake.Build(ctx, filepath.Join(o.dir, "programs"), m)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "\n%s: %s\n", m.Name, m.What)
		seed := max(o.seed, 1)
		result, err := perform(ctx, o, clusters.Proof{Faults: faults, InTurn: true, First: 1}, program, seed, t.Rounds)
		if err != nil {
			return fmt.Errorf("a mistake must be found, not stand in the way: %w", err)
		}
		said := ""
		if len(result.First) > 0 {
			said, _, _ = strings.Cut(result.First[0], "\n")
		}
		state.Caught[m.Name] = said
		fmt.Fprintf(os.Stderr, "%s: after %d faults %q\n", m.Name, result.Rounds, said)
		if err := state.write(o.dir); err != nil {
			return err
		}
	}
	return nil
}
