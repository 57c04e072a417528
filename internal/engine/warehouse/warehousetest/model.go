package warehousetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"homing"
	"homing/internal/engine/warehouse"
)

// Model is a warehouse in memory, written to be read: every question looks at
// every row. It is safe for concurrent use.
type Model struct {
	mu          sync.Mutex // guards everything below
	marks       map[string]warehouse.Mark
	clicks      []warehouse.Click
	postbacks   []warehouse.Postback
	conversions map[homing.ConversionID]warehouse.Conversion
	visitors    map[visit]bool // who came
	// given tells from which day on a table has all its rows. Those before stay
	// here, for the quarter-hour totals.
	given [3]warehouse.Day
	lost  []warehouse.Gap
	seals map[warehouse.Day]sealed

	// Flaws are what Verify finds. Set before use.
	Flaws []warehouse.Flaw
}

var _ warehouse.Warehouse = (*Model)(nil)

type visit struct {
	day      warehouse.Day
	campaign homing.CampaignID
	visitor  uint64
}

// sealed is what a seal brings back.
type sealed struct {
	warehouse.Seal
	clicks    []warehouse.Click
	postbacks []warehouse.Postback
	stale     bool // rows were added since
}

// NewModel makes an empty one.
func NewModel() *Model {
	m := &Model{seals: map[warehouse.Day]sealed{}}
	m.empty()
	return m
}

func (m *Model) empty() {
	m.marks = map[string]warehouse.Mark{}
	m.clicks, m.postbacks = nil, nil
	m.conversions = map[homing.ConversionID]warehouse.Conversion{}
	m.visitors = map[visit]bool{}
}

// Load implements warehouse.Sink.
func (m *Model) Load(ctx context.Context, b *warehouse.Batch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	mark := m.marks[b.Source]
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case b.Next <= mark.Next:
		return nil
	case b.First > mark.Next:
		return fmt.Errorf("batch %d..%d of %s behind mark %d: %w", b.First, b.Next, b.Source, mark.Next, homing.ErrConflict)
	}
	m.marks[b.Source] = warehouse.Mark{Next: b.Next, State: slices.Clone(b.State)}
	for _, c := range b.Clicks {
		c.Unique = m.isFirst(&c)
		c.Visitor = 0
		m.clicks = append(m.clicks, c)
		m.unseal(c.Time)
	}
	for _, p := range b.Postbacks {
		p.Known, p.Facets = false, warehouse.Facets{}
		if click, ok := m.find(p.Origin); ok && genuine(&p) {
			p.Known, p.Facets = true, click.Facets
		}
		m.postbacks = append(m.postbacks, p)
		m.unseal(p.At)
	}
	for _, c := range b.Conversions {
		m.version(c)
	}
	return nil
}

// isFirst tells whether a billable click is the first of its visitor.
func (m *Model) isFirst(c *warehouse.Click) bool {
	v := visit{warehouse.DayAt(c.Time), c.Campaign, c.Visitor}
	if c.Class != homing.Billable || c.Test() || c.Visitor == 0 || m.visitors[v] {
		return false
	}
	m.visitors[v] = true
	return true
}

// version takes a version of a conversion in, unless a higher one is there. One
// whose click is not there, or not any more, is known as well as before.
func (m *Model) version(c warehouse.Conversion) {
	before := m.conversions[c.ID]
	if c.Version < before.Version {
		return
	}
	c.Known, c.Facets = before.Known, before.Facets
	if click, ok := m.find(c.Click); ok {
		c.Known, c.Facets = true, click.Facets
	}
	m.conversions[c.ID] = c
}

// find finds a click that has not been given up.
func (m *Model) find(o homing.Origin) (warehouse.Click, bool) {
	for _, c := range m.clicks {
		if c.Origin == o && !m.isGivenUp(warehouse.ClickTable, c.Time) {
			return c, true
		}
	}
	return warehouse.Click{}, false
}

// genuine tells whether a postback has a click.
func genuine(p *warehouse.Postback) bool { return p.Postback.Click != (homing.ClickID{}) }

// Mark implements warehouse.Sink.
func (m *Model) Mark(ctx context.Context, source string) (warehouse.Mark, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.marks[source], ctx.Err()
}

func (m *Model) unseal(at homing.Millis) {
	if s, ok := m.seals[warehouse.DayAt(at)]; ok {
		s.stale = true
		m.seals[s.Day] = s
	}
}

// Seal implements warehouse.Keeper.
func (m *Model) Seal(ctx context.Context, day warehouse.Day) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := sealed{Seal: warehouse.Seal{Day: day, Through: map[string]uint64{}}}
	for _, c := range m.clicks {
		if warehouse.DayAt(c.Time) == day {
			s.clicks = append(s.clicks, c)
		}
	}
	for _, p := range m.postbacks {
		if warehouse.DayAt(p.At) == day {
			s.postbacks = append(s.postbacks, p)
		}
	}
	for source, mark := range m.marks {
		s.Through[source] = mark.Next
	}
	s.Rows = int64(len(s.clicks) + len(s.postbacks))
	m.seals[day] = s
	return ctx.Err()
}

// Seals implements warehouse.Keeper.
func (m *Model) Seals(ctx context.Context) ([]warehouse.Seal, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var seals []warehouse.Seal
	for _, day := range slices.Sorted(maps.Keys(m.seals)) {
		if s := m.seals[day]; !s.stale {
			seals = append(seals, s.Seal)
		}
	}
	return seals, ctx.Err()
}

// Drop implements warehouse.Keeper.
func (m *Model) Drop(ctx context.Context, table warehouse.Table, before warehouse.Day) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.given[table] = max(m.given[table], before)
	for day := range m.seals {
		if day < m.given[warehouse.ClickTable] && day < m.given[warehouse.PostbackTable] {
			delete(m.seals, day)
		}
	}
	return ctx.Err()
}

// isGivenUp tells whether a table's rows of a moment have been dropped.
func (m *Model) isGivenUp(table warehouse.Table, at homing.Millis) bool {
	return warehouse.DayAt(at) < m.given[table]
}

// Oldest implements warehouse.Keeper.
func (m *Model) Oldest(ctx context.Context, table warehouse.Table) (oldest warehouse.Day, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, at := range m.times(table) {
		if day := warehouse.DayAt(at); !m.isGivenUp(table, at) && (oldest == 0 || day < oldest) {
			oldest = day
		}
	}
	return oldest, ctx.Err()
}

func (m *Model) times(table warehouse.Table) (times []homing.Millis) {
	switch table {
	case warehouse.ClickTable:
		for _, c := range m.clicks {
			times = append(times, c.Time)
		}
	case warehouse.PostbackTable:
		for _, p := range m.postbacks {
			times = append(times, p.At)
		}
	case warehouse.ConversionTable:
		for _, c := range m.conversions {
			times = append(times, c.At)
		}
	}
	return times
}

// Reset implements warehouse.Keeper.
func (m *Model) Reset(ctx context.Context, progress warehouse.Progress) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.empty()
	for _, s := range m.seals {
		if !s.stale {
			m.clicks = append(m.clicks, s.clicks...)
			m.postbacks = append(m.postbacks, s.postbacks...)
		}
	}
	if progress != nil {
		progress("sealed days", int64(len(m.seals)), int64(len(m.seals)))
	}
	return ctx.Err()
}

// Lost implements warehouse.Keeper. Days before the first seal are lost only if
// there is none.
func (m *Model) Lost(ctx context.Context, from, before warehouse.Day) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.seals) == 0 && from < before {
		m.lose(from, before)
		return ctx.Err()
	}
	if from == warehouse.Ever && from < before {
		from = slices.Min(slices.Collect(maps.Keys(m.seals)))
	}
	for day := from; day < before; day++ {
		if s, ok := m.seals[day]; !ok || s.stale {
			m.lose(day, day+1)
		}
	}
	return ctx.Err()
}

// LoseSeal loses a day's seal, as an accident would.
func (m *Model) LoseSeal(day warehouse.Day) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.seals, day)
}

// ForgetLosses is a crash before Lost.
func (m *Model) ForgetLosses() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lost = nil
}

func (m *Model) lose(from, before warehouse.Day) {
	for _, table := range []warehouse.Table{warehouse.ClickTable, warehouse.PostbackTable} {
		m.lost = append(m.lost, warehouse.Gap{Table: table, Lost: true, From: from, Before: before})
	}
}

// Status implements warehouse.Keeper.
func (m *Model) Status() warehouse.Status { return warehouse.Status{Up: true, Version: "model"} }

// Close implements warehouse.Warehouse.
func (m *Model) Close() error { return nil }
