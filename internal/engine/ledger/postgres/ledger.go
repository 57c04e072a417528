package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"homing/internal/engine/ledger"
)

// Ledger is a ledger.Ledger on a PostgreSQL server.
type Ledger struct {
	config   *pgx.ConnConfig
	schema   string
	log      *slog.Logger
	patience time.Duration
	writing  []setting
	queue    *queue
	pool     *pgxpool.Pool
	assured  assurance

	work     context.Context // ends when Close begins; of everything but claims
	stopWork context.CancelCauseFunc
	writers  sync.WaitGroup
	minding  sync.WaitGroup // the watchdog and watchers
	stop     chan struct{}  // ends the watchdog

	closeOnce sync.Once

	mu     sync.Mutex
	damage []string // under mu
}

var _ ledger.Ledger = (*Ledger)(nil)

// Open connects to the server, makes the tables if there are none, and brings
// older ones up to date. Several nodes may do so at once. Tables of a newer
// version are refused with homing.ErrNewer, a schema with others' tables with
// homing.ErrInvalid, and left as they are. What the server may lose is logged
// (see Warnings). A server that is away is homing.ErrUnavailable.
func Open(ctx context.Context, o Options) (*Ledger, error) {
	o.fill()
	cfg, err := configure(&o)
	if err != nil {
		return nil, err
	}
	l := &Ledger{
		config: cfg.ConnConfig.Copy(), schema: schemaOf(cfg.ConnConfig), log: o.Logger, patience: o.Patience,
		writing: writerSettings(o.Patience), stop: make(chan struct{}),
	}
	l.work, l.stopWork = context.WithCancelCause(context.Background())
	if err := l.open(ctx, cfg, &o); err != nil {
		l.stopWork(errClosed)
		if l.pool != nil {
			l.pool.Close()
		}
		return nil, told("open the ledger "+placeOf(l.config), err)
	}
	l.start(&o)
	return l, nil
}

func (l *Ledger) open(ctx context.Context, cfg *pgxpool.Config, o *Options) error {
	conn, err := l.connect(ctx, sessionSettings(o.Patience))
	if err != nil {
		return err
	}
	err = migrate(ctx, conn, l.schema)
	if closeErr := conn.Close(ctx); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		return l.settle(ctx, conn, sessionSettings(o.Patience))
	}
	// After a failover a pool is full of dead connections, and the first to get one
	// would pay for it.
	cfg.PrepareConn = func(_ context.Context, conn *pgx.Conn) (bool, error) { return alive(conn), nil }
	if l.pool, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
		return l.connecting(err)
	}
	warnings, err := l.warnings(ctx)
	for _, w := range warnings {
		l.log.Warn("the ledger's server is not as safe as it could be", "warning", w)
	}
	return err
}

// watchTicks is how finely patience is measured.
const watchTicks = 16

func (l *Ledger) start(o *Options) {
	l.queue = newQueue(o, watchTicks)
	for n := range o.Writers {
		w := &writer{number: n, ledger: l, queue: l.queue, leadHashes: o.LeadHashes, committed: o.Committed, clock: o.Clock, asked: newAsked()}
		l.writers.Go(w.loop)
	}
	l.minding.Go(func() { l.watch(o.Patience) })
}

// watch answers claims that wait for a commit that does not come.
func (l *Ledger) watch(patience time.Duration) {
	ticker := time.NewTicker(patience / watchTicks)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			l.queue.expire()
		case <-l.stop:
			return
		}
	}
}

// EngineVersion is the server's, in its own words.
func (l *Ledger) EngineVersion(ctx context.Context) (version string, err error) {
	err = l.read(ctx, func(ctx context.Context, q querier) error {
		return q.QueryRow(ctx, "SELECT version()").Scan(&version)
	})
	return version, err
}

// Size implements ledger.Ledger: the tables with their indexes, on one server.
func (l *Ledger) Size() (size int64, err error) {
	err = l.read(context.Background(), func(ctx context.Context, q querier) error {
		return q.QueryRow(ctx, `SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c
			JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p')`).Scan(&size)
	})
	return size, told("measure the ledger", err)
}

// maxDamage bounds what is remembered of damage.
const maxDamage = 200

// meet notes an error that tells of damage; others pass.
func (l *Ledger) meet(doing string, err error) {
	if faultOf(err) != damaged {
		return
	}
	l.addDamage(fmt.Sprintf("%s the ledger the server met damage: %v", doing, err))
}

func (l *Ledger) addDamage(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.damage) >= maxDamage || slices.Contains(l.damage, text) {
		return
	}
	l.damage = append(l.damage, text)
	l.log.Error("the ledger is damaged", "damage", text)
}

// Damage implements ledger.Ledger: what the server complained of, to this node.
// Looking for damage that nobody has met is the server's business (data
// checksums, pg_amcheck) and Check's.
func (l *Ledger) Damage() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.damage)
}

// Close carries out the claims that wait, and ends all else.
func (l *Ledger) Close() error {
	l.closeOnce.Do(func() {
		l.queue.close(errClosed)
		l.stopWork(errClosed)
		l.writers.Wait()
		close(l.stop)
		l.minding.Wait()
		l.pool.Close()
	})
	return nil
}
