package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// client reads what is written to it, a piece at a time, until its deadline.
type client struct {
	*httptest.ResponseRecorder
	piece  int
	each   time.Duration // for a piece
	cut    chan struct{}
	cutOff bool
}

func (c *client) SetWriteDeadline(at time.Time) error {
	if !at.IsZero() && !c.cutOff {
		c.cutOff = true
		close(c.cut)
	}
	return nil
}

func (c *client) Write(b []byte) (n int, err error) {
	for len(b) > 0 {
		read := min(c.piece, len(b))
		select {
		case <-c.cut:
			return n, errors.New("deadline exceeded")
		case <-time.After(c.each * time.Duration(read) / time.Duration(c.piece)):
		}
		n, b = n+read, b[read:]
	}
	return n, nil
}

// TestSlowReaders: whoever reads too slowly is cut off soon, however large or
// small the writes are; others may take as long as they need.
func TestSlowReaders(t *testing.T) {
	for what, c := range map[string]struct {
		piece     int
		each      time.Duration
		all       int
		cutBefore time.Duration // 0: not at all
	}{
		"does not read":          {1, time.Hour, 1 << 20, 21 * time.Second},
		"a byte every second":    {1, time.Second, 1 << 20, 21 * time.Second},
		"half as fast as it may": {paceBytes / 20, time.Second, 1 << 20, 45 * time.Second},
		"just fast enough":       {paceBytes / 8, time.Second, 1 << 20, 0},
		"pauses":                 {paceBytes, 9 * time.Second, 1 << 20, 0},
		"fast":                   {paceBytes, time.Millisecond, 64 << 20, 0},
	} {
		for _, size := range []int{1000, 32 << 10, 1 << 20} {
			synctest.Test(t, func(t *testing.T) {
				w := newPatientWriter(&client{ResponseRecorder: httptest.NewRecorder(), piece: c.piece, each: c.each, cut: make(chan struct{})}, time.Now)
				began := time.Now()
				var err error
				for done := 0; done < c.all && err == nil; done += size {
					_, err = w.Write(make([]byte, size))
					time.Sleep(time.Minute) // looking for the next rows does not count
					began = began.Add(time.Minute)
				}
				took := time.Since(began)
				if (err != nil) != (c.cutBefore > 0) || err != nil && took > c.cutBefore {
					t.Errorf("%s, %d bytes at once: %v after %s", what, size, err, took)
				}
			})
		}
	}
}

// TestSavedUpTime: to have read fast earns no long pause.
func TestSavedUpTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reader := &client{ResponseRecorder: httptest.NewRecorder(), piece: paceBytes, each: time.Millisecond, cut: make(chan struct{})}
		w := newPatientWriter(reader, time.Now)
		if _, err := w.Write(make([]byte, 32<<20)); err != nil {
			t.Fatal(err)
		}
		reader.each = time.Hour
		began := time.Now()
		if _, err := w.Write(make([]byte, paceBytes)); err == nil || time.Since(began) > 21*time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}

// TestNobodyTakesAllPlaces: a token, or an account by several, gets half of them.
func TestNobodyTakesAllPlaces(t *testing.T) {
	begun, end := make(chan struct{}, 9), make(chan struct{})
	h := newHouse(t, func(o *Options) {
		o.Reports = moody{export: func(_ context.Context, w io.Writer) error {
			begun <- struct{}{}
			<-end
			_, err := w.Write([]byte("a,b\n"))
			return err
		}}
	})
	mine, theirs := h.account("mine"), h.account("theirs")
	server := h.serve(nil)
	answers := make(chan int, 9)
	start := func(token string) {
		t.Helper()
		go func() {
			answer, err := server.get(token, "/reports?format=csv")
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
			answers <- answer.StatusCode
		}()
		select {
		case <-begun:
		case code := <-answers:
			t.Errorf("answered %d", code)
		}
	}
	one, two := h.token(mine.ID, homing.AllScopes), h.token(mine.ID, homing.AllScopes)
	start(one)
	start(two)
	h.get(h.token(mine.ID, homing.AllScopes), "/reports?format=csv").problem(http.StatusServiceUnavailable, "overloaded")
	start(h.token(theirs.ID, homing.AllScopes))
	operator := h.token(0, homing.AllScopes)
	start(operator)
	for range 4 {
		end <- struct{}{}
	}
	for range 4 {
		if code := <-answers; code != 200 {
			t.Errorf("answered %d", code)
		}
	}
	start(operator)
	start(operator)
	h.get(operator, "/reports?format=csv").problem(http.StatusServiceUnavailable, "overloaded")
	close(end)
	for range 2 {
		<-answers
	}
}

func TestPlacesAreGivenBack(t *testing.T) {
	p := newPlaces(2)
	never := make(chan time.Time)
	now := make(chan time.Time)
	close(now)
	leave, err := p.enter(t.Context(), never, "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	for _, holders := range [][]string{{"a"}, {"b"}, {"c", "b"}} {
		if _, err := p.enter(t.Context(), now, holders...); err == nil {
			t.Errorf("%v got in", holders)
		}
	}
	other, err := p.enter(t.Context(), never, "c")
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.enter(gone, never, "d"); !errors.Is(err, context.Canceled) {
		t.Errorf("who has gone: %v", err)
	}
	leave()
	other()
	if len(p.shares) != 0 || len(p.all) != 0 {
		t.Errorf("%d shares and %d places are left", len(p.shares), len(p.all))
	}
}

// TestNotesOfFiles stand in a header.
func TestNotesOfFiles(t *testing.T) {
	h, mine, click := stocked(t)
	h.must(h.warehouse.Drop(t.Context(), warehouse.ClickTable, warehouse.DayAt(click.Time)+1))
	token := h.token(mine.ID, homing.AllScopes)
	for path, want := range map[string]string{
		"/clicks?range=last_7_days&format=csv":                             "The rows of clicks before 2026-11-23 (UTC) have been given up, and are not in this list.",
		"/clicks?range=last_7_days&format=parquet":                         "The rows of clicks before 2026-11-23 (UTC) have been given up, and are not in this list.",
		"/reports?by=sub1&metrics=clicks&format=jsonl":                     "The rows of clicks before 2026-11-23 (UTC) have been given up, and what is left of them cannot be broken down like this.",
		"/reports?by=day&metrics=clicks&format=csv":                        "",
		"/reports?by=day&metrics=clicks&where=campaign=99&format=csv":      "There is no campaign 99.",
		"/conversions/search?range=last_7_days&format=csv":                 "",
		"/conversions/search?range=last_7_days&where=account=7&format=csv": "There is no account 7.",
	} {
		if got := h.get(token, path).want(200).Header().Get(noteHeader); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	page := into[struct {
		Rows  []report.Click `json:"rows"`
		Notes []string       `json:"notes"`
		AsOf  string         `json:"as_of"`
	}](h.get(token, "/clicks?range=last_7_days").want(200))
	if len(page.Notes) != 2 || !bytes.Contains([]byte(page.Notes[1]), []byte("given up")) {
		t.Errorf("notes %q", page.Notes)
	}
}
