package clickhouse_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/clickhouse/chtest"
	"homing/internal/engine/warehouse/clickhouse/wire"
	"homing/internal/engine/warehouse/warehousetest"
)

// told is an answer in the format JSON.
type told struct {
	Data       []map[string]any
	Statistics struct {
		Rows  int64 `json:"rows_read"`
		Bytes int64 `json:"bytes_read"`
	}
}

// tell asks the first server of an address beside the warehouse, and what it read
// for the answer. What is no question is carried out.
func tell(t testing.TB, on servers, database, sql string) (answer told) {
	t.Helper()
	a, err := wire.ParseURL(on.URL(database))
	must(t, err)
	if strings.HasPrefix(sql, "SELECT") {
		sql += " FORMAT JSON"
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+a.Hosts[0]+"/?"+url.Values{"database": {a.Database}}.Encode(), strings.NewReader(sql))
	must(t, err)
	r.Header.Set("X-ClickHouse-User", a.User)
	if a.Password != "" {
		r.Header.Set("X-ClickHouse-Key", string(a.Password))
	}
	response, err := http.DefaultClient.Do(r)
	must(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	must(t, err)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", sql, body)
	}
	if strings.HasPrefix(sql, "SELECT") {
		if err := json.Unmarshal(body, &answer); err != nil {
			t.Fatalf("%s: %v in %s", sql, err, body)
		}
	}
	return answer
}

// TestAClickIsFoundByTheTablesOrder: of a part some thousand short cells are read, and
// whole rows of the part that has it only.
func TestAClickIsFoundByTheTablesOrder(t *testing.T) {
	t.Run("26", func(t *testing.T) { readsLittle(t, chtest.StartEngine(t)) })
	t.Run("18.16", func(t *testing.T) { readsLittle(t, chtest.StartCluster(t, 1)) })
}

func readsLittle(t *testing.T, on servers) {
	const parts, each, campaigns, granule = 4, 20_000, 10, 8192
	database := newDatabase()
	w := openDatabase(t, on, database)
	defer func() { must(t, w.Close()) }()
	from := noon - noon%86_400_000
	click := func(n int) warehouse.Click {
		c := warehousetest.Click(n%60_000, from+homing.Millis(n)*(86_400_000/parts/each))
		c.Campaign, c.Visitor = homing.CampaignID(1+n%campaigns), 0
		return c
	}
	for b := range parts { // each of the whole day
		batch := &warehouse.Batch{Source: "spool/1", First: uint64(b), Next: uint64(b) + 1}
		for n := range each {
			batch.Clicks = append(batch.Clicks, click(n*parts+b))
		}
		must(t, w.Load(t.Context(), batch))
	}
	read := func(sql string) told { return tell(t, on, database, sql) }
	for _, n := range []int{0, parts*each/2 + 1, parts*each - 1} {
		want := click(n)
		got, err := w.Click(t.Context(), want.Origin)
		must(t, err)
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("found %+v, want %+v", got, want)
		}
		sql, err := w.ClickSQL(t.Context(), want.Origin)
		must(t, err)
		found, final := read(sql), read(withFinal(sql))
		t.Logf("click %d of %d in %d parts: read %d rows, %d bytes; with FINAL %d rows, %d bytes", n, parts*each, parts,
			found.Statistics.Rows, found.Statistics.Bytes, final.Statistics.Rows, final.Statistics.Bytes)
		if len(found.Data) != 1 || found.Statistics.Rows == 0 || found.Statistics.Rows > 2*granule*parts {
			t.Errorf("click %d: %d versions, %d rows read", n, len(found.Data), found.Statistics.Rows)
		}
		if found.Statistics.Bytes > final.Statistics.Bytes {
			t.Errorf("click %d: %d bytes read, and %d with FINAL", n, found.Statistics.Bytes, final.Statistics.Bytes)
		}
		want.Seq += 60_000 // one that is not there
		sql, err = w.ClickSQL(t.Context(), want.Origin)
		must(t, err)
		if missing := read(sql); len(missing.Data) != 0 || missing.Statistics.Bytes > 2*granule*parts*20 {
			t.Errorf("a click that is not there: %+v", missing)
		}
	}
}

// withFinal is the statement as it would be if the server chose the version.
func withFinal(sql string) string {
	return strings.NewReplacer("FROM clicks PREWHERE", "FROM clicks FINAL WHERE", " WHERE (", " AND (").Replace(sql)
}
