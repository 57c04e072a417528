package panel

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/signin"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/sqlite"
	"homing/internal/engine/spool"
	"homing/internal/engine/spool/segment"
	"homing/internal/flow/catalog"
	"homing/internal/flow/journal"
)

// house is the panel on real engines, in a directory of its own.
type house struct {
	t       *testing.T
	now     atomic.Int64 // Unix milliseconds
	ledger  *sqlite.Ledger
	catalog *catalog.Catalog
	journal *journal.Journal
	signIn  *signin.SignIn
	keyring *homing.Keyring
	spool   spool.Spool
	log     *slog.Logger
	server  *httptest.Server
	handler http.Handler
	calls   uint32   // requests logged
	system  System   // as the system page tells it
	ills    []string // what is wrong now
}

// start is when houses of tests begin.
var start = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

const password = "correct horse battery"

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t}
	h.now.Store(start.UnixMilli())
	log := slog.New(slog.NewTextHandler(failOn{t}, &slog.HandlerOptions{Level: slog.LevelError}))
	var err error
	h.keyring, err = homing.NewKeyring(homing.MasterKey{ID: "0badcafe", Secret: [32]byte{1}})
	h.must(err)
	h.ledger, err = sqlite.Open(sqlite.Options{Path: filepath.Join(t.TempDir(), "ledger.db"), Logger: log})
	h.must(err)
	t.Cleanup(func() { h.ledger.Close() })
	h.spool, err = segment.Open(segment.Options{Dir: filepath.Join(t.TempDir(), "spool"), SegmentSize: 1 << 20, Clock: h.clock})
	h.must(err)
	t.Cleanup(func() { h.spool.Close() })
	keyring := func() *homing.Keyring { return h.keyring }
	h.catalog, err = catalog.Open(t.Context(), catalog.Options{Ledger: h.ledger, Clock: h.clock, Keyring: keyring})
	h.must(err)
	h.log = log
	h.signIn = signin.New(signin.Options{
		People: h.ledger, Clock: h.clock, DeskURL: func() string { return h.server.URL }, Cost: signin.Cost{Memory: 64, Passes: 1},
	})
	h.forget()
	h.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.handler.ServeHTTP(w, r) }))
	t.Cleanup(h.server.Close)
	return h
}

// forget opens the journal and the panel anew, with nothing in memory.
func (h *house) forget() {
	h.journal = journal.Open(journal.Options{Spool: h.spool, Books: h.ledger, Clock: h.clock, Whole: 1000})
	h.handler = New(Options{
		Catalog: h.catalog, Journal: h.journal, SignIn: h.signIn, Books: h.ledger, Clock: h.clock, Log: h.log,
		System: func() System { return h.system }, Troubles: func() []string { return h.ills },
		Addresses: func() Addresses {
			return Addresses{Track: "http://127.0.0.1:8080", TrackTLS: "https://127.0.0.1:8443", Desk: h.server.URL}
		},
	})
}

// failOn fails the test when something is logged as an error.
type failOn struct{ t *testing.T }

func (f failOn) Write(line []byte) (int, error) {
	f.t.Errorf("logged: %s", line)
	return len(line), nil
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) clock() time.Time            { return time.UnixMilli(h.now.Load()) }
func (h *house) millis() homing.Millis       { return homing.Millis(h.now.Load()) }
func (h *house) pass(d time.Duration)        { h.now.Add(d.Milliseconds()) }
func (h *house) context() context.Context    { return h.t.Context() }
func (h *house) accounts() []*homing.Account { return h.catalog.View().Accounts }

// account makes an advertiser.
func (h *house) account(name string) homing.Account {
	h.t.Helper()
	a, _, _, err := h.catalog.CreateAccount(h.context(), "test", catalog.NewAccount{Name: name, MultiLead: true})
	h.must(err)
	return a
}

func (h *house) campaign(account homing.AccountID, name string) homing.Campaign {
	h.t.Helper()
	c, err := h.catalog.CreateCampaign(h.context(), "test", catalog.NewCampaign{
		Account: account, Name: name, URL: "https://shop.example/landing?external={click_id}&site={site_id}&next={their_macro}",
		DefaultValue: homing.ValueOf(3 * homing.Unit / 2), Goals: []homing.Goal{{ID: 1, Name: "Sign-up"}, {ID: 2, Name: "First deposit"}},
	})
	h.must(err)
	return c
}

// call logs a postback for a campaign's fresh click.
func (h *house) call(c homing.Campaign, change func(*homing.Postback)) homing.RequestID {
	h.t.Helper()
	h.calls++
	p := homing.Postback{
		Request: homing.NewRequestID(h.millis(), 3, h.calls), At: h.millis(), Addr: netip.MustParseAddr("203.0.113.0"), HTTPS: true,
		Method: "GET", UserAgent: "Java/17.0.2", Account: c.Account, Campaign: c.ID,
		Origin: homing.Origin{Time: h.millis() - 3_600_000, Node: 3, Seq: uint16(h.calls), Campaign: c.ID},
	}
	p.Click = h.keyring.Seal(p.Origin)
	p.Target = "/api/v1/cpa/action/" + p.Click.String() + "?value=2.10"
	p.Value = homing.ValueOf(2_100_000)
	p.Verdict = homing.Verdict{Outcome: homing.Counted, Reason: homing.ReasonCounted}
	if change != nil {
		change(&p)
	}
	switch p.Verdict.Outcome {
	case homing.Counted, homing.Late:
		h.decide(&p)
		h.journal.Counted(&p)
	case homing.Duplicate:
		h.must(h.journal.Duplicate(&p))
	default:
		h.journal.Refused(&p)
	}
	return p.Request
}

func (h *house) decide(p *homing.Postback) {
	status := homing.Approved
	if p.Verdict.Outcome == homing.Late {
		status = homing.LateStatus
	}
	d, err := h.ledger.Decide(h.context(), &ledger.Claim{
		Click: p.Origin, Goal: p.Goal, Lead: []byte(p.Lead), Account: p.Account, Campaign: p.Campaign, Status: status,
		Value: p.Value, At: p.At, Request: p.Request, Receipt: homing.AppendPostback(nil, p),
	})
	h.must(err)
	p.Conversion = d.Conversion
}

// browser is somebody with cookies.
type browser struct {
	house *house
	http  *http.Client
}

// stranger has not signed in.
func (h *house) stranger() *browser {
	jar, err := cookiejar.New(nil)
	h.must(err)
	return &browser{h, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// operator sets the house up, once, and is signed in.
func (h *house) operator() *browser {
	h.t.Helper()
	b := h.stranger()
	link, err := h.signIn.SetUpLink(h.context())
	h.must(err)
	if link == "" {
		b.post("/signin", "email", "ann@example.com", "password", password).want(http.StatusSeeOther)
		return b
	}
	b.post(h.path(link), "email", "Ann@example.com", "password", password).want(http.StatusSeeOther)
	return b
}

// advertiser is somebody of an account, signed in.
func (h *house) advertiser(account homing.AccountID, email string) *browser {
	h.t.Helper()
	link, _, err := h.signIn.Invite(h.context(), "test", email, homing.RoleAdvertiser, account)
	h.must(err)
	b := h.stranger()
	b.post(h.path(link), "password", password).want(http.StatusSeeOther)
	return b
}

func (h *house) path(link string) string { return strings.TrimPrefix(link, h.server.URL) }

// answerRead is an answer with its body.
type answerRead struct {
	*http.Response
	t    *testing.T
	body string
}

func (b *browser) do(method, path string, form url.Values) answerRead {
	b.house.t.Helper()
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(b.house.context(), method, b.house.server.URL+path, body)
	b.house.must(err)
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	response, err := b.http.Do(r)
	b.house.must(err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	b.house.must(err)
	return answerRead{response, b.house.t, string(text)}
}

func (b *browser) get(path string) answerRead {
	b.house.t.Helper()
	return b.do(http.MethodGet, path, nil)
}

func (b *browser) post(path string, pairs ...string) answerRead {
	b.house.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.do(http.MethodPost, path, form)
}

func (a answerRead) want(status int) answerRead {
	a.t.Helper()
	if a.StatusCode != status {
		a.t.Fatalf("%s %s: status %d, want %d\n%s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, excerpt(a.body))
	}
	return a
}

func (a answerRead) has(texts ...string) answerRead {
	a.t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			a.t.Errorf("%s: the page does not have %q\n%s", a.Request.URL.Path, text, excerpt(a.body))
		}
	}
	return a
}

func (a answerRead) lacks(texts ...string) answerRead {
	a.t.Helper()
	for _, text := range texts {
		if strings.Contains(a.body, text) {
			a.t.Errorf("%s: the page has %q", a.Request.URL.Path, text)
		}
	}
	return a
}

// excerpt is the part of a page that tests are about.
func excerpt(body string) string {
	if i := strings.Index(body, "<main"); i >= 0 {
		body = body[i:]
	}
	return body[:min(len(body), 3000)]
}

func prefixes(texts ...string) (list []netip.Prefix) {
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}
