package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/clickhouse/wire"
)

// Warehouse is a warehouse.Warehouse on ClickHouse servers.
type Warehouse struct {
	options Options
	log     *slog.Logger
	client  *wire.Client

	// writing is held by Load, from its first look to the mark; keeping by Seal,
	// Drop, Erase and Reset, one after another, and always taken first. They are
	// this process's: what others do at the same time is borne, see package.
	writing, keeping, preparing turn

	server atomic.Pointer[server] // nil: not reached yet
	noted  atomic.Pointer[noted]  // what was read last of what is noted
	sheets *sheets                // guarded by writing
	health health
	mend   chan struct{} // a load has brought clicks

	background sync.WaitGroup
	ctx        context.Context // ends when Close begins
	end        context.CancelFunc
}

var _ warehouse.Warehouse = (*Warehouse)(nil)

// Open opens the warehouse. It does not wait for the servers: until one answers,
// calls are answered with homing.ErrUnavailable. The error is homing.ErrInvalid.
func Open(o Options) (*Warehouse, error) {
	o.fill()
	address, err := wire.ParseURL(o.URL)
	if err != nil {
		return nil, err
	}
	w := &Warehouse{options: o, log: o.Log, client: wire.New(address), writing: newTurn(), keeping: newTurn(),
		preparing: newTurn(), sheets: newSheets(), mend: make(chan struct{}, 1)}
	w.health.now = func() homing.Millis { return homing.MillisOf(o.Clock()) }
	w.health.begin()
	w.client.Damaged = w.health.meet
	w.ctx, w.end = context.WithCancel(context.Background())
	w.background.Go(w.watch)
	w.background.Go(w.mendOn)
	return w, nil
}

// Close waits for the load that is under way, and releases everything.
func (w *Warehouse) Close() error {
	w.end()
	_ = w.writing.take(context.Background())
	w.writing.give()
	w.background.Wait()
	w.client.Close()
	return nil
}

// timely gives something its time. What it does not manage in it counts as
// failed, and may have happened.
func (w *Warehouse) timely(ctx context.Context, do func(context.Context) error) error {
	short, cancel := context.WithTimeout(ctx, w.options.Patience)
	defer cancel()
	err := do(short)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("ClickHouse did not answer within %v: %w", w.options.Patience, homing.ErrUnavailable)
	}
	return err
}

// each carries a statement out and visits its rows.
func each(ctx context.Context, c *wire.Client, s wire.Settings, visit func(*wire.Rows), sql string) error {
	rows, err := c.Query(ctx, sql, s)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		visit(rows)
	}
	return rows.Err()
}

// each is each with the settings of questions.
func (w *Warehouse) each(ctx context.Context, s *server, visit func(*wire.Rows), sql string) error {
	return each(ctx, w.client, s.reading(), visit, sql)
}

// quorumPause and quorumTries are how often, and how many times, a write is tried
// again while the servers make sure of somebody else's: old ones do that one at a
// time.
const (
	quorumPause = 100 * time.Millisecond
	quorumTries = 50
	quorumBusy  = 286 // UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
)

// insert writes a block's rows.
func (w *Warehouse) insert(ctx context.Context, s *server, t table, b *wire.Block) error {
	return w.insertAt(ctx, s, w.client, t.name, b)
}

// insertAt writes a block's rows at one of a client's hosts.
func (w *Warehouse) insertAt(ctx context.Context, s *server, c *wire.Client, name string, b *wire.Block) error {
	for try := 1; ; try++ {
		err := c.Insert(ctx, name, b, s.writing())
		if err == nil {
			return nil
		}
		if wire.CodeOf(err) != quorumBusy || try == quorumTries {
			return fmt.Errorf("couldn't write %s: %w", name, err)
		}
		select {
		case <-time.After(quorumPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// alter changes a table on all servers, and returns when that is done
// everywhere.
func (w *Warehouse) alter(ctx context.Context, s *server, t table, what string) error {
	settings := wire.Settings{}
	if s.isModern() {
		settings["mutations_sync"] = "2"
	}
	err := w.client.Exec(ctx, "ALTER TABLE "+s.here(t)+s.onCluster()+" "+what, settings)
	if err != nil || s.isModern() {
		return err
	}
	if err := w.nudge(ctx, s, t); err != nil {
		return err
	}
	return w.awaitMutations(ctx, s.here(t))
}

// turn is a lock that can be waited for with a context.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) give() { <-t }
