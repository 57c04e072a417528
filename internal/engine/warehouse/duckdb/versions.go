package duckdb

import (
	"cmp"
	"context"
	"slices"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
)

// versions are the conversions to be written: the highest version of each in
// the batch, unless a higher one is stored, and the stored ones whose click
// has come at last.
func (l *loading) versions(ctx context.Context) ([]warehouse.Conversion, error) {
	highest := map[homing.ConversionID]warehouse.Conversion{}
	for _, c := range l.memory.erased.conversions(l.batch.Conversions) {
		if old, ok := highest[c.ID]; !ok || c.Version > old.Version {
			c.Known, c.Facets = false, warehouse.Facets{}
			highest[c.ID] = c
		}
	}
	if err := l.compareStored(ctx, highest); err != nil {
		return nil, err
	}
	if err := l.lateClicks(ctx, highest); err != nil {
		return nil, err
	}
	list := make([]warehouse.Conversion, 0, len(highest))
	for _, c := range highest {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b warehouse.Conversion) int { return cmp.Compare(a.ID, b.ID) })
	return list, nil
}

// compareStored leaves out versions that are not news, and notes the rows that
// others replace. Most conversions are new, and then nothing is asked. What is
// known of a click stays when the click has been given up.
func (l *loading) compareStored(ctx context.Context, highest map[homing.ConversionID]warehouse.Conversion) error {
	var ids []homing.ConversionID
	for id := range highest {
		l.newest = max(l.newest, id)
		if id <= l.memory.newest {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for some := range slices.Chunk(ids, lookupTimes) {
		if err := l.readConversions(ctx, l.compare(highest), `WHERE `+fewRows("conversions", "id", some)); err != nil {
			return err
		}
	}
	return nil
}

// compare takes a stored version in.
func (l *loading) compare(highest map[homing.ConversionID]warehouse.Conversion) func(warehouse.Conversion) {
	return func(old warehouse.Conversion) {
		c := highest[old.ID]
		if c.Version < old.Version || c.Version == old.Version && old.Known {
			delete(highest, old.ID)
			return
		}
		c.Known, c.Facets = old.Known, old.Facets
		highest[old.ID] = c
		l.replace(&old)
	}
}

// lateClicks adds the stored conversions whose click is in this batch and was
// not known before.
func (l *loading) lateClicks(ctx context.Context, highest map[homing.ConversionID]warehouse.Conversion) error {
	if l.memory.unknown == 0 || len(l.lookup.order) == 0 {
		return nil
	}
	order := l.lookup.order
	first, last := l.lookup.clicks[order[0]].Time, l.lookup.clicks[order[len(order)-1]].Time
	return l.readConversions(ctx, func(c warehouse.Conversion) {
		_, replaced := highest[c.ID]
		if !replaced && l.lookup.inBatch(c.Click) != nil {
			highest[c.ID] = c
			l.replace(&c)
		}
	}, `WHERE known = 0 AND click_at BETWEEN ? AND ?`, int64(first), int64(last))
}

func (l *loading) replace(old *warehouse.Conversion) {
	l.replaced = append(l.replaced, old.ID)
	if !old.Known {
		l.unknown--
	}
}

func (l *loading) readConversions(ctx context.Context, visit func(warehouse.Conversion), where string, args ...any) error {
	var failure error
	err := each(ctx, l.w.child, func(r *process.Rows) {
		c, err := readConversion(r)
		if err != nil {
			failure = err
			return
		}
		visit(c)
	}, `SELECT `+conversions.columns()+` FROM conversions `+where, args...)
	return cmp.Or(err, failure)
}
