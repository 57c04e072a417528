package loader

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/ledgertest"
	"homing/internal/engine/spool/segment"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/cluster"
)

// awayBooks are books that can be away.
type awayBooks struct {
	ledger.Books
	away atomic.Bool
}

var errBooks = fmt.Errorf("the test has cut the ledger off: %w", homing.ErrUnavailable)

func (b *awayBooks) Changes(ctx context.Context, after int64, limit int) ([]homing.Change, error) {
	if b.away.Load() {
		return nil, errBooks
	}
	return b.Books.Changes(ctx, after, limit)
}

func (b *awayBooks) Erasures(ctx context.Context, after int64, limit int) ([]ledger.Erasure, error) {
	if b.away.Load() {
		return nil, errBooks
	}
	return b.Books.Erasures(ctx, after, limit)
}

func (b *awayBooks) Conversions(ctx context.Context, q ledger.ConversionQuery) iter.Seq2[homing.Conversion, error] {
	return b.Books.Conversions(ctx, q)
}

// node is a loader with a spool of its own, in a cluster whose ledger and warehouse
// are a house's.
type node struct {
	*house
	number       homing.NodeID
	books        *awayBooks
	brings, keep atomic.Bool
	link         *ledgertest.Link // to the commons
}

// nodes makes a cluster. Its warehouse refuses what does not follow on, as every
// implementation does.
func nodes(t *testing.T, n int) (list []*node) {
	t.Helper()
	base := newHouse(t, nil)
	shared := ledgertest.NewShared()
	base.warehouse.refuse = func(b *warehouse.Batch) error {
		mark, err := base.warehouse.Model.Mark(context.Background(), b.Source)
		if err == nil && b.First < mark.Next && b.Next > mark.Next {
			err = fmt.Errorf("%s is loaded up to %d: %w", b.Source, mark.Next, homing.ErrConflict)
		}
		return err
	}
	for i := range n {
		list = append(list, newNode(t, base, shared, i+1))
	}
	return list
}

func newNode(t *testing.T, base *house, shared *ledgertest.Shared, number int) *node {
	t.Helper()
	n := &node{number: homing.NodeID(number), books: &awayBooks{Books: base.ledger}, link: ledgertest.LinkTo(shared)}
	n.house = &house{t: t, ledger: base.ledger, catalog: base.catalog, keyring: base.keyring, warehouse: base.warehouse,
		account: base.account, campaign: base.campaign, options: base.options}
	n.set(noon)
	n.spoolDir = filepath.Join(t.TempDir(), "spool")
	var err error
	if n.spool, err = segment.Open(segment.Options{Dir: n.spoolDir, SegmentSize: 64 << 10, Logger: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	key, err := cluster.ParseKey(strings.Repeat("5a", 32))
	must(t, err)
	o := &n.options
	o.Spool, o.Books, o.Clock, o.Source, o.Shared = n.spool, n.books, n.now, fmt.Sprintf("spool/%d", number), true
	o.Changes, o.Housekeeping = n.brings.Load, n.keep.Load
	o.Salts = cluster.NewSalts(cluster.SaltsOptions{Commons: n.link.Ledger(), Key: key, Clock: n.now})
	t.Cleanup(func() {
		if n.stop != nil {
			n.stop()
		}
		_ = n.spool.Close()
	})
	n.Loader = Open(*o)
	n.believe()
	return n
}

func (n *node) visit() homing.Origin {
	return n.click(func(c *homing.Click) { c.Origin.Node = n.number })
}

// untilItFails waits until something keeps the loader from loading.
func (n *node) untilItFails() {
	n.t.Helper()
	for end := time.Now().Add(20 * time.Second); n.Lag().Error == ""; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			n.t.Fatal("nothing keeps it from loading")
		}
	}
}

func TestEdgesShareAWarehouse(t *testing.T) {
	all := nodes(t, 3)
	desk := all[2]
	desk.brings.Store(true)
	for _, n := range all {
		n.run()
	}
	var clicks []homing.Origin
	for range 20 {
		for _, n := range all {
			clicks = append(clicks, n.visit())
		}
	}
	for _, n := range all {
		n.refuse()
		n.catchUp()
	}
	desk.convert(clicks[0], "")
	desk.convert(clicks[1], "lead")
	desk.catchUp()
	desk.want("60 clicks (60 origins, 1 unique), 5 postbacks (5 numbers, 5 calls), 2 conversions (2 known)")
	for _, n := range all {
		if notices := n.Notices(); len(notices) > 0 {
			t.Errorf("notices %q", notices)
		}
	}
}

// TestAnEdgeLoadsWithoutTheLedger: what it needs of it is at hand.
func TestAnEdgeLoadsWithoutTheLedger(t *testing.T) {
	edge := nodes(t, 1)[0]
	must(t, edge.options.Salts.Prepare(t.Context()))
	edge.books.away.Store(true)
	edge.link.Turn(ledgertest.Away)
	edge.run()
	for range 10 {
		edge.visit()
		edge.pass(2 * time.Hour) // over midnight
	}
	edge.catchUp()
	edge.want("10 clicks (10 origins, 2 unique), 0 postbacks (0 numbers, 0 calls), 0 conversions (0 known)")
}

// TestTheDutyMoves, back and forth, and for moments two have it.
func TestTheDutyMoves(t *testing.T) {
	all := nodes(t, 3)
	for _, n := range all {
		n.run()
	}
	for i := range 60 {
		for j, n := range all {
			n.brings.Store(i%3 == j || i%7 == j)
		}
		for range 20 {
			all[0].convert(all[0].visit(), "")
		}
		if i%4 == 0 {
			all[i%3].catchUp()
		}
	}
	for _, n := range all {
		n.brings.Store(true)
		n.catchUp()
	}
	// The model does not complete conversions that come before their clicks.
	c := all[0].contents()
	if got := c.counts(); !strings.HasPrefix(got, "1200 clicks (1200 origins, 1 unique), 1200 postbacks (1200 numbers, 1200 calls), 1200 conversions") {
		t.Error(got)
	}
	for _, n := range all {
		if notices := n.Notices(); len(notices) > 0 {
			t.Errorf("notices %q", notices)
		}
	}
}

// TestNobodyMakesASharedWarehouseAnew, whatever is wrong with it, or with a spool.
func TestNobodyMakesASharedWarehouseAnew(t *testing.T) {
	edge := nodes(t, 1)[0]
	edge.run()
	edge.bulk(5)
	edge.catchUp()
	edge.warehouse.set(func() error { return fmt.Errorf("the test says so: %w", homing.ErrDamaged) }, nil)
	edge.bulk(5)
	edge.untilItFails()
	edge.warehouse.set(nil, nil)
	edge.catchUp()
	older := t.TempDir()
	reopen := func(change func()) {
		t.Helper()
		edge.stop()
		must(t, edge.spool.Close())
		change()
		var err error
		edge.spool, err = segment.Open(segment.Options{Dir: edge.spoolDir, SegmentSize: 64 << 10, Logger: slog.New(slog.DiscardHandler)})
		must(t, err)
		edge.options.Spool = edge.spool
		edge.again()
	}
	var told atomic.Int32
	edge.options.Lost = func(context.Context, string, string) { told.Add(1) }
	reopen(func() { must(t, os.CopyFS(older, os.DirFS(edge.spoolDir))) })
	edge.bulk(20)
	edge.catchUp()
	reopen(func() {
		must(t, os.RemoveAll(edge.spoolDir))
		must(t, os.CopyFS(edge.spoolDir, os.DirFS(older)))
	})
	edge.bulk(40)
	edge.untilItFails()
	time.Sleep(300 * time.Millisecond) // more rounds than one
	edge.want("30 clicks (30 origins, 1 unique), 0 postbacks (0 numbers, 0 calls), 0 conversions (0 known)")
	if n := strings.Join(edge.Notices(), "\n"); edge.warehouse.resets != 0 || !strings.Contains(n, "until somebody has decided") {
		t.Errorf("made anew %d times, notices %q", edge.warehouse.resets, n)
	}
	if told.Load() != 1 {
		t.Errorf("told of the loss %d times", told.Load())
	}
}

// TestDaysAreSeenToByOne, and every edge trims its own spool.
func TestDaysAreSeenToByOne(t *testing.T) {
	all := nodes(t, 2)
	edge, desk := all[0], all[1]
	desk.keep.Store(true)
	for _, n := range all {
		n.run()
		n.bulk(2000)
		n.catchUp()
		n.pass(14 * time.Hour)
		n.visit()
		n.catchUp()
		must(t, n.seeToDays(t.Context()))
	}
	if got := fmt.Sprint(edge.warehouse.sealed); got != fmt.Sprint([]warehouse.Day{warehouse.DayAt(noon)}) {
		t.Errorf("sealed %s", got)
	}
	if edge.spool.Oldest() != 0 {
		t.Error("trimmed on the first day")
	}
	desk.keep.Store(false)
	edge.pass(48 * time.Hour)
	edge.visit()
	edge.believe()
	must(t, edge.seeToDays(t.Context())) // the last click is not loaded, maybe
	edge.catchUp()
	edge.pass(2 * time.Hour)
	edge.believe()
	must(t, edge.seeToDays(t.Context()))
	if oldest := edge.spool.Oldest(); oldest == 0 || oldest > 2001 {
		t.Errorf("the spool begins at %s", oldest)
	}
	names, err := desk.link.Commons.CommonNames(t.Context(), "salt/")
	if err != nil || len(names) == 0 {
		t.Errorf("salts %v, %v: only who keeps house drops them", names, err)
	}
	edge.keep.Store(true)
	must(t, edge.seeToDays(t.Context()))
	if left, err := desk.link.Commons.CommonNames(t.Context(), "salt/"); err != nil || len(left) >= len(names) {
		t.Errorf("salts %v, before %v, %v", left, names, err)
	}
}

// TestAnEdgeTrimsWithoutASeal: what is loaded and two days old, and nothing else.
func TestAnEdgeTrimsWithoutASeal(t *testing.T) {
	edge := nodes(t, 1)[0].run()
	edge.bulk(2000)
	edge.catchUp()
	edge.pass(47 * time.Hour)
	edge.seeTo()
	if oldest := edge.spool.Oldest(); oldest != 0 {
		t.Errorf("after 47 hours the spool begins at %s", oldest)
	}
	edge.warehouse.set(func() error { return fmt.Errorf("away: %w", homing.ErrUnavailable) }, nil)
	edge.bulk(300)
	edge.pass(49 * time.Hour)
	edge.believe()
	if err := edge.seeToDays(t.Context()); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("without the warehouse: %v", err)
	}
	if oldest := edge.spool.Oldest(); oldest != 0 {
		t.Errorf("without the warehouse's word the spool begins at %s", oldest)
	}
	edge.warehouse.set(nil, nil)
	edge.catchUp()
	edge.pass(2 * time.Hour)
	edge.seeTo()
	if oldest := edge.spool.Oldest(); oldest < 1500 || len(edge.warehouse.sealed) > 0 {
		t.Errorf("the spool begins at %s; sealed %v", oldest, edge.warehouse.sealed)
	}
}

// TestAVisitorOfTwoEdges is one visitor; and without the day's salt nothing of the
// day is loaded, but all that was before.
func TestAVisitorOfTwoEdges(t *testing.T) {
	all := nodes(t, 2)
	for _, n := range all {
		n.run()
		n.visit()
		n.catchUp()
	}
	all[0].want("2 clicks (2 origins, 1 unique), 0 postbacks (0 numbers, 0 calls), 0 conversions (0 known)")
	edge := all[1]
	edge.stop()
	edge.link.Turn(ledgertest.Away)
	edge.visit()
	edge.pass(3 * 24 * time.Hour)
	edge.visit()
	edge.run()
	edge.untilItFails()
	edge.want("3 clicks (3 origins, 1 unique), 0 postbacks (0 numbers, 0 calls), 0 conversions (0 known)")
	edge.link.Turn(ledgertest.Near)
	edge.catchUp()
	edge.want("4 clicks (4 origins, 2 unique), 0 postbacks (0 numbers, 0 calls), 0 conversions (0 known)")
	if unread := edge.Lag().Unread; unread != 0 {
		t.Errorf("%d records are said to be unreadable", unread)
	}
}

// TestAClickThatWasErasedBeforeItCame: its edge was cut off from the warehouse.
func TestAClickThatWasErasedBeforeItCame(t *testing.T) {
	all := nodes(t, 2)
	edge, desk := all[0], all[1]
	desk.brings.Store(true)
	desk.run()
	erased, other := edge.visit(), edge.visit()
	for _, n := range all {
		n.pass(time.Hour)
	}
	must(t, edge.ledger.Apply(t.Context(), ledger.Actor{Name: "test", At: desk.at()}, ledger.EraseClick{Click: erased, Lead: edge.keyring.HashLead}))
	desk.catchUp()
	desk.pass(time.Hour)
	desk.catchUp() // a second time
	if n := len(desk.warehouse.erased); n != 2 {
		t.Errorf("erased %d times, want twice", n)
	}
	edge.pass(2 * time.Hour)
	edge.run()
	edge.catchUp()
	for _, row := range edge.contents().clicks {
		if blank := row.Addr == ""; blank != (row.Origin == erased) || row.Origin != erased && row.Origin != other {
			t.Errorf("%+v: address %q", row.Origin, row.Addr)
		}
	}
	// Who is not behind does nothing.
	before := len(edge.warehouse.erased)
	edge.pass(time.Hour)
	edge.catchUp()
	edge.pass(time.Hour)
	edge.catchUp()
	again := edge.visit()
	edge.catchUp()
	desk.stop()
	must(t, edge.ledger.Apply(t.Context(), ledger.Actor{Name: "test", At: edge.at()}, ledger.EraseClick{Click: again, Lead: edge.keyring.HashLead}))
	edge.catchUp()
	edge.catchUp()
	if n := len(edge.warehouse.erased) - before; n != 0 {
		t.Errorf("an edge that was not behind erased %d times", n)
	}
}

// TestALongTimeAway: what has gathered comes in order, in batches of no more than
// there is room for.
func TestALongTimeAway(t *testing.T) {
	edge := nodes(t, 1)[0]
	edge.options.MaxRows = 100
	edge.Loader = Open(edge.options)
	edge.warehouse.set(func() error { return fmt.Errorf("away: %w", homing.ErrUnavailable) }, nil)
	next, most := uint64(0), 0
	refuse := edge.warehouse.refuse
	edge.warehouse.refuse = func(b *warehouse.Batch) error {
		if err := refuse(b); err != nil {
			return err
		}
		if b.First != next {
			return errors.New("out of order")
		}
		next, most = b.Next, max(most, len(b.Clicks))
		return nil
	}
	edge.run()
	for range 50 {
		edge.bulk(100)
		edge.pass(time.Hour)
	}
	edge.untilItFails()
	edge.warehouse.set(nil, nil)
	edge.catchUp()
	c := edge.contents()
	if len(c.clicks) != 5000 || next != 5000 || most > 100 {
		t.Errorf("%d clicks, up to %d, at most %d at once", len(c.clicks), next, most)
	}
	if got := edge.Lag(); got.Records != 0 || got.Error != "" {
		t.Errorf("%+v", got)
	}
}

// TestChangesOnly is a node without a spool.
func TestChangesOnly(t *testing.T) {
	all := nodes(t, 2)
	edge, desk := all[0], all[1]
	edge.run()
	click := edge.visit()
	edge.convert(click, "")
	edge.catchUp()
	desk.options.Spool = nil
	desk.brings.Store(true)
	desk.Loader = Open(desk.options)
	desk.run()
	desk.catchUp()
	must(t, desk.seeToDays(t.Context()))
	desk.want("1 clicks (1 origins, 1 unique), 1 postbacks (1 numbers, 1 calls), 1 conversions (1 known)")
	edge.stop()
	edge.options.Books = nil
	edge.Loader = Open(edge.options)
	edge.run()
	edge.visit()
	edge.catchUp()
	edge.want("2 clicks (2 origins, 1 unique), 1 postbacks (1 numbers, 1 calls), 1 conversions (1 known)")
}
