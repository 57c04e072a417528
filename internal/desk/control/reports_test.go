package control_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/desk/signin"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/warehousetest"
	"homing/internal/flow/report"
)

// reports are answered from a model of the warehouse.
type reports struct {
	report.Engine
	fail atomic.Pointer[error] // of exports, after some bytes
}

func (r *reports) Export(ctx context.Context, scope report.Scope, q *report.Question, f report.Format, w io.Writer, p report.Progress) error {
	if fail := r.fail.Load(); fail != nil {
		io.WriteString(w, "half a file")
		if *fail == http.ErrAbortHandler {
			panic(*fail)
		}
		return *fail
	}
	return r.Engine.Export(ctx, scope, q, f, w, p)
}

// loader is a loader that is as far as a test says.
type loader struct {
	caught  int
	err     error
	rebuilt bool
	found   []string // notices that come up in a rebuild
	fail    error    // how it ends
	notices []string
}

func (l *loader) CatchUp(context.Context) error { l.caught++; return l.err }
func (l *loader) Notices() []string {
	return append([]string{"the archive is off"}, l.notices...)
}
func (l *loader) Rebuild(_ context.Context, progress func(string, int64, int64)) error {
	if l.err != nil {
		return l.err
	}
	progress("days", 1, 3)
	progress("spool", 2, 5)
	l.rebuilt, l.notices = true, l.found
	return l.fail
}

// reporting is a stage with a warehouse that has three clicks.
func reporting(t *testing.T) (*stage, *reports, *loader) {
	store, r, l := warehousetest.NewModel(), &reports{}, &loader{}
	s := open(t, func(d *control.Desk) {
		r.Engine = report.Engine{
			Warehouse: store, View: d.Catalog.View, Keyring: d.Keyring, Masker: d.Catalog.Masker(),
			Fresh: func() homing.Millis { return began }, Clock: d.Clock,
		}
		d.Reports, d.Warehouse, d.Loader = r, store, l
		d.Lag = func() control.Lag {
			return control.Lag{Records: 5, Seconds: 61, Trouble: "the disk is full"}
		}
	})
	a, c := s.account("Acme")
	batch := warehouse.Batch{Source: "spool/3", Next: 1}
	for i := range 3 {
		click := warehouse.Click{Origin: homing.Origin{Time: began, Node: 3, Seq: uint16(i), Campaign: c.ID}, Account: a.ID, Visitor: 1, Cost: homing.Unit}
		click.Facets[warehouse.FacetCountry] = []string{"DE", "DE", "AT"}[i]
		batch.Clicks = append(batch.Clicks, click)
	}
	must(t, store.Load(s.ctx, &batch))
	return s, r, l
}

func TestReport(t *testing.T) {
	s, _, l := reporting(t)
	text, err := s.Report(s.ctx, url.Values{"by": {"country"}, "metrics": {"clicks,cost"}, "where": {"country=DE,AT", "country!=FR"}})
	must(t, err)
	var answer struct {
		Rows   []map[string]any
		Totals map[string]any
		Notes  []string
	}
	must(t, json.Unmarshal(text, &answer))
	if len(answer.Rows) != 2 || answer.Rows[0]["country"] != "DE" || answer.Rows[0]["clicks"] != 2.0 || answer.Totals["cost"] != "3.00" || l.caught != 1 {
		t.Errorf("caught up %d times: %s", l.caught, text)
	}
	if len(answer.Notes) > 0 {
		t.Errorf("notes: %q", answer.Notes)
	}
	for format, want := range map[string]string{"csv": "country", "jsonl": `{"country":`, "table": "DE", "parquet": "PAR1"} {
		var out bytes.Buffer
		notes, err := s.WriteReport(s.ctx, format, url.Values{"by": {"country"}}, &out)
		if err != nil || len(notes) > 0 || !strings.Contains(out.String(), want) {
			t.Errorf("%s: %v %q %q", format, err, notes, out.String())
		}
	}
	var out bytes.Buffer
	if _, err := s.Export(s.ctx, "clicks", "csv", url.Values{"where": {"country=AT"}, "limit": {"5000000"}}, &out); err != nil || strings.Count(out.String(), "\n") != 2 {
		t.Errorf("export: %v %q", err, out.String())
	}
}

func TestReportThatIsBehindSaysSo(t *testing.T) {
	s, _, l := reporting(t)
	l.err = context.DeadlineExceeded
	text, err := s.Report(s.ctx, url.Values{})
	must(t, err)
	const want = "5 clicks and postbacks are not loaded yet, and reports are 61 s behind. The reason: the disk is full"
	if !strings.Contains(string(text), want) {
		t.Errorf("answered %s", text)
	}
	notes, err := s.WriteReport(s.ctx, "csv", url.Values{}, io.Discard)
	if err != nil || len(notes) != 1 || !strings.Contains(notes[0], want) {
		t.Errorf("csv: %v, %q", err, notes)
	}
}

func TestWrongQuestions(t *testing.T) {
	s, _, l := reporting(t)
	for _, c := range []struct {
		values url.Values
		says   []string
	}{
		{url.Values{"by": {"contry"}}, []string{"by: ", "contry", "did you mean country?", "allowed: "}},
		{url.Values{"metrics": {"clicks,visits"}, "tz": {"Mars/Olympus"}}, []string{"metrics: ", "visits", "unique_clicks", "tz: "}},
		{url.Values{"from": {"2026-02-01"}, "to": {"2026-01-01"}}, []string{"to: ", "backwards"}},
		{url.Values{"where": {"country<DE"}}, []string{"where: "}},
		{url.Values{"colour": {"red"}}, []string{"colour"}},
	} {
		_, err := s.Report(s.ctx, c.values)
		_, written := s.WriteReport(s.ctx, "csv", c.values, io.Discard)
		for _, says := range c.says {
			if !errors.Is(err, homing.ErrInvalid) || !strings.Contains(err.Error(), says) {
				t.Errorf("%v: %v, want %q", c.values, err, says)
			}
			if written == nil || written.Error() != err.Error() {
				t.Errorf("%v as csv: %v", c.values, written)
			}
		}
	}
	if l.caught != 0 {
		t.Error("who asked wrongly had to wait")
	}
	for _, path := range [][2]string{{"people", "csv"}, {"clicks", "xml"}} {
		if _, err := s.Export(s.ctx, path[0], path[1], nil, io.Discard); !errors.Is(err, homing.ErrInvalid) {
			t.Errorf("%q: %v", path, err)
		}
	}
}

// TestFileThatBreaksOff must not look whole.
func TestFileThatBreaksOff(t *testing.T) {
	s, r, _ := reporting(t)
	for _, fail := range []error{fmt.Errorf("%w: the process was killed 100 %% – sorry", homing.ErrUnavailable), http.ErrAbortHandler} {
		r.fail.Store(&fail)
		var out bytes.Buffer
		_, err := s.WriteReport(s.ctx, "csv", url.Values{}, &out)
		if !errors.Is(err, homing.ErrUnavailable) || fail != http.ErrAbortHandler && err.Error() != fail.Error() {
			t.Errorf("%v: got %v", fail, err)
		}
	}
	r.fail.Store(nil)
	if _, err := s.WriteReport(s.ctx, "csv", url.Values{}, fullDisk{}); err == nil || err.Error() != "no space left" {
		t.Errorf("a full disk: %v", err)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestWithoutAWarehouse(t *testing.T) {
	s := open(t, nil)
	_, err := s.Report(s.ctx, url.Values{})
	_, status := s.Warehouse(s.ctx)
	_, rebuild := gather(s.RebuildWarehouse(s.ctx))
	for _, err := range []error{err, status, rebuild} {
		if !errors.Is(err, homing.ErrUnavailable) || !strings.Contains(err.Error(), "no warehouse") || strings.Contains(err.Error(), "warehouse status") {
			t.Errorf("%v", err)
		}
	}
	why := open(t, func(d *control.Desk) { d.NoReports = errors.New("the moon is full") })
	if _, err := why.Warehouse(why.ctx); err == nil || !strings.HasSuffix(err.Error(), ": the moon is full") {
		t.Errorf("the reason is not told: %v", err)
	}
	told, err := s.Status(s.ctx)
	if must(t, err); told.Warehouse != nil {
		t.Errorf("status: %+v", told)
	}
}

func TestWarehouseStatus(t *testing.T) {
	s, _, l := reporting(t)
	w, err := s.Warehouse(s.ctx)
	must(t, err)
	if !w.Up || w.Lag.Records != 5 || !w.Lag.Behind() || w.Sealed == nil || w.Sealed.Days != 0 || len(w.Notices) != 1 {
		t.Errorf("%+v", w)
	}
	told, err := s.Status(s.ctx)
	if must(t, err); told.Warehouse == nil || !told.Warehouse.Up {
		t.Errorf("status: %+v", told.Warehouse)
	}
	steps := all(t, s.RebuildWarehouse(s.ctx))
	if len(steps) != 3 || steps[1].What != "spool" || steps[1].Done != 2 || steps[1].Total != 5 || !steps[2].Over || len(steps[2].Notices) > 0 || !l.rebuilt {
		t.Errorf("rebuilding told %+v", steps)
	}
	l.found = []string{"reports were up to 3 seconds behind (the warehouse is made anew)", "the archive of 2026-11-20 is damaged"}
	if steps = all(t, s.RebuildWarehouse(s.ctx)); len(steps) != 3 || !slices.Equal(steps[2].Notices, l.found[1:]) {
		t.Errorf("of what is missing it told %+v", steps)
	}
	l.err = fmt.Errorf("%w: a rebuild is under way", homing.ErrConflict)
	if steps, err := gather(s.RebuildWarehouse(s.ctx)); !errors.Is(err, homing.ErrConflict) || len(steps) > 0 {
		t.Errorf("%+v, %v", steps, err)
	}
}

// lossy is a warehouse that lacks something.
type lossy struct{ control.Warehouse }

func (lossy) Status() warehouse.Status {
	return warehouse.Status{Up: true, Trouble: "Clicks of 2026-11-20 are lost."}
}

// TestRebuildThatLacksSomething says so, also if it cannot be finished.
func TestRebuildThatLacksSomething(t *testing.T) {
	l := &loader{}
	s := open(t, func(d *control.Desk) { d.Warehouse, d.Loader = lossy{warehousetest.NewModel()}, l })
	steps := all(t, s.RebuildWarehouse(s.ctx))
	if last := steps[len(steps)-1]; !last.Over || !slices.Equal(last.Notices, []string{"Clicks of 2026-11-20 are lost."}) {
		t.Errorf("told %+v", steps)
	}
	l.fail = fmt.Errorf("%w: the spool is damaged", homing.ErrDamaged)
	l.found = []string{"records 4 to 9 cannot be read"}
	steps, err := gather(s.RebuildWarehouse(s.ctx))
	if last := steps[len(steps)-1]; !errors.Is(err, homing.ErrDamaged) || last.Over || !slices.Equal(last.Notices, l.found) {
		t.Errorf("told %+v, %v", steps, err)
	}
}

func TestPlaces(t *testing.T) {
	asked := netip.Addr{}
	s := open(t, func(d *control.Desk) {
		d.Places = func(addr netip.Addr) []control.Place {
			asked = addr
			return []control.Place{{File: "city.mmdb", Country: "DE"}}
		}
	})
	p, err := s.Places(s.ctx, "::ffff:203.0.113.7")
	if err != nil || len(p.Files) != 1 || p.Files[0].Country != "DE" || asked.String() != "203.0.113.7" || p.Addr != "203.0.113.7" {
		t.Errorf("%+v, %v, asked for %s", p, err, asked)
	}
	for _, wrong := range []string{"example.com", "1.2.3", "10.0.0.0/8", "a/b"} {
		if _, err := s.Places(s.ctx, wrong); !errors.Is(err, homing.ErrInvalid) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	for _, missing := range []string{"", " "} {
		if _, err := s.Places(s.ctx, missing); !errors.Is(err, homing.ErrInvalid) || !strings.Contains(err.Error(), "missing") {
			t.Errorf("%q: %v", missing, err)
		}
	}
	offline := open(t, func(d *control.Desk) { d.Offline = true })
	if p, err := offline.Places(offline.ctx, "2001:db8::1"); err != nil || !p.Offline || len(p.Files) > 0 {
		t.Errorf("without a server: %+v, %v", p, err)
	}
}

// purse holds tokens.
type purse struct{ list []homing.Token }

func (p *purse) Make(_ context.Context, by string, n signin.NewToken) (homing.Token, signin.Token, error) {
	t := homing.Token{ID: homing.TokenID(len(p.list) + 1), Name: n.Name + " by " + by, Account: n.Account, Scopes: n.Scopes, Expires: n.Expires, Created: began}
	p.list = append(p.list, t)
	return t, "hmg_secret", nil
}
func (p *purse) List(context.Context) ([]homing.Token, error) { return p.list, nil }
func (p *purse) Revoke(_ context.Context, _ string, id homing.TokenID) (homing.Token, error) {
	if int(id) > len(p.list) {
		return homing.Token{}, homing.ErrNotFound
	}
	p.list[id-1].Revoked = began + 1
	return p.list[id-1], nil
}

func TestTokens(t *testing.T) {
	tokens := &purse{}
	s := open(t, func(d *control.Desk) { d.Tokens = tokens })
	a, _ := s.account("Acme")
	made, err := s.MakeToken(s.ctx, control.TokenRequest{Name: "BI", Account: a.ID, Scopes: []string{"reports:read"}, Expires: "90d"})
	if err != nil || made.Token != "hmg_secret" || made.State != "active" || made.Expires != (began+90*24*3_600_000).String() || made.Name != "BI by command line" || made.Scopes[0] != "reports:read" {
		t.Errorf("%+v, %v", made, err)
	}
	for _, wrong := range []control.TokenRequest{
		{Name: "x", Scopes: []string{"everything"}},
		{Name: "x", Scopes: []string{"all"}, Account: 99},
		{Name: "x", Scopes: []string{"all"}, Expires: "soon"},
	} {
		if _, err := s.MakeToken(s.ctx, wrong); !errors.Is(err, homing.ErrInvalid) && !errors.Is(err, homing.ErrNotFound) {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	ended, err := s.RevokeToken(s.ctx, made.ID)
	if err != nil || ended.State != "revoked" || ended.Token != "" {
		t.Errorf("%+v, %v", ended, err)
	}
	tokens.list = append(tokens.list, homing.Token{ID: 2, Expires: began})
	list, err := s.Tokens(s.ctx)
	if err != nil || len(list) != 2 || list[0].Token != "" || list[1].State != "expired" {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := s.RevokeToken(s.ctx, 9); !errors.Is(err, homing.ErrNotFound) {
		t.Error(err)
	}
}

func TestEraseClick(t *testing.T) {
	var erased homing.Origin
	s := open(t, func(d *control.Desk) {
		d.EraseClick = func(_ context.Context, _ string, click homing.Origin) error { erased = click; return nil }
	})
	_, c := s.account("Acme")
	click := s.click(c.ID)
	id := s.ring.Seal(click)
	done, err := s.EraseClick(s.ctx, "https://shop.example/?c="+id.String())
	if err != nil || done.ClickID != id || !done.Erased || erased != click {
		t.Errorf("%+v, %v, erased %+v", done, err, erased)
	}
	for _, wrong := range []string{"", "https://shop.example/", strings.Repeat("ab", 20)} {
		if _, err := s.EraseClick(s.ctx, wrong); !errors.Is(err, homing.ErrInvalid) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}
