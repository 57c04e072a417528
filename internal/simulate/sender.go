package simulate

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"time"

	"homing"
	"homing/internal/simulate/wire"
)

// call is one postback of an advertiser's server. It is either good, then it
// asks for a claim, or to be refused.
type call struct {
	secure  bool
	method  string
	target  string // with the key in it: never shown
	attempt int

	claim *claim // nil: to be refused
	said  content

	habit   *habit // why it is to be refused
	account homing.AccountID
}

// do sends it, and sends it again later if it got no answer, as senders do.
func (c call) do(w *worker, due time.Time) {
	l, p := &w.plain, w.play
	if c.secure {
		l = &w.secure
	}
	w.request = wire.Request(w.request[:0], c.method, c.target, l.Address(), "User-Agent: simulation/1\r\n")
	p.sent.calls.Add(1)
	if c.attempt > 0 {
		p.sent.retries.Add(1)
	}
	began := p.books.begin()
	a, err := l.Send(w.ctx, w.request, c.method == "HEAD")
	switch {
	case errors.Is(err, wire.ErrNotSent):
		p.sent.unsent.Add(1)
		c.again(p)
		return
	case err != nil:
		p.sent.broken.Add(1)
	case a.Status == 503:
		p.sent.shed.Add(1)
	}
	if err == nil {
		p.callTimes.Add(p.clock().Sub(due))
	}
	if err != nil || a.Status == 503 {
		c.doubt(p, began)
		c.again(p)
		return
	}
	if c.claim != nil {
		c.judgeGood(p, a, began)
		return
	}
	c.judgeRefused(p, a)
}

// longestPause is the longest a sender waits between attempts.
const longestPause = 2 * time.Second

// again plans the next attempt.
func (c call) again(p *play) {
	pause := min(100*time.Millisecond<<min(c.attempt, 8), longestPause)
	c.attempt++
	p.agenda.add(p.clock().Add(pause), c)
}

func (c call) doubt(p *play, began uint64) {
	if c.claim != nil {
		p.books.doubted(c.claim, c.said, began)
		return
	}
	p.books.refusalDoubted(refusalKey{c.account, c.habit.reason.String()})
}

// judgeGood notes the answer to a good call.
func (c call) judgeGood(p *play, a wire.Answer, began uint64) {
	outcome, _, _ := bytes.Cut(a.Result, []byte(";"))
	switch {
	case a.Status != 200 || string(a.Body) != `{"ok":true}`:
		p.books.differ(other, "a call for %s was answered %d %s (%s)", c.claim.key, a.Status, a.Body, a.Result)
	case string(outcome) == "counted":
		p.sent.counted.Add(1)
		p.books.counted(c.claim, c.said, began)
	case string(outcome) == "duplicate":
		p.sent.repeats.Add(1)
		p.books.duplicate(c.claim, p.clock())
	default:
		p.books.differ(other, "a call for %s was answered with Postback-Result %q", c.claim.key, a.Result)
	}
}

// convert plans what becomes of a click at its advertiser: leads or a sale after
// a while, or one of the ways in which senders get it wrong.
func (p *play) convert(r *rand.Rand, o *offer, id homing.ClickID) {
	s := &scene{play: p, rand: r, offer: o, click: id}
	if r.Float64() >= p.badRate {
		s.good()
		return
	}
	if r.IntN(3) == 0 {
		s.repeat()
		return
	}
	h := &habits[r.IntN(len(habits))]
	for !h.fits(s) {
		h = &habits[r.IntN(len(habits))]
	}
	p.agenda.add(s.when(), h.call(s))
}

// scene is a click that is about to convert.
type scene struct {
	play  *play
	rand  *rand.Rand
	offer *offer
	click homing.ClickID
}

// when draws the moment of a conversion: soon after the click rather than late.
func (s *scene) when() time.Time {
	share := s.rand.Float64()
	return s.play.clock().Add(time.Duration(share * share * float64(s.play.delay)))
}

// good plans a simple conversion, leads, or both.
func (s *scene) good() {
	leads := 0
	if s.offer.owner.multiLead && s.play.https() {
		leads = s.rand.IntN(s.play.leads + 1)
	}
	if leads == 0 || s.rand.IntN(5) == 0 {
		s.play.agenda.add(s.when(), s.conversion("", ""))
	}
	for i := range leads {
		raw, plain := s.leadCode(i)
		s.play.agenda.add(s.when(), s.conversion(raw, plain))
	}
}

// repeat plans a conversion that is sent several times at once, and again later,
// sometimes with another value.
func (s *scene) repeat() {
	raw, plain := "", ""
	if s.offer.owner.multiLead && s.play.https() && s.rand.IntN(2) == 0 {
		raw, plain = s.leadCode(0)
	}
	first, due := s.conversion(raw, plain), s.when()
	for range s.rand.IntN(5) + 2 {
		s.play.agenda.add(due, first)
	}
	again := first
	if s.rand.IntN(2) == 0 {
		again = s.conversionOf(first.claim.key, raw)
	}
	later := time.Duration(s.rand.Int64N(int64(2 * time.Second)))
	s.play.agenda.add(due.Add(later), again)
}

// leadCode makes up the i-th lead code of a click, as sent and as meant.
func (s *scene) leadCode(i int) (raw, plain string) {
	plain = fmt.Sprintf("%d-%d", i, s.rand.Uint32())
	switch s.rand.IntN(12) {
	case 0:
		plain = "Bestellung Nr. " + plain
	case 1:
		plain = "заказ-" + plain
	case 2:
		plain = "=SUM(" + plain + ")&x=1"
	}
	return url.QueryEscape(plain), plain
}

// conversion makes a good call for a conversion of its own.
func (s *scene) conversion(rawLead, lead string) call {
	key := claimKey{click: s.click, lead: lead}
	if len(s.offer.goals) > 0 && s.rand.IntN(2) == 0 {
		key.goal = s.offer.goals[s.rand.IntN(len(s.offer.goals))]
	}
	return s.conversionOf(key, rawLead)
}

// conversionOf makes a good call for a conversion; what it says of it is drawn
// anew each time.
func (s *scene) conversionOf(key claimKey, rawLead string) call {
	r, a := s.rand, s.offer.owner
	said := content{value: s.offer.value, status: homing.Approved}
	if s.offer.hold {
		said.status = homing.Pending
	}
	var query []string
	if r.IntN(4) > 0 {
		text, micros := amount(r)
		said.value = homing.ValueOf(micros)
		query = append(query, "value="+text)
	} else if r.IntN(2) == 0 {
		query = append(query, "value=")
	}
	keyed := key.lead != "" || r.IntN(8) == 0
	if key.lead != "" {
		query = append(query, "lead_code="+rawLead)
	}
	if keyed {
		query = append(query, "key="+a.key.Reveal())
	}
	if keyed && r.IntN(8) == 0 {
		text, micros := amount(r)
		said.price = micros
		query = append(query, "price="+text)
	}
	switch {
	case key.goal != 0:
		query = append(query, "goalid="+key.goal.String())
	case r.IntN(30) == 0:
		query = append(query, "goalid="+strconv.Itoa(unknownGoal))
	}
	switch r.IntN(40) {
	case 0:
		query = append(query, "currency=usd")
	case 1:
		query = append(query, "currency=EUR")
		said.status = homing.Pending
	case 2:
		query = append(query, "status=approved", "allow_duplicates=1")
	case 3:
		query = append(query, "cb=1732", "Value=9")
	}
	r.Shuffle(len(query), func(i, j int) { query[i], query[j] = query[j], query[i] })
	return call{
		secure: s.play.https() && (key.lead != "" || r.IntN(2) == 0),
		method: "GET",
		target: s.target(s.click.String(), query),
		claim:  s.play.books.claimOf(a.id, key),
		said:   said, account: a.id,
	}
}

// target puts the call's target together, in either form of the API.
func (s *scene) target(code string, query []string) string {
	const path = "/api/v1/cpa/action"
	if s.rand.IntN(4) > 0 {
		if len(query) == 0 {
			return path + "/" + code
		}
		return path + "/" + code + "?" + strings.Join(query, "&")
	}
	name := "clickid="
	if s.rand.IntN(3) == 0 {
		name = "click_id="
	}
	return path + "?" + strings.Join(append([]string{name + code}, query...), "&")
}

// amount draws an amount within every account's range, as one of the texts that
// mean it.
func amount(r *rand.Rand) (text string, micros homing.Money) {
	cents := r.IntN(19_999) + 1
	micros = homing.Money(cents) * (homing.Unit / 100)
	switch r.IntN(12) {
	case 0:
		return strconv.Itoa(cents) + "e-2", micros
	case 1:
		return "%2B" + fmt.Sprintf("%d.%02d", cents/100, cents%100), micros
	case 2:
		// Digits beyond the sixth decimal are cut.
		return fmt.Sprintf("%d.%02d34567", cents/100, cents%100), micros + 3456
	case 3:
		return fmt.Sprintf("00%d.%02d", cents/100, cents%100), micros
	}
	return fmt.Sprintf("%d.%02d", cents/100, cents%100), micros
}
