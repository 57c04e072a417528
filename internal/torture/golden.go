package torture

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"homing/internal/desk/control"
	"homing/internal/simulate/process"
)

// goldenLedger is a ledger that an old version wrote, below the source.
const goldenLedger = "internal/engine/ledger/sqlite/testdata/ledger-v2.db"

// golden is an old ledger, and what a server that was let in peace shows of it.
type golden struct {
	stage *Stage
	text  []byte
	want  string
	took  time.Duration // how long a start with migration takes
}

func newGolden(ctx context.Context, s *Stage) (g *golden, err error) {
	g = &golden{stage: s}
	if g.text, err = os.ReadFile(filepath.Join(s.Source, goldenLedger)); err != nil {
		return nil, fmt.Errorf("couldn't read an old ledger: %w", err)
	}
	launch, err := g.lay("golden")
	if err != nil {
		return nil, err
	}
	began := s.Clock()
	p, err := process.Begin(launch)
	if err != nil {
		return nil, err
	}
	defer func() { p.Kill(); p.Sweep() }()
	if _, err := p.Ready(ctx); err != nil {
		return nil, fmt.Errorf("couldn't start on an old ledger: %w", err)
	}
	g.took = s.Clock().Sub(began)
	g.want, err = shown(ctx, p)
	if err == nil && len(g.want) < 500 {
		err = fmt.Errorf("an old ledger shows nothing: %s", g.want)
	}
	return g, err
}

// lay puts the old ledger into a fresh data directory.
func (g *golden) lay(name string) (process.Launch, error) {
	data := filepath.Join(g.stage.Dir, name)
	if err := os.RemoveAll(data); err != nil {
		return process.Launch{}, err
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return process.Launch{}, err
	}
	return g.stage.Launch(data), os.WriteFile(filepath.Join(data, "ledger.db"), g.text, 0o600)
}

// shown is what a server shows of its ledger, as JSON.
func shown(ctx context.Context, p *process.Process) (string, error) {
	client := p.Client()
	defer client.Close()
	var all strings.Builder
	out := json.NewEncoder(&all)
	write := func(v any, err error) error {
		if err != nil {
			return err
		}
		return out.Encode(v)
	}
	accounts, err := client.Accounts(ctx)
	if err = write(accounts, err); err != nil {
		return "", err
	}
	for _, a := range accounts {
		keys, err := client.Keys(ctx, a.ID)
		if err = write(keys, err); err != nil {
			return "", err
		}
	}
	campaigns, err := client.Campaigns(ctx, 0)
	for i := range campaigns {
		_, campaigns[i].ClickURL, _ = strings.Cut(campaigns[i].ClickURL, "/c/") // without the port
	}
	if err = write(campaigns, err); err != nil {
		return "", err
	}
	users, err := client.Users(ctx)
	if err = write(users, err); err != nil {
		return "", err
	}
	tokens, err := client.Tokens(ctx)
	if err = write(tokens, err); err != nil {
		return "", err
	}
	conversions := client.Conversions(ctx, control.ConversionFilter{})
	if err := each(conversions, func(c control.Conversion) error {
		clear(c.ClickID[:]) // the master keys are new each time
		return out.Encode(c)
	}); err != nil {
		return "", err
	}
	return all.String(), nil
}

func each[T any](list iter.Seq2[T, error], f func(T) error) error {
	for v, err := range list {
		if err != nil {
			return err
		}
		if err := f(v); err != nil {
			return err
		}
	}
	return nil
}

// whileMigrating kills servers while they bring an old ledger up to date, then
// lets one do it, and compares what it shows. The killer's own server goes on
// meanwhile.
func (k *killer) whileMigrating(ctx context.Context) error {
	g := k.golden
	launch, err := g.lay("migrated")
	if err != nil {
		return err
	}
	wal := filepath.Join(launch.Data, "ledger.db-wal")
	for range 3 {
		p, err := process.Begin(launch)
		if err != nil {
			return err
		}
		// When the log first grows the migration writes; later is drawn.
		if err = k.until(ctx, g.took, func() bool { return size(wal) > 0 }); err == nil && k.rand.IntN(2) == 0 {
			err = Sleep(ctx, k.some(20*time.Millisecond))
		}
		p.Kill()
		k.dead = append(k.dead, p)
		if err != nil {
			return err
		}
	}
	p, err := process.Begin(launch)
	if err != nil {
		return err
	}
	defer func() { p.Kill(); p.Sweep() }()
	if _, err := p.Ready(ctx); err != nil {
		if ctx.Err() == nil {
			k.Books.Wrong(Other, "it does not start on a ledger whose migration was cut short: %v", err)
		}
		return ctx.Err()
	}
	got, err := shown(ctx, p)
	if err != nil {
		return err
	}
	if got != g.want {
		k.Books.Wrong(Lost, "a ledger whose migration was cut short shows %s instead of %s", got, g.want)
	}
	return nil
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
