package main

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"homing/internal/desk/control"
)

func TestReportAsks(t *testing.T) {
	s := open(t, map[string]any{
		"GET /v1/report/table": file{text: "DAY  CLICKS\n"},
		"GET /v1/report":       json.RawMessage(`{"rows":[{"day":"2026-11-22","clicks":5,"url":"a&b"}]}`),
	})
	s.prints("DAY  CLICKS\n", "report", "--by", "day,campaign", "--metrics", "clicks,value", "--from", "2026-11-01", "--to", "7d", "--tz", "Europe/Berlin",
		"--basis", "click", "--where", "country=DE,AT", "--where", `sub1!=a\,b`, "--order=-value,day", "--limit", "9", "--compare", "previous")
	asked, err := url.Parse(strings.Fields(s.asked[0])[1])
	if err != nil {
		t.Fatal(err)
	}
	got := asked.Query()
	for name, want := range map[string][]string{
		"by": {"day,campaign"}, "metrics": {"clicks,value"}, "from": {"2026-11-01"}, "to": {"7d"}, "tz": {"Europe/Berlin"}, "basis": {"click"},
		"where": {"country=DE,AT", `sub1!=a\,b`}, "order": {"-value,day"}, "limit": {"9"}, "compare": {"previous"},
	} {
		if !slices.Equal(got[name], want) {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
		delete(got, name)
	}
	if len(got) > 0 {
		t.Errorf("asked besides: %v", got)
	}
	s.prints(`{
  "rows": [
    {
      "day": "2026-11-22",
      "clicks": 5,
      "url": "a&b"
    }
  ]
}
`, "report", "--format", "json", "--range", "today")
	if s.asked[0] != "GET /v1/report?range=today" {
		t.Errorf("asked %s", s.asked[0])
	}
}

func TestWrongReportIsAWrongUsage(t *testing.T) {
	wrong := control.Problem{Kind: "invalid", Message: `invalid question: by: unknown dimension "contry": did you mean country? (allowed: hour, day)`}
	s := open(t, map[string]any{
		"GET /v1/report/table": wrong, "GET /v1/report": wrong, "GET /v1/export/clicks/csv": wrong,
	})
	for _, args := range []string{"report --by contry", "report --by contry --format json", "export clicks"} {
		code := s.run(strings.Fields(args)...)
		if want := "homing: by: unknown dimension \"contry\": did you mean country? (allowed: hour, day)\n"; code != 2 || s.err.String() != want {
			t.Errorf("homing %s: %d %q", args, code, s.err.String())
		}
	}
}

func TestExportToAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clicks.csv")
	s := open(t, map[string]any{"GET /v1/export/clicks/csv": file{"click_id\nab\n", []string{"two%20minutes\x1b behind"}}})
	s.watched = true
	if code := s.run("export", "clicks", "--from", "2026-11-01", "--where", "country=DE", "-o", path); code != 0 || s.out.Len() > 0 {
		t.Fatalf("%d %s%s", code, s.out.String(), s.err.String())
	}
	if s.err.String() != "note: two minutes\\x1b behind\n" {
		t.Errorf("told %q", s.err.String())
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "click_id\nab\n" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := os.Stat(path + partSuffix); err == nil {
		t.Error("the part is still there")
	}
	// What fails leaves what was there as it was.
	s.answers = nil
	if code := s.run("export", "clicks", "--output", path); code != 1 {
		t.Errorf("%d %s", code, s.err.String())
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("left: %v, %v", left, err)
	}
	if text, _ := os.ReadFile(path); string(text) != "click_id\nab\n" {
		t.Errorf("it became %q", text)
	}
	if code := s.run("export", "clicks", "--output", "/nonexistent/x.csv"); code != 1 || !strings.Contains(s.err.String(), "--output") {
		t.Errorf("%d %s", code, s.err.String())
	}
}

func TestWarehouseOutput(t *testing.T) {
	s := open(t, map[string]any{"GET /v1/warehouse": control.WarehouseStatus{
		Trouble: "the process was killed (signal 9)", Since: "2026-11-22T11:00:00.000Z", Bytes: 5_600_000_000, Memory: 1_000_000, Version: "v1.5.1",
		Lag:       control.Lag{Records: 12, Seconds: 4, Trouble: "the warehouse is away"},
		Sealed:    &control.Sealed{Days: 2, First: "2026-11-20", Last: "2026-11-21", Rows: 7, Bytes: 1_500_000},
		Incidents: []control.Incident{{From: "2026-11-22T09:00:00.000Z", Until: "2026-11-22T09:00:03.000Z", What: "no answer for 30 s"}},
	}})
	s.prints(`state     in trouble since 2026-11-22 11:00:00 UTC
trouble   the process was killed (signal 9)
behind    12 clicks and postbacks, 4 s
loading   the warehouse is away
disk      5600.0 MB
memory    1.0 MB
engine    v1.5.1
sealed    2 days, 2026-11-20 to 2026-11-21, 7 rows, 1.5 MB
was       2026-11-22 09:00:00 to 2026-11-22 09:00:03 UTC: no answer for 30 s
`, "warehouse", "status")
	s.answers["GET /v1/warehouse"] = control.WarehouseStatus{Up: true, Since: "2026-11-22T11:00:00.000Z"}
	s.prints(`state     up since 2026-11-22 11:00:00 UTC
behind    nothing
disk      0.0 MB
sealed    not known while the warehouse is away
`, "warehouse", "status")
}

func TestRebuildOutput(t *testing.T) {
	steps := lines{control.Rebuilding{What: "days", Done: 1, Total: 2}, control.Rebuilding{What: "days", Done: 2, Total: 2}, control.Rebuilding{What: "spool"}}
	s := open(t, map[string]any{"POST /v1/warehouse/rebuild": append(steps, control.Rebuilding{Over: true})})
	s.prints("The warehouse was made again.\n", "warehouse", "rebuild")
	if s.err.String() != "days\nspool\n" {
		t.Errorf("told %q", s.err.String())
	}
	s.watched = true
	s.run("warehouse", "rebuild")
	if want := "\r\x1b[Kdays  1 of 2 (50 %)\r\x1b[Kdays  2 of 2 (100 %)\r\x1b[Kspool\r\x1b[K"; s.err.String() != want {
		t.Errorf("told %q", s.err.String())
	}
	s.answers["POST /v1/warehouse/rebuild"] = steps
	if code := s.run("warehouse", "rebuild"); code != 1 {
		t.Errorf("it broke off: %d %s", code, s.out.String())
	}
}

// TestRebuildTellsWhatIsMissing: it is not to look like a success.
func TestRebuildTellsWhatIsMissing(t *testing.T) {
	s := open(t, map[string]any{"POST /v1/warehouse/rebuild": lines{
		control.Rebuilding{What: "days"}, control.Rebuilding{Over: true, Notices: []string{"the archive of 2026-11-20 is damaged"}},
	}})
	if code := s.run("warehouse", "rebuild"); code != 1 || s.out.Len() > 0 ||
		!strings.HasPrefix(s.err.String(), "days\nnotice: the archive of 2026-11-20 is damaged\nhoming: the warehouse was made again, but not everything") {
		t.Errorf("%d %q %q", code, s.out.String(), s.err.String())
	}
}

func TestPlacesOutput(t *testing.T) {
	s := open(t, map[string]any{"GET /v1/places/203.0.113.7": control.Places{Addr: "203.0.113.7", Files: []control.Place{{File: "city.mmdb", Country: "DE", City: "Köln"}}}})
	s.prints(`FILE       BUILT  COUNTRY  REGION  CITY  CARRIER  ISP  TROUBLE
city.mmdb         DE               Köln
`, "geoip", "test", "203.0.113.7")
	s.answers["GET /v1/places/203.0.113.7"] = control.Places{Files: []control.Place{}}
	if code := s.run("geoip", "test", "203.0.113.7"); code != 0 || !strings.Contains(s.out.String(), "--geoip-file") {
		t.Errorf("%d %s", code, s.out.String())
	}
	s.answers["GET /v1/places/203.0.113.7"] = control.Places{Addr: "203.0.113.7", Files: []control.Place{}, Offline: true}
	if code := s.run("geoip", "test", "203.0.113.7"); code != 0 || !strings.Contains(s.out.String(), "--file /path/to/city.mmdb 203.0.113.7") {
		t.Errorf("%d %s", code, s.out.String())
	}
}

// TestPlacesOfFiles asks them without one.
func TestPlacesOfFiles(t *testing.T) {
	good, bad := filepath.Join(t.TempDir(), "de,at.mmdb"), filepath.Join(t.TempDir(), "bad.mmdb")
	write(t, good, germany())
	write(t, bad, "this is none")
	s := open(t, nil)
	if code := s.run("geoip", "test", "203.0.113.7", "--file", good); code != 0 || !strings.Contains(s.out.String(), "DE") || len(s.asked) > 0 {
		t.Errorf("%d %s%s, asked %q", code, s.out.String(), s.err.String(), s.asked)
	}
	if code := s.run("geoip", "test", "203.0.113.7", "--file", good, "--file", bad); code != 1 || !strings.Contains(s.out.String(), "DE") ||
		!strings.Contains(s.err.String(), "--file "+bad) {
		t.Errorf("a broken file: %d %s%s", code, s.out.String(), s.err.String())
	}
}

// germany is a MaxMind DB in which every IPv4 address is in Germany.
func germany() string {
	text := func(s string) string { return string(rune(0x40|len(s))) + s }
	return "\x00\x00\x11\x00\x00\x11" + strings.Repeat("\x00", 16) +
		"\xe1" + text("country") + "\xe1" + text("iso_code") + text("DE") +
		"\xab\xcd\xefMaxMind.com\xe9" +
		text("binary_format_major_version") + "\xa1\x02" + text("binary_format_minor_version") + "\xa1\x00" +
		text("build_epoch") + "\x01\x02\x01" + text("database_type") + text("Country") + text("description") + "\xe0" +
		text("ip_version") + "\xa1\x04" + text("languages") + "\x00\x04" + text("node_count") + "\xc1\x01" + text("record_size") + "\xa1\x18"
}

func TestTokenOutput(t *testing.T) {
	made := control.Token{ID: 3, Token: "hmg_secret", Name: "BI", Scopes: []string{"reports:read", "clicks:read"}, State: "active", Created: "2026-11-22T12:00:00.000Z", Expires: "2027-02-20T12:00:00.000Z"}
	s := open(t, map[string]any{"POST /v1/tokens": made, "GET /v1/tokens": []control.Token{made}})
	s.prints(`Token 3, BI, was created.
  token   hmg_secret
  scopes  reports:read, clicks:read
  until   2027-02-20 12:00:00 UTC
It is shown this once; only a hash of it is kept. Send it as: Authorization: Bearer …
`, "token", "create", "--name", "BI", "--scopes", "reports:read,clicks:read", "--expires", "90d", "--account", "2")
	if want := `POST /v1/tokens {"name":"BI","account":2,"scopes":["reports:read","clicks:read"],"expires":"90d"}`; s.asked[0] != want {
		t.Errorf("asked %s", s.asked[0])
	}
	made.Token = ""
	s.answers["GET /v1/tokens"] = []control.Token{made}
	s.prints(`ID  STATE   NAME  ACCOUNT  SCOPES                    CREATED (UTC)        EXPIRES (UTC)        LAST USED (UTC)
 3  active  BI          -  reports:read,clicks:read  2026-11-22 12:00:00  2027-02-20 12:00:00
`, "token", "list")
	s.answers["DELETE /v1/tokens/3"] = made
	s.prints("Token 3, BI, has ended. Requests with it are refused.\n", "token", "revoke", "3")
}

func TestEraseClickAsks(t *testing.T) {
	for in, want := range map[string]int{"yes\n": 0, "no\n": 1, "": 1} {
		s := open(t, map[string]any{"POST /v1/erase/click": control.ClickErasure{ClickID: id(0xab), Erased: true}})
		s.in, s.terminal = in, true
		if code := s.run("erase", "click", "x"); code != want || (len(s.asked) > 0) != (want == 0) || !strings.Contains(s.err.String(), "cannot be undone") {
			t.Errorf("%q: %d, asked %q: %s", in, code, s.asked, s.err.String())
		}
	}
}
