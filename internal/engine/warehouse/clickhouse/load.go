package clickhouse

import (
	"context"
	"fmt"
	"slices"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/clickhouse/wire"
)

// sheets are the memory that batches are built in.
type sheets struct{ clicks, postbacks, conversions, visitors *wire.Block }

func newSheets() *sheets {
	return &sheets{clicks.block(), postbacks.block(), conversions.block(), visitors.block()}
}

// Load implements warehouse.Sink.
//
// Rows are written first: nobody sees them. From here on a crash is harmless: who
// loads the batch again, or another one that begins at the same mark, writes rows
// with the same keys. The mark is written last, and with it all rows come into
// sight. If its answer is lost, the caller gets homing.ErrUnavailable, loads the
// same batch again, and the mark tells.
func (w *Warehouse) Load(ctx context.Context, b *warehouse.Batch) error {
	if err := w.writing.take(ctx); err != nil {
		return err
	}
	defer w.writing.give()
	err := w.timely(ctx, func(ctx context.Context) error { return w.load(ctx, b) })
	if err != nil {
		return fmt.Errorf("couldn't load %s %d to %d: %w", b.Source, b.First, b.Next, err)
	}
	return nil
}

func (w *Warehouse) load(ctx context.Context, b *warehouse.Batch) error {
	s, st, err := w.read(ctx)
	if err != nil {
		return err
	}
	switch mark := st.marks[b.Source]; {
	case b.Next <= mark.Next:
		return nil
	case b.First != mark.Next:
		return fmt.Errorf("it has been loaded to %d: %w", mark.Next, homing.ErrConflict)
	}
	l := &loading{w: w, server: s, state: st, batch: b, lookup: newLookup(st), days: map[warehouse.Day]bool{},
		birth: birth{st.epoch.Number, sourceNumber(b.Source), b.First}}
	if err := l.rows(ctx); err != nil {
		return err
	}
	if err := l.settle(ctx); err != nil {
		return err
	}
	mark := st.markNote(b.Source, warehouse.Mark{Next: b.Next, State: b.State})
	if err := w.insertNotes(ctx, s, mark); err != nil {
		return err
	}
	if len(b.Clicks) > 0 {
		select {
		case w.mend <- struct{}{}:
		default:
		}
	}
	return nil
}

// Mark implements warehouse.Sink.
func (w *Warehouse) Mark(ctx context.Context, source string) (mark warehouse.Mark, err error) {
	err = w.timely(ctx, func(ctx context.Context) error {
		_, st, err := w.read(ctx)
		if err == nil {
			mark = st.marks[source]
		}
		return err
	})
	return mark, err
}

// loading is one batch on its way in.
type loading struct {
	w      *Warehouse
	server *server
	state  *state
	batch  *warehouse.Batch
	birth  birth
	lookup *lookup
	known  map[homing.ConversionID]warehouse.Facets // what versions before tell of clicks that are not found
	days   map[warehouse.Day]bool                   // that a seal would have rows of
}

// rows writes the batch's rows.
func (l *loading) rows(ctx context.Context) error {
	arrived := l.clicks()
	if err := l.find(ctx, arrived); err != nil {
		return err
	}
	if err := l.writeClicks(ctx, arrived); err != nil {
		return err
	}
	if err := l.writePostbacks(ctx); err != nil {
		return err
	}
	return l.writeConversions(ctx)
}

// clicks are the batch's, without those of days that were given up, and with
// what was erased blanked.
func (l *loading) clicks() []warehouse.Click {
	list, copied := l.batch.Clicks, false
	for i := range list {
		level := l.state.erased.level(list[i].Origin, list[i].Account)
		if level == whole {
			continue
		}
		if !copied { // the batch is the caller's
			list, copied = slices.Clone(list), true
		}
		blankClick(&list[i], level)
	}
	isGivenUp := func(c warehouse.Click) bool { return !l.state.kept(warehouse.ClickTable, c.Time) }
	if slices.ContainsFunc(list, isGivenUp) {
		list = slices.DeleteFunc(slices.Clone(list), isGivenUp)
	}
	return list
}

// find looks for the clicks of conversions and postbacks.
func (l *loading) find(ctx context.Context, arrived []warehouse.Click) error {
	for i := range l.batch.Postbacks {
		if p := &l.batch.Postbacks[i]; genuine(p) {
			l.lookup.want(p.Origin)
		}
	}
	for i := range l.batch.Conversions {
		l.lookup.want(l.batch.Conversions[i].Click)
	}
	l.lookup.lookIn(arrived)
	if err := l.lookup.ask(ctx, l.w, l.server); err != nil {
		return err
	}
	return l.findKnown(ctx)
}

// findKnown asks what earlier versions of conversions tell of their clicks, of
// such as are not there any more.
func (l *loading) findKnown(ctx context.Context) error {
	l.known = map[homing.ConversionID]warehouse.Facets{}
	ids := map[int64]bool{}
	for i := range l.batch.Conversions {
		if c := &l.batch.Conversions[i]; l.lookup.facets[c.Click] == nil {
			ids[int64(c.ID)] = true
		}
	}
	if len(ids) == 0 {
		return nil
	}
	err := l.w.each(ctx, l.server, func(r *wire.Rows) {
		l.known[homing.ConversionID(r.Int(0))] = (&cells{rows: r, column: 1}).facets()
	}, fmt.Sprintf("SELECT id, %s FROM conversions WHERE known = 1 AND epoch = %d AND id IN (%s)",
		facetColumns, l.birth.epoch, inList(ids)))
	if err != nil {
		return fmt.Errorf("couldn't look up conversions: %w", err)
	}
	return nil
}

// insertRows is how many rows are written at once.
const insertRows = 65_536

func (l *loading) writeClicks(ctx context.Context, arrived []warehouse.Click) error {
	var firsts uniques
	if err := firsts.ask(ctx, l.w, l.server, arrived); err != nil {
		return err
	}
	unique := make([]bool, len(arrived))
	seen := l.w.sheets.visitors
	seen.Clear()
	for i := range arrived {
		c := &arrived[i]
		var news bool
		if unique[i], news = firsts.isFirst(c); news {
			seen.Int(int64(warehouse.DayAt(c.Time)), int64(visitorKey(c)), int64(c.Time), int64(c.Node), int64(c.Seq), int64(c.Campaign))
		}
	}
	if err := l.w.insert(ctx, l.server, visitors, seen); err != nil {
		return err
	}
	sheet := l.w.sheets.clicks
	for start := 0; start < len(arrived); start += insertRows {
		sheet.Clear()
		for i := start; i < min(start+insertRows, len(arrived)); i++ {
			writeClick(sheet, l.birth, &arrived[i], unique[i])
			l.days[warehouse.DayAt(arrived[i].Time)] = true
		}
		if err := l.w.insert(ctx, l.server, clicks, sheet); err != nil {
			return err
		}
	}
	return l.contest(ctx, &firsts)
}

func (l *loading) writePostbacks(ctx context.Context) error {
	sheet := l.w.sheets.postbacks
	sheet.Clear()
	for _, p := range l.batch.Postbacks {
		if !l.state.kept(warehouse.PostbackTable, p.At) {
			continue
		}
		var facets *warehouse.Facets
		level := l.state.erased.level(homing.Origin{}, p.Account)
		if genuine(&p) {
			level = l.state.erased.level(p.Origin, p.Account)
			facets = l.lookup.find(p.Origin, p.Account)
		}
		if p.Known, p.Facets = facets != nil, (warehouse.Facets{}); p.Known {
			p.Facets = *facets
		}
		blankPostback(&p, level)
		writePostback(sheet, l.birth, &p, level)
		l.days[warehouse.DayAt(p.At)] = true
	}
	return l.w.insert(ctx, l.server, postbacks, sheet)
}

// writeConversions writes of each conversion the highest version.
func (l *loading) writeConversions(ctx context.Context) error {
	highest := map[homing.ConversionID]int{}
	for i := range l.batch.Conversions {
		c := &l.batch.Conversions[i]
		if at, ok := highest[c.ID]; !ok || c.Version >= l.batch.Conversions[at].Version {
			highest[c.ID] = i
		}
	}
	sheet := l.w.sheets.conversions
	sheet.Clear()
	for i, c := range l.batch.Conversions {
		if highest[c.ID] != i || !l.state.kept(warehouse.ConversionTable, c.At) {
			continue
		}
		if facets := l.lookup.find(c.Click, c.Account); facets != nil {
			c.Known, c.Facets = true, *facets
		} else {
			c.Facets, c.Known = l.known[c.ID]
		}
		level := l.state.erased.level(c.Click, c.Account)
		blankConversion(&c, level, nil)
		writeConversion(sheet, l.birth, &c, level)
	}
	return l.w.insert(ctx, l.server, conversions, sheet)
}

// settle looks once more at what is noted, between the rows and their mark. If
// the ground has changed since the batch was built, it is not finished, and the
// caller builds it again. Seals of days that have got rows do not stand any
// longer.
func (l *loading) settle(ctx context.Context) error {
	now, err := l.w.state(ctx, l.server)
	if err != nil {
		return err
	}
	if now.epoch.Number != l.state.epoch.Number || now.erased.count() != l.state.erased.count() || now.holdings != l.state.holdings {
		return fmt.Errorf("something was reset, erased or given up meanwhile: %w", homing.ErrUnavailable)
	}
	var fallen []note
	for day := range l.days {
		if one, ok := now.seals[day]; ok && one.Stands {
			one.Stands = false
			fallen = append(fallen, now.next("seal", fmt.Sprint(int(day)), one))
		}
	}
	if len(fallen) == 0 {
		return nil
	}
	return l.w.insertNotes(ctx, l.server, fallen...)
}
