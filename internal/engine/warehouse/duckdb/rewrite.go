package duckdb

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
)

// recordBatch is how many records are rewritten in one transaction.
const recordBatch = 50_000

// records rewrites the records of postbacks, which DuckDB cannot read.
func (e *erasing) records(ctx context.Context, where string) (changed int64, err error) {
	rows, err := e.w.child.Query(ctx, `SELECT "at", number, request, record FROM postbacks WHERE `+where)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	sheet := newSheet(rewritten)
	for rows.Next() {
		r := cells{rows: rows}
		at, number, tally, record := r.int(), r.int(), r.text() == "", []byte(r.text())
		blank, err := e.record(record, tally, number)
		if err != nil {
			return changed, err
		}
		if bytes.Equal(blank, record) {
			continue
		}
		sheet.int(at, number)
		sheet.text(string(blank))
		if changed++; sheet.rows == recordBatch {
			if err := e.replace(ctx, sheet, where); err != nil {
				return changed, err
			}
		}
	}
	if err := rows.Err(); err != nil {
		return changed, err
	}
	return changed, e.replace(ctx, sheet, where)
}

// record is a postback's record without what is to be erased.
func (e *erasing) record(record []byte, tally bool, number int64) ([]byte, error) {
	p, err := readRecord(record, tally)
	if err != nil {
		return nil, fmt.Errorf("postback %d: %w", number, err)
	}
	blankPostback(&p, e.what.Account != 0)
	if !tally {
		return homing.AppendPostback(nil, &p), nil
	}
	t, err := homing.DecodeTally(record)
	t.Addr = p.Addr
	return homing.AppendTally(nil, &t), err
}

// replace puts the sheet's records into their rows, and empties the sheet.
func (e *erasing) replace(ctx context.Context, sheet *sheet, where string) error {
	if sheet.rows == 0 {
		return nil
	}
	steps := append(sheet.steps(),
		process.Step{SQL: `UPDATE postbacks SET record = r.record` + e.noRequest() + ` FROM rewritten r
			WHERE postbacks."at" = r."at" AND postbacks.number = r.number AND ` + strings.ReplaceAll(where, `"at"`, `postbacks."at"`)},
		process.Step{SQL: `DELETE FROM rewritten`})
	if _, err := e.w.child.Write(ctx, steps...); err != nil {
		return err
	}
	sheet.clear()
	return nil
}

// noRequest has the calls that made an account's conversions forget theirs, as
// their records do.
func (e *erasing) noRequest() string {
	if e.what.Account == 0 {
		return ""
	}
	return fmt.Sprintf(`, request = CASE WHEN conversion <> 0 AND outcome IN (%d, %d) THEN '%s' ELSE request END`,
		homing.Counted, homing.Late, homing.RequestID{})
}

// leads puts hashes in the place of lead codes.
func (e *erasing) leads(ctx context.Context, where string) error {
	sheet := newSheet(rewritten)
	err := each(ctx, e.w.child, func(r *process.Rows) {
		if lead := r.Text(1); !warehouse.IsErasedLead(lead) {
			sheet.int(0, r.Int(0))
			sheet.text(e.what.Lead(lead))
		}
	}, `SELECT id, lead FROM conversions WHERE `+where+` AND octet_length(lead) > 0`)
	if err != nil || sheet.rows == 0 {
		return err
	}
	_, err = e.w.child.Write(ctx, append(sheet.steps(),
		process.Step{SQL: `UPDATE conversions SET lead = r.record FROM rewritten r WHERE conversions.id = r.number`},
		process.Step{SQL: `DELETE FROM rewritten`})...)
	return err
}
