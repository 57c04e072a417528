package duckdb

import (
	"context"
	"strconv"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
)

// again tells which rows of a batch are stored already. That can only be rows
// of sealed days: a Reset brings them back with marks at zero, and the spool
// and the ledger may bring them once more. Other days are not asked for, so in
// ordinary times this costs a look at a map.
type again struct {
	clicks    map[homing.Origin]bool
	postbacks map[place]bool
}

// place is what tells a postback from any other.
type place struct {
	at     homing.Millis
	number int64
}

func placeOf(p *warehouse.Postback) place { return place{p.At, p.Number} }

func (a *again) ask(ctx context.Context, p *process.Process, sealed map[warehouse.Day]bool,
	clicks []warehouse.Click, postbacks []warehouse.Postback) error {
	if len(sealed) == 0 {
		return nil
	}
	var times moments
	for i := range clicks {
		times.addIn(sealed, clicks[i].Time)
	}
	if len(times.list) > 0 {
		a.clicks = map[homing.Origin]bool{}
		if err := each(ctx, p, a.keepClick, `SELECT "at", node, seq, campaign FROM clicks WHERE `+momentsWhere, times.args()...); err != nil {
			return err
		}
	}
	times = moments{}
	for i := range postbacks {
		times.addIn(sealed, postbacks[i].At)
	}
	if len(times.list) > 0 {
		a.postbacks = map[place]bool{}
		return each(ctx, p, a.keepPostback, `SELECT "at", number FROM postbacks WHERE `+momentsWhere, times.args()...)
	}
	return nil
}

func (a *again) keepClick(r *process.Rows) { a.clicks[readOrigin(&cells{rows: r})] = true }

func (a *again) keepPostback(r *process.Rows) {
	a.postbacks[place{homing.Millis(r.Int(0)), r.Int(1)}] = true
}

// readOrigin reads at, node, seq and campaign.
func readOrigin(r *cells) homing.Origin {
	return homing.Origin{Time: homing.Millis(r.int()), Node: homing.NodeID(r.int()), Seq: uint16(r.int()),
		Campaign: homing.CampaignID(r.int())}
}

// moments are times that rows are asked for by, in one statement: DuckDB looks
// into those row groups only whose times fit.
type moments struct {
	list        []byte // "1764000000000,…"
	first, last homing.Millis
}

// momentsWhere is the condition that moments.args belong to.
const momentsWhere = `"at" BETWEEN ? AND ? AND "at" IN (SELECT unnest(string_split(?, ','))::BIGINT)`

func (m *moments) add(at homing.Millis) {
	if len(m.list) == 0 {
		m.first, m.last = at, at
	} else {
		m.list = append(m.list, ',')
	}
	m.first, m.last = min(m.first, at), max(m.last, at)
	m.list = strconv.AppendInt(m.list, int64(at), 10)
}

func (m *moments) addIn(days map[warehouse.Day]bool, at homing.Millis) {
	if _, ok := days[warehouse.DayAt(at)]; ok {
		m.add(at)
	}
}

func (m *moments) args() []any { return []any{int64(m.first), int64(m.last), string(m.list)} }
