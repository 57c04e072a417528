package duckdb

import (
	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
)

func (s *sheet) facets(f *warehouse.Facets) {
	for i := range f {
		s.text(f[i])
	}
}

// click adds a row, in the order of clicks.fields.
func (s *sheet) click(c *warehouse.Click, unique bool) {
	s.int(int64(c.Time), int64(c.Node), int64(c.Seq), int64(c.Campaign), int64(c.Account), int64(c.Class))
	s.flag(unique)
	s.int(int64(c.Cost))
	s.text(c.Addr)
	s.facets(&c.Facets)
	s.write(func(dst []byte) []byte { return warehouse.AppendParams(dst, c.More) })
}

// cells reads a row of a result from its first column to its last.
type cells struct {
	rows   *process.Rows
	column int
}

func (c *cells) int() int64 {
	c.column++
	return c.rows.Int(c.column - 1)
}

func (c *cells) flag() bool { return c.int() != 0 }

func (c *cells) text() string {
	c.column++
	return c.rows.Text(c.column - 1)
}

func (c *cells) facets() (f warehouse.Facets) {
	for i := range f {
		f[i] = c.text()
	}
	return f
}

// readClick reads a row of all columns of clicks.
func readClick(rows *process.Rows) (c warehouse.Click) {
	r := cells{rows: rows}
	c.Time = homing.Millis(r.int())
	c.Node = homing.NodeID(r.int())
	c.Seq = uint16(r.int())
	c.Campaign = homing.CampaignID(r.int())
	c.Account = homing.AccountID(r.int())
	c.Class = homing.ClickClass(r.int())
	c.Unique = r.flag()
	c.Cost = homing.Money(r.int())
	c.Addr = r.text()
	c.Facets = r.facets()
	c.More = warehouse.ReadParams(r.text())
	return c
}
