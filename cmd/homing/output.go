package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// output is the flag of commands whose answer may be a long file.
type output struct {
	Output string `short:"o" help:"The file to write; without it, standard output." placeholder:"FILE"`
}

// partSuffix ends the name of a file that is not whole yet.
const partSuffix = ".part"

// write has an answer written to where it is to go. A file has its name only
// once it is whole; a link to one stays a link. What is no file, such as a pipe
// or a device, is written into. The notes that come with the answer are told.
func (o output) write(s *session, answer func(io.Writer) ([]string, error)) error {
	if o.Output == "" {
		return o.pour(s, s.out, answer)
	}
	path, inPlace, err := target(o.Output)
	if err == nil && inPlace {
		err = o.writeInto(s, path, answer)
	} else if err == nil {
		err = o.writeWhole(s, path, answer)
	}
	return err
}

// writeInto writes into what is there.
func (o output) writeInto(s *session, path string, answer func(io.Writer) ([]string, error)) error {
	// Standard output may be a file that has something in it already.
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return fmt.Errorf("couldn't write --output: %w", err)
	}
	return o.fill(s, file, answer)
}

// writeWhole writes a file beside path and gives it that name when it is whole.
func (o output) writeWhole(s *session, path string, answer func(io.Writer) ([]string, error)) error {
	part := path + partSuffix
	file, err := os.Create(part)
	if err != nil {
		return fmt.Errorf("couldn't write --output: %w", err)
	}
	if err = o.fill(s, file, answer); err == nil {
		if err = os.Rename(part, path); err == nil {
			return nil
		}
		err = fmt.Errorf("couldn't write --output: %w", err)
	}
	return errors.Join(err, os.Remove(part))
}

// fill writes the answer and closes the file.
func (o output) fill(s *session, file *os.File, answer func(io.Writer) ([]string, error)) error {
	err := o.pour(s, file, answer)
	if closed := file.Close(); err == nil && closed != nil {
		err = fmt.Errorf("couldn't write --output: %w", closed)
	}
	return err
}

// target follows links to what is to be written. inPlace: nothing may take its
// place, for it is no file, or one that somebody has open, as /dev/stdout is.
func target(path string) (_ string, inPlace bool, err error) {
	for range 40 { // as many as the kernel follows
		if strings.HasPrefix(path, "/proc/") || strings.HasPrefix(path, "/dev/fd/") {
			return path, true, nil
		}
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return path, false, nil
		case err != nil:
			return "", false, fmt.Errorf("couldn't write --output: %w", err)
		case info.Mode()&fs.ModeSymlink == 0:
			return path, !info.Mode().IsRegular(), nil
		}
		next, err := os.Readlink(path)
		if err != nil {
			return "", false, fmt.Errorf("couldn't write --output: %w", err)
		}
		if !filepath.IsAbs(next) {
			dir, _ := filepath.Split(path) // not Join: a .. behind a link is not what it looks like
			next = dir + next
		}
		path = next
	}
	return "", false, fmt.Errorf("couldn't write --output: %s: too many links", path)
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
