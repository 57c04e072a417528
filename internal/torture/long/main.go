// Command long runs the proofs of package torture as often as they say, and
// writes what came of it into docs/reliability.md.
//
//	rows ──► Perform, a row at a time ──► state (kept, so that it goes on where
//	                                            it was ended) ──► table
//
// It ends with 1 if anything was lost, doubled or wrong.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"homing/bench/show"
	"homing/internal/torture"
	"homing/internal/torture/interpose"
	"homing/internal/torture/mistake"
)

// options are what can be chosen.
type options struct {
	dir      string
	rows     []string
	again    []string
	rounds   int
	seed     uint64
	document string
	now      func() time.Time
}

func parse(arguments []string) (options, error) {
	o := options{now: time.Now}
	f := flag.NewFlagSet("long", flag.ContinueOnError)
	var rows, again string
	f.StringVar(&o.dir, "dir", ".scratch/torture", "where everything is kept: programs, data, what is done")
	f.StringVar(&rows, "rows", "", "rows to run, separated by commas; all if empty")
	f.StringVar(&again, "again", "", "rows to run again although they are done, separated by commas; \"all\" for all")
	f.IntVar(&o.rounds, "rounds", 0, "rounds of each row instead of its own figure: a trial, of which nothing is kept")
	f.Uint64Var(&o.seed, "seed", 0, "of everything that is drawn; 0 draws one")
	f.StringVar(&o.document, "document", "docs/reliability.md", "the file whose table is written")
	if err := f.Parse(arguments); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unknown argument %q", f.Arg(0))
	}
	var err error
	if o.rows, err = named(rows); err != nil {
		return o, fmt.Errorf("--rows: %w", err)
	}
	if again != "" {
		if o.again, err = named(strings.TrimPrefix(again, everyRow)); err != nil {
			return o, fmt.Errorf("--again: %w", err)
		}
	}
	for o.seed == 0 {
		o.seed = uint64(rand.Uint32())
	}
	o.dir, err = filepath.Abs(o.dir)
	return o, err
}

// everyRow may stand for all names.
const everyRow = "all"

// named looks names of rows up; of none it makes all.
func named(list string) (names []string, err error) {
	for _, row := range torture.Rows() {
		names = append(names, row.Name)
	}
	if list == "" {
		return names, nil
	}
	chosen := strings.Split(list, ",")
	for i, name := range chosen {
		if chosen[i] = strings.TrimSpace(name); !slices.Contains(names, chosen[i]) {
			return nil, fmt.Errorf("there is no row %q; there are %s", chosen[i], strings.Join(names, ", "))
		}
	}
	return chosen, nil
}

func main() {
	interpose.Main()
	show.Main("torture", run)
}

// run tells the exit code: 1 if anything does not hold.
func run(ctx context.Context, arguments []string) (int, error) {
	o, err := parse(arguments)
	if err != nil {
		return 2, err
	}
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return 2, err
	}
	state, err := readState(o.dir)
	if err != nil {
		return 2, err
	}
	if o.rounds > 0 {
		clear(state.Rows)
	}
	if err := runRows(ctx, &o, state); err != nil {
		return 2, err
	}
	result := state.result(o.rounds > 0)
	fmt.Print(result.Text())
	if o.rounds == 0 {
		if err := result.Write(o.document); err != nil {
			return 2, fmt.Errorf("couldn't write the table: %w", err)
		}
	}
	if result.Missed() {
		return 1, nil
	}
	return 0, nil
}

// runRows runs what was asked for and is not done.
func runRows(ctx context.Context, o *options, state *state) error {
	fmt.Fprintf(os.Stderr, "seed %d\n", o.seed)
	source, err := mistake.Source()
	if err != nil {
		return err
	}
	program, err := mistake.Build(ctx, filepath.Join(o.dir, "programs"), mistake.Mistake{Name: "none"})
	if err != nil {
		return err
	}
	sum, err := mistake.Sum()
	if err != nil {
		return err
	}
	for _, row := range torture.Rows() {
		if !slices.Contains(o.rows, row.Name) {
			continue
		}
		if done := state.Rows[row.Name]; done != nil && done.Skipped == "" && o.rounds == 0 && !slices.Contains(o.again, row.Name) {
			fmt.Fprintf(os.Stderr, "%s: done on %s, --again runs it once more\n", row.Name, done.Date)
			continue
		}
		if slices.Contains(o.again, row.Name) {
			if err := forgetPart(o.dir, row.Name); err != nil {
				return err
			}
		}
		entry, err := runRow(ctx, o, &row, source, program)
		if err != nil {
			return err
		}
		entry.Sources = sum
		state.Rows[row.Name] = entry
		if o.rounds == 0 {
			if err := state.write(o.dir); err != nil {
				return err
			}
			if err := forgetPart(o.dir, row.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// runRow runs one row in a directory of its own, which is kept if something does
// not hold. It goes on where the row was ended the last time.
func runRow(ctx context.Context, o *options, row *torture.Row, source, program string) (*entry, error) {
	e := &entry{Seed: o.seed, Date: o.now().UTC().Format("2006-01-02"), Machine: show.Machine()}
	if row.Needs != nil {
		if e.Skipped = row.Needs(); e.Skipped != "" {
			fmt.Fprintf(os.Stderr, "%s: skipped, %s\n", row.Name, e.Skipped)
			return e, nil
		}
	}
	rounds := row.Long
	if o.rounds > 0 {
		rounds = o.rounds
	}
	dir := filepath.Join(o.dir, "rows", strings.ReplaceAll(row.Name, " ", "-"))
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	stage := &torture.Stage{Program: program, Dir: dir, Source: source, Seed: o.seed, Clock: o.now, Notes: os.Stderr}
	var before part
	began := o.now()
	if o.rounds == 0 {
		var err error
		if before, err = readPart(o.dir, row.Name); err != nil {
			return nil, err
		}
		if before.Past.Result.Rounds > 0 {
			fmt.Fprintf(os.Stderr, "%s: %d of %d %s are done, with seed %d\n", row.Name, before.Past.Result.Rounds, rounds, row.Unit, before.Seed)
			stage.Past, stage.Seed, e.Seed = before.Past, before.Seed, before.Seed
		}
		stage.Save = func(past torture.Past) error {
			now := part{Past: past, Seed: e.Seed, Took: before.Took + o.now().Sub(began)}
			return now.write(o.dir, row.Name)
		}
	}
	progress := show.NewProgress(o.now)
	progress.Begin("%s: %d %s", row.Name, rounds, row.Unit)
	stage.Progress = func(done int) { progress.At(int64(done), int64(rounds)) }
	var err error
	e.Result, err = torture.Perform(ctx, row, stage, rounds)
	progress.End()
	e.Took = before.Took + o.now().Sub(began)
	if err != nil {
		return nil, fmt.Errorf("%w (what is there is kept in %s)", err, dir)
	}
	if e.Result.Failed() {
		fmt.Fprintf(os.Stderr, "%s does not hold (what is there is kept in %s):\n%s\n", row.Name, dir, strings.Join(e.Result.First, "\n"))
		return e, nil
	}
	return e, os.RemoveAll(dir)
}
