package sqlite

import (
	"cmp"
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/rulebook"
)

// decision is what a job carries back to Decide.
type decision = ledger.Decision

// claim is a ledger.Claim with bytes of its own.
type claim struct {
	ledger.Claim
	click [homing.OriginLen]byte
	bare  bool // of an erased click: no receipt is kept
}

// keepBytes bounds the buffers that a job in the pool holds on to.
const keepBytes = 16 << 10

// remember copies c; the buffers of an earlier claim are used again.
func (k *claim) remember(c *ledger.Claim) {
	lead, receipt := k.Lead[:0], k.Receipt[:0]
	k.Claim = *c
	k.Lead = append(lead, c.Lead...)
	k.Receipt = append(receipt, c.Receipt...)
	k.click = c.Click.Pack()
}

func (k *claim) forget() {
	lead, receipt := k.Lead[:0], k.Receipt[:0]
	if cap(receipt) > keepBytes {
		receipt = nil
	}
	k.Claim = ledger.Claim{Lead: lead, Receipt: receipt}
}

// Decide implements ledger.Decider. In the steady state it allocates nothing.
func (l *Ledger) Decide(ctx context.Context, c *ledger.Claim) (ledger.Decision, error) {
	if err := rulebook.CheckClaim(c); err != nil {
		return ledger.Decision{}, err
	}
	if ctx.Err() != nil {
		return ledger.Decision{}, gaveUp(ctx)
	}
	j := newJob()
	j.claim.remember(c)
	if err := l.queue.push(j); err != nil {
		j.release()
		j.release()
		return ledger.Decision{}, err
	}
	defer j.release()
	if err := j.wait(ctx); err != nil {
		return ledger.Decision{}, err
	}
	return j.out, nil
}

// statements are the ones claims need, prepared once.
type statements struct {
	begin, rollback, savepoint, back, release *sqlite.Stmt
	length                                    *sqlite.Stmt // of the log, see writer.logPages

	click       *sqlite.Stmt // has the click any conversion?
	erasedClick *sqlite.Stmt // has the click a tombstone?
	find        *sqlite.Stmt // the conversion of an identity
	withLead    *sqlite.Stmt // has the click one with lead code?
	without     *sqlite.Stmt // has the click one without?
	conversion  steady
	receipt     *sqlite.Stmt
	change      steady
}

func (s *statements) prepare(conn *sqlite.Conn) error {
	for _, p := range []struct {
		stmt **sqlite.Stmt
		sql  string
	}{
		{&s.begin, "BEGIN IMMEDIATE"},
		{&s.rollback, "ROLLBACK"},
		{&s.savepoint, "SAVEPOINT job"},
		{&s.back, "ROLLBACK TO job"},
		{&s.release, "RELEASE job"},
		{&s.length, "PRAGMA wal_checkpoint(NOOP)"},
		{&s.click, "SELECT 1 FROM conversions WHERE click = ?1 LIMIT 1"},
		{&s.erasedClick, "SELECT 1 FROM erased WHERE click = ?1"},
		{&s.find, "SELECT id, status, value FROM conversions WHERE click = ?1 AND lead = ?2 AND goal = ?3"},
		{&s.withLead, "SELECT 1 FROM conversions WHERE click = ?1 AND lead > x'' LIMIT 1"},
		{&s.without, "SELECT 1 FROM conversions WHERE click = ?1 AND lead = x'' LIMIT 1"},
		{&s.conversion.Stmt, `INSERT INTO conversions (id, click, lead, goal, account, campaign, status, value, price,
			currency, flags, at, request, change) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)`},
		{&s.receipt, "INSERT INTO receipts (conversion, record) VALUES (?1, ?2)"},
		{&s.change.Stmt, `INSERT INTO changes (number, conversion, at, from_status, to_status, actor, reason)
			VALUES (?1,?2,?3,?4,?5,?6,?7)`},
	} {
		stmt, err := conn.Prepare(p.sql)
		if err != nil {
			return fmt.Errorf("couldn't prepare %q: %w", p.sql, err)
		}
		*p.stmt = stmt
	}
	return nil
}

// decide finds or makes the conversion of a claim. Most clicks convert once,
// so one seek settles most first claims.
func (w *writer) decide(j *job) error {
	c := &j.claim
	j.out = decision{}
	if _, gone := w.erased[c.Account]; gone {
		// The judge ignores erased accounts; this claim was under way when
		// the account went. Whoever sends it again is ignored.
		j.err = errErased
		return nil
	}
	if gone, err := w.isErased(c); err != nil || gone {
		if err == nil {
			err = w.decideErased(c, &j.out)
		}
		return err
	}
	known, err := w.hasRow(w.stmts.click, c.click[:])
	if err != nil {
		return err
	}
	if known {
		found, err := w.find(c, &j.out)
		if err != nil {
			return err
		}
		if j.out.Mixed, err = w.hasRow(w.otherKind(c), c.click[:]); err != nil || found {
			return err
		}
	}
	return w.insert(c, &j.out)
}

// otherKind is the question for conversions with lead code if the claim has
// none, and the other way round.
func (w *writer) otherKind(c *claim) *sqlite.Stmt {
	if len(c.Lead) == 0 {
		return w.stmts.withLead
	}
	return w.stmts.without
}

func (w *writer) hasRow(stmt *sqlite.Stmt, click []byte) (bool, error) {
	stmt.BindBytes(1, click)
	has, err := stmt.Step()
	if resetErr := stmt.Reset(); err == nil {
		err = resetErr
	}
	return has, err
}

func (w *writer) find(c *claim, d *decision) (bool, error) {
	stmt := w.stmts.find
	stmt.BindBytes(1, c.click[:])
	stmt.BindBytes(2, c.Lead)
	stmt.BindInt64(3, int64(c.Goal))
	found, err := stmt.Step()
	if found {
		d.Conversion = homing.ConversionID(stmt.ColumnInt64(0))
		d.Status = homing.Status(stmt.ColumnInt64(1))
		d.Value = valueOf(stmt, 2)
	}
	if resetErr := stmt.Reset(); err == nil {
		err = resetErr
	}
	return found, err
}

// insert writes the conversion, its receipt and its first change.
func (w *writer) insert(c *claim, d *decision) error {
	flags := c.Flags
	if d.Mixed {
		flags |= homing.FlagSimpleAndLead
	}
	id := w.lastConversion + 1
	if err := w.insertConversion(c, id, flags); err != nil {
		return err
	}
	w.lastConversion = id
	if !c.bare {
		w.stmts.receipt.BindInt64(1, id)
		w.stmts.receipt.BindBytes(2, c.Receipt)
		if err := step(w.stmts.receipt); err != nil {
			return err
		}
	}
	if err := w.insertChange(homing.Change{
		Conversion: homing.ConversionID(id), At: cmp.Or(c.Made, c.At), To: c.Status,
		Actor: cmp.Or(c.Actor, "postback"), Reason: c.Reason,
	}); err != nil {
		return err
	}
	w.wrote = true
	d.First, d.Conversion, d.Status, d.Value = true, homing.ConversionID(id), c.Status, c.Value
	return nil
}

func (w *writer) insertConversion(c *claim, id int64, flags homing.Flags) error {
	stmt := &w.stmts.conversion
	stmt.BindInt64(1, id)
	stmt.BindBytes(2, c.click[:])
	stmt.BindBytes(3, c.Lead)
	stmt.BindInt64(4, int64(c.Goal))
	stmt.BindInt64(5, int64(c.Account))
	stmt.BindInt64(6, int64(c.Campaign))
	stmt.BindInt64(7, int64(c.Status))
	if c.Value.Given {
		stmt.BindInt64(8, int64(c.Value.Money))
	} else {
		stmt.BindNull(8)
	}
	stmt.BindInt64(9, int64(c.Price))
	stmt.BindText(10, c.Currency)
	stmt.BindInt64(11, int64(flags))
	stmt.BindInt64(12, int64(c.At))
	stmt.BindBytes(13, c.Request[:])
	stmt.BindInt64(14, w.lastChange+1)
	return stmt.step()
}

// insertChange writes a change under the next number.
func (w *writer) insertChange(c homing.Change) error {
	stmt := &w.stmts.change
	stmt.BindInt64(1, w.lastChange+1)
	stmt.BindInt64(2, int64(c.Conversion))
	stmt.BindInt64(3, int64(c.At))
	stmt.BindInt64(4, int64(c.From))
	stmt.BindInt64(5, int64(c.To))
	stmt.BindText(6, c.Actor)
	stmt.BindText(7, c.Reason)
	if err := stmt.step(); err != nil {
		return err
	}
	w.lastChange++
	return nil
}

func valueOf(row *sqlite.Stmt, column int) homing.Value {
	if row.ColumnIsNull(column) {
		return homing.Value{}
	}
	return homing.ValueOf(homing.Money(row.ColumnInt64(column)))
}
