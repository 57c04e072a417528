package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/signin"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/sqlite"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/warehousetest"
	"homing/internal/flow/amend"
	"homing/internal/flow/catalog"
	"homing/internal/flow/report"
)

// house is an API on a real ledger and a warehouse in memory, with a clock that
// is moved by hand.
type house struct {
	t         *testing.T
	ledger    *sqlite.Ledger
	warehouse *warehousetest.Model
	catalog   *catalog.Catalog
	ring      *homing.Keyring
	tokens    signin.Tokens
	handler   http.Handler
	log       bytes.Buffer // guarded by mu
	contract  *contract

	mu   sync.Mutex
	at   time.Time // guarded by mu
	next uint64    // mark of the warehouse's only source
	seq  int
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func newHouse(t *testing.T, edits ...func(*Options)) *house {
	t.Helper()
	h := &house{t: t, at: noon, warehouse: warehousetest.NewModel()}
	var err error
	h.ring, err = homing.NewKeyring(homing.MasterKey{ID: "00000001", Secret: [32]byte{1}})
	h.must(err)
	h.ledger, err = sqlite.Open(sqlite.Options{Path: filepath.Join(t.TempDir(), "ledger.db"), LeadHashes: h.ring.HashLeads,
		Logger: slog.New(slog.DiscardHandler)})
	h.must(err)
	t.Cleanup(func() { h.must(h.ledger.Close()) })
	keyring := func() *homing.Keyring { return h.ring }
	h.catalog, err = catalog.Open(t.Context(), catalog.Options{Ledger: h.ledger, Clock: h.now, Keyring: keyring})
	h.must(err)
	h.tokens = signin.Tokens{People: h.ledger, Clock: h.now}
	o := Options{
		Catalog: h.catalog, People: h.ledger, Books: h.ledger, Keyring: keyring, Clock: h.now,
		Reports: &report.Engine{Warehouse: h.warehouse, View: h.catalog.View, Keyring: keyring, Clock: h.now,
			Masker: h.catalog.Masker(), Fresh: func() homing.Millis { return homing.MillisOf(h.now()) }},
		Log:       slog.New(slog.NewTextHandler(&locked{h: h}, &slog.HandlerOptions{Level: slog.LevelDebug})),
		ClickBase: func() string { return "https://go.example" },
	}
	o.Amender = &amend.Amender{Books: h.ledger, Decider: h.ledger, View: h.catalog.View, Keyring: keyring, Masker: h.catalog.Masker, Clock: h.now}
	for _, edit := range edits {
		edit(&o)
	}
	h.handler = New(o)
	h.contract = contractOf(t)
	return h
}

// locked writes the house's log.
type locked struct{ h *house }

func (l *locked) Write(b []byte) (int, error) {
	l.h.mu.Lock()
	defer l.h.mu.Unlock()
	return l.h.log.Write(b)
}

func (h *house) logged() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.log.String()
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(d)
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// account makes an account by the API, with a campaign of ref "spring".
func (h *house) account(ref string) *homing.Account {
	h.t.Helper()
	operator := h.token(0, homing.AllScopes)
	h.put(operator, "/accounts/"+ref, `{"name":"Account `+ref+`","currency":"EUR"}`).want(201)
	h.put(operator, "/accounts/"+ref+"/campaigns/spring", `{"name":"Spring `+ref+`","url":"https://shop.example/?c={click_id}"}`).want(201)
	return h.catalog.View().AccountNamed(ref)
}

func (h *house) token(account homing.AccountID, scopes homing.Scopes) string {
	h.t.Helper()
	_, text, err := h.tokens.Make(h.t.Context(), "test", signin.NewToken{Name: "test", Account: account, Scopes: scopes})
	h.must(err)
	return text.Reveal()
}

// click stores a click of the account's campaign and returns its origin.
func (h *house) click(a *homing.Account) homing.Origin {
	h.t.Helper()
	h.seq++
	o := homing.Origin{Time: homing.MillisOf(noon) - homing.Millis(h.seq), Node: 1, Campaign: h.catalog.View().CampaignNamed(a.ID, "spring").ID}
	h.must(h.warehouse.Load(context.Background(), &warehouse.Batch{Source: "test", First: h.next, Next: h.next + 1, Clicks: []warehouse.Click{
		{Origin: o, Account: a.ID, Class: homing.Billable, Cost: homing.Unit / 4},
	}}))
	h.next++
	return o
}

// convert makes a conversion in the ledger, and its postback in the warehouse.
func (h *house) convert(a *homing.Account, o homing.Origin, lead string) homing.ConversionID {
	h.t.Helper()
	c := &ledger.Claim{Click: o, Lead: []byte(lead), Account: a.ID, Campaign: o.Campaign, Status: homing.Approved,
		Value: homing.ValueOf(3 * homing.Unit / 2), At: homing.MillisOf(h.now()), Request: homing.NewRequestID(1, 1, uint32(o.Seq))}
	c.Receipt = homing.AppendPostback(nil, &homing.Postback{Request: c.Request, At: c.At, Method: "GET", Target: "/…", Account: a.ID,
		Campaign: o.Campaign, Click: h.ring.Seal(o), Origin: o, Lead: lead, Value: c.Value, Verdict: homing.Verdict{Outcome: homing.Counted, Reason: 1}})
	d, err := h.ledger.Decide(context.Background(), c)
	h.must(err)
	return d.Conversion
}

// loadConversion brings a conversion and its postback into the warehouse.
func (h *house) loadConversion(o homing.Origin) {
	h.t.Helper()
	found, err := h.ledger.ConversionsOf(h.t.Context(), o)
	h.must(err)
	b := &warehouse.Batch{Source: "test", First: h.next, Next: h.next + 1}
	for p, err := range h.ledger.Receipts(h.t.Context(), ledger.ReceiptQuery{Click: o}) {
		h.must(err)
		b.Postbacks = append(b.Postbacks, warehouse.Postback{Postback: p, Number: int64(h.next), Count: 1})
	}
	for _, c := range found {
		b.Conversions = append(b.Conversions, warehouse.Conversion{Conversion: c, Version: 1})
	}
	h.must(h.warehouse.Load(h.t.Context(), b))
	h.next++
}

// said is an answer.
type said struct {
	*httptest.ResponseRecorder
	h    *house
	what string
}

// ask sends a request, and checks the answer against the OpenAPI document.
func (h *house) ask(method, path, token, body string, headers ...string) *said {
	h.t.Helper()
	r := httptest.NewRequest(method, prefix+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	s := &said{w, h, method + " " + path}
	h.contract.check(h.t, r, w)
	if token != "" && len(token) > 8 && (strings.Contains(w.Body.String(), token) || strings.Contains(h.logged(), token)) {
		h.t.Errorf("%s: the token is told: %s %s", s.what, w.Body, h.logged())
	}
	return s
}

func (h *house) get(token, path string) *said { h.t.Helper(); return h.ask("GET", path, token, "") }

func (h *house) put(token, path, body string) *said {
	h.t.Helper()
	return h.ask("PUT", path, token, body)
}

func (s *said) want(status int) *said {
	s.h.t.Helper()
	if s.Code != status {
		s.h.t.Fatalf("%s: %d, want %d: %s", s.what, s.Code, status, s.Body)
	}
	return s
}

// problem wants a problem of a type.
func (s *said) problem(status int, slug string) Problem {
	s.h.t.Helper()
	s.want(status)
	p := into[Problem](s)
	if p.Type != typePrefix+slug || p.Status != status || p.Title == "" || p.Detail == "" {
		s.h.t.Errorf("%s: %s, want a problem %s", s.what, s.Body, slug)
	}
	return p
}

// into reads an answer. Fields that its type does not know are errors.
func into[T any](s *said) (v T) {
	s.h.t.Helper()
	d := json.NewDecoder(bytes.NewReader(s.Body.Bytes()))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		s.h.t.Fatalf("%s: %v: %s", s.what, err, s.Body)
	}
	if _, err := d.Token(); err != io.EOF {
		s.h.t.Fatalf("%s: something follows: %s", s.what, s.Body)
	}
	return v
}

func (h *house) clickID(o homing.Origin) string { return fmt.Sprint(h.ring.Seal(o)) }

func jsonInto(text []byte, v any) error { return json.Unmarshal(text, v) }
