package app

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
	"homing/internal/flow/doctor"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == WarehouseArgument {
		os.Exit(WarehouseProcess())
	}
	code := m.Run()
	_ = os.RemoveAll(patientRoot)
	os.Exit(code)
}

// patientRoot holds the patients; empty if no test wanted one.
var patientRoot string

// patient is a data directory that was worked on for three days, and the moment
// after.
const (
	patientDays   = 3
	patientClicks = 60 // a day
)

var patientNow = warehouse.Day(20_800).Start() + 9*3_600_000 // on the last of the days

var patients = sync.OnceValues(func() (dir string, err error) {
	dir, err = os.MkdirTemp("", "homing-doctor-")
	if err != nil {
		return "", err
	}
	patientRoot = dir
	return dir, raise(filepath.Join(dir, "closed"), filepath.Join(dir, "killed"))
})

// raise makes a data directory, and a copy of it as it was before it was closed,
// without the warehouse, which nobody may open twice.
func raise(dir, killed string) (err error) {
	now := patientNow - (patientDays-1)*24*3_600_000
	var shown atomic.Int64 // what the house's clock shows
	shown.Store(int64(now))
	cfg := Config{DataDir: dir, SegmentSize: 64 << 10}
	h, err := openHouse(context.Background(), &cfg, func() time.Time { return homing.Millis(shown.Load()).Time() }, slog.New(slog.DiscardHandler), func(error) {})
	if err != nil {
		return err
	}
	defer func() {
		if failed := h.Close(); err == nil {
			err = failed
		}
	}()
	if err := h.openReporting(&cfg); err != nil {
		return err
	}
	h.runReporting(h.follow(context.Background()))
	account := &homing.Account{PublicID: "p", Name: "Acme", Currency: "USD", PriceMax: 200 * homing.Unit}
	campaign := &homing.Campaign{Name: "Spring", Slug: "spring", URL: "https://adv.example/?c={click_id}", Status: homing.CampaignActive, Window: 30 * 24 * time.Hour}
	if err := h.ledger.Apply(context.Background(), ledger.Actor{Name: "test", At: now},
		ledger.PutAccount{Account: account}, ledger.PutCampaign{Campaign: campaign, Owner: account}); err != nil {
		return err
	}
	if err := h.catalog.Reload(context.Background()); err != nil {
		return err
	}
	for range patientDays {
		for n := range patientClicks {
			now += 1000
			shown.Store(int64(now))
			if err := live(h, account, campaign, now, n); err != nil {
				return err
			}
		}
		now += 24*3_600_000 - patientClicks*1000
	}
	now -= 24*3_600_000 - patientClicks*1000
	if err := h.reporting.loader.CatchUp(context.Background()); err != nil {
		return err
	}
	for back := range warehouse.Day(patientDays - 1) {
		if err := h.reporting.warehouse.Seal(context.Background(), warehouse.DayAt(now)-1-back); err != nil {
			return err
		}
	}
	return copyTree(dir, killed, func(name string) bool { return !strings.HasPrefix(name, warehouseDir) })
}

// live has a click come, every fifth of them convert, and every tenth be refused.
func live(h *house, a *homing.Account, c *homing.Campaign, at homing.Millis, n int) error {
	click := homing.Click{Origin: homing.Origin{Time: at, Node: 3, Seq: uint16(n), Campaign: c.ID}, UserAgent: []byte("Browser/1")}
	for i := range 30 { // so much that the spool has several files
		click.UserAgent = fmt.Appendf(click.UserAgent, " %x", sha256.Sum256([]byte{byte(n), byte(i)}))
	}
	if _, err := h.spool.Append(spool.KindClick, at, homing.AppendClick(nil, &click)); err != nil {
		return err
	}
	p := homing.Postback{Request: homing.NewRequestID(at, 3, uint32(n)), At: at, Method: "GET", Target: "/x", Account: a.ID, Campaign: c.ID,
		Click: h.keyring().Seal(click.Origin), Origin: click.Origin, Value: homing.ValueOf(homing.Unit * homing.Money(n+1))}
	switch {
	case n%10 == 0:
		p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonKeyWrong}
		_, err := h.spool.Append(spool.KindPostback, at, homing.AppendPostback(nil, &p))
		return err
	case n%5 == 0:
		p.Verdict = homing.Verdict{Outcome: homing.Counted, Reason: homing.ReasonCounted}
		_, err := h.ledger.Decide(context.Background(), &ledger.Claim{Click: click.Origin, Account: a.ID, Campaign: c.ID, Status: homing.Approved,
			Value: p.Value, At: at, Request: p.Request, Receipt: homing.AppendPostback(nil, &p)})
		return err
	}
	return nil
}

func copyTree(from, to string, want func(name string) bool) error {
	return filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		name, _ := filepath.Rel(from, path)
		switch {
		case err != nil:
			return err
		case !want(name) || !e.IsDir() && !e.Type().IsRegular():
			return nil
		case e.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o700)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), text, info.Mode())
	})
}

// patient is a copy of the directory.
func patient(t *testing.T, which string) string {
	t.Helper()
	all, err := patients()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "data")
	if err := copyTree(filepath.Join(all, which), dir, func(string) bool { return true }); err != nil {
		t.Fatal(err)
	}
	return dir
}

// diagnosis is what a visit told.
type diagnosis struct {
	kinds, notes []string // of findings, each once
	findings     []control.DoctorFinding
	repaired     []string
	failed       []string
	over         bool
}

func visit(t *testing.T, dir string, ask control.DoctorRequest, now homing.Millis) (d diagnosis, err error) {
	t.Helper()
	err = Doctor(t.Context(), dir, ask, func() time.Time { return now.Time() }, func(line control.DoctorLine) {
		switch {
		case line.Again:
			d.kinds, d.notes, d.findings = nil, nil, nil
		case line.Repaired != "":
			d.repaired = append(d.repaired, line.Repaired)
		case line.Failed != "":
			d.failed = append(d.failed, line.Failed)
		case line.Over:
			d.over = true
		}
		f := line.Finding
		if f == nil || f.Kind == "disk.low" { // this machine's
			return
		}
		for _, words := range []string{f.Kind, f.Severity, f.Where, f.What, f.Means, f.Do} {
			if words == "" {
				t.Errorf("a finding without words: %+v", f)
			}
		}
		d.findings = append(d.findings, *f)
		if f.Severity == "note" {
			d.notes = append(d.notes, f.Kind)
		} else {
			d.kinds = append(d.kinds, f.Kind)
		}
	})
	for _, list := range []*[]string{&d.kinds, &d.notes} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return d, err
}

func (d *diagnosis) want(t *testing.T, kinds string, notes ...string) {
	t.Helper()
	if got := strings.Join(d.kinds, " "); got != kinds {
		t.Errorf("found %q, want %q", got, kinds)
		for _, f := range d.findings {
			t.Logf("%+v", f)
		}
	}
	for _, n := range d.notes {
		if !slices.Contains(notes, n) {
			t.Errorf("note %s", n)
		}
	}
}

func TestDoctorFindsExactlyWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name   string
		which  string // of the patients; "closed" by default
		harm   func(t *testing.T, dir string)
		kinds  string
		says   []string // in the first finding of the first kind
		heals  bool     // --repair leaves nothing, but for:
		leaves string   // until it is acknowledged
		closed bool     // the house is not opened, and nothing may change
		later  homing.Millis
	}{
		{name: "nothing", harm: func(*testing.T, string) {}},
		{name: "an unclean end", which: "killed", harm: func(*testing.T, string) {}, heals: true, says: []string{"being rebuilt at the next start, 0 % done"}},
		{name: "a bit in a block", harm: flipIn("spool/*.seg", 1, 20_000), kinds: "spool.damaged", says: []string{".seg, byte ", "Records", "block body checksum"}},
		{name: "a bit in a page of the spool", harm: flipIn("spool/*.seg", 1, 100), kinds: "spool.page", says: []string{"byte 0", "No record is lost"}},
		{name: "a bit in a file that was not closed", which: "killed", harm: harmLast, kinds: "house.torn spool.damaged", closed: true},
		{name: "a missing file of the spool", harm: removeOne("spool/*.seg", 1), kinds: "spool.damaged", says: []string{"the file that should follow is missing"}},
		{name: "an older spool", harm: removeLastRecords, kinds: "warehouse.ahead", heals: true, leaves: "records.lost"},
		{name: "permissions", harm: chmod(masterKeyFile), kinds: "file.permissions", heals: true, says: []string{"0644", "genuine"}},
		{name: "what a crash left", harm: write(".new-17", "x"), kinds: "file.stale", heals: true},
		{name: "a sealed file", harm: flipIn("warehouse/archive/clicks-*.parquet", 0, 600), kinds: "archive.damaged", heals: true,
			says: []string{"clicks-", "day 20", "not what was sealed"}},
		{name: "a manifest", harm: flipIn("warehouse/archive/*.json", 0, 30), kinds: "archive.damaged", heals: true},
		{name: "a seal that is gone", harm: removeOne("warehouse/archive/postbacks-*.parquet", 1), kinds: "archive.damaged", heals: true},
		{name: "no warehouse", harm: removeOne("warehouse/warehouse.duckdb", 0), heals: true},
		{name: "a damaged warehouse", harm: overwrite("warehouse/warehouse.duckdb"), kinds: "warehouse.damaged", heals: true},
		{name: "a conversion less in reports", harm: duck(`DELETE FROM conversions WHERE id = 7`), kinds: "agreement.conversions", heals: true,
			says: []string{"account 1", "7 is missing", "The ledger has 6 worth 186.00, the warehouse 5 worth 180.00", "too little"}},
		{name: "a conversion of another value", harm: duck(`UPDATE conversions SET value = value + 1 WHERE id = 7`), kinds: "agreement.conversions", heals: true},
		{name: "a conversion twice", harm: duck(`INSERT INTO conversions SELECT * FROM conversions WHERE id = 7`), kinds: "warehouse.twice", heals: true},
		{name: "clicks less in reports", harm: duck(fmt.Sprintf(`DELETE FROM clicks WHERE "at" >= %d`, today().Start()), fmt.Sprintf(`DELETE FROM totals WHERE kind = 0 AND quarter >= %d`, today().Start())),
			kinds: "agreement.clicks", heals: true, says: []string{"campaign 1", "The spool has 60 clicks, the warehouse 0"}},
		{name: "refusals less in reports", harm: duck(fmt.Sprintf(`DELETE FROM totals WHERE kind > 0 AND quarter >= %d`, today().Start()), fmt.Sprintf(`DELETE FROM postbacks WHERE "at" >= %d`, today().Start())),
			kinds: "agreement.clicks", heals: true, says: []string{"repeated and refused"}},
		{name: "rows that are not those of the seal", harm: duck(fmt.Sprintf(`DELETE FROM clicks WHERE "at" < %d AND seq = 1`, today().Start())), kinds: "warehouse.rows warehouse.totals", heals: true},
		{name: "totals", harm: duck(`UPDATE totals SET clicks = clicks + 1 WHERE kind = 0 AND quarter = (SELECT min(quarter) FROM totals)`), kinds: "agreement.clicks warehouse.totals", heals: true},
		{name: "facets", harm: duck(`UPDATE conversions SET country = 'XX' WHERE id = 7`), kinds: "agreement.facets", heals: true, says: []string{"conversion 7 (country)"}},
		{name: "a value in the ledger", harm: lite(`UPDATE conversions SET value = value + 1000000 WHERE id = 7`), kinds: "agreement.conversions ledger.value",
			says: []string{"conversion 7 of ", "its value is 7.00, its receipt says 6.00"}},
		{name: "a bit of the ledger's head", harm: flipIn(ledgerFile, 0, 30), kinds: "ledger.bit", says: []string{"ledger.db, page 1"}},
		{name: "a bit of the ledger", harm: flipIn(ledgerFile, 0, 5*4096+2000), kinds: "ledger.bit", says: []string{"ledger.db, page "}},
		{name: "a status", harm: lite(`UPDATE conversions SET status = 3 WHERE id = 7`), kinds: "agreement.conversions ledger.status", says: []string{"worth"}},
		{name: "a receipt less", harm: lite(`DELETE FROM receipts WHERE conversion = 7`), kinds: "ledger.receipt"},
		{name: "a change less", harm: lite(`DELETE FROM changes WHERE number = 7`), kinds: "ledger.history"},
		{name: "a conversion of nobody", harm: lite(`UPDATE conversions SET campaign = 999 WHERE id = 7`), kinds: "agreement.conversions ledger.stranger ledger.value"},
		{name: "an older ledger", harm: lite(`DELETE FROM changes WHERE number = 18`, `DELETE FROM conversions WHERE id = 18`, `DELETE FROM receipts WHERE conversion = 18`),
			kinds: "warehouse.ahead", heals: true, says: []string{"up to change 18"}, leaves: "records.lost"},
		{name: "pages of the ledger", harm: overwrite("ledger.db"), kinds: "*ledger"},
		{name: "a number that a wrong clock used", harm: lite(fmt.Sprintf(`INSERT INTO leases (node, token, mark, floor) VALUES (9, NULL, %d, 0)`, patientNow*2)), kinds: "clock.loan", says: []string{"node number 9", "years"}},
		{name: "a clock that is behind", harm: func(*testing.T, string) {}, later: -4 * 3_600_000, kinds: "clock.behind", says: []string{"3 hours ahead"}},
		{name: "keys of another house", harm: foreignKeys, kinds: "keys.foreign"},
		{name: "no keys", harm: removeOne(masterKeyFile, 0), kinds: "house.missing", closed: true, says: []string{masterKeyFile}},
		{name: "no ledger", harm: removeOne(ledgerFile, 0), kinds: "house.missing", closed: true, says: []string{ledgerFile}},
		{name: "no spool", harm: func(t *testing.T, dir string) { must(t, os.RemoveAll(filepath.Join(dir, spoolDir))) }, kinds: "house.missing", closed: true},
		{name: "keys that cannot be read", harm: write(masterKeyFile, "{"), kinds: "house.refused", closed: true},
		{name: "no version", harm: removeOne(versionFile, 0), kinds: "house.version", heals: true, closed: true},
		{name: "no version and no keys", harm: func(t *testing.T, dir string) {
			removeOne(versionFile, 0)(t, dir)
			removeOne(masterKeyFile, 0)(t, dir)
		}, kinds: "house.missing", closed: true},
		{name: "a newer layout", harm: write(versionFile, "9\n"), kinds: "house.refused", closed: true},
		{name: "a newer ledger", harm: lite(`PRAGMA user_version = 99`), kinds: "house.refused", closed: true, says: []string{ledgerFile}},
		{name: "a newer spool", harm: newerSpool, kinds: "house.refused", closed: true, says: []string{"spool"}},
		{name: "an empty ledger file", harm: write(ledgerFile, ""), kinds: "ledger.damaged", closed: true},
		{name: "no ledger, and a bit of the spool", harm: func(t *testing.T, dir string) {
			removeOne(ledgerFile, 0)(t, dir)
			flipIn("spool/*.seg", 1, 20_000)(t, dir)
			flipIn("warehouse/archive/clicks-*.parquet", 0, 600)(t, dir)
		}, kinds: "archive.damaged house.missing spool.damaged", closed: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			which := c.which
			if which == "" {
				which = "closed"
			}
			dir := patient(t, which)
			c.harm(t, dir)
			before := picture(t, dir)
			d, err := visit(t, dir, control.DoctorRequest{}, patientNow+3_600_000+c.later)
			if err != nil || !d.over {
				t.Fatalf("over: %v, %v", d.over, err)
			}
			if family, any := strings.CutPrefix(c.kinds, "*"); any {
				if len(d.kinds) == 0 || !strings.HasPrefix(d.kinds[0], family) {
					t.Errorf("found %q", d.kinds)
				}
				return
			}
			d.want(t, c.kinds, "house.closed", "warehouse.missing")
			if opened := !slices.Contains(d.notes, "house.closed"); opened == c.closed && c.which != "killed" && c.kinds != "house.refused" {
				t.Errorf("opened: %v; notes %q", opened, d.notes)
			}
			if len(d.repaired)+len(d.failed) > 0 {
				t.Errorf("without being asked: %q %q", d.repaired, d.failed)
			}
			for _, words := range c.says {
				if text := fmt.Sprintf("%+v", d.findings); !strings.Contains(text, words) {
					t.Errorf("nothing says %q: %s", words, text)
				}
			}
			if c.closed && !maps.Equal(before, picture(t, dir)) {
				t.Error("a house that was not to be opened was changed")
			}
			if !c.heals {
				return
			}
			d, err = visit(t, dir, control.DoctorRequest{Repair: true}, patientNow+3_600_000)
			if err != nil || len(d.repaired) == 0 || len(d.failed) > 0 {
				t.Fatalf("repaired %q, failed %q: %v", d.repaired, d.failed, err)
			}
			d.want(t, c.leaves, "file.aside", "conversions.unknown-click")
			if c.name != "a damaged warehouse" && c.leaves == "" { // once is enough
				return
			}
			d, err = visit(t, dir, control.DoctorRequest{}, patientNow+3_600_000)
			must(t, err)
			d.want(t, c.leaves, "file.aside", "conversions.unknown-click")
			if c.leaves == "" {
				return
			}
			for _, ask := range []control.DoctorRequest{{Acknowledge: true}, {Quick: true}} {
				d, err = visit(t, dir, ask, patientNow+3_600_000)
				must(t, err)
				d.want(t, "", "file.aside", "conversions.unknown-click")
			}
		})
	}
}

func today() warehouse.Day { return warehouse.DayAt(patientNow) }

// picture is every file with what is in it.
func picture(t *testing.T, dir string) map[string][32]byte {
	t.Helper()
	files := map[string][32]byte{}
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		files[path] = sha256.Sum256(text)
		return err
	}))
	return files
}

type harm = func(t *testing.T, dir string)

func one(t *testing.T, dir, pattern string, n int) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	must(t, err)
	if len(names) <= n {
		t.Fatalf("%d files like %s", len(names), pattern)
	}
	return names[n]
}

func flipIn(pattern string, n int, at int) harm {
	return func(t *testing.T, dir string) {
		t.Helper()
		name := one(t, dir, pattern, n)
		text, err := os.ReadFile(name)
		must(t, err)
		text[at] ^= 0x10
		must(t, os.WriteFile(name, text, 0o600))
	}
}

func overwrite(name string) harm {
	return func(t *testing.T, dir string) {
		t.Helper()
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		must(t, err)
		for at := len(text) / 4; at < len(text)*3/4; at++ {
			text[at] ^= 0x5a
		}
		must(t, os.WriteFile(path, text, 0o600))
	}
}

func removeOne(pattern string, n int) harm {
	return func(t *testing.T, dir string) { t.Helper(); must(t, os.Remove(one(t, dir, pattern, n))) }
}

func write(name, text string) harm {
	return func(t *testing.T, dir string) {
		t.Helper()
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
}

func chmod(name string) harm {
	return func(t *testing.T, dir string) { t.Helper(); must(t, os.Chmod(filepath.Join(dir, name), 0o644)) }
}

// removeLastRecords leaves a spool that ends a file earlier.
func removeLastRecords(t *testing.T, dir string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "spool/*.seg"))
	must(t, err)
	must(t, os.Remove(names[len(names)-1]))
}

// harmLast turns a bit of a block in the last file, with good blocks behind it.
func harmLast(t *testing.T, dir string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "spool/*.seg"))
	must(t, err)
	flipIn("spool/*.seg", len(names)-1, 16384+64+20)(t, dir)
}

// newerSpool makes the pages of a file those of a later format.
func newerSpool(t *testing.T, dir string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "spool/*.seg"))
	must(t, err)
	name := names[len(names)-1]
	text, err := os.ReadFile(name)
	must(t, err)
	for page := range 2 {
		p := text[page*4096 : (page+1)*4096]
		p[8] = 9
		binary.LittleEndian.PutUint32(p[4092:], crc32.Checksum(p[:4092], crc32.MakeTable(crc32.Castagnoli)))
	}
	must(t, os.WriteFile(name, text, 0o600))
}

func foreignKeys(t *testing.T, dir string) {
	t.Helper()
	must(t, writeMasterKeys(filepath.Join(dir, masterKeyFile), []homing.MasterKey{newMasterKey(patientNow - 10*24*3_600_000)}))
}

// lite changes the ledger behind its back.
func lite(statements ...string) harm {
	return func(t *testing.T, dir string) {
		t.Helper()
		conn, err := sqlite.OpenConn("file:"+filepath.Join(dir, ledgerFile)+"?vfs=homing-summed", sqlite.OpenReadWrite|sqlite.OpenURI)
		must(t, err)
		for _, sql := range statements {
			must(t, sqlitex.ExecuteTransient(conn, sql, nil))
		}
		must(t, sqlitex.ExecuteTransient(conn, "PRAGMA wal_checkpoint(TRUNCATE)", nil))
		must(t, conn.Close())
	}
}

// duck changes the warehouse behind its back.
func duck(statements ...string) harm {
	return func(t *testing.T, dir string) {
		t.Helper()
		p := process.Start(process.Options{Path: filepath.Join(dir, warehouseDir, "warehouse.duckdb"), Scratch: t.TempDir(), Memory: 1 << 29,
			Threads: 1, Silence: time.Minute, Clock: time.Now, Log: slog.New(slog.DiscardHandler)})
		must(t, p.Ready(t.Context()))
		var steps []process.Step
		for _, sql := range statements {
			steps = append(steps, process.Step{SQL: sql})
		}
		_, err := p.Write(t.Context(), steps...)
		must(t, err)
		must(t, p.Close())
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestDoctorRightAfterARestore: what is merely being made again is no fault, neither
// before the first start nor while reports fill up.
func TestDoctorRightAfterARestore(t *testing.T) {
	now := patientNow + 3_600_000
	clock, quiet := func() time.Time { return now.Time() }, slog.New(slog.DiscardHandler)
	h, err := openHouse(t.Context(), &Config{DataDir: patient(t, "closed")}, clock, quiet, func(err error) { t.Error(err) })
	must(t, err)
	backup, dir := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "data")
	_, err = (backupKeeper{house: h}).Make(t.Context(), "test", backup, nil)
	must(t, err)
	must(t, h.Close())
	_, err = Restore(t.Context(), Restoration{Backup: backup, DataDir: dir, Clock: clock, Progress: func(string, int64, int64) {}})
	must(t, err)
	d, err := visit(t, dir, control.DoctorRequest{}, now)
	must(t, err)
	d.want(t, "", "warehouse.missing")
	if !slices.Contains(d.notes, "warehouse.missing") {
		t.Errorf("notes %q", d.notes)
	}

	cfg := Config{DataDir: dir}
	h, err = openHouse(t.Context(), &cfg, clock, quiet, func(err error) { t.Error(err) })
	must(t, err)
	defer func() { must(t, h.Close()) }()
	must(t, h.openReporting(&cfg))
	h.runReporting(h.follow(t.Context()))
	looks, rebuilding := 0, 0
	for began := time.Now(); ; looks++ {
		report, err := doctor.Examine(t.Context(), doctor.House{Spool: h.spool, Ledger: h.ledger, Warehouse: h.reporting.warehouse,
			Keyring: h.keyring, Clock: clock}, doctor.Options{})
		must(t, err)
		if !report.Healthy() {
			t.Fatalf("look %d: %+v", looks, report.Findings)
		}
		isRebuilding := slices.ContainsFunc(report.Findings, func(f doctor.Finding) bool { return f.Kind == "warehouse.rebuilding" })
		if isRebuilding {
			rebuilding++
		}
		if !isRebuilding && !h.reporting.loader.Refilling() {
			break
		}
		if time.Since(began) > time.Minute {
			t.Fatalf("reports are not back: %+v", report.Findings)
		}
	}
	t.Logf("%d looks, %d of them while it was being rebuilt", looks+1, rebuilding)
}

// TestALossIsNotedByWhoMakesReportsAnew: a server that is started on an older spool
// makes reports again by itself, after which nothing but its note tells of the loss.
func TestALossIsNotedByWhoMakesReportsAnew(t *testing.T) {
	dir, now := patient(t, "closed"), patientNow+3_600_000
	removeLastRecords(t, dir)
	cfg := Config{DataDir: dir}
	h, err := openHouse(t.Context(), &cfg, func() time.Time { return now.Time() }, slog.New(slog.DiscardHandler), func(err error) { t.Error(err) })
	must(t, err)
	must(t, h.openReporting(&cfg))
	h.runReporting(h.follow(t.Context()))
	must(t, h.reporting.loader.CatchUp(t.Context()))
	must(t, h.Close())
	for _, ask := range []control.DoctorRequest{{}, {Repair: true}} {
		d, err := visit(t, dir, ask, now)
		must(t, err)
		d.want(t, "records.lost", "file.aside", "conversions.unknown-click")
	}
	d, err := visit(t, dir, control.DoctorRequest{Acknowledge: true}, now)
	must(t, err)
	d.want(t, "", "file.aside", "conversions.unknown-click")
}
