package process_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"homing"
	"homing/internal/engine/warehouse/duckdb/process"
)

func TestAWriteIsWholeOrNothing(t *testing.T) {
	p := begin(t, nil)
	write(t, p, process.Step{SQL: "CREATE TABLE t (n BIGINT)"}, process.Step{SQL: "INSERT INTO t VALUES (1), (2)"})
	two, three := int64(2), int64(3)
	insert := process.Step{SQL: "INSERT INTO t SELECT ? FROM range(10)", Args: []any{7}}
	rows := process.Step{Into: "t", Columns: []process.Column{{Name: "n", Ints: []int64{5, 6}}}}
	for name, c := range map[string]struct {
		step process.Step
		kind error
	}{
		"statement that fails":       {process.Step{SQL: "INSERT INTO t SELECT error('no')"}, homing.ErrInvalid},
		"statement that is wrong":    {process.Step{SQL: "INSERT INTO missing VALUES (1)"}, homing.ErrInvalid},
		"table that is missing":      {process.Step{Into: "missing", Columns: rows.Columns}, homing.ErrInvalid},
		"column that is missing":     {process.Step{Into: "t", Columns: []process.Column{{Name: "m", Ints: []int64{1}}}}, homing.ErrInvalid},
		"texts for numbers":          {process.Step{Into: "t", Columns: []process.Column{{Name: "n", Texts: texts("1")}}}, homing.ErrInvalid},
		"changes as not expected":    {process.Step{SQL: "UPDATE t SET n = 0 WHERE n = 1", Expect: &two}, homing.ErrConflict},
		"returns as not expected":    {process.Step{SQL: "SELECT n FROM t WHERE n < 3", Expect: &three}, homing.ErrConflict},
		"appends as not expected":    {process.Step{Into: "t", Columns: rows.Columns, Expect: &three}, homing.ErrConflict},
		"too few arguments":          {process.Step{SQL: "DELETE FROM t WHERE n = ?"}, homing.ErrInvalid},
		"argument of a strange kind": {process.Step{SQL: "DELETE FROM t WHERE n = ?", Args: []any{1.5}}, homing.ErrInvalid},
		"end of the transaction":     {process.Step{SQL: "COMMIT"}, homing.ErrInvalid},
		"alone among others":         {process.Step{SQL: "CHECKPOINT", Alone: true}, homing.ErrInvalid},
		"ends out of order":          {process.Step{Into: "t", Columns: []process.Column{{Name: "n", Texts: &process.Texts{Data: []byte("abc"), Ends: []uint32{2, 1}}}}}, homing.ErrInvalid},
		"ends beyond the data":       {process.Step{Into: "t", Columns: []process.Column{{Name: "n", Texts: &process.Texts{Data: []byte("abc"), Ends: []uint32{4}}}}}, homing.ErrInvalid},
	} {
		_, err := p.Write(soon(t), insert, rows, c.step, insert)
		if !errors.Is(err, c.kind) {
			t.Errorf("%s: %v", name, err)
		}
		if n := number(t, p, "SELECT count(*) FROM t"); n != 2 {
			t.Errorf("%s: %d rows are left behind", name, n-2)
		}
	}
	changed := write(t, p, insert, rows, process.Step{SQL: "UPDATE t SET n = 0 WHERE n < 3", Expect: &two},
		process.Step{SQL: "SELECT n FROM t WHERE n = 7"})
	if [4]int64(changed) != [4]int64{10, 2, 2, 10} {
		t.Errorf("changed %v", changed)
	}
	if st := p.Status(); !st.Up || st.Trouble != "" || len(st.Incidents) != 0 {
		t.Errorf("mistakes of callers are no trouble of the warehouse: %+v", st)
	}
}

func TestWhatDoesNotFitAColumnIsRefusedByName(t *testing.T) {
	p := begin(t, nil)
	write(t, p, process.Step{SQL: "CREATE TABLE t (small UTINYINT, flag BOOLEAN, word VARCHAR, double DOUBLE)"})
	for name, c := range map[string]process.Column{
		"small":         {Name: "small", Ints: []int64{0, 256}},
		"negative":      {Name: "small", Ints: []int64{-1, 1}},
		"flag":          {Name: "flag", Ints: []int64{0, 2}},
		"far":           {Name: "small", Ints: []int64{math.MinInt64, math.MaxInt64}},
		"bytes":         {Name: "word", Texts: texts("ok", "\xff")},
		"cut character": {Name: "word", Texts: texts("caf\xc3", "\xa9")}, // together they are UTF-8
		"long bytes":    {Name: "word", Texts: texts("", "long enough to be elsewhere \xc0\x80")},
		"double":        {Name: "double", Ints: []int64{1, 2}},
	} {
		_, err := p.Write(soon(t), process.Step{Into: "t", Columns: []process.Column{c}})
		if !errors.Is(err, homing.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		wants(t, err, homing.ErrInvalid, "column "+c.Name+" of t")
	}
	if n := number(t, p, "SELECT count(*) FROM t"); n != 0 {
		t.Errorf("%d rows were taken", n)
	}
}

func TestLargeBatchesPass(t *testing.T) {
	p := begin(t, nil)
	columns := someClicks(60_000)
	long := new(process.Texts)
	for i := range 60_000 {
		if i%100 == 0 {
			long.AddBytes(make([]byte, 60_000)) // 36 MB of them
		} else {
			long.Add("")
		}
	}
	columns[len(columns)-1].Texts = long
	changed := write(t, p, clickTable(), process.Step{Into: "main.clicks", Columns: columns}, process.Step{Into: "clicks", Columns: columns[:3]})
	if changed[1] != 60_000 || changed[2] != 60_000 {
		t.Fatal(changed)
	}
	sum := int64(0)
	for _, at := range columns[0].Ints {
		sum += at - columns[0].Ints[0]
	}
	if got := number(t, p, `SELECT sum("at" - ?) FROM clicks`, columns[0].Ints[0]); got != 2*sum {
		t.Errorf("the moments add up to %d, want %d", got, 2*sum)
	}
	if got := number(t, p, "SELECT sum(octet_length(more)) FROM clicks"); got != 36_000_000 {
		t.Errorf("%d bytes came", got)
	}
	// And out again, with rows larger than what goes into a frame together.
	rows, err := p.Query(soon(t), "SELECT more, sub1 FROM clicks WHERE octet_length(more) > 0")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		if len(rows.Bytes(0)) != 60_000 || len(rows.Bytes(1)) != 24 {
			t.Fatal("a row came out cut")
		}
	}
	if rows.Err() != nil || n != 600 {
		t.Fatal(n, rows.Err())
	}
}

func TestAWriteThatIsGivenUpChangesNothing(t *testing.T) {
	p := begin(t, nil)
	write(t, p, process.Step{SQL: "CREATE TABLE t (n BIGINT)"})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		_, err := p.Write(ctx, process.Step{SQL: "INSERT INTO t VALUES (1)"}, process.Step{SQL: heavy})
		ended <- err
	}()
	pause()
	cancel()
	wants(t, <-ended, context.Canceled)
	write(t, p, process.Step{SQL: "INSERT INTO t VALUES (2)"})
	if n := number(t, p, "SELECT sum(n) FROM t"); n != 2 {
		t.Errorf("the sum is %d", n)
	}
}
