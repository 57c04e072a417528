package sqlite

import (
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/rulebook"
)

// audit writes an entry into the audit log; none if nothing changed.
func (w *writer) audit(by ledger.Actor, e rulebook.Entry) error {
	if e.Action == "" {
		return nil
	}
	return exec(w.conn, "INSERT INTO audit (at, actor, action, object, detail, account) VALUES (?1,?2,?3,?4,?5,?6)",
		by.At, by.Name, e.Action, e.Object, e.Detail, e.Account)
}
