package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"homing/bench/show"
	"homing/internal/app"
)

// Runs of a page: first some that do not count, then the ones that count.
const (
	warmRuns = 3
	runs     = 15
)

// measured is a page with what was measured of it.
type measured struct {
	asked
	took      show.Timing
	warehouse show.Timing // of its question alone, if it has one
	size      int
	gzipped   int
}

// measure asks for a page again and again, as a browser would.
func (h *house) measure(ctx context.Context, p *asked, o *options) measured {
	m := measured{asked: *p}
	var text []byte
	m.took = show.Timed(o.now, warmRuns, runs, func() {}, func() (err error) {
		text, err = h.ask(ctx, p)
		return err
	})
	m.size, m.gzipped = len(text), gzipped(text)
	if len(p.question) > 0 {
		m.warehouse = h.question(ctx, p, o)
	}
	if o.keep != "" && m.took.Err == nil {
		m.took.Err = keep(o.keep, p, text)
	}
	return m
}

// question asks a report's question without a page around it.
func (h *house) question(ctx context.Context, p *asked, o *options) show.Timing {
	client, err := app.Connect(ctx, h.dir, false, h.clock)
	if err != nil {
		return show.Timing{Err: err}
	}
	defer client.Close()
	values := map[string][]string{"limit": {"100"}} // as many rows as a page has
	for name, given := range p.question {
		values[name] = given
	}
	if p.as == advertiser {
		values["where"] = append(values["where"], "account="+p.account.String())
	}
	return show.Timed(o.now, warmRuns, runs, func() {}, func() error {
		_, err := client.Report(ctx, values)
		return err
	})
}

func gzipped(text []byte) int {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(text) // into memory: neither fails
	_ = w.Close()
	return b.Len()
}

var unsafe = regexp.MustCompile(`[^a-zA-Z0-9]+`)

// keep writes a page into a file, to be looked at.
func keep(dir string, p *asked, text []byte) error {
	name := string(p.as) + "-" + unsafe.ReplaceAllString(cmp.Or(p.title, p.path), "-") + ".html"
	return os.WriteFile(filepath.Join(dir, name), text, 0o600)
}

// The limits, of what has one.
const (
	maxTime = 100 * time.Millisecond
	maxSize = 100_000
)
