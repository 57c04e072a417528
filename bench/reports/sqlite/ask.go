package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/warehouse"
)

// Question is a report on the store.
type Question struct {
	By          []string // day, campaign, sub1, country, device, os
	From, Until homing.Millis
	Zone        warehouse.Zone
	Campaign    homing.CampaignID // 0 = all
	Limit       int               // the groups with the most clicks; 0 = all
}

// Group is one row of an answer.
type Group struct {
	Key                         string // the keys, each ended by a zero byte
	Clicks, Unique, Conversions int64
	Cost, Value                 homing.Money
}

// Answer is what a question finds.
type Answer struct {
	Groups []Group
	Total  Group
}

// The measures, of each table. Class 0 is billable; status 1 and 2 are in
// totals.
const (
	ofClicks      = `sum(class = 0), sum(class = 0 AND uniq = 1), 0, sum(CASE class WHEN 0 THEN cost ELSE 0 END), 0`
	ofConversions = `0, 0, count(*), sum(price), sum(value)`
)

// Ask answers a question.
func (s *Store) Ask(ctx context.Context, q *Question) (*Answer, error) {
	defer s.conn.SetInterrupt(s.conn.SetInterrupt(ctx.Done()))
	groups := map[string]*Group{}
	if err := s.group(q, "clicks", ofClicks, "", groups); err != nil {
		return nil, err
	}
	if err := s.group(q, "conversions", ofConversions, " AND status IN (1, 2)", groups); err != nil {
		return nil, err
	}
	a := &Answer{}
	for _, g := range groups {
		a.Groups = append(a.Groups, *g)
		a.Total.add(g)
	}
	if q.Limit > 0 {
		slices.SortFunc(a.Groups, func(x, y Group) int {
			return cmp.Or(cmp.Compare(y.Clicks, x.Clicks), cmp.Compare(x.Key, y.Key))
		})
		a.Groups = a.Groups[:min(q.Limit, len(a.Groups))]
	}
	return a, nil
}

func (g *Group) add(h *Group) {
	g.Clicks, g.Unique, g.Conversions = g.Clicks+h.Clicks, g.Unique+h.Unique, g.Conversions+h.Conversions
	g.Cost, g.Value = g.Cost+h.Cost, g.Value+h.Value
}

// group adds a table's groups to those there are.
func (s *Store) group(q *Question, table, measures, where string, groups map[string]*Group) (err error) {
	keys, numbers := q.keys(), make([]string, len(q.By))
	for i := range numbers {
		numbers[i] = fmt.Sprint(i + 1)
	}
	sql := "SELECT " + keys + measures + " FROM " + table + " WHERE at >= ? AND at < ?" + where
	if q.Campaign != 0 {
		sql += " AND campaign = " + q.Campaign.String()
	}
	stmt, err := s.conn.Prepare(sql + " GROUP BY " + strings.Join(numbers, ", "))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stmt.Reset()) }()
	stmt.BindInt64(1, int64(q.From))
	stmt.BindInt64(2, int64(q.Until))
	var key []byte
	for {
		more, err := stmt.Step()
		if err != nil || !more {
			return err
		}
		key = key[:0]
		for i := range q.By {
			key = append(append(key, stmt.ColumnText(i)...), 0)
		}
		g := groups[string(key)]
		if g == nil {
			g = &Group{Key: string(key)}
			groups[g.Key] = g
		}
		g.add(read(stmt, len(q.By)))
	}
}

func read(stmt *sqlite.Stmt, first int) *Group {
	return &Group{
		Clicks: stmt.ColumnInt64(first), Unique: stmt.ColumnInt64(first + 1), Conversions: stmt.ColumnInt64(first + 2),
		Cost: homing.Money(stmt.ColumnInt64(first + 3)), Value: homing.Money(stmt.ColumnInt64(first + 4)),
	}
}

// keys are the columns to group by, each with a comma behind it. The zone is
// written out, as its offset at every moment of the range.
func (q *Question) keys() string {
	var b strings.Builder
	for _, name := range q.By {
		if name != "day" {
			b.WriteString(name + ", ")
			continue
		}
		b.WriteString("(at + CASE")
		for _, next := range q.Zone[1:] {
			fmt.Fprintf(&b, " WHEN at < %d THEN %d", next.From, q.Zone.Offset(next.From-1))
		}
		last := q.Zone[len(q.Zone)-1]
		if len(q.Zone) == 1 {
			b.WriteString(" WHEN false THEN 0")
		}
		fmt.Fprintf(&b, " ELSE %d END) / 86400000, ", last.Offset)
	}
	return b.String()
}

// Cost finds a click and tells its cost.
func (s *Store) Cost(click homing.Origin) (cost homing.Money, err error) {
	stmt, err := s.conn.Prepare(`SELECT cost FROM clicks WHERE campaign = ? AND at = ? AND node = ? AND seq = ?`)
	if err != nil {
		return 0, err
	}
	for i, n := range [...]int64{int64(click.Campaign), int64(click.Time), int64(click.Node), int64(click.Seq)} {
		stmt.BindInt64(i+1, n)
	}
	found, err := stmt.Step()
	if err == nil && !found {
		err = fmt.Errorf("click %+v: %w", click, homing.ErrNotFound)
	}
	if err == nil {
		cost = homing.Money(stmt.ColumnInt64(0))
	}
	return cost, errors.Join(err, stmt.Reset())
}
