// Command doors measures the two hot paths, clicks and postbacks, beside the
// rivals in rivals/: in one run, on the same machine, round by round in turns.
//
//	wrk ──► homing, nginx, nginx + Lua + Redis ──► requests a second, processor time
//	open loop ──► the same ──────────────────────► latency at a fixed rate
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
	"os/signal"
	"path/filepath"
	"time"

	"homing"
)

// options are what can be chosen.
type options struct {
	program  string
	dir      string
	rounds   int
	shot     time.Duration
	clicks   int
	document string
	plots    string
	now      homing.Clock
}

// promised are the rounds of a run that is no trial.
const promised = 5

func parse(arguments []string) (options, error) {
	o := options{now: time.Now}
	f := flag.NewFlagSet("doors", flag.ContinueOnError)
	f.StringVar(&o.program, "program", "bin/homing", "homing, as make build makes it")
	f.StringVar(&o.dir, "dir", ".scratch/bench-doors", "where servers keep what they store; emptied before and after")
	f.IntVar(&o.rounds, "rounds", promised, "interleaved rounds of each figure")
	f.DurationVar(&o.shot, "shot", 3*time.Second, "how long one server is asked in a round")
	f.IntVar(&o.clicks, "clicks", 200_000, "clicks that postbacks report leads of")
	f.StringVar(&o.document, "document", "", "the file whose section is written; by default docs/benchmarks.md, and none of a trial with fewer rounds")
	f.StringVar(&o.plots, "plots", "docs/pictures", "where plots are written, if a document is")
	if err := f.Parse(arguments); err != nil {
		return o, err
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unknown argument %q", f.Arg(0))
	case o.rounds < 1 || o.shot < time.Second || o.clicks < 1000:
		return o, errors.New("--rounds, --shot or --clicks: too little to measure anything")
	}
	if o.document == "" && o.rounds >= promised {
		o.document = "docs/benchmarks.md"
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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code, err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "doors:", err)
		code = 2
	}
	os.Exit(code)
}

// run tells the exit code: 1 if a limit was missed.
func run(ctx context.Context, arguments []string) (int, error) {
	o, err := parse(arguments)
	if err != nil {
		return 2, err
	}
	b, err := open(ctx, o)
	if err != nil {
		return 2, err
	}
	err = b.measure(ctx)
	b.close()
	if err != nil {
		return 2, err
	}
	result := b.result()
	fmt.Print(result.Text())
	if o.document != "" {
		if err := errors.Join(result.Write(o.document), b.plot(o.plots)); err != nil {
			return 2, err
		}
	}
	if result.Missed() {
		return 1, nil
	}
	return 0, nil
}
