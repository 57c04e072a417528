package process_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"homing"
	"homing/internal/engine/warehouse/duckdb/process"
	"homing/internal/engine/warehouse/duckdb/process/wire"
)

// manyRows are numbers from first on, and texts that need a pointer.
func manyRows(first, n int) []process.Column {
	numbers, words := process.Column{Name: "n"}, process.Column{Name: "word", Texts: new(process.Texts)}
	for i := first; i < first+n; i++ {
		numbers.Ints = append(numbers.Ints, int64(i))
		words.Texts.Add(fmt.Sprintf("the number is %d", i))
	}
	return []process.Column{words, numbers} // not in the table's order
}

// Two row groups and a rest, in parts that do not end where groups do: DuckDB's
// threads take them at the same time, and each group stays in order.
func TestManyRowsAreTakenInByGroups(t *testing.T) {
	p := begin(t, nil)
	write(t, p, process.Step{SQL: `CREATE TABLE t (n BIGINT, other INTEGER DEFAULT 7, word VARCHAR)`})
	const rest, first = 5000, 100_000
	all := 2*wire.RowGroup + rest
	step := process.Step{Into: "main.t", Columns: manyRows(0, first), Then: [][]process.Column{manyRows(first, 50_000), manyRows(first+50_000, all-first-50_000)}}
	if changed := write(t, p, step, process.Step{SQL: "SELECT 1"}); changed[0] != int64(all) {
		t.Errorf("%d rows were told, want %d", changed[0], all)
	}
	if n := number(t, p, `SELECT count(*) FROM t WHERE other = 7 AND word = 'the number is ' || n`); n != int64(all) {
		t.Errorf("%d rows are right, want %d", n, all)
	}
	if n := number(t, p, `SELECT count(DISTINCT n) FROM t`); n != int64(all) {
		t.Errorf("%d rows are different, want %d", n, all)
	}
	for group := range 2 {
		within := fmt.Sprintf(`(SELECT rowid AS r, n FROM t WHERE n // %d = %d)`, wire.RowGroup, group)
		if n := number(t, p, `SELECT count(*) FROM `+within+` WHERE r - (SELECT min(r) FROM `+within+`) <> n - (SELECT min(n) FROM `+within+`)`); n != 0 {
			t.Errorf("%d rows of group %d are out of order", n, group)
		}
	}
}

func TestManyRowsWithAMistakeAreNotTakenIn(t *testing.T) {
	p := begin(t, nil)
	write(t, p, process.Step{SQL: `CREATE TABLE t (n INTEGER CHECK (n <> 130000), word VARCHAR)`})
	for what, spoil := range map[string]func(late []process.Column){
		"a number that does not fit": func(late []process.Column) { late[1].Ints[70_000] = 1 << 40 },
		"a text that is not UTF-8":   func(late []process.Column) { late[0].Texts.Data[1_000_000] = 0xff },
		"what DuckDB refuses":        func(late []process.Column) { late[1].Ints[5] = 130_000 },
	} {
		late := manyRows(wire.RowGroup, wire.RowGroup)
		late[1].Ints[130_000-wire.RowGroup] = 0
		spoil(late)
		_, err := p.Write(soon(t), process.Step{Into: "t", Columns: manyRows(0, wire.RowGroup), Then: [][]process.Column{late}})
		if !errors.Is(err, homing.ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
		if n := number(t, p, `SELECT count(*) FROM t`); n != 0 {
			t.Errorf("%s: %d rows are in", what, n)
		}
	}
	// It goes on after all that, and after having been given up in the middle.
	ctx, cancel := context.WithCancel(soon(t))
	cancelled := make(chan error, 1)
	go func() {
		_, err := p.Write(ctx, process.Step{Into: "t", Columns: manyRows(0, wire.RowGroup)})
		cancelled <- err
	}()
	cancel()
	<-cancelled
	write(t, p, process.Step{SQL: `DELETE FROM t`}, process.Step{Into: "t", Columns: manyRows(200_000, wire.RowGroup)})
	if n := number(t, p, `SELECT count(*) FROM t`); n != wire.RowGroup {
		t.Errorf("%d rows, want %d", n, wire.RowGroup)
	}
}
