package torture

import (
	"fmt"
	"hash/fnv"
	"sync"

	"homing"
)

// Books hold what was acknowledged. They are kept on the safe side of the fault,
// and are safe for concurrent use.
//
// A call without an answer, and one that was answered 503, is a doubt: it may
// have been stored or not, but not twice. So that doubts can be told from each
// other, every visit carries a serial number (sub1) and every claim has one
// value, which follows from the click and the lead code.
type Books struct {
	mu      sync.Mutex
	clicks  map[homing.ClickID]*entry // guarded by mu
	serials map[uint64]homing.ClickID // guarded by mu: of the acknowledged
	next    uint64                    // guarded by mu: the next serial number
	recent  []homing.ClickID          // guarded by mu: acknowledged since the last comparison
	claims  map[Claim]*claim          // guarded by mu
	touched map[Claim]bool            // guarded by mu: told of since the last comparison; true = that it counted
	found   Tally                     // guarded by mu
	moment  uint64                    // guarded by mu: counts starts and ends of calls
}

// entry is an acknowledged click.
type entry struct {
	serial   uint64
	campaign int // in the cast
}

// Claim is what makes a conversion one of its own.
type Claim struct {
	Click homing.ClickID
	Lead  string
}

// Value is what a claim is sent with: the same each time, between 0.01 and 100.
func (c Claim) Value() homing.Money {
	h := fnv.New32a()
	_, _ = h.Write(c.Click[:]) // a hash never fails
	_, _ = h.Write([]byte(c.Lead))
	return homing.Money(10_000 + h.Sum32()%100_000_000)
}

func (c Claim) String() string {
	if c.Lead == "" {
		return "the conversion of click " + c.Click.String()
	}
	return fmt.Sprintf("the conversion of click %s, lead code %q", c.Click, c.Lead)
}

// claim is what was told of a Claim.
type claim struct {
	counted int    // answers that said it counted
	settled uint64 // the moment of the first acknowledgement; 0 = none
}

// NewBooks opens empty books.
func NewBooks() *Books {
	return &Books{
		clicks: map[homing.ClickID]*entry{}, serials: map[uint64]homing.ClickID{},
		claims: map[Claim]*claim{}, touched: map[Claim]bool{},
	}
}

// Visit gives the next visit its serial number.
func (b *Books) Visit() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next++
	return b.next
}

// Redirected notes an acknowledged click.
func (b *Books) Redirected(id homing.ClickID, serial uint64, campaign int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.clicks[id] != nil {
		b.found.Add(Double, "the click id %s was given to two visitors", id)
		return
	}
	b.clicks[id] = &entry{serial, campaign}
	b.serials[serial] = id
	b.recent = append(b.recent, id)
}

// Begin notes that a call goes out, and gives the moment.
func (b *Books) Begin() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.moment++
	return b.moment
}

// Counted notes that a call that began at a moment was told that it counted.
func (b *Books) Counted(k Claim, began uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.settle(k)
	b.touched[k] = true
	if c.counted++; c.counted > 1 {
		b.found.Add(Double, "%s was answered as counted %d times", k, c.counted)
	} else if began > c.settled {
		b.found.Add(Double, "%s was answered as counted after an earlier call had been told that it was there", k)
	}
}

// Repeated notes that a call was told that its conversion was there.
func (b *Books) Repeated(k Claim) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.settle(k)
	if !b.touched[k] {
		b.touched[k] = false
	}
}

// Some gives at most n claims that were acknowledged, to be sent again.
func (b *Books) Some(n int) (claims []Claim) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for k := range b.claims {
		if len(claims) == n {
			break
		}
		claims = append(claims, k)
	}
	return claims
}

// Told tells how often it was said that a claim counted, and whether it was
// acknowledged at all.
func (b *Books) Told(k Claim) (counted int, settled bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.claims[k]
	if c == nil {
		return 0, false
	}
	return c.counted, true
}

// settle notes an acknowledgement. mu is held.
func (b *Books) settle(k Claim) *claim {
	c := b.claims[k]
	if c == nil {
		c = &claim{}
		b.claims[k] = c
	}
	b.moment++
	if c.settled == 0 {
		c.settled = b.moment
	}
	return c
}

// Wrong notes something that must not be, such as a wrong answer.
func (b *Books) Wrong(kind Kind, format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.found.Add(kind, format, args...)
}

// Count tells how many clicks and conversions were acknowledged.
func (b *Books) Count() (clicks, conversions int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.clicks), len(b.claims)
}

// Found is what does not agree.
func (b *Books) Found() Tally {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.found
}

// Kind says how bad a difference is.
type Kind string

const (
	// Lost: acknowledged, and not held.
	Lost Kind = "lost"
	// Double: counted or held more than once.
	Double Kind = "double"
	// Other: a wrong answer, a wrong value, something nobody sent.
	Other Kind = "other"
)

// inWords is how many differences are told in words.
const inWords = 20

// Tally counts differences and keeps the words of the first.
type Tally struct {
	Lost   int      `json:"lost"`
	Double int      `json:"double"`
	Other  int      `json:"other"`
	First  []string `json:"first,omitempty"`
}

// Add notes a difference.
func (t *Tally) Add(kind Kind, format string, args ...any) {
	switch kind {
	case Lost:
		t.Lost++
	case Double:
		t.Double++
	default:
		t.Other++
	}
	if len(t.First) < inWords {
		t.First = append(t.First, string(kind)+": "+fmt.Sprintf(format, args...))
	}
}

func (t *Tally) add(other Tally) {
	t.Lost += other.Lost
	t.Double += other.Double
	t.Other += other.Other
	t.First = append(t.First, other.First...)
	t.First = t.First[:min(len(t.First), inWords)]
}

// Total counts all differences.
func (t Tally) Total() int { return t.Lost + t.Double + t.Other }
