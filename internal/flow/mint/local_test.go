package mint

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"homing"
	"homing/internal/engine/ledger/ledgertest"
)

// memoryDisk is a loanKeeper that can fail before or after it has written.
type memoryDisk struct {
	text   []byte
	number uint64
	before bool // fails, and nothing was written
	after  bool // fails, and it was written all the same
}

var errDisk = errors.New("the disk fails")

func (d *memoryDisk) read() (savedLoans, uint64, error) {
	if d.text == nil {
		return savedLoans{}, 0, nil
	}
	s, err := parseLoans(d.text)
	return s, d.number, err
}

func (d *memoryDisk) write(s savedLoans) (err error) {
	if d.before {
		return errDisk
	}
	d.number++
	s.Number = d.number
	d.text, err = s.text()
	if d.after {
		return errDisk
	}
	return err
}

// farNode is a node with a disk, a clock that differs, and a way to the ledger.
type farNode struct {
	disk   *memoryDisk
	link   *ledgertest.Link
	boot   string
	offset homing.Millis // of its clock
	world  *clock
	local  *Local
	minter *Minter
	clone  bool // of a disk, or its original: within reach of the ledger ever since
}

func (n *farNode) now() time.Time { return (homing.MillisOf(n.world.Now()) + n.offset).Time() }

// start starts the node's process, after whatever became of the one before.
func (n *farNode) start(t interface{ Fatal(...any) }) {
	var err error
	quiet := slog.New(slog.DiscardHandler)
	n.local, err = newLocal(LocalOptions{Lessor: n.link.Ledger(), Clock: n.now, Log: quiet}, n.disk, n.boot)
	if err == nil {
		n.minter, err = Open(context.Background(), Options{Lessor: n.local, Clock: n.now, Keyring: ring, Log: quiet, Patient: true})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func newFarNode(t interface{ Fatal(...any) }, shared *ledgertest.Shared, world *clock) *farNode {
	n := &farNode{disk: &memoryDisk{}, link: ledgertest.LinkTo(shared), boot: "first", world: world}
	n.start(t)
	return n
}

// keep is what the goroutines of a node do every few seconds.
func (n *farNode) keep() {
	_ = n.local.look(context.Background())
	_ = n.minter.prolong(context.Background())
}

// TestNodesNeverShareAnID plays nodes that start, crash and end, whose clocks differ
// and step, whose ledger is away and whose disks fail, are copied and cloned; and
// wants every id of all of them to be new.
func TestNodesNeverShareAnID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shared, world := ledgertest.NewShared(), &clock{now: start}
		nodes := []*farNode{newFarNode(t, shared, world), newFarNode(t, shared, world)}
		seen := map[homing.Origin]bool{}
		newest := map[homing.NodeID]homing.Millis{}
		var times []homing.Millis
		pick := func(t *rapid.T) *farNode { return nodes[rapid.IntRange(0, len(nodes)-1).Draw(t, "node")] }
		mint := func(t *rapid.T, n *farNode, ids int) {
			for range ids {
				_, o, err := n.minter.Mint(7)
				if err != nil {
					return
				}
				if seen[o] {
					t.Fatalf("%+v was minted twice", o)
				}
				seen[o] = true
				times = append(times, o.Time)
				newest[o.Node] = max(newest[o.Node], o.Time)
			}
			// Whatever the nodes do with their files, the ledger must know of all there is.
			for node, at := range newest {
				if mark := shared.Mark(node); at > mark {
					t.Fatalf("node %d has minted up to %s, and the ledger lends it on above %s", node, at, mark)
				}
			}
		}
		// pass lets time go by, in which those who were cloned do what they do every few
		// seconds.
		pass := func(t *rapid.T, d homing.Millis) {
			for _, n := range nodes {
				if n.clone {
					n.keep()
				}
			}
			for _, n := range nodes {
				if n.clone {
					mint(t, n, 2)
				}
			}
			world.step(time.Duration(d) * time.Millisecond)
		}
		t.Repeat(map[string]func(*rapid.T){
			"mint": func(t *rapid.T) { mint(t, pick(t), rapid.IntRange(1, 5000).Draw(t, "ids")) },
			"all": func(t *rapid.T) {
				for _, n := range nodes {
					mint(t, n, 3)
				}
			},
			"pass":  func(t *rapid.T) { pass(t, homing.Millis(rapid.IntRange(0, 60_000).Draw(t, "ms"))) },
			"hours": func(t *rapid.T) { pass(t, homing.Millis(rapid.IntRange(1, 200).Draw(t, "hours"))*3_600_000) },
			"step": func(t *rapid.T) {
				n := pick(t)
				n.offset += homing.Millis(rapid.IntRange(-300_000, 300_000).Draw(t, "ms"))
				n.offset = min(max(n.offset, -600_000), 600_000)
			},
			"return": func(t *rapid.T) { // to a moment for which somebody has minted
				if n := pick(t); len(times) > 0 {
					to := times[rapid.IntRange(0, len(times)-1).Draw(t, "to")] - homing.MillisOf(world.Now())
					if to > -600_000 && to < 600_000 {
						n.offset = to
					}
				}
			},
			"keep":  func(t *rapid.T) { pick(t).keep() },
			"crash": func(t *rapid.T) { pick(t).start(t) },
			"end": func(t *rapid.T) {
				n := pick(t)
				n.minter.release(context.Background())
				n.start(t)
			},
			"boot": func(t *rapid.T) {
				n := pick(t)
				n.boot = homing.RandomText(4)
				n.start(t)
			},
			"link": func(t *rapid.T) {
				if n := pick(t); !n.clone {
					n.link.Turn(rapid.SampledFrom([]ledgertest.State{ledgertest.Near, ledgertest.Away, ledgertest.Mute}).Draw(t, "state"))
				}
			},
			"disk": func(t *rapid.T) {
				n := pick(t)
				if n.disk.before = rapid.Bool().Draw(t, "before") && !n.clone; !n.disk.before {
					n.disk.after = rapid.Bool().Draw(t, "after") && !n.clone
				}
			},
			"damage": func(t *rapid.T) {
				if n := pick(t); len(n.disk.text) > 0 {
					n.disk.text = slices.Clone(n.disk.text)
					n.disk.text[rapid.IntRange(0, len(n.disk.text)-1).Draw(t, "at")] ^= 1
					n.start(t)
				}
			},
			"copy": func(t *rapid.T) {
				if n := pick(t); len(nodes) < 5 {
					c := &farNode{disk: &memoryDisk{text: n.disk.text, number: n.disk.number + 1000}, link: ledgertest.LinkTo(shared),
						boot: n.boot, offset: n.offset, world: world}
					nodes = append(nodes, c)
					c.start(t)
				}
			},
			"clone": func(t *rapid.T) {
				if n := pick(t); len(nodes) < 5 {
					n.link.Turn(ledgertest.Near)
					n.disk.before, n.disk.after, n.clone = false, false, true
					c := &farNode{disk: &memoryDisk{text: n.disk.text, number: n.disk.number}, link: ledgertest.LinkTo(shared),
						boot: homing.RandomText(4), offset: n.offset, world: world, clone: true}
					nodes = append(nodes, c)
					c.start(t)
				}
			},
		})
	})
}

func mustMint(t *testing.T, n *farNode) homing.Origin {
	t.Helper()
	_, o, err := n.minter.Mint(1)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestAStartNeedsNoLedger(t *testing.T) {
	shared, world := ledgertest.NewShared(), &clock{now: start}
	n := newFarNode(t, shared, world)
	n.keep()
	first := mustMint(t, n)
	n.link.Turn(ledgertest.Away)
	for range 20 { // in a row: nobody is asked
		n.minter.release(t.Context())
		asked := n.link.Asked()
		world.step(time.Minute)
		n.start(t)
		if o := mustMint(t, n); o.Node != first.Node || n.link.Asked() != asked {
			t.Errorf("node %d, want %d; asked: %t", o.Node, first.Node, n.link.Asked() != asked)
		}
	}
	n.minter.release(t.Context())
	for day := range 6 {
		world.step(24 * time.Hour)
		n.start(t)
		if o := mustMint(t, n); o.Node != first.Node {
			t.Errorf("day %d: node %d, want %d", day, o.Node, first.Node)
		}
		n.minter.release(t.Context())
	}
	world.step(30 * time.Hour) // beyond what was borrowed
	_ = n.minter.prolong(t.Context())
	if _, _, err := n.minter.Mint(1); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("beyond the ledger's mark: %v, want %v", err, homing.ErrUnavailable)
	}
	n.link.Turn(ledgertest.Near)
	n.keep()
	mustMint(t, n)
}

// TestACrashNeedsNoLedger: the clock is not past the fine mark yet.
func TestACrashNeedsNoLedger(t *testing.T) {
	shared, world := ledgertest.NewShared(), &clock{now: start}
	n := newFarNode(t, shared, world)
	n.keep()
	world.step(time.Second)
	first := mustMint(t, n)
	n.link.Turn(ledgertest.Away)
	n.start(t)
	if o := mustMint(t, n); o.Node == first.Node {
		t.Errorf("node %d again, whose fine mark lies ahead", o.Node)
	}
	world.step(DefaultAhead)
	n.start(t)
	mustMint(t, n)
}

func TestMarksAreMovedFarAhead(t *testing.T) {
	shared, world := ledgertest.NewShared(), &clock{now: start}
	n := newFarNode(t, shared, world)
	node := n.minter.Node()
	far := func(what string, want time.Duration) {
		t.Helper()
		if got := shared.Mark(node) - homing.MillisOf(world.Now()); got != homing.MillisIn(want) {
			t.Errorf("%s: %s ahead, want %s", what, time.Duration(got)*time.Millisecond, want)
		}
	}
	n.keep()
	far("at first", DefaultFarAhead)
	world.step(23 * time.Hour)
	n.keep()
	far("after 23 hours", DefaultFarAhead-23*time.Hour)
	world.step(2 * time.Hour)
	n.link.Turn(ledgertest.Away)
	if err := n.local.look(t.Context()); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("the ledger is away: %v", err)
	}
	if got := n.local.Margin(); got != DefaultFarAhead-25*time.Hour {
		t.Errorf("margin %s", got)
	}
	n.link.Turn(ledgertest.Near)
	n.keep()
	far("after 25 hours", DefaultFarAhead)
	if n.local.Margin() != DefaultFarAhead {
		t.Errorf("margin %s", n.local.Margin())
	}
}

// TestManyCrashesBorrowFewNumbers: each leaves a fine mark ahead of the clock.
func TestManyCrashesBorrowFewNumbers(t *testing.T) {
	shared, world := ledgertest.NewShared(), &clock{now: start}
	n := newFarNode(t, shared, world)
	for range 200 {
		world.step(5 * time.Second)
		n.keep()
		mustMint(t, n)
		n.start(t)
	}
	if lent := shared.Lent(); lent > mostLoans {
		t.Errorf("%d numbers were borrowed", lent)
	}
	// When it is calm again one stays in use and one at hand.
	for range mostLoans {
		world.step(2 * time.Hour)
		n.keep()
	}
	if got := len(n.local.loans); got != 2 {
		t.Errorf("%d numbers are kept, want 2", got)
	}
}

func TestACloneIsNoticed(t *testing.T) {
	shared, world := ledgertest.NewShared(), &clock{now: start}
	n := newFarNode(t, shared, world)
	n.keep()
	world.step(time.Minute)
	n.keep()
	had := mustMint(t, n)
	c := &farNode{disk: &memoryDisk{text: n.disk.text, number: n.disk.number}, link: ledgertest.LinkTo(shared), boot: "second", world: world}
	c.start(t)
	if o := mustMint(t, c); o.Node == had.Node {
		t.Fatalf("both mint under node %d", o.Node)
	}
	c.keep() // claims all that was on the disk
	// Nothing is minted between the look and the loss.
	if err := n.local.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n.minter.Node() == had.Node {
		t.Errorf("the original goes on under node %d", had.Node)
	}
	n.keep()
	if o := mustMint(t, n); o.Node == had.Node {
		t.Errorf("the original goes on under node %d", had.Node)
	}
	// A clone of the boot before, that claims behind it, loses everything at once.
	d := &farNode{disk: &memoryDisk{text: n.disk.text, number: n.disk.number}, link: ledgertest.LinkTo(shared), boot: "third", world: world}
	n.keep()
	d.disk.text = c.disk.text
	d.start(t)
	mine := mustMint(t, d)
	c.keep()
	d.keep()
	if c.minter.Node() == mine.Node {
		t.Errorf("two clones mint under node %d", mine.Node)
	}
}

// TestTheClockOfAClone: the original's was ahead, and what it has minted lies in the
// clone's future.
func TestTheClockOfAClone(t *testing.T) {
	const ahead = homing.Millis(5 * 60 * 1000)
	shared, world := ledgertest.NewShared(), &clock{now: start}
	n := newFarNode(t, shared, world)
	n.keep()
	c := &farNode{disk: &memoryDisk{text: n.disk.text, number: n.disk.number}, link: ledgertest.LinkTo(shared), boot: "second", world: world}
	n.offset = ahead
	n.keep()
	minted := mustMint(t, n)
	c.start(t)
	for range 5 {
		c.keep()
		n.keep()
		c.keep()
		world.step(time.Minute)
		c.start(t)
		if o := mustMint(t, c); o.Node == minted.Node && o.Time <= minted.Time {
			t.Fatalf("%s under node %d, which minted at %s", o.Time, o.Node, minted.Time)
		}
	}
	// An hour later the numbers are good again.
	for range 80 {
		world.step(time.Minute)
		c.keep()
		n.keep()
	}
	for _, b := range c.local.loans {
		if b.Doubt {
			t.Errorf("node number %d is never used again", b.Node)
		}
	}
	c.offset = -80 * 60 * 1000 // the clock steps back to where the original minted
	c.start(t)
	if _, o, err := c.minter.Mint(1); err == nil && o.Node == minted.Node {
		t.Errorf("%s under node %d", o.Time, o.Node)
	}
}

// TestANumberThatSomebodyHad: he used it up to now, and our clock steps back.
func TestANumberThatSomebodyHad(t *testing.T) {
	shared, world := ledgertest.NewShared(), &clock{now: start}
	n := newFarNode(t, shared, world)
	lease, err := shared.Lease(t.Context(), start, start+1000, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := shared.Release(t.Context(), lease, start+500); err != nil {
		t.Fatal(err)
	}
	world.step(time.Second)
	n.keep() // it is at hand, and was not used yet
	if !slices.ContainsFunc(n.local.loans, func(b *farLoan) bool { return b.Node == lease.Node }) {
		t.Fatal("the number was not borrowed: the case is not what it was")
	}
	world.step(-750 * time.Millisecond)
	n.start(t)
	if _, o, err := n.minter.Mint(1); err == nil && o.Node == lease.Node {
		t.Errorf("%s under node %d, which somebody used", o.Time, o.Node)
	}
}

// TestTheLedgersMarkIsNotPassed, when it lies nearer than the fine mark would.
func TestTheLedgersMarkIsNotPassed(t *testing.T) {
	shared, world := ledgertest.NewShared(), &clock{now: start}
	n := newFarNode(t, shared, world)
	n.minter.release(t.Context())
	n.link.Turn(ledgertest.Away)
	world.set(shared.Mark(1) - 10_000)
	n.start(t)
	mustMint(t, n)
	world.set(shared.Mark(1) + 1)
	if _, o, err := n.minter.Mint(1); err == nil {
		t.Errorf("%s, and the ledger lends the number on above %s", o.Time, shared.Mark(1))
	}
}

// TestALoanThatTheLedgerLentOn is what a ledger brought back from a backup does.
func TestALoanThatTheLedgerLentOn(t *testing.T) {
	world := &clock{now: start}
	n := newFarNode(t, ledgertest.NewShared(), world)
	n.keep()
	mustMint(t, n)
	other := ledgertest.NewShared()
	n.link = ledgertest.LinkTo(other)
	n.minter.release(t.Context())
	world.step(time.Minute)
	n.start(t)
	old := mustMint(t, n)
	if err := n.local.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := n.minter.Mint(1); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("under a lost number: %v", err)
	}
	if err := n.minter.prolong(t.Context()); err != nil {
		t.Fatal(err)
	}
	if other.Mark(n.minter.Node()) == 0 {
		t.Errorf("node %d (before: %d) is not of this ledger", n.minter.Node(), old.Node)
	}
}

func TestLoanFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "node-loan.json")
	shared, world := ledgertest.NewShared(), &clock{now: start}
	open := func() (*Local, error) {
		return NewLocal(LocalOptions{Lessor: shared, File: path, Clock: world.Now, Log: slog.New(slog.DiscardHandler)})
	}
	borrow := func() homing.NodeID {
		t.Helper()
		l, err := open()
		if err != nil {
			t.Fatal(err)
		}
		world.step(time.Minute)
		now := homing.MillisOf(world.Now())
		lease, err := l.Lease(t.Context(), now, now+20_000, false)
		if err != nil {
			t.Fatal(err)
		}
		return lease.Node
	}
	first := borrow()
	if again := borrow(); again != first {
		t.Errorf("node %d, want %d again", again, first)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	write := func(text []byte) {
		t.Helper()
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(text) // a copy: another file with the same text
	if node := borrow(); node == first {
		t.Error("a copy of the file was believed")
	}
	for i := range text {
		damaged := slices.Clone(text)
		damaged[i] ^= 4
		if _, err := parseLoans(damaged); err == nil {
			t.Errorf("byte %d was changed, and nobody noticed", i)
		}
	}
	write([]byte(`{"version":2,"loans":"of another kind"}`))
	if _, err := open(); !errors.Is(err, homing.ErrNewer) {
		t.Errorf("of a newer version: %v", err)
	}
}

// TestTestNumbersAreTheLedgers: there are sixteen, which nobody holds for days.
func TestTestNumbersAreTheLedgers(t *testing.T) {
	shared, world := ledgertest.NewShared(), &clock{now: start}
	n := newFarNode(t, shared, world)
	m, err := Open(t.Context(), Options{Lessor: n.local, Clock: n.now, Keyring: ring, Log: slog.New(slog.DiscardHandler), Test: true, Patient: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, o, err := m.Mint(1); err != nil || !o.Test() {
		t.Errorf("%+v, %v", o, err)
	}
	if got := shared.Mark(m.Node()) - start; got != homing.MillisIn(DefaultAhead) {
		t.Errorf("lent for %d ms", got)
	}
	world.step(10 * time.Second)
	if err := m.prolong(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.release(t.Context())
}
