// Package simulate plays visitors and advertisers' servers against a running
// homing, over HTTP and HTTPS as they would, and reconciles: what homing holds
// afterwards must be what it acknowledged.
//
//	agenda ──► workers ──► homing ──► answers ──► books ──► reconcile ──► report
//	   ▲                                 │          ▲
//	   └── conversions, retries ◄────────┘          └── homing's own books and
//	                                                    reports, over its control
//	                                                    socket
//
// The agenda is an open loop: each request has its moment, and one that is sent late
// because the server was slow is measured from that moment. Senders behave
// as they do: they repeat what was not answered, some repeat what was, and some
// get it wrong in every way that is known.
//
// With --kill the server is the simulation's own. It is killed (SIGKILL) under
// load and started again on the same directory; what it acknowledged before
// each kill must be there afterwards, once. A kill does not show a missing
// fsync, for the kernel outlives the process; only a power cut does. The process
// of the warehouse is killed besides, and stopped for a while, which nobody but
// reports may notice.
package simulate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net/url"
	"time"

	"homing"
	"homing/internal/desk/control"
)

// Command is homing simulate.
type Command struct {
	// DataDir is of the server to play against; with --kill it is not used.
	DataDir string `kong:"-"`

	Rate        int           `name:"rate" default:"500" help:"Clicks a second."`
	Duration    time.Duration `name:"duration" default:"30s" help:"How long clicks are made; conversions go on for --delay."`
	Conversion  *float64      `name:"conversion-rate" help:"Share of visitors who convert (0.05; with --kill 0.2)." placeholder:"0.05"`
	Accounts    int           `name:"accounts" default:"4" help:"Advertisers; the last of several may not send multiple leads."`
	Campaigns   int           `name:"campaigns" default:"3" help:"Campaigns of each."`
	Delay       time.Duration `name:"delay" default:"5s" help:"Longest time from a click to its conversion; most come sooner."`
	Leads       int           `name:"leads" default:"3" help:"Most leads of a click."`
	Bad         float64       `name:"bad" default:"0.1" help:"Share of conversions that are sent in one of the ways senders get it wrong."`
	Connections int           `name:"connections" default:"64" help:"Most requests under way at once."`
	Seed        uint64        `name:"seed" help:"Seed of what is drawn; 0 = from the clock."`
	Format      string        `name:"format" enum:"text,json" default:"text" help:"How the result is printed."`
	OpenLoop    bool          `name:"open-loop" help:"Only offer load, however slow the answers, and tell latencies; nothing is reconciled. --connections is how many requests may be under way (default 1024)."`
	Patient     bool          `name:"patient" help:"With --open-loop: a connection that is answered 503 rests for a second or two, as Retry-After asks."`
	Plot        string        `name:"plot" help:"With --open-loop: write the latencies as a picture (SVG) into a file." placeholder:"FILE"`
	Kill        bool          `name:"kill" help:"Start a server of its own in a scratch directory, kill it under load, and see that nothing is lost or doubled."`
	Cycles      int           `name:"cycles" default:"3" help:"With --kill: how often it is killed, within --duration."`
}

// Env is what the command is run in.
type Env struct {
	Out, Err io.Writer // the result; progress
	// Connect opens the control socket of a data directory. It may succeed or
	// fail while nothing listens there; Status tells.
	Connect func(ctx context.Context, dataDir string) (Server, error)
	// Executable is the path of the homing program, for --kill.
	Executable string
	Clock      homing.Clock
	// Settle is how long the nodes of a cluster need until they have all heard of a
	// campaign, and have loaded what they took; 0 = there is one node.
	Settle time.Duration
}

// Server is what is asked of a running server over its control socket, see
// control.Client.
type Server interface {
	Status(ctx context.Context) (control.Status, error)
	CreateAccount(ctx context.Context, edit control.AccountEdit) (control.Account, error)
	CreateCampaign(ctx context.Context, edit control.CampaignEdit) (control.Campaign, error)
	Clicks(ctx context.Context, filter control.ClickFilter) iter.Seq2[control.Click, error]
	Conversions(ctx context.Context, filter control.ConversionFilter) iter.Seq2[control.Conversion, error]
	Postbacks(ctx context.Context, filter control.PostbackFilter) iter.Seq2[control.Postback, error]
	Report(ctx context.Context, parameters url.Values) (json.RawMessage, error)
	Close() error
}

// Differences is the error of a run that went well and found that the books do
// not agree: in how many points.
type Differences int

func (n Differences) Error() string {
	if n == 1 {
		return "reconciliation found 1 difference"
	}
	return fmt.Sprintf("reconciliation found %d differences", int(n))
}

// Run plays, reconciles and prints the result. It returns an error that is
// Differences if anything does not agree.
func (c *Command) Run(ctx context.Context, env Env) error {
	if err := c.check(); err != nil {
		return err
	}
	if c.Seed == 0 {
		c.Seed = uint64(env.Clock().UnixNano())
	}
	if c.Kill {
		return c.runKilling(ctx, env)
	}
	run := c.playAgainst
	if c.OpenLoop {
		run = c.offer
	}
	server, err := env.Connect(ctx, c.DataDir)
	if err != nil {
		return fmt.Errorf("couldn't reach a server on %s: %w", c.DataDir, err)
	}
	if _, err := server.Status(ctx); err != nil {
		return fmt.Errorf("no server answers for %s; start one with homing serve, or try --kill: %w", c.DataDir, errors.Join(err, server.Close()))
	}
	return errors.Join(run(ctx, env, server), server.Close())
}

func (c *Command) playAgainst(ctx context.Context, env Env, server Server) error {
	r, err := c.play(ctx, env, &stage{server: server})
	if err != nil {
		return err
	}
	return r.print(env.Out, c.Format)
}

// check refuses what cannot be played.
func (c *Command) check() error {
	switch {
	case c.Rate < 1 || c.Rate > 100_000:
		return fmt.Errorf("%w --rate %d: 1 to 100,000 clicks a second", homing.ErrInvalid, c.Rate)
	case c.Duration <= 0 || c.Duration > 24*time.Hour:
		return fmt.Errorf("%w --duration %s: more than nothing, up to a day", homing.ErrInvalid, c.Duration)
	case c.OpenLoop && c.Kill:
		return fmt.Errorf("%w --open-loop with --kill: nothing is reconciled without an agenda; choose one", homing.ErrInvalid)
	case c.Patient && !c.OpenLoop:
		return fmt.Errorf("%w --patient: it is a way to offer load; add --open-loop", homing.ErrInvalid)
	case c.Plot != "" && !c.OpenLoop:
		return fmt.Errorf("%w --plot: it draws what --open-loop measures; add that", homing.ErrInvalid)
	case c.Delay < 0:
		return fmt.Errorf("%w --delay %s: it cannot be negative", homing.ErrInvalid, c.Delay)
	case c.Accounts < 1 || c.Campaigns < 1 || c.Accounts*c.Campaigns > 1000:
		return fmt.Errorf("%w --accounts %d with --campaigns %d: 1 to 1,000 campaigns in all", homing.ErrInvalid, c.Accounts, c.Campaigns)
	case c.Leads < 0 || c.Connections < 1 || c.Cycles < 1:
		return fmt.Errorf("%w --leads, --connections or --cycles: too few", homing.ErrInvalid)
	case !share(c.Bad) || !share(c.conversionRate()):
		return fmt.Errorf("%w --bad or --conversion-rate: a share is 0 to 1", homing.ErrInvalid)
	}
	return nil
}

func share(x float64) bool { return x >= 0 && x <= 1 }

// conversionRate is higher with --kill: what is being counted at that moment is
// what a kill could double.
func (c *Command) conversionRate() float64 {
	switch {
	case c.Conversion != nil:
		return *c.Conversion
	case c.Kill:
		return 0.2
	}
	return 0.05
}

// visitors is how many come in all.
func (c *Command) visitors() int {
	return max(1, int(c.Duration*time.Duration(c.Rate)/time.Second))
}

// source gives each user of randomness a stream of its own.
func (c *Command) source(n int) *rand.Rand { return rand.New(rand.NewPCG(c.Seed, uint64(n))) }
