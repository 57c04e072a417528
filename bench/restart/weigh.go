package restart

import (
	"context"
	"errors"
	"syscall"
	"time"

	"homing/bench/show"
	"homing/internal/simulate/process"
)

// quiet is how long a server is left alone while its memory is looked at.
const quiet = 4 * time.Second

// weigh starts a server and tells the least memory it takes while nothing
// happens. Its reports are stopped: what they hold on to has to do with the
// loading of clicks, not with their being there.
func (r *restart) weigh(ctx context.Context) (resident int64, err error) {
	p, err := process.Begin(process.Launch{
		Program: r.Program, Data: r.Dir, Log: r.Dir + ".log", Args: []string{"--track-tls-listen", "", "--warehouse-silence", "24h"},
	})
	if err != nil {
		return 0, err
	}
	defer func() {
		p.Kill()
		p.Sweep()
	}()
	if _, err := p.Ready(ctx); err != nil {
		return 0, err
	}
	if w := p.Warehouse(); w != nil {
		if err := w.Signal(syscall.SIGSTOP); err != nil {
			return 0, err
		}
	}
	for end := r.Clock().Add(quiet); r.Clock().Before(end) && ctx.Err() == nil; {
		time.Sleep(quiet / 20)
		if now := show.Resident(p.Pid()); resident == 0 || now < resident {
			resident = now
		}
	}
	if resident == 0 {
		err = errors.New("the system does not tell the memory of a process")
	}
	return resident, errors.Join(err, ctx.Err())
}
