package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"homing"
	"homing/internal/engine/warehouse/clickhouse/wire"
)

// ready is what is known of the servers. It finds that out, and makes the
// tables, at the first call that reaches them.
func (w *Warehouse) ready(ctx context.Context) (*server, error) {
	if s := w.server.Load(); s != nil {
		return s, nil
	}
	if err := w.preparing.take(ctx); err != nil {
		return nil, err
	}
	defer w.preparing.give()
	if s := w.server.Load(); s != nil {
		return s, nil
	}
	s, err := w.prepare(ctx)
	if err != nil {
		return nil, fmt.Errorf("couldn't open the warehouse: %w", err)
	}
	w.server.Store(s)
	return s, nil
}

func (w *Warehouse) prepare(ctx context.Context) (*server, error) {
	a := w.client.Address()
	s := &server{cluster: a.Cluster}
	bare := w.client.WithoutDatabase()
	err := each(ctx, bare, nil, func(r *wire.Rows) { s.text = r.Text(0) }, "SELECT version()")
	if err != nil {
		return nil, err
	}
	if s.version = versionOf(s.text); s.version < 1816 {
		return nil, fmt.Errorf("ClickHouse %s is older than 18.16: %w", s.text, homing.ErrUnavailable)
	}
	if s.quorum, err = w.quorum(ctx, bare); err != nil {
		return nil, err
	}
	if err := w.createTables(ctx, s, bare); err != nil {
		return nil, err
	}
	return s, w.checkSchema(ctx, s)
}

// createTables makes the tables that are missing. On a cluster that takes all
// servers, and may take longer than somebody waits; the next call goes on.
func (w *Warehouse) createTables(ctx context.Context, s *server, bare *wire.Client) error {
	database := w.client.Address().Database
	there := map[string]bool{}
	err := each(ctx, bare, nil, func(r *wire.Rows) { there[r.Text(0)] = true },
		"SELECT name FROM system.tables WHERE database = "+literal(database))
	if err != nil {
		return err
	}
	if len(there) == 0 {
		if err := bare.Exec(ctx, "CREATE DATABASE IF NOT EXISTS "+database+s.onCluster(), nil); err != nil {
			return err
		}
	}
	var making sync.WaitGroup // all at once: a cluster takes its time for each
	failed := make(chan error, 2*len(tables))
	for _, t := range tables {
		for name, sql := range s.create(database, t) {
			if !there[name] {
				making.Go(func() { failed <- w.client.Exec(ctx, sql, nil) })
			}
		}
	}
	making.Wait()
	close(failed)
	for failure := range failed {
		err = errors.Join(err, failure)
	}
	return err
}

// versionOf reads the first two numbers of 26.3.1.8.
func versionOf(text string) int {
	parts := strings.SplitN(text, ".", 3)
	if len(parts) < 2 {
		return 0
	}
	major, _ := strconv.Atoi(parts[0])
	minor, _ := strconv.Atoi(parts[1])
	return major*100 + minor
}

// quorum is on how many replicas a row must be.
func (w *Warehouse) quorum(ctx context.Context, c *wire.Client) (int, error) {
	a := w.client.Address()
	if a.Cluster == "" {
		return 0, nil
	}
	var replicas int64
	err := each(ctx, c, nil, func(r *wire.Rows) { replicas = max(replicas, r.Int(0)) },
		"SELECT toInt64(count()) FROM system.clusters WHERE cluster = "+literal(a.Cluster)+" GROUP BY shard_num")
	switch {
	case err != nil:
		return 0, err
	case replicas == 0:
		return 0, fmt.Errorf("the servers know no cluster %s: %w", a.Cluster, homing.ErrUnavailable)
	case a.Quorum > int(replicas):
		return 0, fmt.Errorf("the cluster %s has no %d replicas: %w", a.Cluster, a.Quorum, homing.ErrUnavailable)
	case a.Quorum > 0:
		return a.Quorum, nil
	}
	return int(replicas)/2 + 1, nil
}

// checkSchema leaves a newer program's database alone, and signs a new one.
func (w *Warehouse) checkSchema(ctx context.Context, s *server) error {
	var found int64
	err := each(ctx, w.client, s.reading(), func(r *wire.Rows) { found = r.Int(0) },
		"SELECT toInt64(max(version)) FROM notes WHERE kind = 'schema'")
	switch {
	case err != nil:
		return err
	case found > schemaVersion:
		return fmt.Errorf("the warehouse's database: %w", homing.ErrNewer)
	case found == schemaVersion:
		return nil
	}
	return w.insertNotes(ctx, s, note{kind: "schema", version: schemaVersion})
}

// literal writes a text for a statement.
func literal(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\x00", `\0`).Replace(text) + "'"
}

// filled puts a statement's arguments, which are texts, in the places of its
// question marks.
func filled(sql string, args []any) string {
	pieces := strings.Split(sql, "?")
	var b strings.Builder
	for i, piece := range pieces {
		if i > 0 {
			b.WriteString(literal(args[i-1].(string)))
		}
		b.WriteString(piece)
	}
	return b.String()
}
