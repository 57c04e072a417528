package edge

import (
	"context"
	"crypto/tls"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"homing"
	"homing/internal/edge/certificate"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
	"homing/internal/flow/catalog"
	"homing/internal/flow/journal"
	"homing/internal/flow/mint"
)

// fakeLedger decides in memory. Its settings are fixed.
type fakeLedger struct {
	ledger.Books // not asked

	settings ledger.Snapshot
	fail     atomic.Pointer[error]

	mu   sync.Mutex
	rows map[string]ledger.Decision // guarded by mu
	last homing.Postback            // guarded by mu: the last receipt
	uses int                        // guarded by mu
}

func (l *fakeLedger) Decide(_ context.Context, c *ledger.Claim) (ledger.Decision, error) {
	if err := l.fail.Load(); err != nil {
		return ledger.Decision{}, *err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	key := c.Click.Pack()
	name := string(key[:]) + c.Goal.String() + "/" + string(c.Lead)
	if d, ok := l.rows[name]; ok {
		d.First = false
		return d, nil
	}
	p, err := homing.DecodePostback(c.Receipt)
	if err != nil {
		return ledger.Decision{}, err
	}
	l.last = p
	d := ledger.Decision{First: true, Conversion: homing.ConversionID(len(l.rows) + 1), Status: c.Status, Value: c.Value}
	l.rows[name] = d
	return d, nil
}

func (l *fakeLedger) counted() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range l.rows {
		if d.Status.InTotals() {
			n++
		}
	}
	return n
}

func (l *fakeLedger) receipt() homing.Postback {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

func (l *fakeLedger) Amend(context.Context, ledger.Amendment) error { return nil }
func (l *fakeLedger) Snapshot(context.Context) (*ledger.Snapshot, error) {
	s := l.settings
	return &s, nil
}
func (l *fakeLedger) Version(context.Context) (int64, error)                    { return 1, nil }
func (l *fakeLedger) Apply(context.Context, ledger.Actor, ...ledger.Edit) error { return nil }
func (l *fakeLedger) NoteKeyUse(_ context.Context, u []ledger.KeyUse) error {
	l.uses += len(u)
	return nil
}
func (l *fakeLedger) KeyUses(context.Context) ([]ledger.KeyUse, error)           { return nil, nil }
func (l *fakeLedger) Release(context.Context, ledger.Lease, homing.Millis) error { return nil }
func (l *fakeLedger) Extend(context.Context, ledger.Lease, homing.Millis) error  { return nil }
func (l *fakeLedger) Lease(_ context.Context, now, until homing.Millis, _ bool) (ledger.Lease, error) {
	return ledger.Lease{Node: 7, Token: 1, Mark: until + 1<<40}, nil
}

// fakeSpool keeps records in memory, or drops them for a benchmark.
type fakeSpool struct {
	spool.Spool // what is not written here is not asked
	drop        bool
	fail        atomic.Pointer[error]
	hold        chan struct{} // if not nil, Append waits for it

	mu      sync.Mutex
	records []spool.Record // guarded by mu
}

func (s *fakeSpool) Append(kind spool.Kind, at homing.Millis, data []byte) (spool.Position, error) {
	if err := s.fail.Load(); err != nil {
		return 0, *err
	}
	if s.hold != nil {
		<-s.hold
	}
	if s.drop {
		return 0, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records = append(s.records, spool.Record{Kind: kind, At: at, Data: append([]byte(nil), data...)})
	return spool.Position(len(s.records) - 1), nil
}

func (s *fakeSpool) Behind(kind spool.Kind, at homing.Millis, data []byte) error {
	_, err := s.Append(kind, at, data)
	return err
}

func (s *fakeSpool) Scan(context.Context, spool.Query) iter.Seq2[spool.Record, error] {
	return func(func(spool.Record, error) bool) {}
}

// clicks are the recorded clicks.
func (s *fakeSpool) clicks(t testing.TB) (clicks []homing.Click) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.records {
		if r.Kind != spool.KindClick {
			continue
		}
		var c homing.Click
		if err := homing.DecodeClick(&c, r.Data); err != nil {
			t.Fatal(err)
		}
		clicks = append(clicks, c)
	}
	return clicks
}

// postbacks are the recorded postbacks.
func (s *fakeSpool) postbacks(t testing.TB) (all []homing.Postback) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.records {
		if r.Kind != spool.KindPostback {
			continue
		}
		p, err := homing.DecodePostback(r.Data)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// The settings of the house under test.
const (
	keyA       = homing.Secret("kA7Zq2mX9cVb4NwL0sTy8RfGh3JdPu6EiQo1")
	keyB       = homing.Secret("keyBkeyBkeyBkeyBkeyBkeyBkeyBkeyBkeyB")
	keyPrev    = homing.Secret("keyPkeyPkeyPkeyPkeyPkeyPkeyPkeyPkeyP")
	keyRevoked = homing.Secret("keyRkeyRkeyRkeyRkeyRkeyRkeyRkeyRkeyR")
	keyNoPerm  = homing.Secret("keyNkeyNkeyNkeyNkeyNkeyNkeyNkeyNkeyN")
	keyFenced  = homing.Secret("keyFkeyFkeyFkeyFkeyFkeyFkeyFkeyFkeyF")

	campaignA      homing.CampaignID = 1
	campaignB      homing.CampaignID = 2
	campaignPaused homing.CampaignID = 3
	campaignErased homing.CampaignID = 4
	campaignHold   homing.CampaignID = 5
	campaignNoPerm homing.CampaignID = 6
	campaignDevice homing.CampaignID = 7
	campaignFenced homing.CampaignID = 8 // of an account that permits 203.0.113.0/24 only
)

func testSettings() ledger.Snapshot {
	account := func(id homing.AccountID, public string, multi, erased bool) homing.Account {
		return homing.Account{ID: id, PublicID: public, Name: public, MultiLead: multi, Erased: erased,
			PriceMin: homing.DefaultPriceMin, PriceMax: homing.DefaultPriceMax, Currency: "USD"}
	}
	campaign := func(id homing.CampaignID, owner homing.AccountID, slug string) homing.Campaign {
		return homing.Campaign{ID: id, Account: owner, Name: slug, Slug: slug, Status: homing.CampaignActive,
			Window: homing.DefaultWindow, URL: "https://adv.example/lp?some=1&t={click_id}&s={sub1}"}
	}
	key := func(id homing.KeyID, owner homing.AccountID, s homing.Secret) homing.Key {
		return homing.Key{ID: id, Account: owner, Hash: s.Hash(), Created: 1}
	}
	s := ledger.Snapshot{
		Version: 1,
		Accounts: []homing.Account{
			account(1, "publicA", true, false), account(2, "publicB", true, false),
			account(3, "publicE", true, true), account(4, "publicN", false, false),
			account(5, "publicF", true, false),
		},
		Campaigns: []homing.Campaign{
			campaign(campaignA, 1, "slugA"), campaign(campaignB, 2, "slugB"), campaign(campaignPaused, 1, "slugP"),
			campaign(campaignErased, 3, "slugE"), campaign(campaignHold, 1, "slugH"), campaign(campaignNoPerm, 4, "slugN"),
			campaign(campaignDevice, 1, "slugD"), campaign(campaignFenced, 5, "slugF"),
		},
		Keys: []homing.Key{key(1, 1, keyA), key(2, 2, keyB), key(3, 1, keyPrev), key(4, 1, keyRevoked), key(5, 4, keyNoPerm), key(6, 5, keyFenced)},
	}
	s.Campaigns[campaignPaused-1].Status = homing.CampaignPaused
	s.Campaigns[campaignHold-1].Hold = true
	s.Campaigns[campaignDevice-1].URL = "https://adv.example/{os}/{device_type}?t={click_id}"
	s.Keys[2].Expires = homing.MillisOf(time.Now().Add(time.Hour))
	s.Keys[3].Revoked = 1
	s.Accounts[4].Senders = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	return s
}

// house is an edge with everything around it in memory.
type house struct {
	*Edge
	t       testing.TB
	ledger  *fakeLedger
	spool   *fakeSpool
	journal *journal.Journal
	keyring *homing.Keyring
	log     *logBook
	plain   string // addresses
	tls     string
}

func newHouse(t testing.TB, change func(*Options)) *house {
	h := &house{t: t, spool: &fakeSpool{}, log: &logBook{}}
	h.ledger = &fakeLedger{settings: testSettings(), rows: map[string]ledger.Decision{}}
	h.keyring, _ = homing.NewKeyring(homing.MasterKey{ID: "00000001", Secret: [32]byte{1, 2, 3}})
	for i, secret := range []homing.Secret{keyA, keyB, keyPrev, keyRevoked, keyNoPerm, keyFenced} {
		k := &h.ledger.settings.Keys[i]
		owner := h.ledger.settings.Accounts[k.Account-1]
		k.Sealed = h.keyring.SealSecret(secret, "account "+owner.PublicID)
	}
	keyring := func() *homing.Keyring { return h.keyring }
	log := slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	ctx := context.Background()
	settings, err := catalog.Open(ctx, catalog.Options{Ledger: h.ledger, Clock: time.Now, Keyring: keyring})
	if err != nil {
		t.Fatal(err)
	}
	minter, err := mint.Open(ctx, mint.Options{Lessor: h.ledger, Clock: time.Now, Keyring: keyring, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	h.journal = journal.Open(journal.Options{Spool: h.spool, Books: h.ledger, Clock: time.Now, Whole: 1000})
	o := Options{
		Spool: h.spool, Ledger: h.ledger, Catalog: settings, Minter: minter, Journal: h.journal,
		Keyring: keyring, Clock: time.Now, Log: log, RefusalsPerMinute: 1000, MaxConns: 1000, MaxRequests: 1000,
	}
	if change != nil {
		change(&o)
	}
	h.Edge = New(o)
	return h
}

// logBook is a log that the test reads while others write.
type logBook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *logBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// open serves on loopback until the test ends.
func (h *house) open() *house {
	listen := func() net.Listener {
		l, err := Listen("127.0.0.1:0")
		if err != nil {
			h.t.Fatal(err)
		}
		return l
	}
	store, err := certificate.SelfSigned(h.t.TempDir(), time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		h.t.Fatal(err)
	}
	plain, secure := listen(), listen()
	h.plain, h.tls = plain.Addr().String(), secure.Addr().String()
	var serving sync.WaitGroup
	serving.Go(func() { _ = h.Serve(plain) })
	serving.Go(func() { _ = h.ServeTLS(secure, store.TLSConfig()) })
	h.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = h.Shutdown(ctx) // a test may have left connections open
		serving.Wait()
	})
	return h
}

// clickID mints an id as of a moment.
func (h *house) clickID(campaign homing.CampaignID, at time.Time) string {
	seq.Add(1)
	return h.keyring.Seal(homing.Origin{Time: homing.MillisOf(at), Node: 9, Seq: uint16(seq.Load() & homing.MaxSeq), Campaign: campaign}).String()
}

var seq atomic.Uint32

func (h *house) fresh() string { return h.clickID(campaignA, time.Now()) }

func trusted(prefix string) func(*Options) {
	return func(o *Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(prefix)} }
}

// answer is what came back over a socket.
type answer struct {
	status  int
	headers map[string]string // lower case
	body    string
	closed  bool // the server closed the connection
}

// send sends raw bytes and reads everything until the end of the connection
// or of one answer.
func (h *house) send(raw string, overTLS bool) answer {
	h.t.Helper()
	var c net.Conn
	var err error
	if overTLS {
		c, err = tls.Dial("tcp", h.tls, &tls.Config{InsecureSkipVerify: true})
	} else {
		c, err = net.Dial("tcp", h.plain)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	defer c.Close()
	_, _ = io.WriteString(c, raw) // the server may refuse before it is all sent
	_ = c.SetReadDeadline(time.Now().Add(8 * time.Second))
	return readAnswer(c, strings.HasPrefix(raw, "HEAD"))
}

// get sends a GET that ends its connection.
func (h *house) get(target string, overTLS bool, headers ...string) answer {
	h.t.Helper()
	raw := "GET " + target + " HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
	for _, line := range headers {
		raw += line + "\r\n"
	}
	return h.send(raw+"\r\n", overTLS)
}
