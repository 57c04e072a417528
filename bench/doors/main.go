// Command doors measures what the two hot paths promise, clicks and postbacks,
// beside the rivals in rivals/: in one run, on the same machine, round by round
// in turns.
//
//	doors     wrk ──► homing, nginx, nginx + Lua + Redis ──► requests a second, processor time
//	          open loop ──► the same ────────────────────► latency at a fixed rate
//	stored    a spool of a hundred million clicks ──► starts, memory; bytes on disk
//	profile   perf ──► homing under load ────────────► where each microsecond goes
//
// Tables and plots go into docs/benchmarks.md, unless it was a trial. It ends with
// 1 if a limit was missed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"homing"
	"homing/bench/restart"
	"homing/bench/show"
	"homing/internal/engine/warehouse/duckdb/process"
	"homing/internal/engine/warehouse/duckdb/process/child"
)

// options are what can be chosen.
type options struct {
	program  string
	dir      string
	parts    []string
	rounds   int
	shot     time.Duration
	glance   time.Duration
	clicks   int
	stored   int64
	loaded   int64
	document string
	plots    string
	began    time.Time
	now      homing.Clock
}

// The parts of a run.
const (
	partDoors   = "doors"
	partStored  = "stored"
	partProfile = "profile"
)

var allParts = []string{partDoors, partStored, partProfile}

// What a run has that is no trial.
const (
	promisedRounds = 5
	promisedStored = 100_000_000
	document       = "docs/benchmarks.md"
)

func parse(arguments []string) (options, error) {
	o := options{now: time.Now}
	f := flag.NewFlagSet("doors", flag.ContinueOnError)
	f.StringVar(&o.program, "program", "bin/homing", "homing, as make build makes it")
	f.StringVar(&o.dir, "dir", ".scratch/bench-doors", "where servers keep what they store; emptied before and after")
	parts := f.String("parts", strings.Join(allParts, ","), "what is measured")
	f.IntVar(&o.rounds, "rounds", promisedRounds, "interleaved rounds of each figure")
	f.DurationVar(&o.shot, "shot", 3*time.Second, "how long one server is asked in a round")
	f.DurationVar(&o.glance, "glance", 2*time.Second, "the same for numbers of connections that no limit is for")
	f.IntVar(&o.clicks, "clicks", 150_000, "clicks that postbacks report leads of")
	f.Int64Var(&o.stored, "stored", promisedStored, "clicks in the spool that homing is started on; they take some 80 bytes of disk each")
	f.Int64Var(&o.loaded, "loaded", 4_000_000, "clicks in the warehouse whose size is told")
	f.StringVar(&o.document, "document", "", "the file whose sections are written; by default "+document+", and none of a trial with less of anything")
	f.StringVar(&o.plots, "plots", "docs/pictures", "where plots are written, if a document is")
	since := f.Int64("since", 0, "when everything began, in Unix seconds; 0 = now")
	if err := f.Parse(arguments); err != nil {
		return o, err
	}
	o.parts = strings.Split(*parts, ",")
	if o.began = o.now(); *since != 0 {
		o.began = time.Unix(*since, 0)
	}
	for _, part := range o.parts {
		if !slices.Contains(allParts, part) {
			return o, fmt.Errorf("--parts: %q is none of %s", part, strings.Join(allParts, ", "))
		}
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unknown argument %q", f.Arg(0))
	case o.rounds < 1 || o.shot < time.Second || o.glance < time.Second || o.clicks < 1000 || o.stored < 10_000 || o.loaded < 10_000:
		return o, errors.New("--rounds, --shot, --glance, --clicks, --stored or --loaded: too little to measure anything")
	}
	if o.document == "" && o.rounds >= promisedRounds && o.stored >= promisedStored && len(o.parts) == len(allParts) {
		o.document = document
	}
	for _, path := range []*string{&o.program, &o.dir} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return o, err
		}
		*path = absolute
	}
	return o, nil
}

func main() {
	if code, other := otherProgram(os.Args[1:]); other {
		os.Exit(code)
	}
	show.Main("doors", run)
}

// otherProgram is what we are when we have started ourselves: a warehouse's
// process, or one that is killed while it fills a spool.
func otherProgram(arguments []string) (code int, other bool) {
	if len(arguments) == 0 {
		return 0, false
	}
	switch arguments[0] {
	case process.Argument:
		return child.Main(), true
	case restart.TearArgument:
		fmt.Fprintln(os.Stderr, restart.TearOff(arguments[1], time.Now))
		return 1, true
	}
	return 0, false
}

// run tells the exit code: 1 if a limit was missed.
func run(ctx context.Context, arguments []string) (int, error) {
	o, err := parse(arguments)
	if err != nil {
		return 2, err
	}
	b, err := measureAll(ctx, o)
	if err != nil {
		return 2, err
	}
	code := 0
	for _, result := range b.results() {
		fmt.Print(result.Text())
		if o.document != "" {
			if err := result.Write(o.document); err != nil {
				return 2, err
			}
		}
		if result.Missed() {
			code = 1
		}
	}
	if o.document != "" && b.has(partDoors) {
		if err := b.plot(o.plots); err != nil {
			return 2, err
		}
	}
	fmt.Printf("\n%s in all.\n", show.Duration(b.took))
	return code, nil
}
