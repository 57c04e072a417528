// Command front puts an HTTP interface like ClickHouse's before its engine as a
// library, for tests. One statement is carried out at a time; whoever can reach
// the port may do everything.
//
//	front libchdb.so directory port
package main

import (
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
)

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: front libchdb.so directory port")
	}
	engine, err := open(os.Args[1], os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	f := &front{engine: engine, prepared: map[string]string{}}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[3], f))
}

// front is the interface.
type front struct {
	mu     sync.Mutex // guards engine
	engine *library
	// prepared are the last USE and SET.
	prepared map[string]string
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/ping" {
		_, _ = io.WriteString(w, "Ok.\n")
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Context().Err() != nil {
		return // nobody waits any more
	}
	answer, err := f.run(r, body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(answer)
}

func (f *front) run(r *http.Request, body []byte) ([]byte, error) {
	params := r.URL.Query()
	database := params.Get("database")
	if database == "" {
		database = "default"
	}
	if err := f.prepare("USE " + database); err != nil {
		return nil, err
	}
	var settings []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if name != "database" && name != "query" && name != "wait_end_of_query" {
			settings = append(settings, fmt.Sprintf("%s = '%s'", name, params.Get(name)))
		}
	}
	if len(settings) > 0 {
		if err := f.prepare("SET " + strings.Join(settings, ", ")); err != nil {
			return nil, err
		}
	}
	sql := params.Get("query")
	if sql == "" {
		sql, isQuestion := strings.CutSuffix(string(body), " FORMAT Native")
		if !isQuestion {
			return f.engine.query(sql, "Null")
		}
		return f.engine.query(sql, "Native")
	}
	return f.insert(sql, body)
}

// prepare carries a statement out unless the last one of its kind was the same.
func (f *front) prepare(sql string) error {
	kind := sql[:3]
	if f.prepared[kind] == sql {
		return nil
	}
	_, err := f.engine.query(sql, "Null")
	if f.prepared[kind] = sql; err != nil {
		delete(f.prepared, kind)
	}
	return err
}

// insert has the engine read the rows from a file: it takes none with a statement.
func (f *front) insert(sql string, rows []byte) ([]byte, error) {
	file, err := os.CreateTemp("", "rows")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	_, err = file.Write(rows)
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		return nil, err
	}
	into, ok := strings.CutSuffix(sql, " FORMAT Native")
	if !ok {
		return nil, fmt.Errorf("what is inserted must be in the format Native: %s", sql)
	}
	return f.engine.query(into+" SELECT * FROM file('"+file.Name()+"', 'Native')", "Null")
}
