package traffic

import (
	"homing"
	"homing/internal/engine/warehouse"
)

// LiveSpool is the source of what is loaded while questions are asked.
const LiveSpool = "spool/2"

// Live makes traffic second by second, as it would come in now. It is for one
// goroutine.
type Live struct {
	round   Round
	clicks  *writer
	returns *returns
	start   homing.Millis
	rate    int
	second  int64
	spool   uint64
	ledger  uint64
}

// Resume is where live traffic goes on: the marks of its sources and how many
// seconds have been played.
type Resume struct {
	Seconds       int64
	Spool, Ledger uint64
}

// liveDelay is the median time to convert: so short that conversions come from
// the first seconds on.
const liveDelay = 5 * second

// Live makes rate clicks a second from a moment on.
func (w *World) Live(from homing.Millis, rate int, at Resume) *Live {
	l := &Live{
		clicks:  newWriter(w, mix(w.seed, 5, uint64(at.Seconds)), 2),
		returns: newReturns(w, mix(w.seed, 6, uint64(at.Seconds))),
		start:   from, rate: rate, second: at.Seconds, spool: at.Spool, ledger: at.Ledger,
	}
	// Above every number of the month before, and of earlier seconds.
	l.returns.median = liveDelay
	l.returns.requests = 1<<31 + uint32(at.Seconds)*10_000
	l.returns.ids = 1<<40 + homing.ConversionID(at.Seconds)*10_000
	l.returns.version = int64(l.returns.ids)
	return l
}

// Next makes the next second, and is good until Next is called again.
func (l *Live) Next() *Round {
	l.round.clear()
	if cap(l.round.Spool.Clicks) < l.rate {
		l.round.Spool.Clicks = make([]warehouse.Click, l.rate)
	}
	rows := l.round.Spool.Clicks[:l.rate]
	l.round.Spool.Clicks = rows
	begin := l.start + homing.Millis(l.second)*second
	for i := range rows {
		at := begin + homing.Millis(i)*second/homing.Millis(l.rate)
		l.returns.until(at, &l.round)
		c := l.clicks.write(&rows[i], i, at)
		l.returns.click(&rows[i], c)
		l.returns.refusal(&rows[i], &l.round)
	}
	l.clicks.cut(rows)
	l.second++
	l.round.Spool.Source, l.round.Spool.First = LiveSpool, l.spool
	l.spool += uint64(len(rows) + len(l.round.Spool.Postbacks))
	l.round.Spool.Next = l.spool
	l.round.Ledger.Source, l.round.Ledger.First = Ledger, l.ledger
	l.ledger += uint64(len(l.round.Ledger.Conversions))
	l.round.Ledger.Next = l.ledger
	return &l.round
}

// Seconds is how many seconds have been played, ever.
func (l *Live) Seconds() int64 { return l.second }
