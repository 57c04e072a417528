package report_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/warehousetest"
	"homing/internal/flow/catalog"
	"homing/internal/flow/report"
)

// settings are a ledger that holds settings only.
type settings struct {
	ledger.Settings
	snapshot ledger.Snapshot
}

func (s *settings) Snapshot(context.Context) (*ledger.Snapshot, error) { return &s.snapshot, nil }

const target = "https://adv.example/?t={click_id}"

// standard are two accounts of one currency, each with its campaigns, and an
// erased one.
func standard() *settings {
	s := several()
	s.snapshot.Accounts = slices.DeleteFunc(s.snapshot.Accounts, func(a homing.Account) bool { return a.ID == 3 })
	s.snapshot.Campaigns = slices.DeleteFunc(s.snapshot.Campaigns, func(c homing.Campaign) bool { return c.Account == 3 })
	return s
}

// several are the same, and an account of another currency.
func several() *settings {
	return &settings{snapshot: ledger.Snapshot{
		Accounts: []homing.Account{
			{ID: 1, PublicID: "p1", Name: "Acme", Currency: "USD"},
			{ID: 2, PublicID: "p2", Name: "=Bolt", Currency: "USD"},
			{ID: 3, PublicID: "p3", Name: "Crane", Currency: "EUR"},
			{ID: 4, Erased: true},
		},
		Keys: []homing.Key{{ID: 1, Account: 1}, {ID: 2, Account: 2}},
		Campaigns: []homing.Campaign{
			{ID: 11, Account: 1, Name: "Apples", Slug: "a", URL: target, Goals: []homing.Goal{{ID: 1, Name: "Sale"}}},
			{ID: 12, Account: 1, Name: "Apricots", Slug: "b", URL: target, Goals: []homing.Goal{{ID: 1, Name: "Lead"}}},
			{ID: 21, Account: 2, Name: "@Bananas", Slug: "c", URL: target},
			{ID: 31, Account: 3, Name: "Cherries", Slug: "d", URL: target},
			{ID: 41, Account: 4, Slug: "e"},
		},
	}}
}

// now is a Sunday, 12:00 UTC, with no clock change near.
var now = at("2026-11-22T12:00:00Z")

func at(text string) homing.Millis {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return homing.MillisOf(t)
}

// stage is an engine over the in-memory model of the warehouse.
type stage struct {
	*report.Engine
	t     *testing.T
	model *warehousetest.Model
	ring  *homing.Keyring
	batch warehouse.Batch
	n     int64
	next  uint64
}

func open(t *testing.T) *stage { return openWith(t, standard()) }

func openWith(t *testing.T, books *settings) *stage {
	t.Helper()
	ring, err := homing.NewKeyring(homing.MasterKey{ID: "00000001", Secret: [32]byte{7}})
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return now.Time() }
	keyring := func() *homing.Keyring { return ring }
	shop, err := catalog.Open(t.Context(), catalog.Options{Ledger: books, Clock: clock, Keyring: keyring})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, model: warehousetest.NewModel(), ring: ring}
	s.Engine = &report.Engine{
		Warehouse: s.model, View: shop.View, Keyring: keyring, Masker: shop.Masker(), Clock: clock,
		Fresh: func() homing.Millis { return now },
	}
	return s
}

var owners = map[homing.CampaignID]homing.AccountID{11: 1, 12: 1, 21: 2, 31: 3, 41: 4}

// click adds a click; edit may be nil.
func (s *stage) click(when string, campaign homing.CampaignID, edit func(*warehouse.Click)) homing.Origin {
	s.n++
	o := homing.Origin{Time: at(when), Node: 3, Seq: uint16(s.n % 4096), Campaign: campaign}
	c := warehouse.Click{Origin: o, Account: owners[campaign], Cost: 50_000, Visitor: uint64(s.n), Addr: "203.0.113.0"}
	c.Facets[warehouse.FacetCountry] = "DE"
	if edit != nil {
		edit(&c)
	}
	s.batch.Clicks = append(s.batch.Clicks, c)
	return c.Origin
}

func sub1(text string) func(*warehouse.Click) {
	return func(c *warehouse.Click) { c.Facets[warehouse.FacetSub1] = text }
}

// convert adds a counted postback and its conversion.
func (s *stage) convert(o homing.Origin, after time.Duration, value homing.Money, edit func(*warehouse.Conversion)) {
	s.n++
	when := o.Time + homing.MillisIn(after)
	request := homing.NewRequestID(when, 3, uint32(s.n))
	c := warehouse.Conversion{Version: s.n, Conversion: homing.Conversion{
		ID: homing.ConversionID(s.n), Click: o, Account: owners[o.Campaign], Campaign: o.Campaign, Status: homing.Approved,
		Value: homing.ValueOf(value), At: when, Request: request,
	}}
	if edit != nil {
		edit(&c)
	}
	s.batch.Conversions = append(s.batch.Conversions, c)
	s.batch.Postbacks = append(s.batch.Postbacks, warehouse.Postback{Number: s.n, Count: 1, Postback: homing.Postback{
		Request: request, At: when, Method: "GET", Target: "/api/v1/cpa/action/x?value=1", Account: c.Account, Campaign: c.Campaign,
		Click: s.ring.Seal(o), Origin: o, Value: c.Value, Conversion: c.ID,
		Verdict: homing.Verdict{Outcome: homing.Counted, Reason: homing.ReasonCounted},
	}})
}

func (s *stage) refuse(when string, account homing.AccountID) {
	s.n++
	s.batch.Postbacks = append(s.batch.Postbacks, warehouse.Postback{Number: s.n, Count: 1, Postback: homing.Postback{
		Request: homing.NewRequestID(at(when), 3, uint32(s.n)), At: at(when), Account: account, Target: "/api/v1/cpa/action/test",
		Verdict: homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonCodeFormat},
	}})
}

func (s *stage) load() {
	s.t.Helper()
	s.batch.Source, s.batch.First, s.batch.Next = "spool/3", s.next, s.next+1
	s.next++
	if err := s.model.Load(s.t.Context(), &s.batch); err != nil {
		s.t.Fatal(err)
	}
	s.batch = warehouse.Batch{}
}

// question parses parameters as they stand in a URL.
func (s *stage) question(query string) *report.Question {
	s.t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		s.t.Fatal(err)
	}
	q, err := report.Parse(values, report.Defaults{Now: now})
	if err != nil {
		s.t.Fatal(err)
	}
	return q
}

func (s *stage) ask(scope report.Scope, query string) *report.Table {
	s.t.Helper()
	table, err := s.Report(s.t.Context(), scope, s.question(query))
	if err != nil {
		s.t.Fatal(err)
	}
	return table
}

// answer is a table's JSON.
func (s *stage) answer(table *report.Table) map[string]any {
	s.t.Helper()
	text, err := json.Marshal(table)
	if err != nil {
		s.t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		s.t.Fatal(err)
	}
	return m
}

// figures writes the named columns of the table's lines, a line each.
func figures(table *report.Table, names ...string) string {
	var b strings.Builder
	line := func(label string, cells []report.Cell) {
		b.WriteString(label)
		for _, name := range names {
			c := cells[table.Column(name)]
			if c.Null {
				c.Text = "null"
			}
			fmt.Fprintf(&b, " %s", c.Text)
		}
		b.WriteByte('\n')
	}
	for _, row := range table.Rows {
		line("row", row.Cells)
	}
	if table.Rest != nil {
		line("rest", table.Rest.Cells)
	}
	line("total", table.Total.Cells)
	return b.String()
}

func expect(t *testing.T, got, want string) {
	t.Helper()
	want = strings.TrimLeft(strings.ReplaceAll(want, "\t", ""), "\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
