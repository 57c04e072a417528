package postbacks_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/panel/paneltest"
)

// listener is a browser's EventSource.
type listener struct {
	t      *testing.T
	lines  *bufio.Scanner
	body   io.Closer
	status int
}

func listen(b *paneltest.Browser, path, lastID string) *listener {
	t := b.House.T
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.Server.URL+path, nil)
	b.Must(err)
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	answer, err := b.HTTP.Do(r)
	b.Must(err)
	t.Cleanup(func() { answer.Body.Close() })
	l := &listener{t, bufio.NewScanner(answer.Body), answer.Body, answer.StatusCode}
	if answer.StatusCode == http.StatusOK {
		if kind := answer.Header.Get("Content-Type"); kind != "text/event-stream" {
			t.Fatalf("it comes as %q", kind)
		}
		if l.lines.Scan(); l.lines.Text() != "retry: 3000" {
			t.Fatalf("it begins with %q", l.lines.Text())
		}
		l.lines.Scan()
	}
	return l
}

// next is the next event: its name, id and data. "" at the end.
func (l *listener) next() (name, id, data string) {
	l.t.Helper()
	for l.lines.Scan() {
		field, text, _ := strings.Cut(l.lines.Text(), ": ")
		switch field {
		case "event":
			name = text
		case "id":
			id = text
		case "data":
			data += text + "\n"
		case "":
			if name != "" {
				return name, id, data
			}
		}
	}
	return "", "", ""
}

func TestTheLiveViewSendsRowsAsTheyCome(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	a, b := h.Account("A"), h.Account("B")
	c, d := h.Campaign(a.ID, "Mine"), h.Campaign(b.ID, "Theirs")
	h.Call(c, nil) // before
	all, refused, mine := listen(op, "/postbacks/live", ""), listen(op, "/postbacks/live?outcome=refused", ""),
		listen(h.Advertiser(a.ID, "own@example.com"), "/postbacks/live", "")
	h.Pass(time.Second)
	first := h.Call(d, func(p *homing.Postback) { p.Lead = "line\nbreak\r<script>" })
	h.Pass(time.Second)
	second := refuse(h, c, homing.ReasonValueComma, nil)
	name, id, data := all.next()
	if name != "call" || id != first.String() || !strings.HasPrefix(data, `<tr id="r-`+id) || !strings.Contains(data, "Theirs") || strings.Contains(data, "<script") {
		t.Errorf("first %s %s %s", name, id, data)
	}
	for what, l := range map[string]*listener{"all": all, "refused": refused, "the own": mine} {
		if name, id, data := l.next(); name != "call" || id != second.String() || !strings.Contains(data, "with a comma") {
			t.Errorf("%s: %s %s %s", what, name, id, data)
		}
	}
	again := listen(op, "/postbacks/live", first.String())
	if name, id, _ := again.next(); name != "call" || id != second.String() {
		t.Errorf("a browser that comes back gets %s %s", name, id)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	a := h.Account("A")
	mara := h.Advertiser(a.ID, "mara@example.com")
	var open []*listener
	for range 6 {
		open = append(open, listen(op, "/postbacks/live", ""))
	}
	if l := statusOf(op); l != http.StatusTooManyRequests {
		t.Errorf("one too many is answered %d", l)
	}
	if l := listen(mara, "/postbacks/live", ""); l.status != 200 {
		t.Errorf("somebody else is answered %d", l.status)
	}
	for _, l := range open {
		l.body.Close()
	}
	for wait := time.Now().Add(5 * time.Second); ; {
		if statusOf(op) == 200 {
			break
		}
		if time.Now().After(wait) {
			t.Fatal("places are not given back")
		}
		time.Sleep(20 * time.Millisecond)
	}
	if got := h.Stranger().Get("/postbacks/live"); got.StatusCode != http.StatusSeeOther {
		t.Errorf("a stranger is answered %d", got.StatusCode)
	}
	op.Get("/postbacks/live?outcome=nonsense").Want(422)
}

// statusOf opens a stream and closes it.
func statusOf(b *paneltest.Browser) int {
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, b.Server.URL+"/postbacks/live", nil)
	b.Must(err)
	answer, err := b.HTTP.Do(r)
	b.Must(err)
	answer.Body.Close()
	return answer.StatusCode
}

// Who cannot keep up is told how many it missed, and gets the newest.
func TestTooManyRowsAreTold(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	c := h.Campaign(h.Account("A").ID, "Mine")
	l := listen(op, "/postbacks/live", "")
	var newest homing.RequestID
	for range 400 {
		newest = refuse(h, c, homing.ReasonValueComma, nil)
	}
	told, seen := 0, 0
	for {
		name, id, data := l.next()
		switch name {
		case "missed":
			n := 0
			for _, c := range strings.TrimSpace(data) {
				n = n*10 + int(c-'0')
			}
			told += n
		case "call":
			seen++
		default:
			t.Fatalf("it ended with %q", name)
		}
		if id == newest.String() {
			break
		}
	}
	if told+seen != 400 || told == 0 {
		t.Errorf("%d seen, %d missed", seen, told)
	}
}
