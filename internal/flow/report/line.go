package report

import (
	"homing"
	"homing/internal/engine/warehouse"
)

// before are the figures of the other range beside a row: which keys they have
// there, and none if it has no such bucket.
type before struct {
	keys    []warehouse.Key
	figures *figures
}

// line makes a row of the answer. keys are nil of totals and rest.
func (p *plan) line(keys []warehouse.Key, f *figures, b *before) Line {
	l := Line{Keys: keys, Cells: make([]Cell, 0, len(p.columns))}
	for i, d := range p.question.By {
		l.Cells = append(l.Cells, p.keyCells(d, keys, i)...)
		if p.question.Compare != "" && aligned(d) {
			other := null
			if keys != nil && b != nil && b.keys != nil {
				other = timeCells(d, b.keys[i].Number, p.question.Zone)[0]
			}
			l.Cells = append(l.Cells, other)
		}
	}
	currency, told := p.purse.of(keys)
	if len(l.Cells) < len(p.columns) && p.columns[len(l.Cells)].Name == currencyColumn {
		l.Cells = append(l.Cells, Cell{Text: currency, Null: currency == ""})
	}
	for _, m := range p.metrics {
		l.Cells = append(l.Cells, p.metricCells(m, f, b, told)...)
	}
	return l
}

// keyCells are the label of a key, with the thing's name.
func (p *plan) keyCells(d warehouse.Dimension, keys []warehouse.Key, i int) []Cell {
	if keys == nil {
		return []Cell{null, null}[:len(keyColumns(d))]
	}
	k := keys[i]
	switch {
	case d.IsTime():
		return timeCells(d, k.Number, p.question.Zone)
	case !d.IsNumber():
		return []Cell{textCell(k.Text)}
	}
	return []Cell{numberCell(k.Number), textCell(p.nameOf(d, keys, k.Number))}
}

func (p *plan) nameOf(d warehouse.Dimension, keys []warehouse.Key, id int64) string {
	switch d {
	case warehouse.Account:
		return p.names.ofAccount(homing.AccountID(id))
	case warehouse.Campaign:
		return p.names.ofCampaign(homing.CampaignID(id))
	}
	var campaign homing.CampaignID
	var account homing.AccountID
	for i, other := range p.question.By {
		switch other {
		case warehouse.Campaign:
			campaign = homing.CampaignID(keys[i].Number)
		case warehouse.Account:
			account = homing.AccountID(keys[i].Number)
		}
	}
	return p.names.ofGoal(homing.GoalID(id), campaign, account)
}

func (p *plan) metricCells(m Metric, f *figures, b *before, told bool) []Cell {
	told = told || !m.Money()
	now, then := null, null
	if told {
		now = m.cell(f)
	}
	if p.question.Compare == "" {
		return []Cell{now}
	}
	if told && b != nil && b.figures != nil {
		then = m.cell(b.figures)
	}
	return []Cell{now, then, difference(m, now, then), change(now, then)}
}

// noFigures are the figures of a group without rows.
func noFigures() *figures {
	f := &figures{}
	f[warehouse.TimeMedian], f[warehouse.TimeP90] = warehouse.NoTime, warehouse.NoTime
	return f
}
