package report_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// ugly are texts that files and spreadsheets trip over.
var ugly = []string{
	"=1+1", "+49", "-1", "@SUM(A1)", "\tx", "\rx", `=HYPERLINK("http://evil","x")`, "a,b", `say "hi"`, "line\nbreak", "line\r\nbreak",
	" lead", "trail ", "ümlaut", "日本", "'quoted", "", "plain", "\x00nul", "x=1", `\.`, "=",
}

func uglyStage(t *testing.T) *stage {
	s := open(t)
	for i, text := range ugly {
		o := s.click("2026-11-21T10:00:00Z", 21, sub1(text))
		s.convert(o, time.Duration(i)*time.Minute, homing.Money(i)*333_333, func(c *warehouse.Conversion) {
			c.Lead = text
			if i%2 == 0 {
				c.Price = 3_000_000
			}
		})
	}
	s.load()
	return s
}

func (s *stage) export(f report.Format, query string) []byte {
	s.t.Helper()
	var out bytes.Buffer
	if err := s.Export(s.t.Context(), report.Scope{}, s.question(query), f, &out, nil); err != nil {
		s.t.Fatal(err)
	}
	return out.Bytes()
}

const uglyQuery = "by=campaign,sub1,day,hour,week&metrics=clicks,value,profit,cr,roi,time_median&order=sub1"

func TestCSVIsSafeAndExact(t *testing.T) {
	s := uglyStage(t)
	query := strings.Replace(uglyQuery, ",week", "", 1)
	table := s.ask(report.Scope{}, query)
	text := s.export(report.CSV, query)
	reader := csv.NewReader(bytes.NewReader(bytes.ReplaceAll(text, []byte("\r"), []byte("␍")))) // encoding/csv eats \r
	rows, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(ugly)+1 {
		t.Fatalf("%d lines", len(rows))
	}
	for i, row := range rows[1:] {
		row[len(row)-1] = strings.TrimSuffix(row[len(row)-1], "␍")
		for j, cell := range row {
			cell = strings.ReplaceAll(cell, "␍", "\r")
			want := table.Rows[i].Cells[j].Text
			kind := table.Columns[j].Kind
			want = strings.ReplaceAll(want, "\x00", "\ufffd")
			if (kind == report.Text || kind == report.Name) && want != "" && strings.ContainsAny(want[:1], "=+-@\t\r") {
				want = "'" + want
			}
			if cell != want {
				t.Errorf("line %d, %s: %q, want %q", i+1, table.Columns[j].Name, cell, want)
			}
		}
	}
	if !strings.Contains(string(text), "21,'@Bananas,") {
		t.Error("the campaign's name is a formula, or not there")
	}
	if !strings.Contains(string(text), ",-2.85,") && !strings.Contains(string(text), ",-3.05,") {
		t.Errorf("a loss was changed:\n%s", text)
	}
	if strings.Contains(strings.ReplaceAll(string(text), "\"line\nbreak\"", ""), "[^\r]\n") || !bytes.HasSuffix(text, []byte("\r\n")) {
		t.Error("lines do not end in CRLF")
	}
	var again bytes.Buffer
	if err := table.WriteCSV(&again); err != nil || again.String() != string(text) {
		t.Errorf("the table's own CSV differs: %v", err)
	}
}

func TestJSONLinesAreTheTablesRows(t *testing.T) {
	s := uglyStage(t)
	query := strings.Replace(uglyQuery, ",week", "", 1) + "&compare=last_year"
	rows := s.answer(s.ask(report.Scope{}, query))["rows"].([]any)
	lines := bytes.Split(bytes.TrimSpace(s.export(report.JSONLines, query)), []byte("\n"))
	if len(lines) != len(rows) {
		t.Fatalf("%d lines, %d rows", len(lines), len(rows))
	}
	for i, line := range lines {
		var got any
		if err := json.Unmarshal(line, &got); err != nil || fmt.Sprint(got) != fmt.Sprint(rows[i]) {
			t.Errorf("line %d: %v\n%v\n%v", i, err, got, rows[i])
		}
	}
}

// readParquet gives names of columns with their types, and rows as texts.
func readParquet(t *testing.T, file []byte) (columns []string, rows [][]string) {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range f.Schema().Fields() {
		columns = append(columns, field.Name()+" "+field.Type().String())
	}
	reader := parquet.NewReader(f)
	defer reader.Close()
	buf := make([]parquet.Row, 16)
	for {
		n, err := reader.ReadRows(buf)
		for _, row := range buf[:n] {
			var texts []string
			for i, v := range row {
				texts = append(texts, parquetText(f.Schema().Fields()[i], v))
			}
			rows = append(rows, texts)
		}
		if errors.Is(err, io.EOF) {
			return columns, rows
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func parquetText(field parquet.Field, v parquet.Value) string {
	switch kind, _, _ := strings.Cut(field.Type().String(), "("); {
	case v.IsNull():
		return "null"
	case kind == "DECIMAL":
		return homing.Money(v.Int64()).String()
	case kind == "DATE":
		return warehouse.Day(v.Int32()).String()
	case kind == "TIMESTAMP":
		return homing.Millis(v.Int64()).Time().Format(time.RFC3339)
	case v.Kind() == parquet.Int64:
		return fmt.Sprint(v.Int64())
	case v.Kind() == parquet.Boolean:
		return fmt.Sprint(v.Boolean())
	}
	return string(v.ByteArray())
}

func TestParquetReadsBackAsTheTable(t *testing.T) {
	s := uglyStage(t)
	query := strings.Replace(uglyQuery, ",hour", "", 1)
	table := s.ask(report.Scope{}, query)
	columns, rows := readParquet(t, s.export(report.Parquet, query))
	want := "[campaign INT(64,true) campaign_name STRING sub1 STRING day DATE week STRING week_from DATE clicks INT(64,true) " +
		"value DECIMAL(18,6) profit DECIMAL(18,6) cr DECIMAL(18,6) roi DECIMAL(18,6) time_median INT(64,true)]"
	if got := fmt.Sprint(columns); got != want {
		t.Errorf("columns\n%s\nwant\n%s", got, want)
	}
	if len(rows) != len(ugly) {
		t.Fatalf("%d rows", len(rows))
	}
	for i, row := range rows {
		for j, got := range row {
			want := table.Rows[i].Cells[j].Text
			if table.Rows[i].Cells[j].Null {
				want = "null"
			}
			if got != want {
				t.Errorf("row %d, %s: %q, want %q", i, table.Columns[j].Name, got, want)
			}
		}
	}
	// Readers skip by bounds; a loss is below a profit in them.
	f, err := parquet.OpenFile(bytes.NewReader(s.export(report.Parquet, query)), int64(len(s.export(report.Parquet, query))))
	if err != nil {
		t.Fatal(err)
	}
	least, greatest, ok := f.RowGroups()[0].ColumnChunks()[8].(*parquet.FileColumnChunk).Bounds()
	if !ok || least.Int64() >= 0 || greatest.Int64() <= 0 {
		t.Errorf("bounds of the profit: %v to %v", least, greatest)
	}
	_, hours := readParquet(t, s.export(report.Parquet, "by=hour&metrics=clicks&tz=Asia/Kathmandu"))
	if fmt.Sprint(hours) != "[[2026-11-21T09:15:00Z 22]]" {
		t.Errorf("hours: %v", hours)
	}
}

func TestExportsShowWhatReportsShow(t *testing.T) {
	s := uglyStage(t)
	for _, query := range []string{
		"by=none", "by=day&fill=1", "by=sub1&limit=3&order=-value", "by=sub1,hour&compare=previous", "by=day&compare=2026-11-01&fill=1",
		"by=none&compare=previous",
	} {
		table := s.ask(report.Scope{}, query)
		var want bytes.Buffer
		if err := table.WriteCSV(&want); err != nil {
			t.Fatal(err)
		}
		if got := s.export(report.CSV, query); !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s:\n%s\nwant\n%s", query, got, want.Bytes())
		}
	}
}

// endless is a source of as many rows as are wanted.
type endless struct {
	warehouse.Source
	rows    int
	reading int // rows given so far
	stop    func(int)
}

func (e *endless) Stream(ctx context.Context, q *warehouse.Query) iter.Seq2[warehouse.Row, error] {
	return func(yield func(warehouse.Row, error) bool) {
		keys := make([]warehouse.Key, 2) // the same ones for every row
		for e.reading = range e.rows {
			if e.stop != nil {
				e.stop(e.reading)
			}
			keys[0].Number, keys[1].Text = 11, fmt.Sprintf("sub-%08d", e.reading)
			row := warehouse.Row{Keys: keys}
			row.Measures[warehouse.Clicks], row.Measures[warehouse.Conversions] = 7, int64(e.reading%7)
			if !yield(row, nil) {
				return
			}
		}
	}
}

// Ask finds nothing.
func (e *endless) Ask(context.Context, *warehouse.Query) (*warehouse.Answer, error) {
	return &warehouse.Answer{}, nil
}

// TestComparedRowsKeepTheirKeys: they wait for the other range while the source
// goes on.
func TestComparedRowsKeepTheirKeys(t *testing.T) {
	s := open(t)
	s.Warehouse = &endless{rows: 3}
	expect(t, strings.ReplaceAll(string(s.export(report.CSV, "by=campaign,sub1&metrics=clicks&compare=previous")), "\r", ""), `
campaign,campaign_name,sub1,clicks,clicks_before,clicks_difference,clicks_change
11,Apples,sub-00000000,7,0,7,
11,Apples,sub-00000001,7,0,7,
11,Apples,sub-00000002,7,0,7,
`)
}

func (e *endless) Clicks(ctx context.Context, l *warehouse.List) iter.Seq2[warehouse.Click, error] {
	return func(yield func(warehouse.Click, error) bool) {
		for e.reading = range e.rows {
			c := warehouse.Click{Origin: homing.Origin{Time: now - homing.Millis(e.reading), Node: 3, Campaign: 11}, Account: 1}
			c.Facets[warehouse.FacetSub1] = fmt.Sprintf("sub-%08d", e.reading)
			if !yield(c, nil) {
				return
			}
		}
	}
}

type counter struct{ bytes, peak uint64 }

// Write throws away, and looks now and then how much memory is in use.
func (c *counter) Write(b []byte) (int, error) {
	before := c.bytes
	c.bytes += uint64(len(b))
	if c.bytes>>22 != before>>22 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		c.peak = max(c.peak, m.HeapAlloc)
	}
	return len(b), nil
}

func TestExportsHoldFewRows(t *testing.T) {
	const rows, allowed = 100_000, 24 << 20
	for f := report.CSV; f <= report.Parquet; f++ {
		s := open(t)
		s.Warehouse = &endless{rows: rows}
		var told []int64
		progress := func(n int64) { told = append(told, n) }
		out := &counter{}
		if err := s.Export(t.Context(), report.Scope{}, s.question("by=campaign,sub1"), f, out, progress); err != nil {
			t.Fatal(err)
		}
		if len(told) < 100 || told[0] != 1000 || told[len(told)-1] != rows {
			t.Errorf("%s: progress %v", f, told)
		}
		s.Warehouse = &endless{rows: 30_000} // wider ones
		q, err := report.ParseList(warehouse.ClickTable, nil, report.Defaults{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.ExportList(t.Context(), report.Scope{}, q, f, out, nil); err != nil {
			t.Fatal(err)
		}
		if out.peak > allowed || out.bytes < 1<<20 {
			t.Errorf("%s: %d MB in use, %d bytes written", f, out.peak>>20, out.bytes)
		}
		t.Logf("%s: %d kB, %d MB in use at most", f, out.bytes>>10, out.peak>>20)
	}
}

func TestExportsEndWithTheirContext(t *testing.T) {
	for f := report.CSV; f <= report.Parquet; f++ {
		s := open(t)
		ctx, cancel := context.WithCancel(t.Context())
		source := &endless{rows: 1_000_000, stop: func(n int) {
			if n == 5000 {
				cancel()
			}
		}}
		s.Warehouse = source
		if err := s.Export(ctx, report.Scope{}, s.question("by=campaign,sub1"), f, io.Discard, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", f, err)
		}
		if source.reading > 5001 {
			t.Errorf("%s went on to row %d", f, source.reading)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no room") }

func TestExportsTellThatWritingFailed(t *testing.T) {
	for f := report.CSV; f <= report.Parquet; f++ {
		s := open(t)
		s.Warehouse = &endless{rows: 50_000}
		if err := s.Export(t.Context(), report.Scope{}, s.question("by=campaign,sub1"), f, full{}, nil); err == nil || !strings.Contains(err.Error(), "no room") {
			t.Errorf("%s: %v", f, err)
		}
	}
}
