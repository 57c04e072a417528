// Command reports measures what the warehouse and the reports promise: it makes
// a month of a network's traffic, loads it as the loader would, asks the
// questions of a promise with a limit each, asks SQLite the same, and says what
// was met.
//
//	traffic ──► Load ──► warehouse ──► questions, quiet and while clicks come in ──┐
//	        └─► SQLite ─────────────► the same questions ────────────────────────┴─► tables
//
// The tables go to standard output and, between two markers, into
// docs/benchmarks.md, unless it was a trial. It ends with 1 if a limit was missed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"homing/bench/show"
	"homing/internal/engine/warehouse/duckdb/process"
	"homing/internal/engine/warehouse/duckdb/process/child"
)

// options are what can be chosen.
type options struct {
	clicks       int64
	dir          string
	seed         uint64
	sqliteClicks int64
	sqliteTime   time.Duration
	rate         int
	live         time.Duration
	document     string
	clean        bool
	now          func() time.Time
}

// allClicks are those of the promise.
const allClicks = 100_000_000

func parse(arguments []string) (options, error) {
	o := options{now: time.Now}
	f := flag.NewFlagSet("reports", flag.ContinueOnError)
	f.Int64Var(&o.clicks, "clicks", allClicks, "clicks in the warehouse; 2000000 is a trial of a minute or two")
	f.StringVar(&o.dir, "dir", ".scratch/bench-reports", "where the data is made, and kept for the next run")
	f.Uint64Var(&o.seed, "seed", 1, "of the traffic")
	f.Int64Var(&o.sqliteClicks, "sqlite-clicks", -1, "clicks that SQLite gets: 0 for none, -1 for as many as fit sqlite-time and the disk")
	f.DurationVar(&o.sqliteTime, "sqlite-time", 10*time.Minute, "how long filling SQLite may take, by an estimate")
	f.IntVar(&o.rate, "rate", 10_000, "clicks a second that come in while questions are asked again; 0 leaves that out")
	f.DurationVar(&o.live, "live", 30*time.Second, "how long they come in at least")
	f.StringVar(&o.document, "document", "", "the file whose section is written; by default docs/benchmarks.md, and none of a trial with fewer clicks")
	f.BoolVar(&o.clean, "clean", false, "remove the data and end")
	if err := f.Parse(arguments); err != nil {
		return o, err
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unknown argument %q", f.Arg(0))
	case o.clicks < 10_000:
		return o, errors.New("--clicks: at least 10000, or there is nothing to measure")
	case o.sqliteClicks > o.clicks:
		return o, errors.New("--sqlite-clicks: at most as many as --clicks")
	}
	if o.document == "" && o.clicks >= allClicks {
		o.document = "docs/benchmarks.md"
	}
	dir, err := filepath.Abs(o.dir)
	o.dir = dir
	return o, err
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == process.Argument {
		os.Exit(child.Main())
	}
	show.Main("reports", run)
}

// run tells the exit code: 1 if a limit was missed.
func run(ctx context.Context, arguments []string) (int, error) {
	o, err := parse(arguments)
	if err != nil {
		return 2, err
	}
	if o.clean {
		return 0, cleanUp(o.dir)
	}
	b, err := open(ctx, o)
	if err != nil {
		return 2, err
	}
	if err := errors.Join(b.measure(ctx), b.close()); err != nil {
		return 2, err
	}
	if b.caught, err = b.catchUp(ctx); err != nil {
		return 2, fmt.Errorf("couldn't measure catching up: %w", err)
	}
	if err := b.compare(ctx); err != nil {
		return 2, err
	}
	result := b.result()
	fmt.Print(result.Text())
	if o.document != "" {
		if err := result.Write(o.document); err != nil {
			return 2, err
		}
	}
	if result.Missed() {
		return 1, nil
	}
	return 0, nil
}
