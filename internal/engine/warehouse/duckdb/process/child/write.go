//go:build cgo

package child

import (
	"fmt"

	duck "github.com/duckdb/duckdb-go-bindings"

	"homing/internal/engine/warehouse/duckdb/process/wire"
)

// write carries out a transaction: what comes until Commit, or nothing of it.
func (s *server) write(c *call, f wire.Frame) *wire.Fault {
	alone := f.Body.Byte() == 1
	s.writing.Lock()
	defer s.writing.Unlock()
	if !alone {
		if fault := execute(c.conn, "BEGIN TRANSACTION"); fault != nil {
			return fault
		}
	}
	t := &transaction{server: s, call: c}
	fault := t.steps()
	if fault == nil && c.over() {
		fault = errCancelled
	}
	if fault == nil && !alone {
		fault = execute(c.conn, "COMMIT")
	}
	t.appender.close()
	if fault != nil {
		return fault // disconnecting rolls back
	}
	_ = s.out.Send(wire.Committed, c.id, nil)
	return nil
}

type transaction struct {
	server   *server
	call     *call
	appender *appender // of the step whose rows are coming; nil between
}

func (t *transaction) steps() *wire.Fault {
	for {
		f, fault := t.call.next()
		if fault != nil {
			return fault
		}
		if f.Kind == wire.Commit {
			return nil
		}
		changed, fault := t.step(&f)
		f.Release()
		if fault != nil {
			return fault
		}
		t.done(int(changed))
	}
}

// done answers a Statement or an Append.
func (t *transaction) done(changed int) {
	b := wire.NewBody()
	b.PutInt(int64(changed))
	_ = t.server.out.Send(wire.Done, t.call.id, b)
}

func (t *transaction) step(f *wire.Frame) (int64, *wire.Fault) {
	switch f.Kind {
	case wire.Statement:
		return t.statement(f)
	case wire.Append:
		return t.append(f)
	}
	return 0, &wire.Fault{Text: wire.ErrGarbage.Error()}
}

func (t *transaction) statement(f *wire.Frame) (int64, *wire.Fault) {
	sql, args, expect := f.Body.Text(), f.Body.Args(), f.Body.Int()
	if err := f.Body.Err(); err != nil {
		return 0, &wire.Fault{Text: err.Error()}
	}
	st, fault := prepare(t.call.conn, sql, args)
	if fault != nil {
		return 0, fault
	}
	defer st.close()
	if duck.PreparedStatementType(st.prepared) == duck.StatementTypeTransaction {
		return 0, &wire.Fault{Kind: wire.Invalid, Text: "a step cannot begin or end a transaction"}
	}
	if fault := st.run(); fault != nil {
		return 0, fault
	}
	changed, fault := st.changed()
	if fault == nil && expect >= 0 && changed != expect {
		fault = &wire.Fault{Kind: wire.Conflict, Text: fmt.Sprintf("%d rows where %d were expected", changed, expect)}
	}
	return changed, fault
}

// append takes rows in. Those of one step share an appender; many are fed to
// DuckDB, see feed, which takes all frames of the step.
func (t *transaction) append(frame *wire.Frame) (int64, *wire.Fault) {
	head := frame.Body.AppendHead()
	columns, fault := readColumns(frame, head)
	if fault != nil {
		return 0, fault
	}
	if t.appender == nil {
		if t.appender, fault = newAppender(t.call.conn, head.Table, columns); fault != nil {
			return 0, fault
		}
	}
	if head.Total >= wire.RowGroup {
		f := newFeed(t, head.Table, t.appender, columns, head.Total)
		t.appender.close()
		t.appender = nil
		return int64(head.Rows), f.insert(frame, head, columns)
	}
	if fault := t.appender.append(columns, head.Rows); fault != nil {
		return 0, fault
	}
	if head.Last {
		fault = t.appender.flush()
		t.appender.close()
		t.appender = nil
	}
	return int64(head.Rows), fault
}
