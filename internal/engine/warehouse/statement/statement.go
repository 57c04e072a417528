// Package statement writes the questions of package warehouse in SQL, for every
// store that has the tables described below, and reads the rows that come back.
//
//	Query ──► Check ──► a part for every table that has an asked measure:
//	                    SELECT keys, figures FROM clicks|conversions|postbacks|totals
//	      ──► UNION ALL, grouped ──► total, order, limit ──► Statement
//	rows  ──► Statement.Answer, or Statement.Stream
//
// Numbers are written into the statement, texts never: those are its arguments.
// One statement answers a query, so an answer is of one moment.
//
// A group is in an answer if it has a row that counts to a measure that was
// asked for: for unique clicks, cost and profit any billable click, for value,
// cost, profit, foreign and times any conversion that is approved or pending. A query by
// no dimension has its one group always. The total, too, is of the groups that
// Only and Except leave; lists of no groups leave all.
//
// An order by two measures is that of their quotients as 64-bit floating-point
// numbers; texts are in the order of their bytes.
//
// # Tables
//
// Times are milliseconds, nothing is NULL, "facets" are columns by the names of
// warehouse.Facet. Rows should lie roughly in the order of their times.
//
//	clicks       at node seq campaign account class uniq cost facets
//	postbacks    at number node seq base_at campaign account goal outcome reason
//	             count conversion request facets; node is -1 without a genuine
//	             click, base_at is the time of the click, or at
//	conversions  id at click_at node seq campaign account goal status value price
//	             flags request facets; one row for each id
//	totals       kind quarter campaign account country device reason
//	             clicks uniques bots cost postbacks duplicates refusals
//
// totals holds sums by quarter of an hour, test traffic left out: of clicks
// (kind 0, reason empty), and of postbacks by at (kind 1) and by base_at
// (kind 2). There may be any number of rows for one quarter and one set of keys.
// Where totals hold what was given up only, they have one more column, piece:
// twice the day by which the rows were given up (their own time's), one more if
// those are postbacks.
package statement

import (
	"fmt"

	"homing/internal/engine/warehouse"
)

// Statement is SQL with its arguments, one for each question mark: all are
// texts.
type Statement struct {
	SQL  string
	Args []any
	// Gaps tells what the statement cannot look at any more.
	Gaps []warehouse.Gap

	by       []warehouse.Dimension
	measures []warehouse.Measure // asked for, in the order of their columns
	total    bool                // the first row is the total
	limit    int                 // of an answer: rows beyond it only tell that there are more
}

// Holdings tell from which day on a table has all its rows; 0 = none were ever
// given up. What was given up lay before the day by its own time, the arrival
// of a postback or a conversion.
type Holdings [3]warehouse.Day // by warehouse.Table

// Lost are days of which rows of a table are missing by accident; a postback's
// day is that of its arrival.
type Lost struct {
	Table        warehouse.Table
	From, Before warehouse.Day
	Totals       bool // totals have them all the same
}

// Ask writes a query whose answer is read by Statement.Answer. The error is
// Check's.
func Ask(q *warehouse.Query, d Dialect, h Holdings, lost ...Lost) (*Statement, error) {
	if err := Check(q); err != nil {
		return nil, err
	}
	s := compile(q, d, h, lost, q.Total)
	s.limit = limitOf(q)
	fetch := s.limit + 1 // one more tells that there are more
	if q.Total {
		fetch++
	}
	s.SQL += fmt.Sprintf(" LIMIT %d", fetch)
	return s, nil
}

// Stream writes a query whose rows are read by Statement.Row: all of them, or
// as many as the query's Limit says, and no total. The error is Check's, but
// for the limit, which may be larger than an answer's.
func Stream(q *warehouse.Query, d Dialect, h Holdings, lost ...Lost) (*Statement, error) {
	if err := check(q); err != nil {
		return nil, err
	}
	s := compile(q, d, h, lost, false)
	if q.Limit > 0 {
		s.SQL += fmt.Sprintf(" LIMIT %d", q.Limit)
	}
	return s, nil
}

func limitOf(q *warehouse.Query) int {
	if q.Limit == 0 {
		return warehouse.MaxRows
	}
	return q.Limit
}

// Rows are the rows of a result, columns counted from 0.
type Rows interface {
	Next() bool
	Int(column int) int64
	Text(column int) string
	Err() error
}

// Answer reads the result of a statement written by Ask. Closing the rows is up
// to the caller.
func (s *Statement) Answer(rows Rows) (*warehouse.Answer, error) {
	answer := &warehouse.Answer{Gaps: s.Gaps}
	if s.total && rows.Next() {
		answer.Total = s.Row(rows)
		answer.Total.Keys = nil
	}
	for rows.Next() {
		if len(answer.Rows) == s.limit {
			answer.More = true
			break
		}
		answer.Rows = append(answer.Rows, s.Row(rows))
	}
	return answer, rows.Err()
}

// Row reads the present row of a result.
func (s *Statement) Row(rows Rows) (row warehouse.Row) {
	if len(s.by) > 0 {
		row.Keys = make([]warehouse.Key, len(s.by))
	}
	for i, d := range s.by {
		if d.IsNumber() {
			row.Keys[i].Number = rows.Int(i)
		} else {
			row.Keys[i].Text = rows.Text(i)
		}
	}
	for i, m := range s.measures {
		row.Measures[m] = rows.Int(len(s.by) + i)
	}
	return row
}
