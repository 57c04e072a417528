package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/clickhouse/wire"
)

// In a cluster a conversion may be loaded before its click, which still waits in
// the spool of another edge. Whoever has the warehouse open looks for such rows,
// and writes those whose click has come once more, with what is known of it: of
// the same key and a higher rank. Two that do so at the same time write the same.

const (
	// mendLately is how far back conversions are looked at every time, and
	// mendEver how often all are.
	mendLately homing.Millis = 2 * dayMillis
	mendEver                 = 10 * time.Minute
	// mendAtOnce is how many are mended in a round.
	mendAtOnce = 10_000
	// mendPause keeps rounds apart while loads follow each other.
	mendPause = time.Second
)

// mendOn mends after loads, and every few seconds.
func (w *Warehouse) mendOn() {
	var ever homing.Millis // when all were looked at
	for {
		select {
		case <-w.mend:
		case <-time.After(w.options.MendEvery):
		case <-w.ctx.Done():
			return
		}
		now := homing.MillisOf(w.options.Clock())
		since := now - mendLately
		if now-ever >= homing.MillisIn(mendEver) || now < ever {
			since, ever = 0, now
		}
		ctx, cancel := context.WithTimeout(w.ctx, w.options.Patience)
		err := w.mendOnce(ctx, since)
		cancel()
		if err != nil && w.ctx.Err() == nil && !errors.Is(err, homing.ErrUnavailable) {
			w.log.Warn("conversions that came before their click could not be looked after", "error", err)
		}
		select {
		case <-time.After(mendPause):
		case <-w.ctx.Done():
			return
		}
	}
}

// mending is one round.
type mending struct {
	w      *Warehouse
	server *server
	state  *state
	since  homing.Millis
	lookup *lookup

	conversions []mended[warehouse.Conversion]
	postbacks   []mended[warehouse.Postback]
}

// mended is a row, and where it comes from.
type mended[R any] struct {
	row   R
	birth birth
}

// mendOnce mends what arrived from a moment on; from the first on, it cleans up,
// too.
func (w *Warehouse) mendOnce(ctx context.Context, since homing.Millis) error {
	s, st, err := w.read(ctx)
	if err != nil {
		return err
	}
	m := &mending{w: w, server: s, state: st, since: since, lookup: newLookup(st)}
	if since == 0 {
		if err := w.forgetVisitors(ctx, s); err != nil {
			return err
		}
	}
	if err := m.find(ctx); err != nil || len(m.conversions)+len(m.postbacks) == 0 {
		return err
	}
	if err := m.lookup.ask(ctx, w, s); err != nil {
		return err
	}
	return m.write(ctx)
}

// find reads the rows whose click is not known.
func (m *mending) find(ctx context.Context) error {
	var failure error
	read := func(visit func(*cells) error) func(*wire.Rows) {
		return func(r *wire.Rows) {
			if err := visit(&cells{rows: r}); err != nil {
				failure = err
			}
		}
	}
	const origins = `"epoch", "src", "first", `
	err := m.w.each(ctx, m.server, read(func(r *cells) error {
		b := r.birth()
		c, err := r.conversion()
		m.conversions = append(m.conversions, mended[warehouse.Conversion]{c, b})
		m.lookup.want(c.Click)
		return err
	}), fmt.Sprintf("SELECT %s FROM conversions FINAL WHERE known = 0 AND at >= %d AND %s LIMIT %d",
		origins+quoted(conversionColumns), m.since, m.state.visible(warehouse.ConversionTable), mendAtOnce))
	if err != nil || failure != nil {
		return errors.Join(err, failure)
	}
	err = m.w.each(ctx, m.server, read(func(r *cells) error {
		b := r.birth()
		p, err := r.postback()
		m.postbacks = append(m.postbacks, mended[warehouse.Postback]{p, b})
		m.lookup.want(p.Origin)
		return err
	}), fmt.Sprintf("SELECT %s FROM postbacks FINAL WHERE known = 0 AND node >= 0 AND at >= %d AND %s LIMIT %d",
		origins+quoted(postbackColumns), m.since, m.state.visible(warehouse.PostbackTable), mendAtOnce))
	return errors.Join(err, failure)
}

// write writes those whose click has come.
func (m *mending) write(ctx context.Context) error {
	sheet := conversions.block()
	for _, it := range m.conversions {
		c := it.row
		if facets := m.lookup.find(c.Click, c.Account); facets != nil {
			c.Known, c.Facets = true, *facets
			level := m.state.erased.level(c.Click, c.Account)
			blankConversion(&c, level, nil)
			writeConversion(sheet, it.birth, &c, level)
		}
	}
	if err := m.w.insert(ctx, m.server, conversions, sheet); err != nil {
		return err
	}
	sheet = postbacks.block()
	for _, it := range m.postbacks {
		p := it.row
		if facets := m.lookup.find(p.Origin, p.Account); facets != nil {
			p.Known, p.Facets = true, *facets
			level := m.state.erased.level(p.Origin, p.Account)
			blankPostback(&p, level)
			writePostback(sheet, it.birth, &p, level)
		}
	}
	return m.w.insert(ctx, m.server, postbacks, sheet)
}
