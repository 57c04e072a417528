package traffic

import (
	"homing"
	"homing/internal/engine/warehouse"
)

// Sources of the batches.
const (
	Spool  = "spool/1"
	Ledger = "ledger"
)

// Period is what a stream covers.
type Period struct {
	From, Until homing.Millis
	Clicks      int64
	Zone        warehouse.Zone // of the books
	Batch       int            // clicks in a round
}

// Round is what the loader brings at once: what a node's spool has, then what
// the ledger has. It is the reader's until it is given back.
type Round struct {
	Spool, Ledger warehouse.Batch
	// Made is how much processor time went into making it, in nanoseconds; 0 if
	// the system cannot tell.
	Made int64
}

// Rows is how many rows the round has.
func (r *Round) Rows() int64 {
	return int64(len(r.Spool.Clicks) + len(r.Spool.Postbacks) + len(r.Ledger.Postbacks) + len(r.Ledger.Conversions))
}

func (r *Round) clear() {
	r.Spool.Clicks, r.Spool.Postbacks = r.Spool.Clicks[:0], r.Spool.Postbacks[:0]
	r.Ledger.Postbacks, r.Ledger.Conversions = r.Ledger.Postbacks[:0], r.Ledger.Conversions[:0]
}

// Stream makes the rounds of a period, each when the one before was given back:
// so nothing is made while a round is being loaded, and timed.
type Stream struct {
	Rounds <-chan *Round
	free   chan *Round
	stop   chan struct{}
	books  *Books
	rounds chan *Round
}

// Stream begins to make rounds. It must be closed.
func (w *World) Stream(p Period) *Stream {
	s := &Stream{
		rounds: make(chan *Round), free: make(chan *Round, 1), stop: make(chan struct{}),
		books: newBooks(p.Zone, p.From, p.Until),
	}
	s.Rounds = s.rounds
	s.free <- &Round{}
	go s.run(w, p)
	return s
}

// Give gives a round back, to be used again.
func (s *Stream) Give(r *Round) { s.free <- r }

// Close ends the stream and waits until it has ended.
func (s *Stream) Close() {
	close(s.stop)
	for range s.rounds {
	}
}

// Books are complete when Rounds has ended.
func (s *Stream) Books() *Books { return s.books }

func (s *Stream) run(w *World, p Period) {
	defer close(s.rounds)
	release := ownThread()
	defer release()
	m := newMaker(w, p, s.books)
	for m.left() {
		var round *Round
		select {
		case round = <-s.free:
		case <-s.stop:
			return
		}
		round.clear()
		began := threadTime()
		m.make(round)
		round.Made = threadTime() - began
		select {
		case s.rounds <- round:
		case <-s.stop:
			return
		}
	}
}

// maker makes rounds one after another.
type maker struct {
	period  Period
	rhythm  rhythm
	clicks  *writer
	returns *returns
	books   *Books
	counted map[homing.ConversionID]bool // pending ones, which are counted now

	minute   int
	inMinute int64 // made of the present minute
	made     int64
	spool    uint64
	ledger   uint64
}

func newMaker(w *World, p Period, b *Books) *maker {
	return &maker{
		period:  p,
		rhythm:  newRhythm(&dice{state: mix(w.seed, 2)}, p.From, p.Until, p.Clicks),
		clicks:  newWriter(w, mix(w.seed, 3), 1),
		returns: newReturns(w, mix(w.seed, 4)),
		books:   b,
		counted: map[homing.ConversionID]bool{},
	}
}

func (m *maker) left() bool { return m.made < m.period.Clicks }

func (m *maker) make(round *Round) {
	size := int(min(int64(m.period.Batch), m.period.Clicks-m.made))
	if cap(round.Spool.Clicks) < size {
		round.Spool.Clicks = make([]warehouse.Click, size)
	}
	round.Spool.Clicks = round.Spool.Clicks[:size]
	for i := range round.Spool.Clicks {
		row := &round.Spool.Clicks[i]
		at := m.next()
		m.returns.until(at, round)
		c := m.clicks.write(row, i, at)
		m.returns.click(row, c)
		m.returns.refusal(row, round)
	}
	m.clicks.cut(round.Spool.Clicks)
	if !m.left() {
		m.returns.until(m.period.Until-1, round)
	}
	m.number(round)
	m.keep(round)
}

// next is the time of the next click: the clicks of a minute are spread over it
// evenly, each moved a little.
func (m *maker) next() homing.Millis {
	for m.made >= m.rhythm.until[m.minute] {
		m.minute, m.inMinute = m.minute+1, 0
	}
	first := int64(0)
	if m.minute > 0 {
		first = m.rhythm.until[m.minute-1]
	}
	place := (float64(m.inMinute) + m.clicks.dice.part()) / float64(m.rhythm.until[m.minute]-first)
	m.inMinute++
	m.made++
	return m.rhythm.from + homing.Millis(m.minute)*minute + homing.Millis(place*float64(minute))
}

// number says where the batches stand in their sources.
func (m *maker) number(round *Round) {
	round.Spool.Source, round.Spool.First = Spool, m.spool
	m.spool += uint64(len(round.Spool.Clicks) + len(round.Spool.Postbacks))
	round.Spool.Next = m.spool
	round.Ledger.Source, round.Ledger.First = Ledger, m.ledger
	m.ledger += uint64(len(round.Ledger.Conversions))
	round.Ledger.Next = m.ledger
}

// keep enters the round in the books.
func (m *maker) keep(round *Round) {
	zone := m.period.Zone
	for i := range round.Spool.Clicks {
		row := &round.Spool.Clicks[i]
		m.books.click(row, warehouse.Day(zone.KeyAt(warehouse.DayOf, row.Time)))
	}
	for i := range round.Ledger.Conversions {
		conv := &round.Ledger.Conversions[i].Conversion
		m.books.version(conv, warehouse.Day(zone.KeyAt(warehouse.DayOf, conv.At)), m.counted[conv.ID])
		if conv.Status == homing.Pending {
			m.counted[conv.ID] = true
		} else {
			delete(m.counted, conv.ID)
		}
	}
}
