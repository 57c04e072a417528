package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// progress tells on standard error what is going on and when it will be done:
// one line written over and over on a terminal, a line every ten seconds
// elsewhere. It is for one goroutine.
type progress struct {
	out      io.Writer
	terminal bool
	now      func() time.Time
	what     string
	began    time.Time
	shown    time.Time
}

func newProgress(now func() time.Time) *progress {
	return &progress{out: os.Stderr, terminal: term.IsTerminal(int(os.Stderr.Fd())), now: now}
}

// begin names what comes next.
func (p *progress) begin(format string, args ...any) {
	p.end()
	p.what, p.began, p.shown = fmt.Sprintf(format, args...), p.now(), p.now()
	p.write(p.what)
}

// at tells how far it has come.
func (p *progress) at(done, total int64) {
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
		grouped(int64(float64(done)/past.Seconds())), left.Round(time.Second)))
}

func (p *progress) write(line string) {
	if p.terminal {
		_, _ = fmt.Fprintf(p.out, "\r\x1b[K%s", line)
		return
	}
	_, _ = fmt.Fprintln(p.out, line)
}

// end finishes the line.
func (p *progress) end() {
	if p.terminal && p.what != "" {
		_, _ = fmt.Fprintln(p.out)
	}
	p.what = ""
}
