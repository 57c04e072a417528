package journal

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
)

// In a cluster every node has a journal, and knows of its own calls only. What the
// others log it hears of when they have loaded it:
//
//	edge: journal ──► spool ──► loader ──► warehouse ──► FollowOthers ──► memory ──► panel
//
// So what is shown from memory (the live view, refusals of the day, tests of an
// advertiser) and what people are told is of all nodes, a second or two after the
// call; later, if its node cannot load.

// Others is where the calls of other nodes are heard of.
type Others struct {
	Loaded Old
	// Fresh is the moment up to which all that any node logged is loaded, by the nodes'
	// clocks, which may differ; 0 = not known.
	Fresh func() homing.Millis
	// Every is how often is listened; a second by default.
	Every time.Duration
	// Failed is told what keeps it from listening, other than that the warehouse is
	// away, which others tell of; nil = nobody.
	Failed func(error)
}

const (
	// aheadOfUs is by how much another node's clock may be ahead.
	aheadOfUs homing.Millis = 10 * 60 * 1000
	// unsettled is how far behind Fresh a call may stand and still not have been
	// loaded when that was true: it was on its way into a spool.
	unsettled homing.Millis = 15_000
	// atFirst is how far back a look goes while nothing is known to be fresh.
	atFirst homing.Millis = 5 * 60 * 1000
	// wideEvery is how often all of the day is looked at: a node that was cut off may
	// bring calls of hours.
	wideEvery homing.Millis = 60_000
	// heardAtOnce bounds the rows of a look that is not wide.
	heardAtOnce = 5000
	// stillNews is how old a call may be for those who watch to be told of it.
	stillNews homing.Millis = 5 * 60 * 1000
	// mostPause is how long is waited while the warehouse is away.
	mostPause = 15 * time.Second
)

// FollowOthers brings into memory what other nodes log, until ctx is done. What Fill
// reads must be there before it is called.
func (j *Journal) FollowOthers(ctx context.Context, o Others) {
	if o.Every <= 0 {
		o.Every = time.Second
	}
	l := &listening{j: j, o: o}
	for {
		begun := j.clock()
		err := l.round(ctx)
		if ctx.Err() != nil {
			return
		}
		pause := max(o.Every, 4*j.clock().Sub(begun))
		if err != nil {
			pause = l.failed(err)
		} else {
			l.failures = 0
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// listening is one FollowOthers.
type listening struct {
	j        *Journal
	o        Others
	began    bool          // what was erased before is known
	wide     homing.Millis // when all of the day was looked at
	fresh    homing.Millis // before the last look
	failures int           // in a row
}

// failed tells of the first failure in a row, and how long to wait.
func (l *listening) failed(err error) (pause time.Duration) {
	l.failures++
	isAway := errors.Is(err, homing.ErrUnavailable) || errors.Is(err, homing.ErrOverloaded)
	if !isAway && l.failures == 1 && l.o.Failed != nil {
		l.o.Failed(err)
	}
	return min(l.o.Every<<min(l.failures, 6), max(mostPause, l.o.Every))
}

// round looks once at what is loaded.
func (l *listening) round(ctx context.Context) error {
	if !l.began {
		gone, err := l.j.everErased(ctx, 0)
		if err != nil {
			return err
		}
		l.j.recent.forgetAlways(gone)
		l.began = true
	}
	now := homing.MillisOf(l.j.clock())
	list := warehouse.List{From: now - atFirst, Until: now + aheadOfUs, Newest: true, Limit: heardAtOnce}
	fresh := homing.Millis(0)
	if l.o.Fresh != nil {
		fresh = l.o.Fresh()
	}
	isWide := l.wide == 0 || now-l.wide >= wideEvery || now < l.wide
	switch {
	case isWide:
		list.From, list.Limit = now-fillFrom, keepRecent
	case l.fresh != 0:
		list.From = max(min(l.fresh, now)-unsettled, now-fillFrom)
	}
	var found []Entry
	for p, err := range l.o.Loaded.Postbacks(ctx, &list) {
		if err != nil {
			return err
		}
		found = append(found, Entry{Postback: p.Postback, Count: uint64(p.Count)})
	}
	l.j.recent.hear(found, len(found) == list.Limit, now)
	if isWide {
		l.wide = now
		l.j.recent.forgetHeard(list.From, found, list.Limit)
	}
	l.fresh = fresh
	return nil
}

// heard tells calls apart, by node and in both stores: by their request, and those
// that were only counted by all that is known of them.
type heard struct {
	request homing.RequestID
	at      homing.Millis
	account homing.AccountID
	addr    netip.Addr
	verdict homing.Verdict
}

func heardOf(e *Entry) heard {
	if e.Request != (homing.RequestID{}) {
		return heard{request: e.Request}
	}
	return heard{at: e.At, account: e.Account, addr: homing.CutAddr(e.Addr), verdict: e.Verdict}
}

// hear takes those entries up, newest first, that are not there. bounded tells that
// there may be older ones: they are missing if the last of these is news.
func (r *recent) hear(found []Entry, bounded bool, now homing.Millis) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.heard == nil {
		r.heard = map[heard]homing.Millis{}
	}
	news := map[heard]*Entry{}
	for i := range found {
		e := &found[i]
		if _, known := r.heard[heardOf(e)]; !known && !(r.gone != nil && r.gone.has(e)) {
			news[heardOf(e)] = e
		}
	}
	r.leaveOutOwn(news)
	if bounded && news[heardOf(&found[len(found)-1])] != nil {
		r.lost = max(r.lost, found[len(found)-1].At)
	}
	var old []Entry
	for key, e := range news {
		r.heard[key] = e.At
		if now-e.At > stillNews {
			old = append(old, *e)
			delete(news, key)
		}
	}
	for i := len(found) - 1; i >= 0; i-- { // watchers are told the oldest first
		if e := &found[i]; news[heardOf(e)] == e {
			r.put(*e)
		}
	}
	r.putOlder(old)
}

// leaveOutOwn leaves out what is in memory already. It needs mu.
func (r *recent) leaveOutOwn(news map[heard]*Entry) {
	if len(news) == 0 {
		return
	}
	for _, list := range [][]Entry{r.older, r.ring} {
		for i := range list {
			key := heardOf(&list[i])
			if e := news[key]; e != nil {
				r.heard[key] = e.At
				delete(news, key)
			}
		}
	}
}

// putOlder adds what is news to nobody to what was before the start. It needs mu.
func (r *recent) putOlder(old []Entry) {
	if len(old) == 0 {
		return
	}
	all := slices.Concat(r.older, old)
	slices.SortStableFunc(all, func(a, b Entry) int { return cmp.Compare(a.At, b.At) })
	if n := len(all) - keepRecent; n > 0 {
		r.lost = max(r.lost, all[n-1].At)
		all = slices.Clone(all[n:])
	}
	r.older = all
}

// forgetHeard forgets which calls were heard of that no look will bring again: those
// before all that a wide one has brought.
func (r *recent) forgetHeard(from homing.Millis, found []Entry, limit int) {
	if len(found) == limit && limit > 0 {
		from = max(from, found[len(found)-1].At)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, at := range r.heard {
		if at < from {
			delete(r.heard, key)
		}
	}
}

// forgetAlways drops what was erased, and does not take it up again.
func (r *recent) forgetAlways(set *erased) {
	r.mu.Lock()
	if r.gone == nil {
		r.gone = newErased()
	}
	r.gone.join(set)
	r.mu.Unlock()
	r.forget(set)
}
