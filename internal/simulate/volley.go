package simulate

import (
	"math/rand/v2"
	"sync"
	"time"

	"homing"
)

// A kill shows something only if it finds requests under way, between being
// stored and being answered. Ordinary load has one or two there, so a volley is
// fired around each kill: visits, and conversions of clicks that were kept for
// it, half of them sent twice.
const (
	volleySize  = 80
	volleyAhead = 15 * time.Millisecond // it begins so long before the kill
	volleyTime  = 20 * time.Millisecond // and lasts so long
)

// reserve keeps the latest clicks that did not convert. It is safe for
// concurrent use.
type reserve struct {
	mu   sync.Mutex
	kept []keptClick // guarded by mu
	next int         // guarded by mu: which of a full reserve is replaced
}

type keptClick struct {
	offer *offer
	id    homing.ClickID
}

func (r *reserve) keep(o *offer, id homing.ClickID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.kept) < volleySize {
		r.kept = append(r.kept, keptClick{o, id})
		return
	}
	r.kept[r.next] = keptClick{o, id}
	r.next = (r.next + 1) % volleySize
}

// empty takes everything out.
func (r *reserve) empty() []keptClick {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := r.kept
	r.kept, r.next = nil, 0
	return kept
}

// volley plans requests around a moment.
func (p *play) volley(r *rand.Rand, moment time.Time) {
	when := func() time.Time {
		return moment.Add(time.Duration(r.Int64N(int64(volleyTime))) - volleyAhead)
	}
	for _, kept := range p.reserve.empty() {
		s := &scene{play: p, rand: r, offer: kept.offer, click: kept.id}
		raw, plain := "", ""
		if kept.offer.owner.multiLead && p.https() && r.IntN(2) == 0 {
			raw, plain = s.leadCode(0)
		}
		c := s.conversion(raw, plain)
		for range r.IntN(2) + 1 {
			p.agenda.add(when(), c)
		}
		p.agenda.add(when(), visit{kept.offer})
	}
}
