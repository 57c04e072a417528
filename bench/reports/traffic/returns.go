package traffic

import (
	"container/heap"
	"math"
	"strconv"

	"homing"
	"homing/internal/engine/warehouse"
)

// Shares of what comes home.
const (
	repeats      = 0.12    // of conversions are called again
	refusals     = 0.00085 // of clicks
	secondLeads  = 0.05    // of conversions of accounts that send lead codes
	medianDelay  = 12 * minute
	delaySpread  = 2.4 // standard deviation of the delay's logarithm
	approvedPart = 0.8 // of pending ones, when the operator decides
)

// due is something that will happen: a postback, its repeat, or a decision.
type due struct {
	at   homing.Millis
	what happening
	conv *homing.Conversion
}

type happening uint8

const (
	arrives happening = iota
	repeated
	decided
)

type agenda []due

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].at < a[j].at }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)        { *a = append(*a, x.(due)) }
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

// returns makes conversions and postbacks of the clicks it is told of, in the
// order they arrive.
type returns struct {
	world    *World
	dice     dice
	ring     *homing.Keyring
	agenda   agenda
	requests uint32
	ids      homing.ConversionID
	version  int64
	target   []byte
	median   homing.Millis // of the time to convert
}

func newReturns(w *World, seed uint64) *returns {
	master := homing.MasterKey{ID: "00000001"}
	d := dice{state: seed}
	for i := range master.Secret {
		master.Secret[i] = byte(d.next())
	}
	ring, err := homing.NewKeyring(master)
	if err != nil {
		panic("traffic: " + err.Error()) // a key of 32 bytes always does
	}
	return &returns{world: w, dice: d, ring: ring, median: medianDelay}
}

// click is told of every click; some convert.
func (r *returns) click(row *warehouse.Click, c *campaign) {
	d := &r.dice
	if d.in(c.rate) {
		r.plan(row.Origin, c)
		if c.leads && d.in(secondLeads) {
			r.plan(row.Origin, c)
		}
	}
}

// plan puts a conversion of the click on the agenda.
func (r *returns) plan(click homing.Origin, c *campaign) {
	d := &r.dice
	delay := float64(r.median) * math.Exp(delaySpread*d.normal())
	conv := &homing.Conversion{
		Click: click, Account: c.account, Campaign: c.id, Price: c.price,
		At: click.Time + 1500 + homing.Millis(min(delay, float64(90*day))),
	}
	if c.goals > 0 {
		conv.Goal = homing.GoalID(d.between(0, c.goals))
	}
	if c.leads {
		conv.Lead = "order-" + strconv.Itoa(10_000_000+d.below(90_000_000))
	}
	if c.payout > 0 {
		conv.Value = homing.ValueOf(r.payout(c))
	}
	heap.Push(&r.agenda, due{at: conv.At, what: arrives, conv: conv})
}

func (r *returns) payout(c *campaign) homing.Money {
	if c.fixed {
		return c.payout
	}
	const cent = homing.Unit / 100
	amount := homing.Money(float64(c.payout)*math.Exp(0.6*r.dice.normal())) / cent * cent
	return min(max(amount, cent), homing.DefaultPriceMax)
}

// until carries out what is due before a moment.
func (r *returns) until(at homing.Millis, round *Round) {
	for len(r.agenda) > 0 && r.agenda[0].at <= at {
		next := heap.Pop(&r.agenda).(due)
		switch next.what {
		case arrives:
			r.arrive(next.conv, round)
		case repeated:
			round.Spool.Postbacks = append(round.Spool.Postbacks,
				r.postback(next.at, next.conv, homing.Verdict{Outcome: homing.Duplicate, Reason: homing.ReasonDuplicate}))
		case decided:
			r.decide(next, round)
		}
	}
}

func (r *returns) arrive(conv *homing.Conversion, round *Round) {
	c, d := &r.world.campaigns[conv.Campaign-1], &r.dice
	r.ids++
	conv.ID = r.ids
	verdict := homing.Verdict{Outcome: homing.Counted, Reason: homing.ReasonCounted}
	conv.Status = homing.Approved
	switch {
	case conv.At-conv.Click.Time > c.window:
		conv.Status = homing.LateStatus
		verdict = homing.Verdict{Outcome: homing.Late, Reason: homing.ReasonLate}
	case c.hold:
		conv.Status = homing.Pending
		verdict.Reason = homing.ReasonHold
		decision := conv.At + homing.Millis(d.between(int(day), int(3*day)))
		heap.Push(&r.agenda, due{at: decision, what: decided, conv: conv})
	}
	call := r.postback(conv.At, conv, verdict)
	conv.Request = call.Request
	round.Ledger.Postbacks = append(round.Ledger.Postbacks, call)
	r.change(conv, round)
	if d.in(repeats) {
		wait := homing.Millis(float64(30*second) * math.Exp(2*d.normal()))
		heap.Push(&r.agenda, due{at: conv.At + min(wait, day), what: repeated, conv: conv})
	}
}

func (r *returns) decide(next due, round *Round) {
	next.conv.Status = homing.Approved
	if !r.dice.in(approvedPart) {
		next.conv.Status = homing.Rejected
	}
	r.change(next.conv, round)
}

func (r *returns) change(conv *homing.Conversion, round *Round) {
	r.version++
	round.Ledger.Conversions = append(round.Ledger.Conversions, warehouse.Conversion{Conversion: *conv, Version: r.version})
}

// refusal is now and then a call that comes to nothing, of a click or of none.
func (r *returns) refusal(row *warehouse.Click, round *Round) {
	d := &r.dice
	if !d.in(refusals) {
		return
	}
	at := row.Time + 1
	if d.in(0.5) {
		reasons := [...]homing.Reason{homing.ReasonKeyWrong, homing.ReasonValueAbove, homing.ReasonHTTPSRequired, homing.ReasonValueComma, homing.ReasonKeyMissing}
		conv := &homing.Conversion{Click: row.Origin, Account: row.Account, Campaign: row.Campaign}
		verdict := homing.Verdict{Outcome: homing.Refused, Reason: reasons[d.below(len(reasons))]}
		round.Spool.Postbacks = append(round.Spool.Postbacks, r.postback(at, conv, verdict))
		return
	}
	reasons := [...]homing.Reason{homing.ReasonCodeMacro, homing.ReasonCodeEmpty, homing.ReasonCodeCut, homing.ReasonCodeOtherTracker, homing.ReasonCodeFormat}
	call := r.call(at, homing.Verdict{Outcome: homing.Refused, Reason: reasons[d.below(len(reasons))]})
	if d.in(0.5) {
		call.Account = row.Account // by the account parameter
	}
	r.target = append(r.target[:0], "/api/v1/cpa/action/"...)
	r.target = appendToken(r.target, d, d.between(0, 36), 62)
	call.Target = string(append(r.target, "?value=1.50"...))
	round.Spool.Postbacks = append(round.Spool.Postbacks, call)
}

// postback is a call about a conversion's click.
func (r *returns) postback(at homing.Millis, conv *homing.Conversion, verdict homing.Verdict) warehouse.Postback {
	call := r.call(at, verdict)
	call.Account, call.Campaign = conv.Account, conv.Campaign
	call.Click, call.Origin = r.ring.Seal(conv.Click), conv.Click
	call.Goal, call.Lead, call.Value, call.Price, call.Conversion = conv.Goal, conv.Lead, conv.Value, conv.Price, conv.ID
	r.target = append(r.target[:0], "/api/v1/cpa/action/"...)
	r.target = call.Click.AppendHex(r.target)
	r.target = append(r.target, "?value="...)
	r.target = append(r.target, conv.Value.String()...)
	if conv.Lead != "" {
		r.target = append(r.target, "&lead_code="...)
		r.target = append(r.target, conv.Lead...)
		r.target = append(r.target, "&key=key:3f9a0c"...)
		call.Key = homing.KeyID(conv.Account)
	}
	call.Target = string(r.target)
	return call
}

func (r *returns) call(at homing.Millis, verdict homing.Verdict) warehouse.Postback {
	r.requests++
	sender := &senders[r.dice.below(len(senders))]
	return warehouse.Postback{
		Postback: homing.Postback{
			Request: homing.NewRequestID(at, 1, r.requests), At: at, Addr: sender.addr, HTTPS: true,
			Method: "GET", UserAgent: sender.userAgent, Verdict: verdict,
		},
		Number: int64(r.requests), Count: 1,
	}
}
