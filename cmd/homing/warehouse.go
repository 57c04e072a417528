package main

import (
	"errors"
	"fmt"
	"io"

	"homing/internal/desk/control"
)

type warehouseCmd struct {
	Status  warehouseStatusCmd  `cmd:"" help:"How the warehouse is doing: trouble, lag, size, sealed days."`
	Rebuild warehouseRebuildCmd `cmd:"" help:"Make the warehouse again from sealed days, spool and ledger."`
}

type warehouseStatusCmd struct{ oneFormat }

// Run tells how the warehouse is doing.
func (c *warehouseStatusCmd) Run(s *session) error {
	return s.ask(func(client *control.Client) error {
		status, err := client.Warehouse(s.ctx)
		if err != nil {
			return err
		}
		return printOne(s.out, c.Format, status, func(w io.Writer) { printWarehouse(w, &status) })
	})
}

func printWarehouse(w io.Writer, s *control.WarehouseStatus) {
	say := func(label, format string, args ...any) {
		fmt.Fprintf(w, "%-9s %s\n", label, printable(fmt.Sprintf(format, args...)))
	}
	switch {
	case s.Trouble != "":
		say("state", "in trouble since %s UTC", shortTime(s.Since))
		say("trouble", "%s", s.Trouble)
	case s.Up:
		say("state", "up since %s UTC", shortTime(s.Since))
	default:
		say("state", "starting")
	}
	if s.Lag.Behind() {
		say("behind", "%d clicks and postbacks, %d s", s.Lag.Records, s.Lag.Seconds)
	} else {
		say("behind", "nothing")
	}
	if s.Lag.Trouble != "" {
		say("loading", "%s", s.Lag.Trouble)
	}
	say("disk", "%s", megabytes(s.Bytes))
	if s.Memory > 0 {
		say("memory", "%s", megabytes(s.Memory))
	}
	if s.Version != "" {
		say("engine", "%s", s.Version)
	}
	switch {
	case s.Sealed == nil:
		say("sealed", "not known while the warehouse is away")
	case s.Sealed.Days == 0:
		say("sealed", "no day yet")
	default:
		say("sealed", "%d days, %s to %s, %d rows, %s", s.Sealed.Days, s.Sealed.First, s.Sealed.Last, s.Sealed.Rows, megabytes(s.Sealed.Bytes))
	}
	for _, n := range s.Notices {
		say("notice", "%s", n)
	}
	for _, i := range s.Incidents {
		say("was", "%s to %s UTC: %s", shortTime(i.From), shortTime(i.Until), i.What)
	}
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

type warehouseRebuildCmd struct{}

// Help tells what it does to others.
func (c *warehouseRebuildCmd) Help() string {
	return `What is stored now is put aside until the new one stands. Redirects and postbacks go on; reports lack days until they are loaded again. What cannot be made again, such as days whose archive is damaged, is told at the end, and the exit status is 1.`
}

// Run makes the warehouse again.
func (c *warehouseRebuildCmd) Run(s *session) error {
	return s.ask(func(client *control.Client) error {
		over, what, missing := false, "", 0
		for p, err := range client.RebuildWarehouse(s.ctx) {
			if err != nil {
				return err
			}
			over = p.Over
			s.tellRebuilding(p, what)
			what = p.What
			missing += len(p.Notices)
		}
		switch {
		case !over:
			return errors.New("the server did not say that the warehouse was made again; see homing warehouse status")
		case missing > 0:
			return errors.New("the warehouse was made again, but not everything is in it: see the notices above")
		}
		_, err := fmt.Fprintln(s.out, "The warehouse was made again.")
		return err
	})
}

// tellRebuilding shows progress: one line written over and over on a terminal,
// a line for each new thing elsewhere; and at the end notices.
func (s *session) tellRebuilding(p control.Rebuilding, last string) {
	line := p.What
	if p.Total > 0 {
		line = fmt.Sprintf("%s  %d of %d (%d %%)", p.What, p.Done, p.Total, p.Done*100/p.Total)
	}
	switch {
	case s.watched && (p.Over || len(p.Notices) > 0):
		fmt.Fprint(s.err, "\r\x1b[K")
	case s.watched:
		fmt.Fprint(s.err, "\r\x1b[K"+printable(line))
	case p.What != last && !p.Over && len(p.Notices) == 0:
		fmt.Fprintln(s.err, printable(p.What))
	}
	for _, n := range p.Notices {
		fmt.Fprintln(s.err, "notice: "+printable(n))
	}
}
