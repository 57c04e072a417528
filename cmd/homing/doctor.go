package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"homing/internal/desk/control"
)

type doctorCmd struct {
	Repair bool `help:"Put right what can be made again or is safe: the warehouse, seals, permissions, left-over files."`
	Quick  bool `help:"Read no file through; ask what is known, and compare what came in since yesterday."`
	// Acknowledge ends what a repair cannot: the finding of what is gone for good.
	Acknowledge bool `help:"What was told as lost (records.lost) has been seen; it is told no more."`
	oneFormat
}

// Help tells what it does to others, and what the exit status says.
func (c *doctorCmd) Help() string {
	return `Every file is read and checked, and spool, ledger and warehouse are compared. Nothing is changed without --repair, and never the spool, the ledger or the master keys. Beside a running server it works slowly, so that redirects and postbacks go first.

Exit status: 0 healthy, 1 something was found, 2 it could not be looked at.`
}

// checkup is what an examination told, as JSON.
type checkup struct {
	Healthy  bool                    `json:"healthy"`
	Findings []control.DoctorFinding `json:"findings"`
	Checked  []string                `json:"checked"`
	Repaired []string                `json:"repaired"`
	Failed   []string                `json:"failed"`
}

// Run examines the house.
func (c *doctorCmd) Run(s *session) error {
	told := checkup{Findings: []control.DoctorFinding{}, Checked: []string{}, Repaired: []string{}, Failed: []string{}}
	bar := &progressBar{s: s}
	err := s.doctor(s.ctx, s.dataDir, control.DoctorRequest{Repair: c.Repair, Quick: c.Quick, Acknowledge: c.Acknowledge}, func(line control.DoctorLine) {
		bar.tell(line.Progress)
		told.take(&line)
	})
	bar.clear()
	told.Healthy = err == nil && told.wrong() == 0
	if err == nil || len(told.Findings) > 0 {
		if failed := printOne(s.out, c.Format, told, func(w io.Writer) { told.print(w, err == nil) }); failed != nil {
			return coded{failed, 2}
		}
	}
	switch n := told.wrong(); {
	case err != nil:
		return coded{fmt.Errorf("couldn't look at everything: %w", err), 2}
	case n > 0:
		return coded{fmt.Errorf("%s", counted(n, "finding")), 1}
	}
	return nil
}

// coded is an error with an exit status of its own.
type coded struct {
	error
	code int
}

func (c coded) Unwrap() error { return c.error }

func (t *checkup) take(line *control.DoctorLine) {
	switch {
	case line.Again:
		t.Findings, t.Checked = t.Findings[:0], t.Checked[:0]
	case line.Finding != nil:
		t.Findings = append(t.Findings, *line.Finding)
	case line.Checked != "":
		t.Checked = append(t.Checked, line.Checked)
	case line.Repaired != "":
		t.Repaired = append(t.Repaired, line.Repaired)
	case line.Failed != "":
		t.Failed = append(t.Failed, line.Failed)
	}
}

// note is the severity that asks for nothing.
const note = "note"

// wrong counts what asks for something.
func (t *checkup) wrong() int {
	n := len(t.Failed)
	for _, f := range t.Findings {
		if f.Severity != note {
			n++
		}
	}
	return n
}

func (t *checkup) print(w io.Writer, whole bool) {
	for _, text := range t.Checked {
		fmt.Fprintln(w, "looked at "+printable(text))
	}
	for _, text := range t.Repaired {
		fmt.Fprintln(w, "repaired: "+printable(text))
	}
	for _, text := range t.Failed {
		fmt.Fprintln(w, "not repaired: "+printable(text))
	}
	for _, f := range t.Findings {
		fmt.Fprintf(w, "\n%s: %s (%s)\n", strings.ToUpper(f.Severity), printable(f.Where), f.Kind)
		fmt.Fprintf(w, "  %s\n", printable(f.What))
		fmt.Fprintf(w, "  This means: %s\n", printable(f.Means))
		fmt.Fprintf(w, "  To do: %s\n", printable(f.Do))
	}
	switch {
	case !whole:
	case t.wrong() > 0:
		fmt.Fprintf(w, "\n%s.\n", counted(t.wrong(), "finding"))
	case len(t.Repaired) > 0:
		fmt.Fprintln(w, "\nThe house is healthy again.")
	default:
		fmt.Fprintln(w, "\nThe house is healthy.")
	}
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// progressBar shows how far it is, and how long it will take, where somebody sees
// it.
type progressBar struct {
	s     *session
	what  string
	since time.Time
	shown bool
}

func (b *progressBar) tell(p *control.DoctorProgress) {
	if p == nil || !b.s.watched {
		return
	}
	now := b.s.now()
	if p.What != b.what {
		b.what, b.since = p.What, now
	}
	fmt.Fprint(b.s.err, "\r\x1b[K"+printable(progressLine(p, now.Sub(b.since))))
	b.shown = true
}

func (b *progressBar) clear() {
	if b.shown {
		fmt.Fprint(b.s.err, "\r\x1b[K")
	}
}

// progressLine is a piece of work that has taken so long until now.
func progressLine(p *control.DoctorProgress, took time.Duration) string {
	if p.Total <= 0 {
		return p.What
	}
	done := min(p.Done, p.Total)
	far := fmt.Sprintf("%d of %d", done, p.Total)
	if p.Bytes {
		far = fmt.Sprintf("%s of %s", megabytes(done), megabytes(p.Total))
	}
	line := fmt.Sprintf("%s  %s (%d %%)", p.What, far, percentOf(done, p.Total))
	if took >= 2*time.Second && done > 0 && done < p.Total {
		left := time.Duration(float64(took) * float64(p.Total-done) / float64(done)) // of a length of time, not of money
		line += ", " + left.Round(time.Second).String() + " left"
	}
	return line
}

func percentOf(done, total int64) int64 { return min(done/max(total/100, 1), 100) }
