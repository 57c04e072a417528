package notice

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

// outbox holds messages until they are delivered, or given up. It is guarded by
// Watch.mu.
type outbox struct {
	parcels []*parcel
	// handed has the items that were handed over to each destination, by when.
	handed map[string]homing.Millis
}

// parcel is a message on its way. What is exported is kept in the ledger, in a
// row of kind deliveryRow; its notices were told when that row is there.
type parcel struct {
	ID      string   `json:"id"`
	Channel channel  `json:"channel"`
	To      string   `json:"to,omitempty"`
	Items   []string `json:"items"`
	message
	Tries   int    `json:"tries,omitempty"`
	Problem string `json:"problem,omitempty"` // why the last try failed

	party party
	made  homing.Millis
	tried homing.Millis
	next  homing.Millis // when to try again
	done  homing.Millis // delivered, or given up if Problem says why
}

func (p *parcel) destination() destination { return destination{p.party, p.Channel, p.To} }

const (
	// mostParcels bounds the outbox; beyond it messages are dropped.
	mostParcels = 1000
	// mostADay is how many messages a destination gets in a day. What comes
	// beyond it is listed in the panel and in the digest.
	mostADay = 40
	day      = 24 * 60 * 60 * 1000
	// atOnce is how many deliveries are under way at the same time.
	atOnce = 4
)

// pauses lie between the tries of a delivery.
var pauses = []time.Duration{
	time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
}

// row is how the parcel is kept.
func (p *parcel) row() ledger.Notice {
	detail, err := json.Marshal(p)
	if err != nil {
		panic("a parcel: " + err.Error()) // it is of texts and numbers
	}
	return ledger.Notice{
		Kind: deliveryRow, Object: p.ID, Account: homing.AccountID(p.party), Since: p.made, Told: p.tried, Ended: p.done,
		Detail: string(detail),
	}
}

// restore takes a parcel that an earlier run kept.
func (o *outbox) restore(n ledger.Notice) {
	p := &parcel{party: party(n.Account), made: n.Since, tried: n.Told, done: n.Ended}
	if json.Unmarshal([]byte(n.Detail), p) != nil {
		return // of a version that is to come
	}
	if p.done == 0 && p.Tries > 0 {
		p.next = p.tried + homing.MillisIn(pauses[min(p.Tries, len(pauses))-1])
	}
	o.parcels = append(o.parcels, p)
	for _, i := range p.Items {
		o.handed[handedKey(p.destination(), i)] = p.made
	}
}

func handedKey(d destination, item string) string {
	return homing.AccountID(d.party).String() + " " + string(d.channel) + " " + d.to + " " + item
}

// handOver puts a message about items into the outbox, but for what the
// destination has got already.
func (w *Watch) handOver(ctx context.Context, d destination, now homing.Millis, items []item) {
	w.mu.Lock()
	items = slices.DeleteFunc(slices.Clone(items), func(i item) bool {
		return w.outbox.handed[handedKey(d, i.key())] != 0
	})
	late := 0
	for _, p := range w.outbox.parcels {
		if p.destination() == d && now-p.made < day {
			late++
		}
	}
	full := len(w.outbox.parcels) >= mostParcels
	w.mu.Unlock()
	if len(items) == 0 {
		return
	}
	if full || late >= mostADay {
		w.o.Log.Warn("notices: a message was not made, for there were too many of late", "to", d.channel, "account", homing.AccountID(d.party))
		return
	}
	p := &parcel{ID: homing.RandomText(20), Channel: d.channel, To: d.to, party: d.party, made: now}
	p.message = w.compose(d, p.ID, now, items)
	for _, i := range items {
		p.Items = append(p.Items, i.key())
	}
	w.keep(ctx, p.row())
	w.mu.Lock()
	w.outbox.parcels = append(w.outbox.parcels, p)
	for _, i := range p.Items {
		w.outbox.handed[handedKey(d, i)] = now
	}
	w.mu.Unlock()
	w.wake()
}

// wake has the outbox looked at.
func (w *Watch) wake() {
	select {
	case w.waiting <- struct{}{}:
	default:
	}
}

// keepDelivering delivers what is due, until ctx is done.
func (w *Watch) keepDelivering(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.waiting:
		case <-tick.C:
		}
		w.guarded("delivering", func() { w.Deliver(ctx) })
	}
}

// Deliver tries every message that is due, the operators' first.
func (w *Watch) Deliver(ctx context.Context) {
	w.delivering.Lock()
	defer w.delivering.Unlock()
	now := w.now()
	w.mu.Lock()
	var due []*parcel
	for _, p := range w.outbox.parcels {
		if p.done == 0 && p.next <= now {
			due = append(due, p)
		}
	}
	w.mu.Unlock()
	slices.SortStableFunc(due, func(a, b *parcel) int { return cmp.Compare(a.party, b.party) })
	slots := make(chan struct{}, atOnce)
	var sending sync.WaitGroup
	for _, p := range due {
		slots <- struct{}{}
		sending.Go(func() {
			defer func() { <-slots }()
			w.guarded("sending", func() { w.try(ctx, p) })
		})
	}
	sending.Wait()
}

// errNobody: the destination is not among the party's any more.
var errNobody = errors.New("nobody is there any more")

// try sends a parcel once. Only Deliver calls it, so its fields are this call's
// to read; they are written under the lock, for Failures.
func (w *Watch) try(ctx context.Context, p *parcel) {
	err := w.send(ctx, p)
	if ctx.Err() != nil {
		return // the end of the process says nothing about the other side
	}
	now := w.now()
	w.mu.Lock()
	p.Tries++
	p.tried = now
	switch {
	case err == nil, errors.Is(err, errNobody):
		p.Problem, p.done = "", now
	default:
		p.Problem = clean(err.Error(), 500)
		if p.Tries > len(pauses) {
			p.done = now
		} else {
			p.next = now + homing.MillisIn(pauses[p.Tries-1])
		}
	}
	row := p.row()
	w.mu.Unlock()
	if err != nil && !errors.Is(err, errNobody) {
		w.o.Log.Warn("notices: a message couldn't be sent", "to", p.Channel, "account", homing.AccountID(p.party), "tries", p.Tries, "given up", row.Ended != 0, "error", err)
	}
	w.keep(ctx, row)
}

// send takes the way that the settings name now.
func (w *Watch) send(ctx context.Context, p *parcel) error {
	if !slices.Contains(w.destinations(p.party), p.destination()) {
		return errNobody
	}
	if p.Channel == byMail {
		return w.sendMail(ctx, p.To, p.ID, p.made, p.message)
	}
	return w.sendHook(ctx, p.party, p.Body)
}

// prune forgets messages that are done for, and those of accounts that are gone.
func (o *outbox) prune(now homing.Millis, gone func(homing.AccountID) bool) {
	o.parcels = slices.DeleteFunc(o.parcels, func(p *parcel) bool {
		return gone(homing.AccountID(p.party)) || p.done != 0 && now-p.done > keepPast
	})
	for k, at := range o.handed {
		if now-at > 2*keepPast {
			delete(o.handed, k)
		}
	}
}

// Failure is a message that could not be sent.
type Failure struct {
	Account homing.AccountID // whose; 0 = the operators'
	Channel string           // mail, webhook
	To      string           // of a mail
	Subject string
	Problem string
	Tries   int
	Last    homing.Millis
	Next    homing.Millis // 0 = given up
}

// Failures lists what could not be sent so far, or was given up in the last
// week, the newest first: of an account, or of everybody if it is 0.
func (w *Watch) Failures(account homing.AccountID) (list []Failure) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.outbox.parcels {
		if p.Problem == "" || account != 0 && p.party != party(account) {
			continue
		}
		f := Failure{homing.AccountID(p.party), string(p.Channel), p.To, p.Subject, p.Problem, p.Tries, p.tried, p.next}
		if p.done != 0 {
			f.Next = 0
		}
		list = append(list, f)
	}
	slices.SortStableFunc(list, func(a, b Failure) int { return cmp.Compare(b.Last, a.Last) })
	return list
}
