// Package torture proves that nothing acknowledged is lost and nothing is
// counted twice, under every fault that can be produced on one machine.
//
//	driver ──► homing ──► answers ──► books ──► fault ──► start again ──► compare
//	   ▲                                                                    │
//	   └──────────────── goes on on what was recovered ◄────────────────────┘
//
// The driver plays visitors and advertisers' servers and writes down what was
// acknowledged, on the safe side of the fault. After the fault the program is
// started again on what it left behind, and its own books are compared with
// ours: everything acknowledged is there, once, with its value; what was stored
// and not acknowledged is allowed, but not twice. Then it goes on.
//
// Every line of Rows is a kind of fault. go test runs each a few times, make
// torture as often as docs/reliability.md tells. A proof that cannot fail proves
// nothing: package mistake builds the program with one deliberate mistake, and
// the row that is to catch it must find a difference.
package torture

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"homing"
	"homing/internal/simulate/process"
)

// Stage is where a row is run.
type Stage struct {
	Program string // path of homing; with a deliberate mistake in it, perhaps
	Dir     string // scratch, the row's own: data, logs, see Perform
	Source  string // the module's directory, for files that old versions wrote
	Seed    uint64
	Clock   homing.Clock
	// Progress is told how many rounds are done.
	Progress func(done int)
	// Notes gets what a person may want to know besides.
	Notes io.Writer
	// Past is what an earlier run of the row did; rows that are run in chapters go
	// on behind it. Save is given what is done after each chapter, if it is set.
	Past Past
	Save func(Past) error

	mu      sync.Mutex
	secrets []homing.Secret // guarded by mu: see Keep
}

// Rand is a stream of random numbers of its own for each user of one.
func (s *Stage) Rand(user uint64) *rand.Rand { return rand.New(rand.NewPCG(s.Seed, user)) }

// Launch is how the program is run on a data directory, with files of 4 MiB, so
// that a short run rolls some, and with a proxy that is believed, so that lead
// codes can come over plain http.
func (s *Stage) Launch(data string, args ...string) process.Launch {
	return process.Launch{
		Program: s.Program, Data: data, Log: filepath.Join(s.Dir, "serve.log"),
		Args: append([]string{
			"--track-tls-listen", "", "--trusted-proxies", "127.0.0.1/32", "--spool-segment-size", "4194304", "--warehouse-memory", "512MiB",
		}, args...),
	}
}

// within is a stage in a directory of its own below this one, with keys of its
// own, for rows that begin anew now and then. Its keys are looked for by whoever
// made it.
func (s *Stage) within(name string) (*Stage, error) {
	below := &Stage{Program: s.Program, Dir: filepath.Join(s.Dir, name), Source: s.Source, Seed: s.Seed, Clock: s.Clock, Notes: s.Notes}
	return below, os.MkdirAll(below.Dir, 0o700)
}

func (s *Stage) note(format string, args ...any) { fmt.Fprintf(s.Notes, format+"\n", args...) }

// Note tells a person something.
func (s *Stage) Note(format string, args ...any) { s.note(format, args...) }

// Done tells that so many rounds are done.
func (s *Stage) Done(rounds int) {
	if s.Progress != nil {
		s.Progress(rounds)
	}
}

// Past is how far a row has come, and what it found so far.
type Past struct {
	Result Result         `json:"result"`
	Counts map[string]int `json:"counts,omitempty"` // see Stage.counts
}

// counts is what a row counts besides, from its first run on. It is for one
// goroutine.
func (s *Stage) counts() map[string]int {
	if s.Past.Counts == nil {
		s.Past.Counts = map[string]int{}
	}
	return s.Past.Counts
}

// Result is what a row found.
type Result struct {
	Rounds int `json:"rounds"`
	// Clicks and Conversions were acknowledged and compared.
	Clicks      int `json:"clicks"`
	Conversions int `json:"conversions"`
	Tally
	// Figures are what else was measured, in the order to be shown.
	Figures []Figure `json:"figures,omitempty"`
}

// Figure is something that was measured.
type Figure struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	// Limit is what it must keep to, in words; Missed if it does not.
	Limit  string `json:"limit,omitempty"`
	Missed bool   `json:"missed,omitempty"`
}

// Failed tells whether anything was lost, doubled or wrong, or a limit missed.
func (r *Result) Failed() bool {
	for _, f := range r.Figures {
		if f.Missed {
			return true
		}
	}
	return r.Total() > 0
}

// Add sums two results of a row that was run in parts.
func (r *Result) Add(other Result) {
	r.Rounds += other.Rounds
	r.Clicks += other.Clicks
	r.Conversions += other.Conversions
	r.Tally.add(other.Tally)
	r.Figures = other.Figures
}

// Row is one kind of fault.
type Row struct {
	Name  string // "power cut", as it is asked for
	How   string // how the fault is produced, in a sentence
	Proof string // what must hold, in a sentence
	Short int    // rounds in make test
	Long  int    // rounds in make torture
	Unit  string // what a round is: "kills", "calls"
	// Mistakes names those of package mistake that the row must catch.
	Mistakes []string
	// Needs says why the row cannot be run here; "" = it can.
	Needs func() string
	// Run runs as many rounds. The error is of what stood in the way of running;
	// what was found is in the result. A server that does not start again after
	// the fault is found, not in the way: see Driver.Reopen. It is called by
	// Perform, which looks for keys afterwards in all that is left in Stage.Dir.
	Run func(ctx context.Context, s *Stage, rounds int) (Result, error)
}

// Rows lists every kind of fault, in the order they are shown.
func Rows() []Row {
	return []Row{
		kills,
		duplicates,
		terminations,
		powerCuts,
		crashImages,
		fullDisks,
		hungDisks,
		slowDisks,
		ioFaults,
		bitRot,
		clockSteps,
		upgrades,
		backups,
		overload,
	}
}

// Perform runs so many rounds of a row, and then looks for the keys that were
// used in everything that was left behind.
func Perform(ctx context.Context, row *Row, s *Stage, rounds int) (Result, error) {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return Result{}, fmt.Errorf("couldn't make the scratch directory: %w", err)
	}
	result, err := row.Run(ctx, s, rounds)
	if err != nil {
		return result, fmt.Errorf("%s: %w", row.Name, err)
	}
	if err := s.lookForSecrets(ctx, &result); err != nil {
		return result, fmt.Errorf("%s: couldn't look for keys: %w", row.Name, err)
	}
	return result, nil
}

// root tells why something that needs root cannot be done; "" = it can.
func root() string {
	if os.Geteuid() != 0 {
		return "it mounts file systems, which needs root"
	}
	return ""
}

// Sleep waits, or tells that ctx is done.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
