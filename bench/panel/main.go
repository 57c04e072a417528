// Command panel measures what the panel promises: pages under 100 KB that the
// server makes in under 100 ms on ten million clicks.
//
//	traffic ──► spool, ledger ──► homing serve, in this process ──► loader ──► warehouse
//	                                      └─► every page, as an operator and as an advertiser ──► table
//
// The data is of 30 days, and the last of them is today by the clock that the
// server is given. The table goes to standard output and, between two markers,
// into docs/benchmarks.md, unless it was a trial. It ends with 1 if a limit was
// missed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"homing/bench/show"
	"homing/internal/app"
)

// options are what can be chosen.
type options struct {
	clicks   int64
	dir      string
	seed     uint64
	only     string
	remark   string
	keep     string
	serve    bool
	document string
	clean    bool
	now      func() time.Time
}

// allClicks are those of the promise.
const allClicks = 10_000_000

func parse(arguments []string) (options, error) {
	o := options{now: time.Now}
	f := flag.NewFlagSet("panel", flag.ContinueOnError)
	f.Int64Var(&o.clicks, "clicks", allClicks, "clicks there are; 300000 is a trial of a minute")
	f.StringVar(&o.dir, "dir", ".scratch/bench-panel", "where the data is made, and kept for the next run")
	f.Uint64Var(&o.seed, "seed", 1, "of the traffic")
	f.StringVar(&o.only, "only", "", "ask only for pages whose path has this in it; nothing is written then")
	f.StringVar(&o.remark, "remark", "", "a sentence that is written above the table, such as what else the machine did")
	f.StringVar(&o.keep, "keep", "", "a directory where the pages are kept that were measured")
	f.BoolVar(&o.serve, "serve", false, "tell where the panel is and how to be let in, and stay")
	f.StringVar(&o.document, "document", "", "the file whose section is written; by default docs/benchmarks.md, and none of a trial with fewer clicks")
	f.BoolVar(&o.clean, "clean", false, "remove the data and end")
	if err := f.Parse(arguments); err != nil {
		return o, err
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unknown argument %q", f.Arg(0))
	case o.clicks < 100_000:
		return o, errors.New("--clicks: at least 100000, or there is nothing to show")
	}
	if o.document == "" && o.clicks >= allClicks && o.only == "" {
		o.document = "docs/benchmarks.md"
	}
	dir, err := filepath.Abs(o.dir)
	o.dir = dir
	return o, err
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == app.WarehouseArgument {
		os.Exit(app.WarehouseProcess())
	}
	show.Main("panel", run)
}

// run tells the exit code: 1 if a limit was missed.
func run(ctx context.Context, arguments []string) (code int, err error) {
	o, err := parse(arguments)
	if err != nil {
		return 2, err
	}
	if o.clean {
		return 0, cleanUp(o.dir)
	}
	progress := show.NewProgress(o.now)
	made, err := dataOf(ctx, &o, progress)
	if err != nil {
		return 2, fmt.Errorf("couldn't make the data: %w", err)
	}
	h, err := open(ctx, &o, progress)
	if err != nil {
		return 2, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	if o.serve {
		fmt.Printf("%s\ncookie of an operator: homing=%s\ncookie of an advertiser: homing=%s\n", h.base, operatorToken, advertiserToken)
		<-ctx.Done()
		return 0, nil
	}
	var list []measured
	for _, p := range pages(made) {
		if strings.Contains(p.path, o.only) {
			progress.Begin("%s, %s", p.as, p.title)
			list = append(list, h.measure(ctx, &p, &o))
		}
	}
	progress.End()
	if err := ctx.Err(); err != nil {
		return 2, err
	}
	result := resultOf(&o, made, h.version, list)
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
