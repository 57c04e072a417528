package simulate

import (
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"golang.org/x/term"
)

// progress shows how a run goes: one line written over and over on a terminal,
// a line every few seconds elsewhere.
type progress struct {
	out      io.Writer
	play     *play
	began    time.Time
	length   time.Duration
	terminal bool
	stop     chan struct{}
	stopped  chan struct{}
}

func newProgress(out io.Writer, p *play, length time.Duration) *progress {
	file, ok := out.(*os.File)
	g := &progress{
		out: out, play: p, began: p.clock(), length: length,
		terminal: ok && term.IsTerminal(int(file.Fd())),
		stop:     make(chan struct{}), stopped: make(chan struct{}),
	}
	go g.run()
	return g
}

func (g *progress) run() {
	defer close(g.stopped)
	every := 5 * time.Second
	if g.terminal {
		every = 250 * time.Millisecond
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			g.show()
		case <-g.stop:
			return
		}
	}
}

// show writes the line. Progress that cannot be shown is nobody's loss.
func (g *progress) show() {
	s := &g.play.sent
	line := fmt.Sprintf("%s   %s clicks   %s conversions, %s repeats, %s refused   %s not answered",
		g.when(), grouped(s.redirects.Load()),
		grouped(s.counted.Load()), grouped(s.repeats.Load()), grouped(s.refused.Load()),
		grouped(s.unsent.Load()+s.broken.Load()+s.shed.Load()))
	if g.terminal {
		_, _ = fmt.Fprintf(g.out, "\r\x1b[K%s", line)
		return
	}
	_, _ = fmt.Fprintln(g.out, line)
}

// when tells how far the run is. What is under way at its end is waited for.
func (g *progress) when() string {
	past := g.play.clock().Sub(g.began)
	if past >= g.length {
		return "finishing"
	}
	return fmt.Sprintf("%3.0f of %.0f s", math.Floor(past.Seconds()), g.length.Seconds())
}

// close ends the showing and, on a terminal, wipes the line.
func (g *progress) close() {
	close(g.stop)
	<-g.stopped
	if g.terminal {
		_, _ = fmt.Fprint(g.out, "\r\x1b[K")
	}
}
