package notice_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/sqlite"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/warehousetest"
	"homing/internal/flow/catalog"
	"homing/internal/flow/disk"
	"homing/internal/flow/journal"
	"homing/internal/flow/notice"
)

const (
	minute homing.Millis = 60_000
	hour                 = 60 * minute
	aDay                 = 24 * hour
)

// stage is a watch over a real ledger and catalog, with facts and a clock that
// the test moves, and a mail server that keeps what it is sent.
type stage struct {
	*testing.T
	now     homing.Millis
	ledger  *sqlite.Ledger
	catalog *catalog.Catalog
	ring    *homing.Keyring
	figures *warehousetest.Model
	mails   *mailServer
	watch   *notice.Watch
	store   notice.Store

	// What is wrong.
	behind       time.Duration
	space        disk.Space
	certificates []notice.TLSCertificate
	warehouse    string
	storage      []string
	uses         map[homing.KeyID]ledger.KeyUse
	calls        []journal.Entry
	stale        bool
	loaded       uint64
}

func open(t *testing.T) *stage {
	t.Helper()
	s := &stage{T: t, now: 1_800_000_000_000, space: disk.Space{Free: 50 << 30, Total: 100 << 30}, figures: warehousetest.NewModel(), uses: map[homing.KeyID]ledger.KeyUse{}}
	books, err := sqlite.Open(sqlite.Options{Path: filepath.Join(t.TempDir(), "ledger.db")})
	s.must(err)
	t.Cleanup(func() { books.Close() })
	s.ledger, s.store = books, books
	s.ring, err = homing.NewKeyring(homing.MasterKey{ID: "00000001", Secret: [32]byte{7}})
	s.must(err)
	s.catalog, err = catalog.Open(t.Context(), catalog.Options{Ledger: books, Clock: s.clock, Keyring: s.keyring})
	s.must(err)
	s.mails = newMailServer(t)
	s.install(func(i *homing.Installation) {
		i.Mail = homing.Mail{Host: "127.0.0.1", Port: s.mails.port, From: "Homing <notices@homing.example>"}
		i.Notices.Emails = []string{"ops@homing.example"}
	})
	s.restart()
	return s
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *stage) clock() time.Time         { return s.now.Time() }
func (s *stage) keyring() *homing.Keyring { return s.ring }

func (s *stage) install(edit func(*homing.Installation)) {
	s.Helper()
	_, err := s.catalog.UpdateInstallation(s.Context(), "test", edit)
	s.must(err)
}

// restart forgets everything that is in memory.
func (s *stage) restart() {
	s.watch = notice.Open(notice.Options{
		Store: s.store, View: s.catalog.View, Keyring: s.keyring, Clock: s.clock, Log: slog.New(slog.DiscardHandler),
		DeskURL: func() string { return "https://desk.example" }, Roots: s.mails.roots,
		Facts: notice.Facts{
			Figures: s.figures, Calls: s, KeyUses: func(context.Context) (map[homing.KeyID]ledger.KeyUse, error) { return s.uses, nil },
			Fresh: func() homing.Millis {
				if s.stale {
					return s.now - hour
				}
				return s.now
			},
			Disk:         disk.New(func() (disk.Space, error) { return s.space, nil }),
			Lag:          func() (time.Duration, string) { return s.behind, "the warehouse was slow" },
			Certificates: func() []notice.TLSCertificate { return s.certificates },
			Warehouse:    func() string { return s.warehouse }, Storage: func() []string { return s.storage },
		},
	})
}

// Survey implements notice.Calls.
func (s *stage) Survey(f journal.Filter, see func(*journal.Entry)) homing.Millis {
	for i := range s.calls {
		if f.Match(&s.calls[i]) {
			see(&s.calls[i])
		}
	}
	return f.Since
}

// pass lets time go by, and looks and delivers each minute, or each step if that
// is longer.
func (s *stage) pass(d homing.Millis, steps ...homing.Millis) {
	step := minute
	if len(steps) > 0 {
		step = steps[0]
	}
	for end := s.now + d; s.now < end; {
		s.now += step
		s.look()
	}
}

func (s *stage) look() {
	s.watch.Look(s.Context())
	s.watch.Deliver(s.Context())
}

// told takes the mails that came since it was asked last, and wants so many.
func (s *stage) told(want int) []mailed {
	s.Helper()
	got := s.mails.take()
	if len(got) != want {
		s.Fatalf("%d mails, want %d: %v", len(got), want, got)
	}
	return got
}

// account makes an advertiser whose people are told.
func (s *stage) account(name string, emails ...string) homing.Account {
	s.Helper()
	a, _, _, err := s.catalog.CreateAccount(s.Context(), "test", catalog.NewAccount{Name: name})
	s.must(err)
	a, err = s.catalog.UpdateAccount(s.Context(), "test", a.ID, func(a *homing.Account) { a.Notices.Emails = emails })
	s.must(err)
	return a
}

func (s *stage) campaign(a homing.Account, name string) homing.Campaign {
	s.Helper()
	c, err := s.catalog.CreateCampaign(s.Context(), "test", catalog.NewCampaign{Account: a.ID, Name: name, URL: "https://shop.example/?c={click_id}"})
	s.must(err)
	return c
}

// convert loads a conversion and its click.
func (s *stage) convert(c homing.Campaign, at homing.Millis) {
	s.Helper()
	s.loaded++
	origin := homing.Origin{Time: at - minute, Node: 1, Seq: uint16(s.loaded % 4096), Campaign: c.ID}
	conversion := homing.Conversion{ID: homing.ConversionID(s.loaded), Click: origin, Account: c.Account, Campaign: c.ID, At: at, Status: homing.Approved}
	s.must(s.figures.Load(s.Context(), &warehouse.Batch{
		Source: "test", First: s.loaded - 1, Next: s.loaded,
		Clicks:      []warehouse.Click{{Origin: origin, Account: c.Account, Class: homing.Billable}},
		Conversions: []warehouse.Conversion{{Conversion: conversion, Version: 1}},
	}))
}

// mailed is a mail as it came.
type mailed struct {
	from, to, subject, text string
	header                  mail.Header
	raw                     string
}

func (m mailed) String() string { return m.to + ": " + m.subject }

func (m mailed) has(t *stage, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(m.text, text) {
			t.Errorf("the mail lacks %q:\n%s", text, m.text)
		}
	}
}

// mailServer is a mail server as far as it goes.
type mailServer struct {
	t     *testing.T
	port  int
	roots *x509.CertPool
	tls   *tls.Config

	mu       sync.Mutex
	mails    []mailed
	startTLS bool
	implicit bool
	refuse   string // answer to RCPT
	user     string // "" = no sign-in is offered
	password string
	seen     []string // lines, those of sign-in included
}

func newMailServer(t *testing.T) *mailServer {
	t.Helper()
	m := &mailServer{t: t, startTLS: true}
	certificate := selfSigned(t)
	m.tls = &tls.Config{Certificates: []tls.Certificate{certificate}}
	m.roots = x509.NewCertPool()
	m.roots.AddCert(certificate.Leaf)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.port = listener.Addr().(*net.TCPAddr).Port
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { m.serve(conn) })
		}
	})
	t.Cleanup(func() { listener.Close(); serving.Wait() })
	return m
}

func (m *mailServer) set(edit func(*mailServer)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	edit(m)
}

func (m *mailServer) take() []mailed {
	m.mu.Lock()
	defer m.mu.Unlock()
	got := m.mails
	m.mails = nil
	return got
}

func (m *mailServer) serve(conn net.Conn) {
	defer func() { conn.Close() }()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	m.mu.Lock()
	implicit := m.implicit
	m.mu.Unlock()
	if implicit {
		conn = tls.Server(conn, m.tls)
	}
	in := bufio.NewReader(conn)
	say := func(text string) { io.WriteString(conn, text+"\r\n") }
	say("220 mail.example ready")
	secure := implicit
	var now mailed
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		m.mu.Lock()
		m.seen = append(m.seen, line)
		startTLS, refuse, user, password := m.startTLS && !secure, m.refuse, m.user, m.password
		m.mu.Unlock()
		switch verb := strings.ToUpper(strings.SplitN(line, " ", 2)[0]); {
		case verb == "EHLO":
			say("250-mail.example")
			if startTLS {
				say("250-STARTTLS")
			}
			if user != "" {
				say("250-AUTH PLAIN")
			}
			say("250 8BITMIME")
		case verb == "STARTTLS":
			say("220 go ahead")
			conn = tls.Server(conn, m.tls)
			in, secure = bufio.NewReader(conn), true
		case verb == "AUTH":
			if want := base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password)); !strings.HasSuffix(line, want) {
				say("535 5.7.8 no: " + line) // some repeat what they got
				continue
			}
			say("235 in")
		case verb == "MAIL":
			now = mailed{from: line}
			say("250 ok")
		case verb == "RCPT":
			if refuse != "" {
				say(refuse)
				continue
			}
			now.to = strings.Trim(strings.TrimPrefix(line, "RCPT TO:"), "<>")
			say("250 ok")
		case verb == "DATA":
			say("354 go on")
			var b strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				b.WriteString(strings.TrimPrefix(line, ".")) // as it was stuffed
			}
			m.keep(now, b.String())
			say("250 taken")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (m *mailServer) keep(one mailed, raw string) {
	one.raw = raw
	parsed, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		m.t.Errorf("a mail can't be read: %v", err)
		return
	}
	one.header = parsed.Header
	one.subject, _ = new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
	body := io.Reader(parsed.Body)
	if parsed.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		body = quotedprintable.NewReader(body)
	}
	text, _ := io.ReadAll(body)
	one.text = strings.ReplaceAll(string(text), "\r\n", "\n")
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mails = append(m.mails, one)
}

func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// forgetful is a ledger that takes no notices.
type forgetful struct{}

func (forgetful) Notices(context.Context) ([]ledger.Notice, error) { return nil, nil }
func (forgetful) PutNotice(context.Context, ledger.Notice) error {
	return fmt.Errorf("%w: the disk is full", homing.ErrUnavailable)
}

// closed is a ledger that can't even be read.
type closed struct{ forgetful }

func (closed) Notices(context.Context) ([]ledger.Notice, error) { return nil, errors.New("closed") }
