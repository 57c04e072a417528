package clickhouse

import (
	"fmt"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/clickhouse/wire"
)

// birth is where a row comes from.
type birth struct {
	epoch      uint32
	src, first uint64
}

func (b birth) write(to *wire.Block) { to.Int(int64(b.epoch), int64(b.src), int64(b.first)) }

// cells reads a row from its first column to its last.
type cells struct {
	rows   *wire.Rows
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

// origin reads at, node, seq and campaign.
func (c *cells) origin() homing.Origin {
	return homing.Origin{Time: homing.Millis(c.int()), Node: homing.NodeID(c.int()), Seq: uint16(c.int()),
		Campaign: homing.CampaignID(c.int())}
}

func (c *cells) birth() birth { return birth{uint32(c.int()), uint64(c.int()), uint64(c.int())} }

func writeFacets(to *wire.Block, f *warehouse.Facets) {
	for i := range f {
		to.Text(f[i])
	}
}

// writeClick adds a row, in the order of clicks.fields.
func writeClick(to *wire.Block, b birth, c *warehouse.Click, unique bool) {
	b.write(to)
	to.Int(int64(c.Time), int64(c.Node), int64(c.Seq), int64(c.Campaign), int64(c.Account), int64(c.Class))
	to.Flag(unique)
	to.Int(int64(c.Cost))
	to.Text(c.Addr)
	writeFacets(to, &c.Facets)
	to.Text(string(warehouse.AppendParams(nil, c.More)))
}

// clickColumns are what readClick reads: all but where the row comes from.
var clickColumns = clicks.names()[3:]

func readClick(rows *wire.Rows) warehouse.Click { return (&cells{rows: rows}).click() }

func (r *cells) click() (c warehouse.Click) {
	c.Origin = r.origin()
	c.Account = homing.AccountID(r.int())
	c.Class = homing.ClickClass(r.int())
	c.Unique = r.flag()
	c.Cost = homing.Money(r.int())
	c.Addr = r.text()
	c.Facets = r.facets()
	c.More = warehouse.ReadParams(r.text())
	return c
}

// writeConversion adds a row, in the order of conversions.fields.
func writeConversion(to *wire.Block, b birth, c *warehouse.Conversion, level int) {
	b.write(to)
	to.Int(rank(b.epoch, level, c.Known), int64(c.ID), c.Version, int64(c.At), int64(c.Click.Time), int64(c.Click.Node), int64(c.Click.Seq),
		int64(c.Campaign), int64(c.Account), int64(c.Goal))
	to.Text(c.Lead)
	to.Int(int64(c.Status))
	value := homing.Money(0)
	if c.Value.Given {
		value = c.Value.Money
	}
	to.Int(int64(value))
	to.Flag(c.Value.Given)
	to.Int(int64(c.Price))
	to.Text(c.Currency)
	to.Int(int64(c.Flags))
	to.Text(requestText(c.Request))
	to.Flag(c.Known)
	writeFacets(to, &c.Facets)
}

// conversionColumns are what readConversion reads.
var conversionColumns = conversions.names()[4:]

func readConversion(rows *wire.Rows) (warehouse.Conversion, error) {
	return (&cells{rows: rows}).conversion()
}

func (r *cells) conversion() (c warehouse.Conversion, err error) {
	c.ID = homing.ConversionID(r.int())
	c.Version = r.int()
	c.At = homing.Millis(r.int())
	c.Click = r.origin()
	c.Campaign = c.Click.Campaign
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

// requestText writes a request as hex, and nothing for none.
func requestText(id homing.RequestID) string {
	if id == (homing.RequestID{}) {
		return ""
	}
	return id.String()
}

// noNode is the node of a postback without a genuine click.
const noNode = -1

func genuine(p *warehouse.Postback) bool { return p.Postback.Click != (homing.ClickID{}) }

// isTally: a number of calls that were only counted has no request of its own.
func isTally(p *warehouse.Postback) bool {
	return p.Request == (homing.RequestID{}) && p.Conversion == 0
}

// writePostback adds a row, in the order of postbacks.fields.
func writePostback(to *wire.Block, b birth, p *warehouse.Postback, level int) {
	node, seq, base := int64(noNode), int64(0), p.At
	if genuine(p) {
		node, seq, base = int64(p.Origin.Node), int64(p.Origin.Seq), p.Origin.Time
	}
	b.write(to)
	to.Int(rank(b.epoch, level, p.Known), int64(p.At), p.Number, node, seq, int64(base), int64(p.Campaign), int64(p.Account),
		int64(p.Goal), int64(p.Verdict.Outcome))
	to.Text(p.Verdict.Reason.String())
	to.Int(p.Count, int64(p.Conversion))
	to.Flag(p.Known)
	request := ""
	if !isTally(p) {
		request = p.Request.String() // zeros if it was erased
	}
	to.Text(request)
	to.Text(string(appendRecord(nil, p)))
	writeFacets(to, &p.Facets)
}

func appendRecord(dst []byte, p *warehouse.Postback) []byte {
	if isTally(p) {
		return homing.AppendTally(dst, &homing.Tally{At: p.At, Addr: p.Addr, Account: p.Account,
			Outcome: p.Verdict.Outcome, Reason: p.Verdict.Reason, Count: uint64(p.Count)})
	}
	return homing.AppendPostback(dst, &p.Postback)
}

// readRecord is the inverse of appendRecord.
func readRecord(record []byte, tally bool) (p homing.Postback, err error) {
	if !tally {
		return homing.DecodePostback(record)
	}
	t, err := homing.DecodeTally(record)
	return homing.Postback{At: t.At, Addr: t.Addr, Account: t.Account,
		Verdict: homing.Verdict{Outcome: t.Outcome, Reason: t.Reason}}, err
}

// postbackColumns are what readPostback reads; the others are in the record.
var postbackColumns = append([]string{"number", "count", "known", "request", "record"}, facetNames()...)

func readPostback(rows *wire.Rows) (warehouse.Postback, error) {
	return (&cells{rows: rows}).postback()
}

func (r *cells) postback() (p warehouse.Postback, err error) {
	p.Number, p.Count, p.Known = r.int(), r.int(), r.flag()
	tally := r.text() == ""
	if p.Postback, err = readRecord([]byte(r.text()), tally); err != nil {
		return p, fmt.Errorf("couldn't read the postback %d of the warehouse: %w", p.Number, err)
	}
	p.Facets = r.facets()
	return p, nil
}
