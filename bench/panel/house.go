package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/kong"

	"homing"
	"homing/bench/show"
	"homing/internal/app"
	"homing/internal/desk/control"
)

// house is a homing that serves in this process.
type house struct {
	base    string // of the panel
	dir     string
	clock   homing.Clock
	version string // of the warehouse
	browser http.Client
	stop    context.CancelFunc
	serving sync.WaitGroup
	failed  error // of Serve; read after serving
}

// restless is how long the warehouse must have been idle before pages are asked
// for.
const restless = 3 * time.Second

// open starts the server, and waits until all is loaded, and the days that are
// over are sealed, as they are in any installation that has run for a month.
func open(ctx context.Context, o *options, progress *show.Progress) (*house, error) {
	began := o.now()
	h := &house{
		dir: filepath.Join(o.dir, homeDir),
		// It is always the same day, and time passes.
		clock: func() time.Time { return until.Time().Add(5*time.Second + o.now().Sub(began)) },
	}
	h.browser = http.Client{
		Transport:     &http.Transport{DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	var cfg app.Config
	parser, err := kong.New(&cfg)
	if err != nil {
		return nil, err
	}
	_, err = parser.Parse([]string{
		"--data-dir", h.dir, "--desk-listen", "127.0.0.1:0", "--track-listen", "127.0.0.1:0", "--track-tls-listen", "127.0.0.1:0", "--log-level", "error",
	})
	if err != nil {
		return nil, err
	}
	reading, writing := io.Pipe()
	ctx, h.stop = context.WithCancel(ctx)
	h.serving.Go(func() {
		h.failed = app.Serve(ctx, cfg, h.clock, writing)
		_ = writing.Close() // of a pipe: never fails
	})
	if err := h.await(reading, progress); err != nil {
		return nil, errors.Join(err, h.close())
	}
	progress.Begin("waiting for the warehouse to come to rest")
	return h, h.rest(ctx)
}

// deskLine is where Serve tells how the panel is reached.
var deskLine = regexp.MustCompile(`panel\s+(https?://127\.0\.0\.1:\d+)`)

// await learns where the panel is.
func (h *house) await(out *io.PipeReader, progress *show.Progress) error {
	progress.Begin("starting homing")
	text := make([]byte, 0, 4096)
	buf := make([]byte, 1024)
	for h.base == "" {
		n, err := out.Read(buf)
		text = append(text, buf[:n]...)
		if found := deskLine.FindSubmatch(text); found != nil {
			h.base = string(found[1])
		}
		if err != nil && h.base == "" {
			return fmt.Errorf("homing does not say where its panel is, but %q", text)
		}
	}
	// Whatever else it says is read, and dropped.
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return nil
}

// rest waits until nothing is left to be loaded and sealed.
func (h *house) rest(ctx context.Context) error {
	client, err := app.Connect(ctx, h.dir, false, h.clock)
	if err != nil {
		return err
	}
	defer client.Close()
	days := int(until.Time().Sub(from.Time()) / (24 * time.Hour)) // that are over
	for idle := time.Duration(0); idle < restless; {
		reports, err := client.Warehouse(ctx)
		if err != nil {
			return err
		}
		all, err := client.Status(ctx)
		if err != nil {
			return err
		}
		h.version = reports.Version
		idle += 500 * time.Millisecond
		if !atRest(reports, all.Spool, days) {
			idle = 0
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
	return nil
}

// untrimmed is how many records are in a spool so small that it may have no file
// that could be given up.
const untrimmed = 1_000_000

func atRest(s control.WarehouseStatus, spool control.SpoolStatus, days int) bool {
	loaded := s.Up && s.Lag.Through != "" && s.Lag.Records == 0
	sealed := s.Sealed != nil && s.Sealed.Days >= days
	return loaded && sealed && (spool.Oldest > 0 || spool.Durable < untrimmed)
}

// close ends the server.
func (h *house) close() error {
	h.stop()
	h.serving.Wait()
	if errors.Is(h.failed, context.Canceled) {
		return nil
	}
	return h.failed
}

// ask asks for a page and returns it. Anything but a page is an error.
func (h *house) ask(ctx context.Context, p *asked) ([]byte, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if p.form != nil {
		method, body = http.MethodPost, strings.NewReader(p.form.Encode())
	}
	r, err := http.NewRequestWithContext(ctx, method, h.base+p.path, body)
	if err != nil {
		return nil, err
	}
	if p.form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	r.AddCookie(&http.Cookie{Name: "homing", Value: p.as.token()})
	response, err := h.browser.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s", method, p.path, response.Status)
	}
	return text, err
}
