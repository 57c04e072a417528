package control_test

import (
	"context"
	"errors"
	"iter"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/desk/signin"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/sqlite"
	"homing/internal/engine/spool"
	"homing/internal/engine/spool/segment"
	"homing/internal/flow/amend"
	"homing/internal/flow/catalog"
	"homing/internal/flow/journal"
)

const began homing.Millis = 1_800_000_000_000 // 2027-01-15T08:00:00Z

// stage is a server's desk over real engines, asked over a real socket.
type stage struct {
	*control.Client
	t       *testing.T
	ctx     context.Context
	dir     string
	now     homing.Millis
	desk    control.Desk
	journal *journal.Journal
	spool   spool.Spool
	ledger  ledger.Ledger
	ring    *homing.Keyring
	n       uint32
	end     func() error // ends the server
}

// open opens the engines and serves; change may alter the desk before.
func open(t *testing.T, change func(*control.Desk)) *stage {
	t.Helper()
	s := &stage{t: t, ctx: t.Context(), now: began}
	// A name that is too long for a socket's address, as test directories are.
	s.dir = filepath.Join(t.TempDir(), "a-data-directory-with-a-name-that-does-not-fit-the-address-of-a-socket-on-any-system")
	must(t, os.Mkdir(s.dir, 0o700))
	clock := func() time.Time { return s.now.Time() }
	books, err := sqlite.Open(sqlite.Options{Path: filepath.Join(s.dir, "ledger.db")})
	must(t, err)
	log, err := segment.Open(segment.Options{Dir: filepath.Join(s.dir, "spool"), SegmentSize: 1 << 20, Clock: clock})
	must(t, err)
	s.ledger, s.spool = books, log
	s.ring, err = homing.NewKeyring(homing.MasterKey{ID: "0badcafe", Secret: [32]byte{7}})
	must(t, err)
	keyring := func() *homing.Keyring { return s.ring }
	settings, err := catalog.Open(s.ctx, catalog.Options{Ledger: books, Clock: clock, Keyring: keyring})
	must(t, err)
	s.journal = journal.Open(journal.Options{Spool: log, Books: books, Clock: clock, Whole: 100})
	s.desk = control.Desk{
		Catalog: settings, Books: books, Spool: log, Journal: s.journal, Keyring: keyring, People: books,
		SignIn: &inviter{}, Clock: clock,
		Trace: func(_ context.Context, text string) (any, []string, error) {
			return map[string]string{"asked": text}, []string{"asked for " + text}, nil
		},
		Addresses: func() control.Addresses { return control.Addresses{Track: "http://127.0.0.1:8080"} },
		Status:    func() control.Status { return control.Status{Version: "test", Node: 3} },
	}
	s.desk.Amender = &amend.Amender{Books: books, Decider: books, View: settings.View, Keyring: keyring, Masker: settings.Masker, Clock: clock}
	if change != nil {
		change(&s.desk)
	}
	s.serve()
	t.Cleanup(func() {
		must(t, s.Close())
		must(t, s.end())
		must(t, log.Close())
		must(t, books.Close())
	})
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *stage) serve() {
	s.t.Helper()
	// As seen from inside, the name fits.
	at, err := os.Open(s.dir)
	must(s.t, err)
	s.t.Chdir(at.Name())
	must(s.t, at.Close())
	l, err := net.Listen("unix", control.SocketName)
	must(s.t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.ctx))
	ended := make(chan error, 1)
	go func() { ended <- control.Serve(ctx, l, control.Handler(s.desk)) }()
	s.end = func() error { cancel(); err := <-ended; ended <- err; return err }
	s.Client = control.NewClient(control.Dial(s.dir), nil)
}

// inviter makes links for whom it is asked.
type inviter struct {
	last signin.Invitation
	// reset gives links for new passwords; whose has no second factor then.
	reset, unlocked string
}

func (i *inviter) Invite(_ context.Context, by string, n signin.Invitation) (string, homing.Millis, error) {
	i.last = n
	return "http://desk/welcome/" + by, began + 1000, nil
}

func (i *inviter) Reset(_ context.Context, _, email string) (string, homing.Millis, error) {
	if email != i.reset {
		return "", 0, errors.New("no mail for " + email)
	}
	return "http://desk/welcome/again", began + 1000, nil
}

func (i *inviter) ResetFactorOf(_ context.Context, _, email string) (bool, error) {
	i.unlocked = email
	return true, nil
}

// account makes an account and a campaign of it.
func (s *stage) account(name string) (control.Account, control.Campaign) {
	s.t.Helper()
	a, err := s.CreateAccount(s.ctx, control.AccountEdit{Name: &name})
	must(s.t, err)
	url := "https://shop.example/?c={click_id}"
	c, err := s.CreateCampaign(s.ctx, control.CampaignEdit{Account: a.ID, Name: &name, URL: &url})
	must(s.t, err)
	return a, c
}

// click stores a click, a second after what came before.
func (s *stage) click(campaign homing.CampaignID) homing.Origin {
	s.t.Helper()
	s.now += 1000
	click := homing.Click{
		Origin: homing.Origin{Time: s.now, Node: 3, Campaign: campaign},
		Addr:   netip.MustParseAddr("198.51.100.77"), UserAgent: []byte("Browser/1"),
	}
	click.Params[homing.ParamSub1] = []byte("abc")
	_, err := s.spool.Append(spool.KindClick, s.now, homing.AppendClick(nil, &click))
	must(s.t, err)
	return click.Origin
}

// postback makes one, a second after what came before.
func (s *stage) postback(account homing.AccountID, click homing.Origin, r homing.Reason) *homing.Postback {
	s.now += 1000
	s.n++
	p := &homing.Postback{
		Request: homing.NewRequestID(s.now, 3, s.n), At: s.now, Addr: netip.MustParseAddr("2001:db8:1:2::3"),
		Method: "GET", Target: "/api/v1/cpa/action/x", Account: account, Campaign: click.Campaign,
		Origin: click, Click: s.ring.Seal(click), Value: homing.ValueOf(2 * homing.Unit),
	}
	p.Verdict = homing.Verdict{Outcome: r.Info().Outcome, Reason: r}
	return p
}

// convert has a conversion counted.
func (s *stage) convert(account homing.AccountID, click homing.Origin, lead string, status homing.Status) *homing.Postback {
	s.t.Helper()
	p := s.postback(account, click, homing.ReasonCounted)
	_, err := s.ledger.Decide(s.ctx, &ledger.Claim{
		Click: click, Lead: []byte(lead), Account: account, Campaign: click.Campaign, Status: status,
		Value: p.Value, At: p.At, Request: p.Request, Receipt: homing.AppendPostback(nil, p),
	})
	must(s.t, err)
	s.journal.Counted(p)
	return p
}

func (s *stage) duplicate(account homing.AccountID, click homing.Origin) *homing.Postback {
	s.t.Helper()
	p := s.postback(account, click, homing.ReasonDuplicate)
	must(s.t, s.journal.Duplicate(p))
	return p
}

// all gathers a list that must not fail.
func all[T any](t *testing.T, list iter.Seq2[T, error]) []T {
	t.Helper()
	got, err := gather(list)
	must(t, err)
	return got
}

func gather[T any](list iter.Seq2[T, error]) (got []T, err error) {
	for v, err := range list {
		if err != nil {
			return got, err
		}
		got = append(got, v)
	}
	return got, nil
}

func pick[T, K any](list []T, field func(T) K) (keys []K) {
	for v := range slices.Values(list) {
		keys = append(keys, field(v))
	}
	return keys
}

func ptr[T any](v T) *T { return &v }
