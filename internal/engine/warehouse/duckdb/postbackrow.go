package duckdb

import (
	"fmt"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
)

// noNode is the node of a postback without a genuine click.
const noNode = -1

func genuine(p *warehouse.Postback) bool { return p.Click != (homing.ClickID{}) }

// isTally: a number of calls that were only counted has no request of its own.
func isTally(p *warehouse.Postback) bool {
	return p.Request == (homing.RequestID{}) && p.Conversion == 0
}

// baseAt is the moment a postback stands at by its click.
func baseAt(p *warehouse.Postback) homing.Millis {
	if genuine(p) {
		return p.Origin.Time
	}
	return p.At
}

// postback adds a row, in the order of postbacks.fields.
func (s *sheet) postback(p *warehouse.Postback, known bool, facets *warehouse.Facets) {
	node, seq := int64(noNode), int64(0)
	if genuine(p) {
		node, seq = int64(p.Origin.Node), int64(p.Origin.Seq)
	}
	s.int(int64(p.At), p.Number, node, seq, int64(baseAt(p)), int64(p.Campaign), int64(p.Account), int64(p.Goal),
		int64(p.Verdict.Outcome))
	s.text(p.Verdict.Reason.String())
	s.int(p.Count, int64(p.Conversion))
	s.flag(known)
	s.write(func(dst []byte) []byte {
		if !isTally(p) {
			dst, _ = p.Request.AppendText(dst) // never fails; zeros if it was erased
		}
		return dst
	})
	s.write(func(dst []byte) []byte { return appendRecord(dst, p) })
	s.facets(facets)
}

// appendRequest writes a request as hex, and nothing for none.
func appendRequest(dst []byte, id homing.RequestID) []byte {
	if id == (homing.RequestID{}) {
		return dst
	}
	dst, _ = id.AppendText(dst) // never fails
	return dst
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

func readPostback(rows *process.Rows) (p warehouse.Postback, err error) {
	r := cells{rows: rows}
	p.Number, p.Count, p.Known = r.int(), r.int(), r.flag()
	tally := r.text() == ""
	if p.Postback, err = readRecord([]byte(r.text()), tally); err != nil {
		return p, fmt.Errorf("couldn't read the postback %d of the warehouse: %w", p.Number, err)
	}
	p.Facets = r.facets()
	return p, nil
}
