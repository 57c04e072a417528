package show

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// Progress tells on standard error what is going on and when it will be done:
// one line written over and over on a terminal, a line every ten seconds
// elsewhere. It is for one goroutine.
type Progress struct {
	out      io.Writer
	terminal bool
	now      func() time.Time
	what     string
	began    time.Time
	shown    time.Time
}

// NewProgress tells on standard error.
func NewProgress(now func() time.Time) *Progress {
	return &Progress{out: os.Stderr, terminal: term.IsTerminal(int(os.Stderr.Fd())), now: now}
}

// Begin names what comes next.
func (p *Progress) Begin(format string, args ...any) {
	p.End()
	p.what, p.began, p.shown = fmt.Sprintf(format, args...), p.now(), p.now()
	p.write(p.what)
}

// At tells how far it has come.
func (p *Progress) At(done, total int64) {
	now := p.now()
	every := 10 * time.Second
	if p.terminal {
		every = 250 * time.Millisecond
	}
	if now.Sub(p.shown) < every || done == 0 || total == 0 {
		return
	}
	p.shown = now
	past := now.Sub(p.began)
	left := time.Duration(float64(past) / float64(done) * float64(total-done))
	p.write(fmt.Sprintf("%s   %3d %%   %s/s   %s left", p.what, done*100/total,
		Grouped(int64(float64(done)/past.Seconds())), left.Round(time.Second)))
}

func (p *Progress) write(line string) {
	if p.terminal {
		_, _ = fmt.Fprintf(p.out, "\r\x1b[K%s", line)
		return
	}
	_, _ = fmt.Fprintln(p.out, line)
}

// End finishes the line.
func (p *Progress) End() {
	if p.terminal && p.what != "" {
		_, _ = fmt.Fprintln(p.out)
	}
	p.what = ""
}
