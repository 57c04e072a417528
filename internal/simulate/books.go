package simulate

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"homing"
	"homing/internal/desk/control"
)

// books hold what the server has acknowledged, and nothing else is relied on
// when its own books are examined. 40 bytes a click, some hundred a conversion,
// and some 300 for each while they are examined, so that minutes at thousands a
// second fit. It is safe for concurrent use.
//
// An answer that never came, and a 503, are doubts: the server may have stored
// what was asked or not, but not twice, and nothing else.
type books struct {
	mu       sync.Mutex
	moment   uint64                      // guarded by mu: counts starts and ends of calls
	clicks   []clickEntry                // guarded by mu
	doubts   map[homing.CampaignID]int   // guarded by mu: visits without an answer
	claims   map[claimKey]*claim         // guarded by mu
	refusals map[refusalKey]*tally       // guarded by mu
	repeats  map[homing.AccountID]*tally // guarded by mu: answered as duplicates
	kills    []time.Time                 // guarded by mu
	found    differences                 // guarded by mu
	sheet    *sheet                      // guarded by mu: what reports must say
}

// clickEntry is one acknowledged click.
type clickEntry struct {
	id    homing.ClickID
	offer uint16
	facts facts
}

func (e *clickEntry) class() homing.ClickClass { return e.facts.browser().class }

// claimKey is what makes a conversion one of its own.
type claimKey struct {
	click homing.ClickID
	goal  homing.GoalID
	lead  string
}

// content is what a postback says of its conversion, as it must be held.
type content struct {
	value  homing.Value
	price  homing.Money
	status homing.Status
}

// claim is a conversion that senders ask for, by one call or by several that
// may differ in content.
type claim struct {
	key     claimKey
	account homing.AccountID

	counted  int       // answers that said so
	repeated int       // answers that said it was there already
	winner   content   // of the call that was told it counted
	open     []content // of the calls without an answer that may have been first
	doubted  int       // calls without an answer
	settled  uint64    // the moment of the first acknowledgement; 0 = none
	held     int       // how often the server has it
}

// refusalKey is what refused calls are compared by.
type refusalKey struct {
	account homing.AccountID
	reason  string
}

// tally counts answers and calls without one.
type tally struct {
	answered int
	doubted  int
	// seconds counts answers by second, for what a kill may have taken along.
	seconds map[int64]int
}

func (t *tally) answer(at time.Time) {
	if t.seconds == nil {
		t.seconds = map[int64]int{}
	}
	t.answered++
	t.seconds[at.Unix()]++
}

// written is how long a refusal, which is recorded behind its answer, may take
// to reach the disk: tallies are written once a second.
const written = 2 * time.Second

// exposed is how many of the answers were given so shortly before a kill that
// their records may have gone with it.
func (t *tally) exposed(kills []time.Time) (n int) {
	for second, answers := range t.seconds {
		for _, kill := range kills {
			if second <= kill.Unix() && second >= kill.Add(-written).Unix() {
				n += answers
				break
			}
		}
	}
	return n
}

// newBooks are for a server of one machine, or of several.
func newBooks(several bool) *books {
	return &books{
		doubts:   map[homing.CampaignID]int{},
		claims:   map[claimKey]*claim{},
		refusals: map[refusalKey]*tally{},
		repeats:  map[homing.AccountID]*tally{},
		sheet:    newSheet(several),
	}
}

// click notes an acknowledged click.
func (b *books) click(id homing.ClickID, offer int, f facts) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clicks = append(b.clicks, clickEntry{id: id, offer: uint16(offer), facts: f})
}

// clickDoubted notes a visit without an answer, whose click may be held.
func (b *books) clickDoubted(campaign homing.CampaignID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.doubts[campaign]++
}

// claimOf finds or opens the claim of a key.
func (b *books) claimOf(account homing.AccountID, key claimKey) *claim {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.claims[key]
	if c == nil {
		c = &claim{key: key, account: account}
		b.claims[key] = c
	}
	return c
}

// begin notes the moment a call goes out.
func (b *books) begin() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.moment++
	return b.moment
}

// counted notes that a call was told that its conversion counted.
func (b *books) counted(c *claim, said content, began uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.counted++; c.counted > 1 {
		b.found.add(double, "%s was answered as counted %d times", c.key, c.counted)
	} else if c.settled != 0 && began > c.settled {
		b.found.add(double, "%s was answered as counted after an earlier call had been told that it was there", c.key)
	}
	c.winner = said
	b.settle(c)
}

// duplicate notes that a call was told that its conversion was there already.
func (b *books) duplicate(c *claim, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c.repeated++
	tallyOf(b.repeats, c.account).answer(at)
	b.settle(c)
}

// settle notes the first acknowledgement. mu is held.
func (b *books) settle(c *claim) {
	b.moment++
	if c.settled == 0 {
		c.settled = b.moment
	}
}

// doubted notes that a call for a conversion got no answer.
func (b *books) doubted(c *claim, said content, began uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c.doubted++
	tallyOf(b.repeats, c.account).doubted++
	if (c.settled == 0 || began < c.settled) && !slices.Contains(c.open, said) {
		c.open = append(c.open, said)
	}
}

// refused notes a refusal as it was to be expected.
func (b *books) refused(k refusalKey, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	tallyOf(b.refusals, k).answer(at)
}

// refusalDoubted notes that a call that was to be refused got no answer.
func (b *books) refusalDoubted(k refusalKey) {
	b.mu.Lock()
	defer b.mu.Unlock()
	tallyOf(b.refusals, k).doubted++
}

func tallyOf[K comparable](tallies map[K]*tally, k K) *tally {
	t := tallies[k]
	if t == nil {
		t = &tally{}
		tallies[k] = t
	}
	return t
}

// killed notes that the server is killed now.
func (b *books) killed(at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kills = append(b.kills, at)
}

// differ notes a difference.
func (b *books) differ(kind differenceKind, format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.found.add(kind, format, args...)
}

func (k claimKey) String() string {
	s := "the conversion of click " + k.click.String()
	if k.goal != 0 {
		s += ", goal " + k.goal.String()
	}
	if k.lead != "" {
		s += fmt.Sprintf(", lead code %q", k.lead)
	}
	return s
}

func (c content) String() string {
	value := "no value"
	if c.value.Given {
		value = "value " + c.value.String()
	}
	return fmt.Sprintf("%s, price %s, %s", value, c.price, c.status)
}

// differenceKind says how bad a difference is.
type differenceKind string

const (
	// lost: acknowledged, and not held.
	lost differenceKind = "lost"
	// double: counted or held more than once.
	double differenceKind = "double"
	// other: a wrong answer, a wrong value, something nobody sent.
	other differenceKind = "other"
)

// difference is one thing that does not agree.
type difference struct {
	Kind differenceKind `json:"kind"`
	What string         `json:"what"`
}

// differences counts all and keeps the words of the first.
type differences struct {
	count map[differenceKind]int
	first []difference
}

// inWords is how many differences are told in words.
const inWords = 20

func (d *differences) add(kind differenceKind, format string, args ...any) {
	if d.count == nil {
		d.count = map[differenceKind]int{}
	}
	d.count[kind]++
	if len(d.first) < inWords {
		d.first = append(d.first, difference{kind, fmt.Sprintf(format, args...)})
	}
}

func (d *differences) total() int { return d.count[lost] + d.count[double] + d.count[other] }

// contentOf is what the server holds of a conversion.
func contentOf(c *control.Conversion) content {
	return content{value: c.Value, price: c.Price, status: c.Status}
}
