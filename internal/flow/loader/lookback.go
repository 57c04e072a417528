package loader

import (
	"context"
	"fmt"
	"hash/crc32"

	"homing"
	"homing/internal/engine/spool"
)

// loadedRecord tells a record of the spool from any other: no two clicks have the
// same bytes, because no two have the same origin.
type loadedRecord struct {
	Position spool.Position `json:"at"`
	Time     homing.Millis  `json:"time"`
	Sum      uint32         `json:"sum"` // CRC-32C of the data
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sumOf is asked for every record: 30 ns.
func sumOf(rec *spool.Record) loadedRecord {
	return loadedRecord{Position: rec.Position, Time: rec.At, Sum: crc32.Checksum(rec.Data, castagnoli)}
}

// lookBackInSpool wants the newest record that was loaded in the spool, as it was.
// If another one has its position, somebody has put back an older copy of the last
// file, or the disk has: positions were given again since, and what has them now
// would be taken for loaded. A position that is damaged or trimmed tells nothing. A
// spool that ends before the mark is noticed in any case, see reader.resume.
func (l *Loader) lookBackInSpool(ctx context.Context, last *loadedRecord) error {
	if last == nil || last.Position < l.spool.Oldest() {
		return ctx.Err()
	}
	for rec, err := range l.spool.Scan(ctx, spool.Query{From: last.Position}) {
		switch {
		case err != nil:
			return fmt.Errorf("couldn't look at record %s of the spool: %w: %w", last.Position, errSpool, err)
		case rec.Position != last.Position || sumOf(&rec) == *last:
			return nil
		}
		l.lost(ctx, "spool", fmt.Sprintf("record %s of the spool is not the one that reports know: it went back to an earlier state, and what was "+
			"acknowledged since is missing in it; %s", last.Position, l.remedy("the warehouse is made anew from what there is, and the one of before is kept beside it")))
		return errBehind
	}
	return ctx.Err()
}
