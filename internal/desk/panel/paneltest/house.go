// Package paneltest is the panel on real engines, for the tests of its screens:
// a ledger, a spool, a catalog, a loader with the warehouse's model in memory,
// people who sign in, and browsers that say what they got.
package paneltest

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
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/signin"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/sqlite"
	"homing/internal/engine/spool"
	"homing/internal/engine/spool/segment"
	"homing/internal/engine/warehouse/warehousetest"
	"homing/internal/flow/amend"
	"homing/internal/flow/catalog"
	"homing/internal/flow/journal"
	"homing/internal/flow/loader"
	"homing/internal/flow/report"
)

// Screens makes the screens that a test is about, door.New among them. It is
// asked again by Forget.
type Screens func(h *House) []page.Screen

// House is the panel on real engines, in directories of its own.
type House struct {
	T      *testing.T
	now    atomic.Int64 // Unix milliseconds
	Ledger *sqlite.Ledger
	// LedgerFile is where it stands.
	LedgerFile string
	Catalog    *catalog.Catalog
	Journal    *journal.Journal
	SignIn     *signin.SignIn
	Keyring    *homing.Keyring
	Spool      spool.Spool
	Warehouse  *warehousetest.Model
	Loader     *loader.Loader
	Reports    *report.Engine
	Server     *httptest.Server
	trying
	// Ills are what is wrong now.
	Ills []string
	// Public is how clicks and postbacks are reached from outside; "" = as the
	// doors are.
	Public string

	screens Screens
	log     *slog.Logger
	handler http.Handler
	calls   uint32 // requests logged
}

// Start is when houses of tests begin.
var Start = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

// Password is everybody's.
const Password = "correct horse battery"

// New opens a house.
func New(t *testing.T, screens Screens) *House {
	t.Helper()
	h := &House{T: t, screens: screens}
	h.now.Store(Start.UnixMilli())
	h.log = slog.New(slog.NewTextHandler(failOn{t}, &slog.HandlerOptions{Level: slog.LevelError}))
	var err error
	h.Keyring, err = homing.NewKeyring(homing.MasterKey{ID: "0badcafe", Secret: [32]byte{1}})
	h.Must(err)
	h.LedgerFile = filepath.Join(t.TempDir(), "ledger.db")
	h.Ledger, err = sqlite.Open(sqlite.Options{Path: h.LedgerFile, Logger: h.log})
	h.Must(err)
	t.Cleanup(func() { h.Ledger.Close() })
	h.Spool, err = segment.Open(segment.Options{Dir: filepath.Join(t.TempDir(), "spool"), SegmentSize: 1 << 20, Clock: h.Time})
	h.Must(err)
	t.Cleanup(func() { h.Spool.Close() })
	keyring := func() *homing.Keyring { return h.Keyring }
	h.Catalog, err = catalog.Open(t.Context(), catalog.Options{Ledger: h.Ledger, Clock: h.Time, Keyring: keyring, Erased: func(e ledger.Erasure) { h.Journal.Forget(e) }})
	h.Must(err)
	h.Warehouse = warehousetest.NewModel()
	h.Loader = loader.Open(loader.Options{
		Spool: h.Spool, Books: h.Ledger, Warehouse: h.Warehouse, View: h.Catalog.View, Keyring: keyring, Clock: h.Time,
		Log: h.log, // Load has it hurry
	})
	h.Reports = &report.Engine{
		Warehouse: h.Warehouse, View: h.Catalog.View, Keyring: keyring, Clock: h.Time, Fresh: h.Loader.Fresh,
	}
	h.SignIn = signin.New(signin.Options{
		People: h.Ledger, Clock: h.Time, DeskURL: func() string { return h.Server.URL }, Keyring: keyring, Cost: signin.Cost{Memory: 64, Passes: 1},
	})
	h.Journal = journal.Open(journal.Options{Spool: h.Spool, Books: h.Ledger, Clock: h.Time, Whole: 1000})
	h.openTrying()
	h.handler = page.Handler(h.Rooms(), h.screens(h)...)
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.handler.ServeHTTP(w, r) }))
	t.Cleanup(h.Server.Close)
	var loading sync.WaitGroup
	loading.Go(func() { h.Loader.Run(t.Context()) })
	t.Cleanup(loading.Wait) // before the stores close
	return h
}

// Forget opens the journal and the panel anew, with nothing in memory.
func (h *House) Forget() {
	h.Journal = journal.Open(journal.Options{Spool: h.Spool, Books: h.Ledger, Clock: h.Time, Whole: 1000})
	h.handler = page.Handler(h.Rooms(), h.screens(h)...)
}

// Rooms are what the screens are given.
func (h *House) Rooms() page.Rooms {
	return page.Rooms{
		Catalog: h.Catalog, Journal: h.Journal, SignIn: h.SignIn, Books: h.Ledger, Reports: h.Reports, Clock: h.Time, Log: h.log,
		Troubles: func() []string { return h.Ills }, Addresses: h.Addresses, Stopping: h.T.Context().Done(),
	}
}

// Amender changes where conversions stand.
func (h *House) Amender() *amend.Amender {
	return &amend.Amender{
		Books: h.Ledger, Decider: h.Ledger, View: h.Catalog.View, Keyring: func() *homing.Keyring { return h.Keyring },
		Masker: h.Catalog.Masker, Clock: h.Time,
	}
}

// Addresses are where the doors would be.
func (h *House) Addresses() page.Addresses {
	return page.Addresses{Track: "http://127.0.0.1:8080", TrackTLS: "https://127.0.0.1:8443", Desk: h.Server.URL, Public: h.Public}
}

// Load waits until everything that was recorded can be reported.
func (h *House) Load() {
	h.T.Helper()
	h.Must(h.Loader.CatchUp(h.Context()))
}

// Click records a visitor's click on a campaign, now, as the door does.
func (h *House) Click(c homing.Campaign, change func(*homing.Click)) homing.Click {
	h.T.Helper()
	h.calls++
	click := homing.Click{
		Origin:    homing.Origin{Time: h.Millis(), Node: 3, Seq: uint16(h.calls), Campaign: c.ID},
		Addr:      netip.MustParseAddr("203.0.113.7"),
		UserAgent: []byte("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"),
	}
	click.ID = h.Keyring.Seal(click.Origin)
	if change != nil {
		change(&click)
	}
	_, err := h.Spool.Append(spool.KindClick, click.Origin.Time, homing.AppendClick(nil, &click))
	h.Must(err)
	return click
}

// failOn fails the test when something is logged as an error.
type failOn struct{ t *testing.T }

func (f failOn) Write(line []byte) (int, error) {
	f.t.Errorf("logged: %s", line)
	return len(line), nil
}

func (h *House) Must(err error) {
	h.T.Helper()
	if err != nil {
		h.T.Fatal(err)
	}
}

func (h *House) Time() time.Time             { return time.UnixMilli(h.now.Load()) }
func (h *House) Millis() homing.Millis       { return homing.Millis(h.now.Load()) }
func (h *House) Pass(d time.Duration)        { h.now.Add(d.Milliseconds()) }
func (h *House) Context() context.Context    { return h.T.Context() }
func (h *House) Accounts() []*homing.Account { return h.Catalog.View().Accounts }

// Account makes an advertiser.
func (h *House) Account(name string) homing.Account {
	h.T.Helper()
	a, _, _, err := h.Catalog.CreateAccount(h.Context(), "test", catalog.NewAccount{Name: name, MultiLead: true})
	h.Must(err)
	return a
}

func (h *House) Campaign(account homing.AccountID, name string) homing.Campaign {
	h.T.Helper()
	c, err := h.Catalog.CreateCampaign(h.Context(), "test", catalog.NewCampaign{
		Account: account, Name: name, URL: "https://shop.example/landing?external={click_id}&site={site_id}&next={their_macro}",
		DefaultValue: homing.ValueOf(3 * homing.Unit / 2), Goals: []homing.Goal{{ID: 1, Name: "Sign-up"}, {ID: 2, Name: "First deposit"}},
	})
	h.Must(err)
	return c
}

// Call logs a postback for a campaign's fresh click.
func (h *House) Call(c homing.Campaign, change func(*homing.Postback)) homing.RequestID {
	h.T.Helper()
	h.calls++
	p := homing.Postback{
		Request: homing.NewRequestID(h.Millis(), 3, h.calls), At: h.Millis(), Addr: netip.MustParseAddr("203.0.113.0"), HTTPS: true,
		Method: "GET", UserAgent: "Java/17.0.2", Account: c.Account, Campaign: c.ID,
		Origin: homing.Origin{Time: h.Millis() - 3_600_000, Node: 3, Seq: uint16(h.calls), Campaign: c.ID},
	}
	p.Click = h.Keyring.Seal(p.Origin)
	p.Target = "/api/v1/cpa/action/" + p.Click.String() + "?value=2.10"
	p.Value = homing.ValueOf(2_100_000)
	p.Verdict = homing.Verdict{Outcome: homing.Counted, Reason: homing.ReasonCounted}
	if change != nil {
		change(&p)
	}
	switch p.Verdict.Outcome {
	case homing.Counted, homing.Late:
		h.decide(&p)
		h.Journal.Counted(&p)
	case homing.Duplicate:
		h.Must(h.Journal.Duplicate(&p))
	default:
		written := h.Spool.Durable()
		h.Journal.Refused(&p)
		for range 1000 { // it is written behind, and Load loads what is durable
			if h.Spool.Durable() > written {
				break
			}
			time.Sleep(time.Millisecond)
		}
	}
	return p.Request
}

func (h *House) decide(p *homing.Postback) {
	status := homing.Approved
	if p.Verdict.Outcome == homing.Late {
		status = homing.LateStatus
	}
	d, err := h.Ledger.Decide(h.Context(), &ledger.Claim{
		Click: p.Origin, Goal: p.Goal, Lead: []byte(p.Lead), Account: p.Account, Campaign: p.Campaign, Status: status,
		Value: p.Value, At: p.At, Request: p.Request, Receipt: homing.AppendPostback(nil, p),
	})
	h.Must(err)
	p.Conversion = d.Conversion
}

// Browser is somebody with cookies.
type Browser struct {
	*House
	HTTP *http.Client
}

// Stranger has not signed in.
func (h *House) Stranger() *Browser {
	jar, err := cookiejar.New(nil)
	h.Must(err)
	return &Browser{h, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Operator sets the house up, once, and is signed in.
func (h *House) Operator() *Browser {
	h.T.Helper()
	b := h.Stranger()
	link, err := h.SignIn.SetUpLink(h.Context())
	h.Must(err)
	if link == "" {
		b.Post("/signin", "email", "ann@example.com", "password", Password).Want(http.StatusSeeOther)
		return b
	}
	b.Post(h.Path(link), "email", "Ann@example.com", "password", Password).Want(http.StatusSeeOther)
	return b
}

// Advertiser is somebody of an account, signed in.
func (h *House) Advertiser(account homing.AccountID, email string) *Browser {
	h.T.Helper()
	link, _, err := h.SignIn.Invite(h.Context(), "test", signin.Invitation{
		Email: email, Role: homing.RoleAdvertiser, Account: account, Level: homing.Owner,
	})
	h.Must(err)
	b := h.Stranger()
	b.Post(h.Path(link), "password", Password).Want(http.StatusSeeOther)
	return b
}

func (h *House) Path(link string) string { return strings.TrimPrefix(link, h.Server.URL) }

// Answer is an answer with its body.
type Answer struct {
	*http.Response
	t    *testing.T
	Text string
}

func (b *Browser) Do(method, path string, form url.Values) Answer {
	b.House.T.Helper()
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(b.House.Context(), method, b.House.Server.URL+path, body)
	b.House.Must(err)
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	response, err := b.HTTP.Do(r)
	b.House.Must(err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	b.House.Must(err)
	return Answer{response, b.House.T, string(text)}
}

func (b *Browser) Get(path string) Answer {
	b.House.T.Helper()
	return b.Do(http.MethodGet, path, nil)
}

func (b *Browser) Post(path string, pairs ...string) Answer {
	b.House.T.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.Do(http.MethodPost, path, form)
}

func (a Answer) Want(status int) Answer {
	a.t.Helper()
	if a.StatusCode != status {
		a.t.Fatalf("%s %s: status %d, want %d\n%s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, Excerpt(a.Text))
	}
	return a
}

func (a Answer) Has(texts ...string) Answer {
	a.t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.Text, text) {
			a.t.Errorf("%s: the page does not have %q\n%s", a.Request.URL.Path, text, Excerpt(a.Text))
		}
	}
	return a
}

func (a Answer) Lacks(texts ...string) Answer {
	a.t.Helper()
	for _, text := range texts {
		if strings.Contains(a.Text, text) {
			a.t.Errorf("%s: the page has %q", a.Request.URL.Path, text)
		}
	}
	return a
}

// Excerpt is the part of a page that tests are about.
func Excerpt(body string) string {
	if i := strings.Index(body, "<main"); i >= 0 {
		body = body[i:]
	}
	return body[:min(len(body), 3000)]
}

// Reader is somebody of an account who may only read, signed in.
func (h *House) Reader(account homing.AccountID, email string) *Browser {
	h.T.Helper()
	b := h.Advertiser(account, email)
	u, err := h.Ledger.UserByEmail(h.Context(), email)
	h.Must(err)
	u.Level = homing.ReadOnly
	h.Must(h.Ledger.PutUser(h.Context(), ledger.Actor{Name: "test", At: h.Millis()}, &u))
	return b
}

// SignedInAs begins another session of somebody, without the limits on tries;
// of nobody if email is empty.
func (h *House) SignedInAs(email string) *Browser {
	h.T.Helper()
	b := h.Stranger()
	if email != "" {
		b.Post("/signin", "email", email, "password", Password).Want(http.StatusSeeOther)
	}
	h.Pass(5 * time.Minute) // tries come back
	return b
}

// ServeHTTP is the panel without a connection.
func (h *House) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.handler.ServeHTTP(w, r) }
