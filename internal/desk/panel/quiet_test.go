package panel

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/engine/spool"
)

// A page that is looked at changes nothing: no row of the ledger, no record of the
// spool, whoever looks, also by HEAD. Browsers load pages ahead, and mail filters
// follow links.
func TestLookingChangesNothing(t *testing.T) {
	w := newWorld(t)
	named := w.pathNames()
	routes, _ := page.Table(w.screens()...)
	browsers := []*paneltest.Browser{w.SignedInAs("ann@example.com"), w.SignedInAs("own@example.com"), w.SignedInAs("reader@example.com"), w.Stranger()}
	w.Load()
	step := -w.mark() + w.mark()
	for _, r := range routes {
		path := fillIn(t, r.Pattern, named)
		if r.Method != http.MethodGet || path == "" || strings.HasSuffix(r.Pattern, "/postbacks/live") {
			continue
		}
		before, position := w.rows(), w.mark()
		for _, b := range browsers {
			b.Do(http.MethodHead, path+"?once", nil)
			b.Get(path + "?once&campaign=1&tracker=voluum&done=saved&do=save&format=csv&status=paused")
		}
		if next := w.mark(); next-position != step {
			t.Errorf("GET %s records something", r.Pattern)
		}
		if after := w.rows(); !slices.Equal(before, after) {
			t.Errorf("GET %s changes the ledger:\n%s", r.Pattern, difference(before, after))
		}
	}
}

// mark records a click, always the same, and tells where it lies.
func (w *world) mark() spool.Position {
	click := homing.Click{Origin: homing.Origin{Time: 1_772_443_000_000, Campaign: w.campaign.ID}}
	at, err := w.Spool.Append(spool.KindClick, click.Origin.Time, homing.AppendClick(nil, &click))
	w.Must(err)
	return at
}

// rows are all that the ledger keeps, but what it notes by the way: when sessions
// and keys were last used, and leases.
func (s *stage) rows() (list []string) {
	s.T.Helper()
	db, err := sqlite.OpenConn(s.LedgerFile, sqlite.OpenReadOnly)
	s.Must(err)
	defer db.Close()
	var tables []string
	s.Must(sqlitex.ExecuteTransient(db, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name", &sqlitex.ExecOptions{
		ResultFunc: func(row *sqlite.Stmt) error { tables = append(tables, row.ColumnText(0)); return nil },
	}))
	for _, table := range tables {
		if table == "key_uses" || strings.HasPrefix(table, "lease") || strings.HasPrefix(table, "sqlite_") {
			continue
		}
		s.Must(sqlitex.ExecuteTransient(db, "SELECT * FROM "+table, &sqlitex.ExecOptions{
			ResultFunc: func(row *sqlite.Stmt) error {
				text := table
				for i := range row.ColumnCount() {
					text += fmt.Sprintf(" %s=%.200q", row.ColumnName(i), row.ColumnText(i))
				}
				list = append(list, text)
				return nil
			},
		}))
	}
	if len(list) < 20 {
		s.T.Fatalf("the ledger has only %d rows: %v", len(list), tables)
	}
	return list
}
