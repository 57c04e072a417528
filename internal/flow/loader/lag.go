package loader

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"homing"
	"homing/internal/engine/spool"
)

// Lag tells how far reports are behind.
type Lag struct {
	// Records of the spool are durable and not loaded.
	Records uint64 `json:"records"`
	// Behind is how old the oldest of them is.
	Behind time.Duration `json:"-"`
	// Fresh is the moment up to which all that happened is in reports; 0 while
	// that is not known, after a start.
	Fresh homing.Millis `json:"fresh,omitempty"`
	Rate  int64         `json:"rate"` // rows a second, over the last ten
	// Error is what keeps the loader from loading, since Since; empty if nothing.
	Error string        `json:"error,omitempty"`
	Since homing.Millis `json:"since,omitempty"`
	// Unread counts records that could not be read, since the start.
	Unread int64 `json:"unread,omitempty"`
}

// lagState is what Lag is made of. It is guarded by Loader.mu.
type lagState struct {
	loaded spool.Position
	known  bool          // loaded is
	fresh  homing.Millis // up to here all was loaded, as far as is known
	// settled is fresh, if a whole round of this run, since the warehouse last
	// began anew, says so.
	settled homing.Millis
	anew    bool // the warehouse has begun anew, and no whole round since
	// refilling: the warehouse is loaded from its beginning, or from its seals on.
	refilling bool
	oldest    homing.Millis // time of the oldest record that is known not to be loaded
	err       error
	since     homing.Millis
	unread    int64
	rate      rate

	// late is the present time of being behind.
	late struct {
		from  homing.Millis // 0 = not behind
		worst time.Duration
		cause string
	}
}

// Lag tells how far reports are behind now.
func (l *Loader) Lag() Lag {
	durable, now := l.spool.Durable(), l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lag(durable, now)
}

// lag needs l.mu.
func (l *Loader) lag(durable spool.Position, now homing.Millis) Lag {
	s := &l.state
	lag := Lag{Fresh: s.fresh, Rate: s.rate.perSecond(now), Since: s.since, Unread: s.unread}
	if s.known && durable > s.loaded {
		lag.Records = uint64(durable - s.loaded)
	}
	if s.err != nil {
		lag.Error = s.err.Error()
	}
	from := s.oldest
	if from == 0 && (lag.Records > 0 || s.err != nil) {
		from = max(s.fresh, 0)
	}
	if from == 0 {
		from = s.since
	}
	if from > 0 {
		lag.Behind = time.Duration(max(now-from, 0)) * time.Millisecond
	}
	return lag
}

// Refilling tells that the warehouse is being made again, and has not caught up yet.
func (l *Loader) Refilling() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state.refilling
}

// Fresh is the moment up to which all that happened is in reports; 0 if that is
// not known yet.
func (l *Loader) Fresh() homing.Millis {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state.fresh
}

// resumedAt notes where the marks are, and how far in time an earlier run had
// come.
func (l *Loader) resumedAt(newest homing.Millis) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.loaded, l.state.known = l.reader.loaded, true
	l.state.refilling = l.reader.loaded == 0 || len(l.reader.sealed) > 0
	if l.state.fresh == 0 && !l.state.anew && l.ledgerAt.mark > 0 {
		l.state.fresh = newest
	}
}

// oldest notes the batch that is loaded next.
func (l *Loader) oldest(p *parcel) {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.oldest = p.oldest
	l.state.look(now, "")
}

// progressed notes a batch of the spool that is in.
func (l *Loader) progressed(p *parcel) {
	now := l.now()
	l.mu.Lock()
	l.state.loaded = spool.Position(p.batch.Next)
	l.state.oldest = p.newest
	l.state.unread += int64(p.unread)
	unread := l.state.unread
	l.state.rate.add(now, len(p.batch.Clicks)+len(p.batch.Postbacks))
	l.mu.Unlock()
	if p.unread > 0 {
		l.tellOnce(noticeUnread, fmt.Sprintf("%d records of the spool could not be understood and are not in reports, the last at %s: %v", unread, p.badAt, p.lastBad))
	}
}

// counted notes rows of the ledger that are in.
func (l *Loader) counted(rows int) {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.rate.add(now, rows)
}

// caughtUp notes that all there was at a moment has been loaded.
func (l *Loader) caughtUp(at homing.Millis) {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &l.state
	s.fresh, s.settled, s.anew, s.refilling = at, at, false, false
	s.oldest, s.err, s.since = 0, nil, 0
	if s.late.from != 0 {
		text := fmt.Sprintf("reports were up to %s behind (%s); caught up at %s UTC", inWords(s.late.worst), s.late.cause, clockTime(now))
		l.log.Info(text)
		l.book.add(noticeLate, text, now)
		s.late.from, s.late.worst, s.late.cause = 0, 0, ""
	}
}

// failed notes what keeps the loader from loading.
func (l *Loader) failed(err error) {
	now := l.now()
	l.mu.Lock()
	s := &l.state
	fresh := s.err == nil || s.err.Error() != err.Error()
	if s.err == nil {
		s.since = now
	}
	s.err = err
	s.look(now, err.Error())
	l.mu.Unlock()
	if fresh {
		// A warehouse that is away, such as at every start, has said so itself, and
		// notices tell if it lasts.
		level := slog.LevelWarn
		if errors.Is(err, homing.ErrUnavailable) {
			level = slog.LevelDebug
		}
		l.log.Log(context.Background(), level, "the loader cannot load; it tries again", "error", err)
	}
}

// worked notes that the warehouse takes batches.
func (l *Loader) worked() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.err, l.state.since = nil, 0
}

// rebegun notes that the warehouse begins anew: nothing of it is known to be
// fresh.
func (l *Loader) rebegun(cause string) {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.fresh, l.state.settled, l.state.anew, l.state.refilling = 0, 0, true, true
	l.state.oldest, l.state.loaded, l.state.known = 0, 0, false
	if l.state.late.from == 0 {
		l.state.late.from = now
	}
	l.state.late.cause = cause
}

// How late is late: from here on operators are told.
const (
	lateAfter = time.Minute
	badAfter  = 10 * time.Second // of an error that lasts
)

// look notes how late reports are, if they are.
func (s *lagState) look(now homing.Millis, cause string) {
	from := s.oldest
	if from == 0 {
		from = s.fresh
	}
	var behind time.Duration
	if from > 0 {
		behind = time.Duration(max(now-from, 0)) * time.Millisecond
	}
	bad := s.since != 0 && now-s.since >= homing.MillisIn(badAfter)
	if s.late.from == 0 && behind < lateAfter && !bad {
		return
	}
	if s.late.from == 0 {
		s.late.from = now
	}
	s.late.worst = max(s.late.worst, behind)
	if cause != "" {
		s.late.cause = cause
	} else if s.late.cause == "" {
		s.late.cause = "there was much to load"
	}
}

// rate counts rows by second, over the last ten.
type rate struct {
	seconds [10]int64
	rows    [10]int64
}

func (r *rate) add(now homing.Millis, rows int) {
	second := int64(now) / 1000
	i := second % int64(len(r.rows))
	if r.seconds[i] != second {
		r.seconds[i], r.rows[i] = second, 0
	}
	r.rows[i] += int64(rows)
}

func (r *rate) perSecond(now homing.Millis) (sum int64) {
	second := int64(now) / 1000
	for i := range r.rows {
		if second-r.seconds[i] < int64(len(r.rows)) {
			sum += r.rows[i]
		}
	}
	return sum / int64(len(r.rows))
}
