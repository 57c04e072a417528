package loader

import (
	"fmt"
	"hash/fnv"
	"math"
	"net/netip"

	"homing"
	"homing/internal/engine/spool"
	"homing/internal/engine/warehouse"
)

// Numbers of postbacks are even for those of the spool and odd for receipts, so
// that both are distinct, and the same whenever they are loaded again.
func numberOfRecord(at spool.Position) int64 { return int64(at) * 2 }

// numberOfShared is numberOfRecord where several spools are loaded: it has to tell
// those of one millisecond apart. So it holds the spool, as 30 bits of a hash of its
// name, and the last 31 bits of the position.
func numberOfShared(source string, at spool.Position) int64 {
	const low = 1<<31 - 1
	name := fnv.New32a()
	name.Write([]byte(source)) // never fails, see hash.Hash
	return numberOfRecord(spool.Position(name.Sum32()>>2)<<31 | at&low)
}

func numberOfReceipt(id homing.ConversionID) int64 { return int64(id)*2 + 1 }

// postback makes a row of a postback's or a tally's record.
func (e *enricher) postback(rec *spool.Record) (row warehouse.Postback, err error) {
	row = warehouse.Postback{Number: numberOfRecord(rec.Position), Count: 1}
	if e.source != "" {
		row.Number = numberOfShared(e.source, rec.Position)
	}
	if rec.Kind == spool.KindTally {
		t, err := homing.DecodeTally(rec.Data)
		if err != nil {
			return row, err
		}
		row.Postback = homing.Postback{At: t.At, Addr: t.Addr, Account: t.Account,
			Verdict: homing.Verdict{Outcome: t.Outcome, Reason: t.Reason}}
		row.Count = int64(min(t.Count, math.MaxInt32))
	} else if row.Postback, err = homing.DecodePostback(rec.Data); err != nil {
		return row, err
	}
	return row, e.ready(&row)
}

// The moments a row may have are those of clicks. A clock that stood at 1970
// would give the warehouse fifty years of empty days to look after.
const minAt, maxAt = homing.Epoch, homing.MaxOriginTime

// ready checks a postback and takes out of it what must not be kept.
func (e *enricher) ready(row *warehouse.Postback) error {
	if row.At < minAt || row.At > maxAt || row.Verdict.Outcome == 0 {
		return fmt.Errorf("a postback of an impossible time, or without verdict: %w", homing.ErrDamaged)
	}
	row.Addr = homing.CutAddr(row.Addr)
	row.Currency = string(sound([]byte(row.Currency)))
	if account := e.view.Account(row.Account); account != nil && account.Erased {
		blankPostback(&row.Postback)
		return nil
	}
	if e.masker != nil {
		e.masker.Postback(&row.Postback)
	}
	return nil
}

// blankPostback leaves of a postback what the erasure of its account leaves.
func blankPostback(p *homing.Postback) {
	p.Target, p.UserAgent, p.Lead, p.Currency = "", "", "", ""
	p.Addr, p.Value, p.Price = netip.Addr{}, homing.Value{}, 0
}
