package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// channel carries word of changed settings; the payload is the schema, for
// several ledgers may share a database.
const channel = "homing_settings"

// notify tells every node that settings have changed, after they have. It may be
// lost (a server without LISTEN and NOTIFY, a connection that is just being made
// again), and so nobody may rely on it alone: Version grows in any case.
func (l *Ledger) notify(ctx context.Context) {
	_ = l.read(ctx, func(ctx context.Context, q querier) error { // who polls sees it anyway
		return exec(ctx, q, "SELECT pg_notify($1, $2)", channel, l.schema)
	})
}

// Watch implements ledger.Watcher.
func (l *Ledger) Watch(ctx context.Context) <-chan struct{} {
	changed := make(chan struct{}, 1)
	if l.work.Err() != nil {
		close(changed)
		return changed
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(l.work, cancel)
	l.minding.Go(func() {
		defer close(changed)
		defer cancel()
		defer stop()
		l.listenOn(ctx, changed)
	})
	return changed
}

// listenOn listens until ctx is done, again and again.
func (l *Ledger) listenOn(ctx context.Context, changed chan<- struct{}) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-pause.C:
		case <-ctx.Done():
			return
		}
		err := l.listen(ctx, changed)
		switch stateOf(err) {
		case notSupported, syntaxError, undefinedFunction:
			l.log.Info("the ledger's server cannot notify; settings of other nodes are noticed by polling", "err", err)
			<-ctx.Done()
			return
		}
		pause.Reset(time.Second)
	}
}

func (l *Ledger) listen(ctx context.Context, changed chan<- struct{}) error {
	conn, err := l.connect(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(end) // nothing was written on it
	}()
	if err := exec(ctx, conn, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return err
	}
	for {
		select {
		case changed <- struct{}{}: // also at first: something may have been missed
		default:
		}
		for {
			n, err := conn.WaitForNotification(ctx)
			if err != nil {
				return err
			}
			if n.Payload == l.schema {
				break
			}
		}
	}
}
