package sqlite

import (
	"fmt"
	"path/filepath"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/ledgertest"
)

// version1 writes a ledger as the first version left it: by its migration, with
// what content adds.
func version1(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite|sqlite.OpenCreate|sqlite.OpenWAL)
	if err == nil {
		err = migrateTo(conn, 1)
	}
	if err == nil {
		err = sqlitex.ExecuteScript(conn, content, nil)
	}
	if err == nil {
		err = conn.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Accounts that were erased before the second version are told to followers.
func TestVersion1ListsItsErasures(t *testing.T) {
	path := version1(t, `
		INSERT INTO accounts VALUES (1, 'pub', NULL, 'stays', 1, 0, 0, 'USD', 5, 0);
		INSERT INTO accounts VALUES (2, NULL, NULL, '', 0, 0, 0, '', 0, 1);
		INSERT INTO accounts VALUES (3, NULL, NULL, '', 0, 0, 0, '', 0, 1);
		INSERT INTO audit VALUES (1, 70, 'user 1', 'account.erase', 'account 3', '', 3);
		INSERT INTO audit VALUES (2, 80, 'user 1', 'account.erase', 'account 2', '', 2);
		INSERT INTO audit VALUES (3, 90, 'user 1', 'key.create', 'key 1', '', 1);`)
	for range 2 { // once migrated, it stays as it is
		l := openWith(t, Options{Path: path})
		got, err := l.Erasures(t.Context(), 0, 10)
		want := []ledger.Erasure{{Number: 1, At: 70, Account: 3}, {Number: 2, At: 80, Account: 2}}
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("erasures %v, %v, want %v", got, err, want)
		}
		if err := l.Check(t.Context()); err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// What the first version did not know works on its file.
func TestVersion1Goes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	if err := copyFile(golden, path); err != nil {
		t.Fatal(err)
	}
	l := openWith(t, Options{Path: path, LeadHashes: ledgertest.HashLeads})
	token := homing.Token{Name: "etl", Account: 1, Hash: homing.KeyHash{1}}
	if err := l.PutToken(t.Context(), ledger.Actor{}, &token); err != nil || token.ID != 1 {
		t.Errorf("token %d, %v", token.ID, err)
	}
	erase := ledger.EraseClick{Click: ledgertest.Origin(2), Lead: ledgertest.HashLead}
	if err := l.Apply(t.Context(), ledger.Actor{}, erase); err != nil {
		t.Fatal(err)
	}
	d, err := l.Decide(t.Context(), ledgertest.Claim(ledgertest.Origin(2), "lead"))
	if err != nil || d.First || d.Conversion != 2 {
		t.Errorf("a repeat after the erasure: %+v, %v", d, err)
	}
}

// A ledger that is not told the hash must not count what may be a repeat.
func TestErasedClickWithoutHashes(t *testing.T) {
	l := openWith(t, Options{})
	erase := ledger.EraseClick{Click: ledgertest.Origin(1), Lead: ledgertest.HashLead}
	if err := l.Apply(t.Context(), ledger.Actor{}, erase); err != nil {
		t.Fatal(err)
	}
	_, err := l.Decide(t.Context(), ledgertest.Claim(ledgertest.Origin(1), "lead"))
	wantKind(t, err, homing.ErrUnavailable)
	if d, err := l.Decide(t.Context(), ledgertest.Claim(ledgertest.Origin(1), "")); err != nil || !d.First {
		t.Errorf("without a lead code: %+v, %v", d, err)
	}
}

// goldenV2 is a file that the second version wrote: as the first golden file,
// with people and a token.
const goldenV2 = "testdata/ledger-v2.db"

// Whoever there was before there were levels could do everything, and still can.
func TestVersion2KeepsItsPeopleAsOwners(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	if err := copyFile(goldenV2, path); err != nil {
		t.Fatal(err)
	}
	for range 2 { // once migrated, it stays as it is
		l := openWith(t, Options{Path: path, LeadHashes: ledgertest.HashLeads})
		users, err := l.Users(t.Context())
		want := []homing.User{
			{ID: 1, Email: "ann@example.com", Role: homing.RoleOperator, Password: "$argon2id$ann", Created: ledgertest.Noon, Level: homing.Owner},
			{ID: 2, Email: "mara@example.com", Role: homing.RoleAdvertiser, Account: 1, Created: ledgertest.Noon, Disabled: true, Level: homing.Owner},
		}
		if err != nil || fmt.Sprintf("%+v", users) != fmt.Sprintf("%+v", want) {
			t.Errorf("users %+v, %v, want %+v", users, err, want)
		}
		s, err := l.Snapshot(t.Context())
		if err != nil || len(s.Accounts) != 1 || s.Accounts[0].Name != "Golden" || len(s.Accounts[0].Senders) != 0 || s.Accounts[0].Demo ||
			fmt.Sprintf("%+v", s.Installation) != fmt.Sprintf("%+v", homing.Installation{}) {
			t.Errorf("settings %+v, %v", s, err)
		}
		tokens, err := l.Tokens(t.Context())
		if err != nil || len(tokens) != 1 || tokens[0].Name != "etl" || tokens[0].Scopes != homing.AllScopes {
			t.Errorf("tokens %+v, %v", tokens, err)
		}
		sessions, err := l.SessionsOf(t.Context(), 1)
		if err != nil || len(sessions) != 1 || sessions[0].UserAgent != "browser" {
			t.Errorf("sessions %+v, %v", sessions, err)
		}
		if n, err := l.Notices(t.Context()); err != nil || len(n) != 0 {
			t.Errorf("notices %+v, %v", n, err)
		}
		// The lead code of the erased click is found by its hash.
		d, err := l.Decide(t.Context(), ledgertest.Claim(ledgertest.Origin(2), "lead"))
		if err != nil || d.First || d.Conversion != 2 {
			t.Errorf("a repeat after the erasure: %+v, %v", d, err)
		}
		if err := l.Check(t.Context()); err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
