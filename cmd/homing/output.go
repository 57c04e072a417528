package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// output is the flag of commands whose answer may be a long file.
type output struct {
	Output string `short:"o" help:"The file to write; without it, standard output." placeholder:"FILE"`
}

// partSuffix ends the name of a file that is not whole yet.
const partSuffix = ".part"

// write has an answer written to where it is to go. A file has its name only
// once it is whole. The notes that come with the answer are told.
func (o output) write(s *session, answer func(io.Writer) ([]string, error)) error {
	if o.Output == "" {
		return o.pour(s, s.out, answer)
	}
	part := o.Output + partSuffix
	file, err := os.Create(part)
	if err != nil {
		return fmt.Errorf("couldn't write --output: %w", err)
	}
	err = o.pour(s, file, answer)
	if closed := file.Close(); err == nil && closed != nil {
		err = fmt.Errorf("couldn't write --output: %w", closed)
	}
	if err == nil {
		if err = os.Rename(part, o.Output); err == nil {
			return nil
		}
		err = fmt.Errorf("couldn't write --output: %w", err)
	}
	return errors.Join(err, os.Remove(part))
}

func (o output) pour(s *session, to io.Writer, answer func(io.Writer) ([]string, error)) error {
	out := bufio.NewWriterSize(to, 64<<10)
	p := &poured{to: out, now: s.now}
	if s.watched && (o.Output != "" || s.piped) {
		p.tell, p.next = s.err, s.now().Add(p.every())
	}
	notes, err := answer(p)
	p.end()
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	for _, note := range notes {
		fmt.Fprintln(s.err, "note: "+printable(note))
	}
	return wrongly(err)
}

// poured passes on a long answer, and tells a person how much of it there is.
type poured struct {
	to      io.Writer
	now     func() time.Time
	tell    io.Writer // nil: nobody
	next    time.Time
	written int64
	told    bool
}

func (p *poured) every() time.Duration { return time.Second / 4 }

// Write passes on.
func (p *poured) Write(b []byte) (int, error) {
	n, err := p.to.Write(b)
	p.written += int64(n)
	if p.tell == nil {
		return n, err
	}
	if now := p.now(); now.After(p.next) {
		p.next, p.told = now.Add(p.every()), true
		fmt.Fprintf(p.tell, "\r\x1b[K%.1f MB written", float64(p.written)/1e6)
	}
	return n, err
}

// end wipes what was told.
func (p *poured) end() {
	if p.told {
		fmt.Fprint(p.tell, "\r\x1b[K")
	}
}
