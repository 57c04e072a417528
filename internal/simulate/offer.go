package simulate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"

	"homing"
	"homing/internal/simulate/openloop"
	"homing/internal/simulate/plot"
	"homing/internal/simulate/wire"
)

// openLoopConnections are how many requests may be under way with --open-loop,
// unless it is said: few would turn the open loop into a closed one.
const openLoopConnections = 1024

// defaultConnections is --connections, if it is not said.
const defaultConnections = 64

// offered is the result of --open-loop.
type offered struct {
	Server      string         `json:"server"`
	Rate        int            `json:"clicks_per_second"`
	Seconds     float64        `json:"seconds"`
	Connections int            `json:"connections"`
	Unsent      uint64         `json:"never_sent"`
	Clicks      []offeredLoad  `json:"clicks"`
	Postbacks   []offeredLoad  `json:"postbacks"`
	Stages      []offeredStage `json:"by_second"`
}

// offeredLoad is how requests of a kind were answered with a status.
type offeredLoad struct {
	Status int `json:"status"` // 0: not answered
	openloop.Percentiles
	// FromSending leaves out the time for which every connection was busy.
	FromSending openloop.Percentiles `json:"from_sending"`
	// Settled are those of FromSending that were sent after the first second.
	Settled openloop.Percentiles `json:"settled"`
}

// offeredStage is one second of it.
type offeredStage struct {
	Good   int64 `json:"good"`
	Shed   int64 `json:"shed"`
	Broken int64 `json:"not_answered"`
}

// offer sends clicks at the rate, and postbacks of as many of them as convert,
// each at its moment, and tells how long the answers took.
func (c *Command) offer(ctx context.Context, env Env, server Server) error {
	status, err := server.Status(ctx)
	if err != nil {
		return err
	}
	run := env.Clock().UTC().Format("2006-01-02 15:04:05")
	cast, err := assemble(ctx, server, run, c.Accounts, c.Campaigns)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(env.Err, "offering %d clicks a second for %s\n", c.Rate, c.Duration); err != nil {
		return err
	}
	address := strings.TrimPrefix(status.Track, "http://")
	connections := openLoopConnections
	if c.Connections != defaultConnections {
		connections = c.Connections
	}
	pool := &pool{}
	var clicks, postbacks *openloop.Outcome
	var both sync.WaitGroup
	both.Go(func() {
		clicks = openloop.Run(ctx, openloop.Plan{
			Address: address, Rate: float64(c.Rate), Duration: c.Duration, Connections: connections, Patient: c.Patient, Clock: env.Clock,
			Request: func(dst []byte, n uint64) []byte {
				o := cast.offers[n%uint64(len(cast.offers))]
				b := &browsers[n%7] // billable ones
				headers := strings.ReplaceAll(b.headers, "%d", strconv.FormatUint(n%builds, 10))
				return wire.Request(dst, b.method, o.path+"?sub1=n"+strconv.FormatUint(n, 36), address, headers)
			},
			Answered: func(n uint64, a wire.Answer) {
				if a.Status == 302 && float64(n%1000) < c.conversionRate()*1000 {
					pool.add(cast.offers[n%uint64(len(cast.offers))], a.Location)
				}
			},
		})
	})
	both.Go(func() {
		postbacks = openloop.Run(ctx, openloop.Plan{
			Address: address, Rate: max(0.1, float64(c.Rate)*c.conversionRate()), Duration: c.Duration, Connections: connections / 4, Patient: c.Patient, Clock: env.Clock,
			Request: func(dst []byte, _ uint64) []byte {
				return wire.Request(dst, "GET", pool.target(), address, "User-Agent: simulation/1\r\n")
			},
		})
	})
	both.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	r := &offered{
		Server: status.Track, Rate: c.Rate, Seconds: c.Duration.Seconds(), Connections: connections,
		Unsent: clicks.Unsent + postbacks.Unsent, Clicks: loads(clicks), Postbacks: loads(postbacks),
	}
	for _, s := range clicks.Seconds {
		r.Stages = append(r.Stages, offeredStage{s.Good, s.Shed, s.Broken})
	}
	if c.Plot != "" {
		if err := os.WriteFile(c.Plot, []byte(r.plot()), 0o644); err != nil {
			return fmt.Errorf("couldn't write --plot: %w", err)
		}
	}
	return r.print(env.Out, c.Format)
}

// pool holds clicks that are going to convert. It is safe for concurrent use.
type pool struct {
	mu   sync.Mutex
	all  []string // guarded by mu: targets of postbacks
	next int      // guarded by mu
}

func (p *pool) add(o *offer, location []byte) {
	rest, ok := strings.CutPrefix(string(location), o.before)
	if !ok || len(rest) < homing.ClickIDLen {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, "/api/v1/cpa/action/"+rest[:homing.ClickIDLen]+"?value=1.50&key="+string(o.owner.key))
}

// target is the next click's postback, or of an older one again, or, before there
// is any, an id that was not minted.
func (p *pool) target() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.all) == 0 {
		return "/api/v1/cpa/action/" + strings.Repeat("0", homing.ClickIDLen)
	}
	p.next = (p.next + 1) % len(p.all)
	return p.all[p.next]
}

// loads lists the answers by status: the good ones first.
func loads(o *openloop.Outcome) (all []offeredLoad) {
	for _, status := range []int{302, 200, 400, 403, 429, 503, 0} {
		if p := o.Percentiles(status); p.Count > 0 {
			all = append(all, offeredLoad{status, p, o.WaitOf(status), o.SettledOf(status)})
		}
	}
	return all
}

func (r *offered) print(out io.Writer, format string) error {
	text := []byte(r.text())
	if format == "json" {
		var err error
		if text, err = json.MarshalIndent(r, "", "  "); err != nil {
			return fmt.Errorf("couldn't write the result: %w", err)
		}
		text = append(text, '\n')
	}
	if _, err := out.Write(text); err != nil {
		return fmt.Errorf("couldn't write the result: %w", err)
	}
	if len(r.Clicks) == 0 || r.Clicks[0].Status != 302 {
		return errors.New("no click was redirected")
	}
	return nil
}

// text is the result for people.
func (r *offered) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "open loop against %s: %s clicks a second for %.0f s, up to %d requests under way\n\n", r.Server, grouped(r.Rate), r.Seconds, r.Connections)
	fmt.Fprintf(&b, "  %-28s%12s%12s%12s%12s%12s%12s\n", "", "answers", "p50", "p90", "p99", "p99.9", "longest")
	for _, kind := range []struct {
		name  string
		loads []offeredLoad
	}{{"clicks", r.Clicks}, {"postbacks", r.Postbacks}} {
		for _, l := range kind.loads {
			name := fmt.Sprintf("%s answered %d", kind.name, l.Status)
			if l.Status == 0 {
				name = kind.name + " not answered"
			}
			fmt.Fprintf(&b, "  %-28s%12s", name, grouped(int64(l.Count)))
			for _, ms := range []float64{l.P50, l.P90, l.P99, l.P999, l.Max} {
				fmt.Fprintf(&b, "%12s", strconv.FormatFloat(ms, 'f', 2, 64)+" ms")
			}
			b.WriteByte('\n')
		}
	}
	if r.Unsent > 0 {
		fmt.Fprintf(&b, "\n%s requests were never sent: every connection was busy until the end.\n", grouped(int64(r.Unsent)))
	}
	b.WriteString("\nEach time is from the moment a request was due, not from when it could be sent.\n")
	return b.String()
}

// plot draws how long which share of the requests took.
func (r *offered) plot() string {
	p := plot.Plot{
		Title:  fmt.Sprintf("Latency at %s clicks a second, ms", grouped(r.Rate)),
		Across: "share of requests that were answered within", Steps: []string{"50 %", "90 %", "99 %", "99.9 %", "all"},
	}
	for _, kind := range []struct {
		name  string
		good  int
		loads []offeredLoad
	}{{"clicks", 302, r.Clicks}, {"postbacks", 200, r.Postbacks}} {
		for _, l := range kind.loads {
			if l.Status == kind.good {
				p.Lines = append(p.Lines, plot.Line{Name: kind.name, Values: []float64{l.P50, l.P90, l.P99, l.P999, l.Max}})
			}
		}
	}
	return p.SVG()
}
