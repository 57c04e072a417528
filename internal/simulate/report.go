package simulate

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"homing/internal/simulate/openloop"
)

// report is the result of a run, as it is printed.
type report struct {
	Server    string  `json:"server"`
	Seed      uint64  `json:"seed"`
	Accounts  int     `json:"accounts"`
	Campaigns int     `json:"campaigns"`
	Seconds   float64 `json:"seconds"`
	HTTPS     bool    `json:"https"`

	Sent         sentCounts   `json:"sent"`
	Acknowledged acknowledged `json:"acknowledged"`
	Held         holdings     `json:"held"`
	NotAnswered  notAnswered  `json:"not_answered"`

	ClicksPerSecond float64              `json:"clicks_per_second"`
	Clicks          openloop.Percentiles `json:"click_latency"`
	Calls           openloop.Percentiles `json:"postback_latency"`
	Late            int64                `json:"sent_late"`

	Reports compared `json:"reports"`

	// Restarts are the times from a start after a kill to the first redirect.
	Restarts []float64 `json:"restarts_ms,omitempty"`
	// Warehouse tells what happened to the process of the warehouse.
	Warehouse *tormented `json:"warehouse,omitempty"`

	Lost        int          `json:"lost"`
	Double      int          `json:"double"`
	Other       int          `json:"other"`
	Differences []difference `json:"differences"`
}

type sentCounts struct {
	Clicks    int64 `json:"clicks"`
	Postbacks int64 `json:"postbacks"`
	Retries   int64 `json:"retries"`
}

type acknowledged struct {
	Clicks      int64 `json:"clicks"`
	NotBillable int64 `json:"not_billable"`
	// Conversions are told apart by (click, goal, lead code), whether the call
	// that made them got its answer or only a repeat.
	Conversions int   `json:"conversions"`
	Repeats     int64 `json:"repeats"`
	Refused     int64 `json:"refused"`
	Limited     int64 `json:"refused_429"`
}

// notAnswered counts requests without an answer: never sent, because nobody
// listened; broken off; and answered 503.
type notAnswered struct {
	Unsent int64 `json:"not_sent"`
	Broken int64 `json:"broken_off"`
	Shed   int64 `json:"shed_503"`
}

func newReport(c *Command, p *play, held holdings) *report {
	s, found := &p.sent, &p.books.found
	r := &report{
		Server: "http://" + *p.plain.Load(), Seed: c.Seed, HTTPS: p.https(),
		Accounts: len(p.cast.advertisers), Campaigns: len(p.cast.offers), Seconds: p.played.Seconds(),
		Sent: sentCounts{s.clicks.Load(), s.calls.Load(), s.retries.Load()},
		Acknowledged: acknowledged{
			Clicks: s.redirects.Load(), NotBillable: s.notBillable.Load(), Conversions: p.books.conversions(),
			Repeats: s.repeats.Load(), Refused: s.refused.Load(), Limited: s.limited.Load(),
		},
		Held:            held,
		NotAnswered:     notAnswered{s.unsent.Load(), s.broken.Load(), s.shed.Load()},
		ClicksPerSecond: float64(s.redirects.Load()) / max(c.Duration, time.Duration(s.lastRedirect.Load())).Seconds(),
		Clicks:          p.clickTimes.Percentiles(), Calls: p.callTimes.Percentiles(),
		Late: s.late.Load(),
		Lost: found.count[lost], Double: found.count[double], Other: found.count[other],
		Differences: found.first,
	}
	if r.Differences == nil {
		r.Differences = []difference{}
	}
	return r
}

// conversions counts those that were acknowledged.
func (b *books) conversions() (n int) {
	for _, c := range b.claims {
		if c.counted+c.repeated > 0 {
			n++
		}
	}
	return n
}

// verdict is nil, or Differences.
func (r *report) verdict() error {
	if n := r.Lost + r.Double + r.Other; n > 0 {
		return Differences(n)
	}
	return nil
}

// print writes the report and returns its verdict.
func (r *report) print(out io.Writer, format string) error {
	if format == "json" {
		text, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return fmt.Errorf("couldn't write the report: %w", err)
		}
		if _, err := fmt.Fprintf(out, "%s\n", text); err != nil {
			return fmt.Errorf("couldn't write the report: %w", err)
		}
		return r.verdict()
	}
	if _, err := io.WriteString(out, r.text()); err != nil {
		return fmt.Errorf("couldn't write the report: %w", err)
	}
	return r.verdict()
}

// text is the report for people.
func (r *report) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "simulation against %s: %d accounts, %d campaigns, %.1f s, seed %d\n\n",
		r.Server, r.Accounts, r.Campaigns, r.Seconds, r.Seed)
	row := func(name string, columns ...string) {
		fmt.Fprintf(&b, "  %-22s", name)
		for _, c := range columns {
			fmt.Fprintf(&b, "%14s", c)
		}
		b.WriteByte('\n')
	}
	row("", "sent", "acknowledged", "held")
	row("clicks", grouped(r.Sent.Clicks), grouped(r.Acknowledged.Clicks), grouped(r.Held.Clicks))
	row("  of them not billable", "", grouped(r.Acknowledged.NotBillable), grouped(r.Held.NotBillable))
	row("postbacks", grouped(r.Sent.Postbacks), "", "")
	row("  conversions", "", grouped(r.Acknowledged.Conversions), grouped(r.Held.Conversions))
	row("  repeats", "", grouped(r.Acknowledged.Repeats), grouped(r.Held.Repeats))
	row("  refused as expected", "", grouped(r.Acknowledged.Refused), grouped(r.Held.Refused))
	b.WriteByte('\n')
	row("answered within", "p50", "p90", "p99", "longest")
	row("clicks", columns(r.Clicks)...)
	row("postbacks", columns(r.Calls)...)
	b.WriteByte('\n')
	fmt.Fprintf(&b, "  %.1f clicks a second; %s requests sent over %d ms late\n", r.ClicksPerSecond, grouped(r.Late), lateAfter.Milliseconds())
	if n := r.NotAnswered; n != (notAnswered{}) || r.Sent.Retries > 0 {
		fmt.Fprintf(&b, "  not answered: %s never sent, %s broken off, %s with 503; senders tried %s times again\n",
			grouped(n.Unsent), grouped(n.Broken), grouped(n.Shed), grouped(r.Sent.Retries))
	}
	if n := r.Held.Unanswered; n != (unanswered{}) {
		fmt.Fprintf(&b, "  stored although the answer was cut off: %s clicks, %s conversions\n", grouped(n.Clicks), grouped(n.Conversions))
	}
	if n := r.Acknowledged.Limited; n > 0 {
		fmt.Fprintf(&b, "  %s of the refusals came as 429\n", grouped(n))
	}
	if !r.HTTPS {
		b.WriteString("  the server has no https listener, so no lead codes were sent\n")
	}
	if len(r.Restarts) > 0 {
		fmt.Fprintf(&b, "  killed %d times; from start to first redirect: %s\n", len(r.Restarts), listed(r.Restarts))
	}
	if w := r.Warehouse; w != nil && w.Kills+w.Stops > 0 {
		fmt.Fprintf(&b, "  the warehouse's process was killed %d times and stopped %d times\n", w.Kills, w.Stops)
	}
	if c := r.Reports; c.Reports > 0 {
		fmt.Fprintf(&b, "  %s reports compared, %s cells: by every dimension, by both bases, in %s\n",
			grouped(c.Reports), grouped(c.Cells), strings.Join(c.Zones, ", "))
	} else if c.Not != "" {
		fmt.Fprintf(&b, "  no reports were compared: %s\n", c.Not)
	}
	b.WriteByte('\n')
	b.WriteString(r.conclusion())
	return b.String()
}

// conclusion tells the differences, the first in words.
func (r *report) conclusion() string {
	n := r.Lost + r.Double + r.Other
	if n == 0 {
		if len(r.Restarts) > 0 {
			return "0 lost, 0 double\n"
		}
		return "Everything agrees.\n"
	}
	var b strings.Builder
	for _, d := range r.Differences {
		fmt.Fprintf(&b, "  %-7s %s\n", d.Kind, d.What)
	}
	if more := n - len(r.Differences); more > 0 {
		fmt.Fprintf(&b, "  and %d more\n", more)
	}
	fmt.Fprintf(&b, "\n%d lost, %d double, %d other differences\n", r.Lost, r.Double, r.Other)
	return b.String()
}

func columns(p openloop.Percentiles) []string {
	var all []string
	for _, ms := range []float64{p.P50, p.P90, p.P99, p.Max} {
		all = append(all, strconv.FormatFloat(ms, 'f', 1, 64)+" ms")
	}
	return all
}

func listed(ms []float64) string {
	var all []string
	for _, m := range ms {
		all = append(all, strconv.FormatFloat(m, 'f', 0, 64)+" ms")
	}
	return strings.Join(all, ", ")
}

// grouped writes a number with commas between thousands.
func grouped[T int | int64](n T) string {
	s := strconv.FormatInt(int64(n), 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
