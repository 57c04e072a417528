package compare

import (
	"context"
	"iter"
	"slices"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/warehousetest"
	"homing/internal/flow/catalog"
	"homing/internal/flow/journal"
)

const began homing.Millis = 1_800_000_000_000

// books are conversions in memory.
type books struct {
	ledger.Books
	all []homing.Conversion
}

func (b *books) ConversionsOf(_ context.Context, click homing.Origin) (found []homing.Conversion, err error) {
	for _, k := range b.all {
		if k.Click == click {
			found = append(found, k)
		}
	}
	return found, nil
}

// world is what a comparison is made with.
type world struct {
	*Comparer
	books *books
	ring  *homing.Keyring
	model *warehousetest.Model
	next  uint64
	now   homing.Millis
}

func (b *books) Conversions(_ context.Context, q ledger.ConversionQuery) iter.Seq2[homing.Conversion, error] {
	return func(yield func(homing.Conversion, error) bool) {
		for _, k := range b.all {
			if k.At >= q.Since && k.At < q.Until && (q.Account == 0 || q.Account == k.Account) && !yield(k, nil) {
				return
			}
		}
	}
}

// settings are a ledger that holds settings only.
type settings struct {
	ledger.Settings
	snapshot ledger.Snapshot
}

func (s *settings) Snapshot(context.Context) (*ledger.Snapshot, error) { return &s.snapshot, nil }

// newWorld has campaigns 1 and 2 of accounts 1 and 2, and 3 of the demo account.
func newWorld() *world {
	ring, err := homing.NewKeyring(homing.MasterKey{ID: "0badcafe", Secret: [32]byte{7}})
	if err != nil {
		panic(err)
	}
	w := &world{books: &books{}, ring: ring, model: warehousetest.NewModel(), now: began + 10*24*3_600_000}
	shop := &settings{}
	for _, id := range []homing.AccountID{1, 2, 3} {
		shop.snapshot.Accounts = append(shop.snapshot.Accounts, homing.Account{
			ID: id, PublicID: "p" + id.String(), Name: "Account " + id.String(), Currency: "USD", Demo: id == 3,
		})
		shop.snapshot.Campaigns = append(shop.snapshot.Campaigns, homing.Campaign{
			ID: homing.CampaignID(id), Account: id, Name: "Campaign " + id.String(), Slug: "s" + id.String(), URL: "https://a.example/?c={click_id}",
		})
	}
	clock, keyring := func() time.Time { return w.now.Time() }, func() *homing.Keyring { return ring }
	kept, err := catalog.Open(context.Background(), catalog.Options{Ledger: shop, Clock: clock, Keyring: keyring})
	if err != nil {
		panic(err)
	}
	w.Comparer = &Comparer{
		Books: w.books, Warehouse: w.model, View: kept.View, Keyring: keyring, Masker: kept.Masker(),
		Journal: journal.Open(journal.Options{Clock: clock}), Clock: clock,
	}
	return w
}

func origin(n int, campaign homing.CampaignID) homing.Origin {
	return homing.Origin{Time: began + homing.Millis(n)*1000, Node: 3, Seq: uint16(n), Campaign: campaign}
}

// convert adds a conversion; its number and times follow from the order.
func (w *world) convert(k homing.Conversion) homing.Conversion {
	k.ID = homing.ConversionID(len(w.books.all) + 1)
	k.Account = homing.AccountID(k.Click.Campaign)
	k.Campaign = k.Click.Campaign
	if k.At == 0 {
		k.At = began + homing.Millis(k.ID)*60_000
	}
	k.Request = homing.NewRequestID(k.At, 3, uint32(k.ID))
	w.books.all = append(w.books.all, k)
	w.load(&warehouse.Batch{Conversions: []warehouse.Conversion{{Conversion: k, Version: int64(k.ID)}}})
	return k
}

// call adds a call that counted nothing.
func (w *world) call(o homing.Origin, reason homing.Reason, lead string, value homing.Value) {
	n := w.next
	p := homing.Postback{
		Request: homing.NewRequestID(began, 4, uint32(n)), At: began + homing.Millis(n)*1000 + 5*24*3_600_000, Click: w.ring.Seal(o), Origin: o,
		Account: homing.AccountID(o.Campaign), Campaign: o.Campaign, Lead: lead, Value: value, Method: "GET",
		Verdict: homing.Verdict{Outcome: reason.Info().Outcome, Reason: reason},
	}
	w.load(&warehouse.Batch{Postbacks: []warehouse.Postback{{Postback: p, Number: int64(n), Count: 1}}})
}

func (w *world) load(b *warehouse.Batch) {
	b.Source, b.First, b.Next = "test", w.next, w.next+1
	w.next++
	if err := w.model.Load(context.Background(), b); err != nil {
		panic(err)
	}
}

func (w *world) id(o homing.Origin) string { return w.ring.Seal(o).String() }

// cents is a value of hundredths.
func cents(n int64) homing.Value { return homing.ValueOf(homing.Money(n) * homing.Unit / 100) }

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func namesOf(rows []Row) (names []string) {
	for i := range rows {
		names = append(names, rows[i].Finding.String())
	}
	return names
}

func sortedIDs(rows []Row) (ids []homing.ConversionID) {
	for i := range rows {
		ids = append(ids, rows[i].Conversion.ID)
	}
	slices.Sort(ids)
	return ids
}
