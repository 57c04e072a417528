package notices_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/panel/advertisers"
	"homing/internal/desk/panel/door"
	"homing/internal/desk/panel/notices"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/flow/notice"
)

// stage is a house whose storage may be damaged.
type stage struct {
	*paneltest.House
	watch   *notice.Watch
	damages []string
}

func newHouse(t *testing.T) *stage {
	s := &stage{}
	s.House = paneltest.New(t, func(h *paneltest.House) []page.Screen {
		s.watch = h.Watch(notice.Facts{Storage: func() []string { return s.damages }, Calls: h.Journal, KeyUses: h.Catalog.KeyUses})
		return []page.Screen{door.New(), advertisers.New(), notices.New(notices.Options{Watch: s.watch, Keyring: func() *homing.Keyring { return h.Keyring }})}
	})
	return s
}

const here = "/settings/notices"

func TestWhoIsToldAndOfWhat(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	op.Get(here).Want(http.StatusOK).Has("Nothing is wrong", "No mail is sent yet", "A certificate ends", `value="silence" checked`)
	op.Post(here, "emails", "ops@example.com\r\nann@example.com, ops@example.com", "on", "silence", "on", "disk").Want(http.StatusSeeOther)
	got := h.Catalog.View().Installation.Notices
	if strings.Join(got.Emails, " ") != "ops@example.com ann@example.com" || len(got.Off) != len(notice.Kinds())-2 {
		t.Errorf("settled %+v", got)
	}
	op.Get(here+"?done=saved").Want(http.StatusOK).Has("ops@example.com", `value="disk" checked`).Lacks(`value="lag" checked`)
	op.Post(here, "emails", "nobody\n<b>x</b>", "on", "lag").Want(http.StatusUnprocessableEntity).
		Has("no e-mail address", "&lt;b&gt;", `value="lag" checked`).Lacks(`value="disk" checked`)
}

func TestAnAdvertisersNoticesAreItsOwn(t *testing.T) {
	h := newHouse(t)
	a, other := h.Account("Mine"), h.Account("Theirs")
	op, mine := h.Operator(), h.Advertiser(a.ID, "own@example.com")
	mine.Get(here).Want(http.StatusOK).Has("Refused calls").Lacks("A certificate ends", "Mail server", "Disk")
	mine.Post(here, "emails", "own@example.com", "on", "silence").Want(http.StatusSeeOther)
	if n := h.Catalog.View().Account(a.ID).Notices; len(n.Emails) != 1 || len(n.Off) != 3 || len(h.Catalog.View().Installation.Notices.Emails) != 0 {
		t.Errorf("settled %+v", n)
	}
	mine.Post(here+"?account="+other.ID.String(), "emails", "own@example.com").Want(http.StatusNotFound)
	op.Get(here+"?account=1").Want(http.StatusOK).Has("own@example.com", "Mine").Lacks("Mail server", "A certificate ends")
	op.Post(here+"?account=1", "emails", "").Want(http.StatusSeeOther)
	if n := h.Catalog.View().Account(a.ID).Notices; len(n.Emails) != 0 {
		t.Errorf("settled %+v", n)
	}
	h.Reader(a.ID, "reader@example.com").Get(here).Want(http.StatusForbidden)
}

var hookKey = regexp.MustCompile(`id="hook-key">([0-9A-Za-z]{36})<`)

func TestAWebhooksKeyIsShownOnce(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	op.Post(here+"/webhook", "do", "save", "webhook", "http://hooks.example/x").Want(http.StatusUnprocessableEntity).Has("Want an https URL")
	first := hookKey.FindStringSubmatch(op.Post(here+"/webhook", "do", "save", "webhook", "https://hooks.example/x").Want(http.StatusOK).Text)
	if first == nil {
		t.Fatal("no key is shown")
	}
	op.Get(here).Want(http.StatusOK).Has("https://hooks.example/x", "Send a test").Lacks(first[1], "hook-key")
	op.Post(here+"/webhook", "do", "save", "webhook", "https://hooks.example/y").Want(http.StatusSeeOther) // the key stays
	second := hookKey.FindStringSubmatch(op.Post(here+"/webhook", "do", "rotate").Want(http.StatusOK).Text)
	if second == nil || second[1] == first[1] {
		t.Error("no new key")
	}
	if n := h.Catalog.View().Installation.Notices; n.Webhook != "https://hooks.example/y" || strings.Contains(string(n.WebhookKey), second[1]) {
		t.Errorf("kept %+v", n)
	}
	op.Post(here+"/webhook", "do", "remove").Want(http.StatusSeeOther)
	if n := h.Catalog.View().Installation.Notices; n.Webhook != "" || n.WebhookKey != nil {
		t.Errorf("kept %+v", n)
	}
	op.Post(here+"/webhook", "do", "rotate").Want(http.StatusUnprocessableEntity)
	op.Post(here + "/webhook/test").Want(http.StatusUnprocessableEntity)
}

func TestTheMailServer(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	mail := here + "/mail"
	op.Post(mail, "host", "smtp.example.com:25", "from", "x").Want(http.StatusUnprocessableEntity).Has("without a port")
	op.Post(mail, "host", "smtp.example.com", "from", "x").Want(http.StatusUnprocessableEntity).Has("may send as")
	op.Post(mail, "host", "smtp.example.com", "port", "x", "from", "n@example.com").Want(http.StatusUnprocessableEntity).Has("1 to 65535")
	op.Post(mail, "host", "smtp.example.com", "security", "rot13", "from", "n@example.com").Want(http.StatusUnprocessableEntity).Has("Want STARTTLS")
	op.Post(mail, "host", "smtp.example.com", "user", "homing", "secret", "sesame-sesame", "from", "n@example.com", "security", "tls").Want(http.StatusSeeOther)
	m := h.Catalog.View().Installation.Mail
	if m.Host != "smtp.example.com" || m.Port != 465 || len(m.Password) == 0 || strings.Contains(string(m.Password), "sesame") {
		t.Errorf("settled %+v", m)
	}
	op.Get(here).Want(http.StatusOK).Has("Send a test mail to me", "smtp.example.com").Lacks("sesame", "No mail is sent yet")
	// Without a password the one that is there stays, but for the same server and user.
	op.Post(mail, "host", "smtp.example.com", "port", "465", "user", "homing", "from", "m@example.com", "security", "tls").Want(http.StatusSeeOther)
	if now := h.Catalog.View().Installation.Mail; now.From != "m@example.com" || string(now.Password) != string(m.Password) {
		t.Errorf("settled %+v", now)
	}
	for _, change := range [][]string{
		{"host", "evil.example", "port", "465", "user", "homing", "security", "tls"}, {"host", "smtp.example.com", "port", "465", "user", "homing", "security", "plain"},
		{"host", "smtp.example.com", "port", "2525", "user", "homing", "security", "tls"}, {"host", "smtp.example.com", "port", "465", "user", "other", "security", "tls"},
	} {
		op.Post(mail, append(change, "from", "m@example.com")...).Want(http.StatusUnprocessableEntity).Has("Type the password once more")
	}
	op.Post(mail, "host", "").Want(http.StatusSeeOther)
	if now := h.Catalog.View().Installation.Mail; now.Host != "" || now.Password != nil {
		t.Errorf("settled %+v", now)
	}
}

func TestATestMailSaysWhyItFailed(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	op.Post(here+"/mail", "host", "127.0.0.1", "port", "1", "security", "plain", "from", "n@example.com").Want(http.StatusSeeOther)
	op.Post(here+"/mail/test").Want(http.StatusUnprocessableEntity).Has("The server’s words:", "connection refused")
	op.Post(here + "/mail/test").Want(http.StatusTooManyRequests).Has("Wait a few seconds").Lacks("not taken")
	h.Pass(10 * time.Second)
	op.Post(here + "/mail/test").Want(http.StatusUnprocessableEntity)
}

func TestWhatStandsAndWhatWas(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	h.damages = []string{"the ledger's page 3 is damaged <b>"}
	h.watch.Look(h.Context())
	h.Pass(2 * time.Minute)
	h.watch.Look(h.Context())
	op.Get(here).Want(http.StatusOK).Has("What is wrong now", "the ledger&#39;s page 3 is damaged &lt;b&gt;", "What to do:", `href="/system"`)
	h.Advertiser(h.Account("Mine").ID, "own@example.com").Get(here).Want(http.StatusOK).Lacks("damaged")
	h.damages = nil
	h.watch.Look(h.Context())
	h.Pass(2 * time.Hour)
	h.watch.Look(h.Context())
	op.Get(here).Want(http.StatusOK).Has("Nothing is wrong", "Something that is stored is damaged").Lacks("page 3")
}
