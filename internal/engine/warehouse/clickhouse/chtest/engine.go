package chtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Engine is the engine of ClickHouse 26, running.
type Engine struct {
	port    int
	dir     string
	front   string // the program
	shared  string // the library that it loads
	process *process
}

// StartEngine starts the engine, with its data in a directory of the test. The
// test is skipped if the engine is not there.
func StartEngine(t testing.TB) *Engine {
	t.Helper()
	e := &Engine{shared: filepath.Join(here(t), "engine/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so"), port: freePort(t), dir: t.TempDir()}
	if _, err := os.Stat(e.shared); err != nil {
		t.Skip("the ClickHouse engine is not there; fetch its 566 MB with: make clickhouse-engine")
	}
	e.front = filepath.Join(t.TempDir(), "front")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", e.front, "./front")
	build.Dir = here(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("the engine's front: %v\n%s", err, out)
	}
	e.Start(t)
	return e
}

// Start starts it again after a Kill.
func (e *Engine) Start(t testing.TB) {
	t.Helper()
	e.process = start(t, e.dir, "front", exec.Command(e.front, e.shared, filepath.Join(e.dir, "data"), fmt.Sprint(e.port)))
	eventually(t, "the ClickHouse engine does not come up", func() error { return answers(fmt.Sprintf("http://127.0.0.1:%d/ping", e.port)) })
}

// Kill ends it as a power cut would.
func (e *Engine) Kill() { e.process.kill() }

// URL is that of a database.
func (e *Engine) URL(database string) string {
	return fmt.Sprintf("clickhouse://127.0.0.1:%d/%s", e.port, database)
}
