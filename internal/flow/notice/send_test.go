package notice_test

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"homing"
	"homing/internal/flow/notice"
)

func TestMailIsSentProtectedOrNotAtAll(t *testing.T) {
	s := open(t)
	s.mails.set(func(m *mailServer) { m.startTLS = false })
	if err := s.watch.TestMail(t.Context(), "ann@homing.example"); err == nil || !strings.Contains(err.Error(), "STARTTLS") {
		t.Errorf("without STARTTLS: %v", err)
	}
	s.told(0)
	s.install(func(i *homing.Installation) { i.Mail.Security = homing.MailPlain })
	s.must(s.watch.TestMail(t.Context(), "ann@homing.example"))
	s.told(1)[0].has(s, "This is a test", "https://desk.example/settings/notices")
	s.mails.set(func(m *mailServer) { m.implicit = true })
	s.install(func(i *homing.Installation) { i.Mail.Security = homing.MailTLS })
	s.must(s.watch.TestMail(t.Context(), "ann@homing.example"))
	m := s.told(1)[0]
	if m.header.Get("From") != `"Homing" <notices@homing.example>` || m.header.Get("To") != "<ann@homing.example>" || m.header.Get("Auto-Submitted") != "auto-generated" || strings.Contains(m.header.Get("Content-Type"), "html") {
		t.Errorf("headers %v", m.header)
	}
	s.install(func(i *homing.Installation) { i.Mail.Host = "localhost" })
	s.must(s.watch.TestMail(t.Context(), "ann@homing.example"))
	s.mails.roots = nil
	s.restart()
	if err := s.watch.TestMail(t.Context(), "ann@homing.example"); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate of nobody's was taken: %v", err)
	}
}

func TestTheServersWordsAreToldAndThePasswordIsNot(t *testing.T) {
	s := open(t)
	const password = "hunter2-hunter2"
	s.mails.set(func(m *mailServer) { m.user, m.password = "homing", "another" })
	s.install(func(i *homing.Installation) {
		i.Mail.User, i.Mail.Password = "homing", notice.SealMailPassword(s.ring, password)
	})
	err := s.watch.TestMail(t.Context(), "ann@homing.example")
	if err == nil || !strings.Contains(err.Error(), "5.7.8") || strings.Contains(err.Error(), password) || strings.Contains(err.Error(), base64.StdEncoding.EncodeToString([]byte("\x00homing\x00"+password))) {
		t.Errorf("got %v", err)
	}
	s.mails.set(func(m *mailServer) { m.password = password })
	s.must(s.watch.TestMail(t.Context(), "ann@homing.example"))
	s.told(1)
	s.mails.set(func(m *mailServer) { m.refuse = "550 5.1.1 no such user here" })
	if err := s.watch.TestMail(t.Context(), "ann@homing.example"); err == nil || !strings.Contains(err.Error(), "550 5.1.1 no such user here") {
		t.Errorf("got %v", err)
	}
}

func TestNoPasswordGoesInTheClearBeyondThisMachine(t *testing.T) {
	s := open(t)
	s.mails.set(func(m *mailServer) { m.user, m.password, m.startTLS = "homing", "secret-secret", false })
	s.install(func(i *homing.Installation) {
		i.Mail.Security, i.Mail.User, i.Mail.Password = homing.MailPlain, "homing", notice.SealMailPassword(s.ring, "secret-secret")
	})
	s.must(s.watch.TestMail(t.Context(), "ann@homing.example")) // to 127.0.0.1
	s.told(1)
	s.mails.set(func(m *mailServer) { m.seen = nil })
	s.install(func(i *homing.Installation) { i.Mail.Host = "127.0.0.1.nip.invalid" })
	if err := s.watch.TestMail(t.Context(), "ann@homing.example"); err == nil {
		t.Error("sent")
	}
}

func TestNothingInjectsAHeader(t *testing.T) {
	for _, evil := range []string{"x\r\nBcc: evil@example.com", "x\nBcc: evil@example.com", "x\u2028Bcc: evil@example.com", "x\x00\x1b[31m", "\u202egnp.exe", strings.Repeat("ä", 400), "no\xffutf8"} {
		t.Run("", func(t *testing.T) {
			s := open(t)
			// The catalog refuses such names; what was stored otherwise comes by the facts.
			s.certificates = []notice.TLSCertificate{{File: "/etc/" + evil, Ends: s.now + aDay}}
			s.warehouse, s.storage = evil, []string{evil}
			s.pass(3 * minute)
			for _, m := range s.mails.take() {
				if m.header.Get("Bcc") != "" || m.to != "ops@homing.example" || strings.ContainsAny(m.subject, "\r\n\x00\x1b\u202e\u2028") || strings.ContainsAny(m.text, "\x00\x1b\u202e\u2028") {
					t.Errorf("%q: %v\n%s", evil, m.header, m.text)
				}
				for line := range strings.SplitSeq(m.text, "\n") {
					if strings.HasPrefix(line, "Bcc:") {
						t.Errorf("%q has a line of its own:\n%s", evil, m.text)
					}
				}
			}
		})
	}
}

func TestABadAddressIsTriedAgainAndGivenUp(t *testing.T) {
	s := open(t)
	s.install(func(i *homing.Installation) {
		i.Notices.Emails = []string{"ops@homing.example", "other@homing.example"}
	})
	s.mails.set(func(m *mailServer) { m.refuse = "450 4.2.1 mailbox busy" })
	s.behind = 7 * time.Minute
	s.look()
	failed := s.watch.Failures(0)
	if len(failed) != 2 || !strings.Contains(failed[0].Problem, "450 4.2.1 mailbox busy") || failed[0].Tries != 1 || failed[0].Next != s.now+minute {
		t.Fatalf("failures %+v", failed)
	}
	s.restart()
	s.pass(10 * minute)
	if f := s.watch.Failures(0)[0]; f.Tries != 3 {
		t.Errorf("%d tries in ten minutes over a restart", f.Tries)
	}
	s.mails.set(func(m *mailServer) { m.refuse = "" })
	s.pass(20 * minute)
	s.told(2)
	if got := s.watch.Failures(0); len(got) != 0 {
		t.Errorf("still failed: %+v", got)
	}
	s.mails.set(func(m *mailServer) { m.refuse = "550 5.1.1 gone" })
	s.warehouse = "away"
	s.pass(23*hour, 10*minute)
	for _, f := range s.watch.Failures(0) {
		if f.Next != 0 || f.Tries != 8 {
			t.Errorf("not given up: %+v", f)
		}
	}
	s.pass(8*aDay, hour)
	for _, f := range s.watch.Failures(0) {
		if f.Next == 0 && s.now-f.Last > 8*aDay {
			t.Errorf("kept for ever: %+v", f)
		}
	}
}

// receiver is a webhook's.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	bodies []string
	heads  []http.Header
}

func newReceiver(t *testing.T, s *stage) *receiver {
	r := &receiver{status: http.StatusNoContent}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.bodies, r.heads = append(r.bodies, string(body)), append(r.heads, q.Header)
		if r.status == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(r.status)
	}))
	r.TLS = &tls.Config{Certificates: s.mails.tls.Certificates}
	r.StartTLS()
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answer(status int) { r.mu.Lock(); r.status = status; r.mu.Unlock() }

func (r *receiver) take() (bodies []string, heads []http.Header) {
	r.mu.Lock()
	defer r.mu.Unlock()
	bodies, heads, r.bodies, r.heads = r.bodies, r.heads, nil, nil
	return bodies, heads
}

func TestWebhooksAreSignedAndTriedAgainWithTheSameID(t *testing.T) {
	s := open(t)
	r := newReceiver(t, s)
	key, sealed := notice.NewWebhookKey(s.ring, nil)
	s.install(func(i *homing.Installation) {
		i.Notices = homing.Notices{Webhook: r.URL + "/hook?token=sesame", WebhookKey: sealed}
	})
	r.answer(http.StatusInternalServerError)
	s.behind = 7 * time.Minute
	s.look()
	first, heads := r.take()
	if len(first) != 1 || heads[0].Get(notice.SignatureHeader) != notice.Sign(key, s.clock(), []byte(first[0])) {
		t.Fatalf("got %v %v", first, heads)
	}
	if f := s.watch.Failures(0); len(f) != 1 || !strings.Contains(f[0].Problem, "answered 500") || strings.Contains(f[0].Problem, "sesame") {
		t.Errorf("failures %+v", f)
	}
	r.answer(http.StatusFound)
	s.pass(2 * minute)
	if bodies, _ := r.take(); len(bodies) != 1 || bodies[0] != first[0] {
		t.Errorf("a redirect was followed, or the try differs: %v", bodies)
	}
	r.answer(http.StatusOK)
	s.pass(6 * minute)
	bodies, heads := r.take()
	if len(bodies) != 1 || bodies[0] != first[0] || heads[0].Get(notice.SignatureHeader) != notice.Sign(key, s.clock().Add(0), []byte(first[0])) && !strings.HasPrefix(heads[0].Get(notice.SignatureHeader), "t=") {
		t.Errorf("the third try: %v %v", bodies, heads)
	}
	var got struct {
		ID, Event, Network string
		Notices            []struct{ Kind, State, Title, URL string }
	}
	s.must(json.Unmarshal([]byte(first[0]), &got))
	if got.ID == "" || got.Event != "notices" || len(got.Notices) != 1 || got.Notices[0].Kind != "lag" || got.Notices[0].State != "begun" || got.Notices[0].URL != "https://desk.example/system" {
		t.Errorf("got %+v", got)
	}
	s.must(s.watch.TestWebhook(t.Context(), 0))
	if bodies, _ := r.take(); len(bodies) != 1 || !strings.Contains(bodies[0], `"event":"test"`) {
		t.Errorf("the test: %v", bodies)
	}
}

func TestAnAdvertisersWebhookReachesNoAddressOfTheHouse(t *testing.T) {
	s := open(t)
	r := newReceiver(t, s)
	a := s.account("Northwind")
	_, sealed := notice.NewWebhookKey(s.ring, &a)
	hook := func(url string) error {
		_, err := s.catalog.UpdateAccount(t.Context(), "test", a.ID, func(a *homing.Account) {
			a.Notices = homing.Notices{Webhook: url, WebhookKey: sealed}
		})
		s.must(err)
		return s.watch.TestWebhook(t.Context(), a.ID)
	}
	local := strings.Replace(r.URL, "127.0.0.1", "localhost", 1)
	for _, url := range []string{r.URL, local, "https://[::ffff:127.0.0.1]:" + r.URL[strings.LastIndex(r.URL, ":")+1:]} {
		if err := hook(url); err == nil || !strings.Contains(err.Error(), "not a public one") {
			t.Errorf("%s: %v", url, err)
		}
	}
	if bodies, _ := r.take(); len(bodies) != 0 {
		t.Error("it was reached")
	}
	if err := hook("https://nowhere.invalid/"); err == nil || strings.Contains(err.Error(), "lookup") {
		t.Errorf("an advertiser is told of the resolver: %v", err)
	}
	// The key of one party does not open for another.
	s.install(func(i *homing.Installation) { i.Notices = homing.Notices{Webhook: r.URL, WebhookKey: sealed} })
	if err := s.watch.TestWebhook(t.Context(), 0); err == nil {
		t.Error("signed with another's key")
	}
}

func TestPublicAddresses(t *testing.T) {
	for text, want := range map[string]bool{
		"93.184.216.34": true, "2606:2800:220:1:248:1893:25c8:1946": true,
		"127.0.0.1": false, "10.0.0.1": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false,
		"0.0.0.0": false, "0.1.2.3": false, "224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false, "198.18.0.1": false,
		"::": false, "::1": false, "fe80::1": false, "fc00::1": false, "fd00:ec2::254": false, "ff02::1": false, "::ffff:10.0.0.1": false,
		"64:ff9b::a00:1": false, "2002:a00:1::": false, "2001:db8::1": false, "fec0::1": false, "fe80::1%eth0": false,
	} {
		if got := notice.IsPublic(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}
