package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"homing"
)

// survey looks once, after each opening, through everything that is stored, so
// that damage is told before somebody happens to read it.
//
// The naive way, one PRAGMA quick_check, holds a read transaction until it is
// through: minutes on a large ledger, in which the log cannot start over. It
// also does not compare indexes with their tables. So only a file that takes a
// moment is checked whole. Of a larger one the small tables are checked whole,
// and the large ones are read in windows of numbers, a short transaction each
// with a pause behind it; and for every row each index is asked whether it
// knows the row, because an index that does not may have a repeat counted
// again. What only Check finds: lists of free pages, pages that two trees use,
// entries of an index without a row.
func (l *Ledger) survey(ctx context.Context) {
	if info, err := os.Stat(l.path); err == nil && info.Size() <= wholeLimit {
		l.surveyBy(ctx, findBroken)
	} else {
		for _, table := range smallTables {
			l.surveyBy(ctx, func(conn *sqlite.Conn) ([]string, error) { return findBrokenIn(conn, table) })
		}
	}
	for _, q := range questions {
		if !l.ask(ctx, q) {
			return
		}
	}
}

const (
	wholeLimit   = 16 << 20
	surveyWindow = 4096
	surveyPause  = 20 * time.Millisecond
)

var smallTables = []string{"settings", "accounts", "keys", "key_uses", "campaigns", "users", "sessions", "links",
	"audit", "erasures", "leases", "tokens", "erased", "notices"}

func findBrokenIn(conn *sqlite.Conn, table string) ([]string, error) {
	return texts(conn, fmt.Sprintf(
		"SELECT integrity_check FROM pragma_integrity_check('%s') WHERE integrity_check <> 'ok' AND integrity_check NOT LIKE '*** %%'", table))
}

func (l *Ledger) surveyBy(ctx context.Context, find func(*sqlite.Conn) ([]string, error)) {
	var found []string
	_ = l.read(ctx, func(conn *sqlite.Conn) (err error) { // damage is noted by read; other trouble comes again
		found, err = find(conn)
		return err
	})
	for _, text := range found {
		l.damage.add("%s", explained(text))
	}
}

// question asks for rows (?1, ?2] how many are not as they should be; reading
// all that they have is half of the purpose.
type question struct {
	what, top, sql string
	words          string // of how many, and what is wrong with them
}

func missingIn(index, condition string) string {
	return fmt.Sprintf(`SELECT count(*) FROM conversions c NOT INDEXED WHERE c.id > ?1 AND c.id <= ?2 AND NOT EXISTS
		(SELECT 1 FROM conversions i INDEXED BY %s WHERE %s AND i.id = c.id)`, index, condition)
}

const (
	topConversion = "SELECT coalesce(max(id), 0) FROM conversions"
	topReceipt    = "SELECT coalesce(max(conversion), 0) FROM receipts"
	topChange     = "SELECT coalesce(max(number), 0) FROM changes"
)

// Conversions and changes are numbered without gaps and never deleted.
var questions = []question{
	{"conversions", topConversion, `SELECT ?2 - ?1 - count(*), max(c.lead), max(c.request) FROM conversions c NOT INDEXED
		WHERE c.id > ?1 AND c.id <= ?2`, "%d are missing"},
	{"changes", topChange, `SELECT ?2 - ?1 - count(*), max(actor), max(reason) FROM changes NOT INDEXED
		WHERE number > ?1 AND number <= ?2`, "%d are missing"},
	{"conversions", topConversion, missingIn("conversion_identity", "i.click = c.click AND i.lead = c.lead AND i.goal = c.goal"),
		"%d are " + absent + "conversion_identity"},
	{"conversions", topConversion, missingIn("conversion_account", "i.account = c.account"),
		"%d are " + absent + "conversion_account"},
	{"changes", topChange, `SELECT count(*) FROM changes c NOT INDEXED WHERE c.number > ?1 AND c.number <= ?2
		AND c.from_status <> 0 AND NOT EXISTS (SELECT 1 FROM changes i INDEXED BY change_moves
			WHERE i.conversion = c.conversion AND i.from_status <> 0 AND i.number = c.number)`,
		"%d are " + absent + "change_moves"},
	{"receipts", topReceipt, "SELECT 0, max(record) FROM receipts WHERE conversion > ?1 AND conversion <= ?2", ""},
}

// ask puts a question to every window. It returns false if it was to stop.
func (l *Ledger) ask(ctx context.Context, q question) bool {
	var top int64
	if err := l.read(ctx, func(conn *sqlite.Conn) (err error) {
		top, _, err = queryInt(conn, q.top)
		return err
	}); err != nil {
		return !errors.Is(err, homing.ErrUnavailable)
	}
	pause := time.NewTimer(0)
	defer pause.Stop()
	for low := int64(0); low < top; low += surveyWindow {
		select {
		case <-pause.C:
		case <-ctx.Done():
			return false
		}
		l.askWindow(ctx, q, low, min(low+surveyWindow, top))
		pause.Reset(surveyPause)
	}
	return true
}

func (l *Ledger) askWindow(ctx context.Context, q question, low, high int64) {
	var wrong int64
	err := l.read(ctx, func(conn *sqlite.Conn) (err error) {
		wrong, _, err = queryInt(conn, q.sql, low, high)
		return err
	})
	if unreadable(err) {
		l.damage.add("%s %d to %d cannot all be read, or not their indexes: %v", q.what, low+1, high, err)
	} else if err == nil && wrong != 0 {
		l.damage.add("%s", explained(fmt.Sprintf("of %s %d to %d, "+q.words, q.what, low+1, high, wrong)))
	}
}

// absent is how SQLite says it as well.
const absent = "missing from index "

// explained adds what a disagreeing index means, and the remedy.
func explained(text string) string {
	for _, words := range []string{absent, "entries in index ", "entry in index ", "differ from index "} {
		if _, index, found := strings.Cut(text, words); found {
			index, _, _ = strings.Cut(index, " ")
			return fmt.Sprintf("%s: the index disagrees with its table, so that a repeat may be counted again, "+
				"or a conversion not be found; remedy, if the table itself is whole: end homing, keep a copy, and run on the ledger with sqlite3: "+
				"REINDEX %s; PRAGMA user_version = %d; the next start writes it anew, with checksums", text, index, firstSummed-1)
		}
	}
	return text
}
