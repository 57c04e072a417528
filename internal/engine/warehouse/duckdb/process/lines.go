package process

import (
	"bufio"
	"io"
	"log/slog"
	"strings"
	"sync"
)

// What a child prints goes to the log: so many lines, and so much of each.
const (
	mostLines = 100
	longest   = 1 << 10
)

// lines copies what a child prints to the log.
type lines struct {
	log *slog.Logger

	mu   sync.Mutex
	text string // guarded by mu; the last line
}

func (l *lines) copy(words io.Reader) {
	in := bufio.NewReaderSize(words, longest)
	for n := 1; ; n++ {
		line, more, err := in.ReadLine()
		if err != nil {
			return
		}
		text := strings.ToValidUTF8(string(line), "?")
		for more && err == nil { // the rest of a long one
			_, more, err = in.ReadLine()
		}
		l.keep(text)
		switch {
		case n < mostLines:
			l.log.Warn("the warehouse process says: " + text)
		case n == mostLines:
			l.log.Warn("the warehouse process says more; it is not logged until it is started again")
		}
	}
}

func (l *lines) keep(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if text != "" {
		l.text = text
	}
}

func (l *lines) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text
}
