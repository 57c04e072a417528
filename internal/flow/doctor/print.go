package doctor

import (
	"encoding/binary"
	"hash/fnv"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/warehouse"
)

// printOf is a number that tells one conversion from another: all that ledger and
// warehouse must have in common. Of an erased account neither keeps amounts, and
// one may have given them up before the other.
func printOf(c *homing.Conversion, erased bool) uint64 {
	var b [72]byte
	little := binary.LittleEndian
	little.PutUint64(b[0:], uint64(c.ID))
	click := c.Click.Pack()
	copy(b[8:], click[:])
	little.PutUint32(b[20:], uint32(c.Goal))
	little.PutUint32(b[24:], uint32(c.Account))
	little.PutUint32(b[28:], uint32(c.Campaign))
	little.PutUint64(b[32:], uint64(c.At))
	b[40] = byte(c.Status)
	if !erased {
		if c.Value.Given {
			b[41] = 1
			little.PutUint64(b[48:], uint64(c.Value.Money))
		}
		little.PutUint64(b[56:], uint64(c.Price))
	}
	h := fnv.New64a()
	h.Write(b[:])
	return h.Sum64()
}

// query asks the ledger for what is compared.
func (b *books) query() ledger.ConversionQuery { return ledger.ConversionQuery{Since: b.since()} }

// list asks the warehouse for the same.
func (b *books) list() *warehouse.List {
	return &warehouse.List{From: b.since(), Until: homing.MaxOriginTime}
}
