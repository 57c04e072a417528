package torture

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"

	"homing"
	"homing/internal/simulate/process"
)

var kills = Row{
	Name:  "SIGKILL",
	How:   "the process is killed under load, again while it starts, when a spool file begins, while the warehouse loads, while an old ledger is migrated, or by SIGQUIT with a dump of all stacks",
	Proof: "everything acknowledged is held once; reports equal ledger and spool; an old ledger loses nothing; at last homing doctor finds nothing",
	Short: 30, Long: 2000, Unit: "kills",
	Mistakes: []string{"click acknowledged early", "conversion acknowledged early", "last block given up", "migration in two transactions", "mark before rows", "mark too far"},
	Run:      runKills,
}

const (
	killWorkers = 16
	// chapter is how many kills a data directory lives through. Then everything
	// is compared, reports among it, and an empty one is begun.
	chapter = 100
)

// killer kills a server again and again.
type killer struct {
	*Driver
	stage  *Stage
	rand   *rand.Rand
	launch process.Launch
	server *process.Process
	dead   []*process.Process // whose warehouses may still be there
	golden *golden
	counts map[string]int // kills by moment
}

// moments are when a server is killed, with how often of 100.
var moments = []struct {
	name  string
	often int
	kill  func(*killer, context.Context) error
}{
	{"under load", 35, (*killer).underLoad},
	{"while it starts", 20, (*killer).whileStarting},
	{"when a spool file begins", 20, (*killer).atRoll},
	{"while the warehouse loads", 10, (*killer).whileLoading},
	{"while a ledger is migrated", 10, (*killer).whileMigrating},
	{"by SIGQUIT", 5, (*killer).withDump},
}

func runKills(ctx context.Context, s *Stage, rounds int) (Result, error) {
	var all Result
	counts := s.counts()
	g, err := newGolden(ctx, s)
	if err != nil {
		return all, err
	}
	all, err = chapters(ctx, s, rounds, chapter, func(below *Stage, from, to int) (Result, error) {
		return killChapter(ctx, s, below, g, from, to, counts)
	})
	if err != nil {
		return all, err
	}
	for _, m := range moments {
		all.Figures = append(all.Figures, Figure{Name: m.name, Value: fmt.Sprint(counts[m.name])})
	}
	return all, nil
}

// killChapter kills the server of one data directory some times.
func killChapter(ctx context.Context, s, below *Stage, g *golden, from, to int, counts map[string]int) (none Result, err error) {
	k := &killer{stage: below, rand: s.Rand(uint64(from)), golden: g, counts: counts,
		launch: below.Launch(filepath.Join(below.Dir, "data"), "--spool-segment-size", "1048576")}
	defer k.sweep()
	// The first start of all may be cut short as well.
	for range 2 {
		if err := k.cutShort(ctx); err != nil {
			return none, err
		}
	}
	if k.server, err = Open(ctx, below, &k.Driver, k.launch); err != nil {
		return none, err
	}
	done := from
	for ; done < to && k.server != nil && k.Books.Found().Total() == 0; done++ {
		if err := k.round(ctx); err != nil {
			return k.Result(done - from), fmt.Errorf("round %d: %w", done+1, err)
		}
		s.Done(done + 1)
	}
	if k.server != nil {
		err = k.Settle(ctx, k.server)
	}
	if k.server != nil && err == nil {
		client := k.server.Client()
		defer client.Close()
		err = examine(ctx, client, k.Books.Wrong)
	}
	return k.Result(done - from), err
}

// round kills the server at a moment that is drawn, starts it again, and
// compares what was acknowledged meanwhile.
func (k *killer) round(ctx context.Context) error {
	began := homing.MillisOf(k.stage.Clock()) - 1000
	draw := k.rand.IntN(100)
	for _, m := range moments {
		if draw -= m.often; draw >= 0 {
			continue
		}
		k.counts[m.name]++
		if err := m.kill(k, ctx); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		break
	}
	if err := k.reopen(ctx); err != nil || k.server == nil {
		return err
	}
	client := k.server.Client()
	defer client.Close()
	return k.Compare(ctx, client, began, false)
}

// reopen starts the server again if it was killed.
func (k *killer) reopen(ctx context.Context) (err error) {
	if k.server == nil {
		k.server, err = k.Reopen(ctx, k.launch)
	}
	return err
}

func (k *killer) kill() {
	k.server.Kill()
	k.dead, k.server = append(k.dead, k.server), nil
}

func (k *killer) sweep() {
	if k.server != nil {
		k.kill()
	}
	for _, p := range k.dead {
		p.Sweep()
	}
	k.dead = nil
}

// some is a random part of d.
func (k *killer) some(d time.Duration) time.Duration { return time.Duration(k.rand.Int64N(int64(d))) }

// loaded runs f while requests are sent.
func (k *killer) loaded(ctx context.Context, f func() error) error {
	stop := k.Load(ctx, killWorkers, k.rand.Uint64())
	defer stop()
	return f()
}

func (k *killer) underLoad(ctx context.Context) error {
	return k.loaded(ctx, func() error {
		err := Sleep(ctx, 50*time.Millisecond+k.some(300*time.Millisecond))
		k.kill()
		return err
	})
}

// whileStarting kills it under load, so that there is something to be
// recovered, and some times in the midst of that.
func (k *killer) whileStarting(ctx context.Context) error {
	if err := k.underLoad(ctx); err != nil {
		return err
	}
	for range 1 + k.rand.IntN(3) {
		if err := k.cutShort(ctx); err != nil {
			return err
		}
	}
	return nil
}

// cutShort starts the server and kills it a moment later.
func (k *killer) cutShort(ctx context.Context) error {
	p, err := process.Begin(k.launch)
	if err != nil {
		return err
	}
	err = Sleep(ctx, k.some(300*time.Millisecond))
	p.Kill()
	k.dead = append(k.dead, p)
	return err
}

// atRoll fills the spool until a file begins, and kills the server about then.
func (k *killer) atRoll(ctx context.Context) error {
	k.Bulk = 8 * homing.MaxParamLen
	defer func() { k.Bulk = 0 }()
	return k.loaded(ctx, func() error {
		dir := filepath.Join(k.launch.Data, "spool")
		before := names(dir)
		err := k.until(ctx, 5*time.Second, func() bool { return names(dir) != before })
		if err == nil && k.rand.IntN(2) == 0 {
			err = Sleep(ctx, k.some(3*time.Millisecond))
		}
		k.kill()
		return err
	})
}

// names lists a directory, in one text.
func names(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	all := make([]string, 0, len(entries))
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, "\n")
}

// until waits for something, as long as most; that it does not come is no error.
func (k *killer) until(ctx context.Context, most time.Duration, there func() bool) error {
	for began := k.stage.Clock(); !there() && k.stage.Clock().Sub(began) < most; {
		if err := Sleep(ctx, 300*time.Microsecond); err != nil {
			return err
		}
	}
	return nil
}

// whileLoading kills the server, or only the process of its warehouse, as soon
// as something is written to the warehouse.
func (k *killer) whileLoading(ctx context.Context) error {
	return k.loaded(ctx, func() error {
		if err := Sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
		dir := filepath.Join(k.launch.Data, "warehouse")
		before := sizes(dir)
		if err := k.until(ctx, 4*time.Second, func() bool { return sizes(dir) != before }); err != nil {
			return err
		}
		if k.rand.IntN(2) == 0 {
			if err := Sleep(ctx, k.some(20*time.Millisecond)); err != nil {
				return err
			}
		}
		if warehouse := k.server.Warehouse(); warehouse != nil && k.rand.IntN(2) == 0 {
			_ = warehouse.Kill() // or it has just gone
			return Sleep(ctx, k.some(100*time.Millisecond))
		}
		k.kill()
		return nil
	})
}

// sizes tells the sizes of the files in a directory, in one text.
func sizes(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	var all []string
	for _, e := range entries {
		if info, err := e.Info(); err == nil && !e.IsDir() {
			all = append(all, fmt.Sprint(e.Name(), info.Size()))
		}
	}
	sort.Strings(all)
	return strings.Join(all, " ")
}

// withDump has the server end with the stacks of all its goroutines in its log,
// in which keys are looked for later.
func (k *killer) withDump(ctx context.Context) error {
	return k.loaded(ctx, func() error {
		if err := Sleep(ctx, 50*time.Millisecond+k.some(200*time.Millisecond)); err != nil {
			return err
		}
		if err := k.server.Signal(syscall.SIGQUIT); err != nil {
			return err
		}
		select {
		case <-k.server.Exited():
		case <-time.After(10 * time.Second):
			k.Books.Wrong(Other, "it did not end within 10 s of SIGQUIT")
		}
		k.kill()
		return nil
	})
}
