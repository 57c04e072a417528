package notice_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/flow/notice"
)

// hooked sends the operators' notices to a receiver alone.
func (s *stage) hooked() (*receiver, homing.Secret) {
	s.Helper()
	r := newReceiver(s.T, s)
	key, sealed := notice.NewWebhookKey(s.ring, nil)
	s.install(func(i *homing.Installation) { i.Notices = homing.Notices{Webhook: r.URL + "/hook", WebhookKey: sealed} })
	return r, key
}

// Each try is signed anew, at its own time: whoever checks the time takes it.
func TestEachTryIsSignedAtItsOwnTime(t *testing.T) {
	s := open(t)
	r, key := s.hooked()
	r.answer(http.StatusServiceUnavailable)
	s.behind = 7 * time.Minute
	s.pass(8 * minute)
	bodies, heads := r.take()
	if len(bodies) != 3 { // at once, after a minute, after five more
		t.Fatalf("%d tries in eight minutes", len(bodies))
	}
	seen := map[string]bool{}
	for i := range bodies {
		signature := heads[i].Get(notice.SignatureHeader)
		seconds, _, _ := strings.Cut(strings.TrimPrefix(signature, "t="), ",")
		at, err := strconv.ParseInt(seconds, 10, 64)
		if err != nil || notice.Sign(key, time.Unix(at, 0), []byte(bodies[i])) != signature || bodies[i] != bodies[0] {
			t.Errorf("try %d: %s of %s", i, signature, bodies[i])
		}
		seen[seconds] = true
	}
	if len(seen) != 3 {
		t.Errorf("three tries at %v", seen)
	}
	another, _ := notice.NewWebhookKey(s.ring, nil)
	if notice.Sign(another, s.clock(), []byte(bodies[0])) == notice.Sign(key, s.clock(), []byte(bodies[0])) ||
		notice.Sign(key, s.clock(), []byte(bodies[0]+" ")) == notice.Sign(key, s.clock(), []byte(bodies[0])) {
		t.Error("a signature says nothing of the key, or of the body")
	}
}

// What is over, and what lasts, go to webhooks as well, in words that programs
// tell apart.
func TestWebhooksAreToldOfAllPhases(t *testing.T) {
	s := open(t)
	r, _ := s.hooked()
	s.behind = 7 * time.Minute
	s.look()
	s.pass(25*hour, hour)
	s.behind = 0
	s.pass(10 * minute)
	var told []string
	bodies, _ := r.take()
	for _, body := range bodies {
		var got struct {
			Event   string
			Notices []struct{ Kind, State, Since, Ended, Text, Fix string }
		}
		s.must(json.Unmarshal([]byte(body), &got))
		for _, n := range got.Notices {
			told = append(told, got.Event+" "+n.State)
			if over := n.State == "over"; over != (n.Ended != "") || over != (n.Fix == "") || n.Kind != "lag" || n.Since == "" || n.Text == "" {
				t.Errorf("%s: %+v", got.Event, n)
			}
		}
	}
	if got := strings.Join(told, ", "); got != "notices begun, digest stands, notices over" {
		t.Errorf("told %s", got)
	}
}

// What was for somebody who is no longer named is not sent any more, and is no
// failure.
func TestNobodyIsToldWhoWasTakenAway(t *testing.T) {
	s := open(t)
	r, _ := s.hooked()
	s.install(func(i *homing.Installation) { i.Notices.Emails = []string{"ops@homing.example"} })
	r.answer(http.StatusInternalServerError)
	s.mails.set(func(m *mailServer) { m.refuse = "450 4.2.1 later" })
	s.behind = 7 * time.Minute
	s.look()
	if len(s.watch.Failures(0)) != 2 {
		t.Fatalf("failures %+v", s.watch.Failures(0))
	}
	r.take()
	s.install(func(i *homing.Installation) { i.Notices = homing.Notices{Emails: []string{"new@homing.example"}} })
	s.mails.set(func(m *mailServer) { m.refuse = "" })
	s.pass(10 * minute)
	s.told(0)
	if bodies, _ := r.take(); len(bodies) != 0 || len(s.watch.Failures(0)) != 0 {
		t.Errorf("sent %v, failures %+v", bodies, s.watch.Failures(0))
	}
}

// A mail server that greets and then says nothing more does not keep the process
// from ending.
func TestAHangingMailServerKeepsNobody(t *testing.T) {
	s := open(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	s.must(err)
	defer l.Close()
	taken := make(chan struct{}, 8)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			io.WriteString(conn, "220 mail.example ready\r\n")
			bufio.NewReader(conn).ReadString('\n') // its EHLO, which is not answered
			taken <- struct{}{}
		}
	}()
	s.install(func(i *homing.Installation) { i.Mail.Port = l.Addr().(*net.TCPAddr).Port })
	s.behind = 7 * time.Minute
	s.watch.Look(t.Context())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { s.watch.Deliver(ctx); close(done) }()
	<-taken
	cancel()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatal("it waits on")
	}
	if f := s.watch.Failures(0); len(f) != 0 {
		t.Errorf("the end of the process counts as a failure: %+v", f)
	}
}
