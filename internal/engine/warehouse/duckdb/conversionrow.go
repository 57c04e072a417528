package duckdb

import (
	"fmt"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
)

// conversion adds a row, in the order of conversions.fields.
func (s *sheet) conversion(c *warehouse.Conversion) {
	s.int(int64(c.ID), c.Version, int64(c.At), int64(c.Click.Time), int64(c.Click.Node), int64(c.Click.Seq),
		int64(c.Campaign), int64(c.Account), int64(c.Goal))
	s.text(c.Lead)
	s.int(int64(c.Status))
	value := homing.Money(0)
	if c.Value.Given {
		value = c.Value.Money
	}
	s.int(int64(value))
	s.flag(c.Value.Given)
	s.int(int64(c.Price))
	s.text(c.Currency)
	s.int(int64(c.Flags))
	s.write(func(dst []byte) []byte { return appendRequest(dst, c.Request) })
	s.flag(c.Known)
	s.facets(&c.Facets)
}

// readConversion reads a row of all columns of conversions.
func readConversion(rows *process.Rows) (c warehouse.Conversion, err error) {
	r := cells{rows: rows}
	c.ID = homing.ConversionID(r.int())
	c.Version = r.int()
	c.At = homing.Millis(r.int())
	c.Click.Time = homing.Millis(r.int())
	c.Click.Node = homing.NodeID(r.int())
	c.Click.Seq = uint16(r.int())
	c.Campaign = homing.CampaignID(r.int())
	c.Click.Campaign = c.Campaign
	c.Account = homing.AccountID(r.int())
	c.Goal = homing.GoalID(r.int())
	c.Lead = r.text()
	c.Status = homing.Status(r.int())
	c.Value.Money = homing.Money(r.int())
	c.Value.Given = r.flag()
	c.Price = homing.Money(r.int())
	c.Currency = r.text()
	c.Flags = homing.Flags(r.int())
	if request := r.text(); request != "" {
		if c.Request, err = homing.ParseRequestID(request); err != nil {
			return c, fmt.Errorf("couldn't read conversion %s of the warehouse: %w: %w", c.ID, homing.ErrDamaged, err)
		}
	}
	c.Known = r.flag()
	c.Facets = r.facets()
	return c, nil
}
