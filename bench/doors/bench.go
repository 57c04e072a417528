package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"homing/bench/show"
	"homing/internal/simulate/openloop"
	"homing/internal/simulate/wire"
)

// bench is a run.
type bench struct {
	o        options
	progress *show.Progress
	servers  []*server

	clickShots    map[setting]series
	postbackShots map[setting]series
	paced         map[string]map[string][]openloop.Percentiles // by what is asked and server
	busy          map[string]series                            // by what is asked: reports running, and not
	shakes        map[bool]series                              // by whether sessions are resumed
}

// series are the shots of each server, one a round.
type series map[string][]shot

// The servers' names.
const (
	ours     = "homing"
	busyOurs = "homing, reports running"
	limit    = "nginx"
	always   = "nginx + Lua + Redis always"
	everysec = "nginx + Lua + Redis everysec"
)

// open starts all servers and gets clicks for the postbacks.
func open(ctx context.Context, o options) (_ *bench, err error) {
	b := &bench{
		o: o, progress: show.NewProgress(o.now), clickShots: map[setting]series{}, postbackShots: map[setting]series{},
		paced: map[string]map[string][]openloop.Percentiles{}, busy: map[string]series{}, shakes: map[bool]series{},
	}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	b.progress.Begin("installing what is missing")
	if err := install(ctx); err != nil {
		return nil, err
	}
	if err := os.RemoveAll(o.dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return nil, err
	}
	if err := scripts(o.dir); err != nil {
		return nil, err
	}
	b.progress.Begin("starting the servers")
	for _, start := range []func() (*server, error){
		func() (*server, error) { return startHoming(ctx, &b.o, ours, false) },
		func() (*server, error) { return startNginx(ctx, &b.o) },
		func() (*server, error) { return startRedis(ctx, &b.o, "always") },
		func() (*server, error) { return startRedis(ctx, &b.o, "everysec") },
	} {
		s, err := start()
		if err != nil {
			return nil, err
		}
		b.servers = append(b.servers, s)
	}
	for _, s := range b.servers {
		if s.postbacks {
			b.progress.Begin("%s: getting %s clicks to report leads of", s.name, show.Grouped(int64(o.clicks)))
			if err := b.mint(ctx, s); err != nil {
				return nil, err
			}
		}
	}
	return b, nil
}

func (b *bench) close() {
	for _, s := range b.servers {
		s.stop()
	}
	b.servers = nil
	_ = os.RemoveAll(b.o.dir) // what is left is in a git-ignored folder
	b.progress.End()
}

// mint gets clicks of a server and writes their ids into a file.
func (b *bench) mint(ctx context.Context, s *server) error {
	var mu sync.Mutex
	ids := make([]string, 0, b.o.clicks)
	var failed error
	workers := 64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			line := wire.Line{Clock: b.o.now, Address: func() string { return s.address }}
			defer line.Close()
			text := wire.Request(nil, "GET", s.path+"?sub1=a", s.address, "User-Agent: Mozilla/5.0\r\n")
			for range b.o.clicks / workers {
				a, err := line.Send(ctx, text, false)
				_, rest, _ := strings.Cut(string(a.Location), "click=")
				id, _, ok := strings.Cut(rest, "&")
				mu.Lock()
				if err != nil || !ok || len(id) != 40 {
					failed = fmt.Errorf("%s: a click was answered %d, Location %q: %w", s.name, a.Status, a.Location, err)
				}
				ids = append(ids, id)
				stop := failed != nil
				mu.Unlock()
				if stop {
					return
				}
			}
		})
	}
	all.Wait()
	if failed != nil {
		return failed
	}
	s.ids = filepath.Join(b.o.dir, strings.ReplaceAll(s.name, " ", "-")+".ids")
	return os.WriteFile(s.ids, []byte(strings.Join(ids, "\n")+"\n"), 0o600)
}

// named finds a server.
func (b *bench) named(name string) *server {
	i := slices.IndexFunc(b.servers, func(s *server) bool { return s.name == name })
	return b.servers[i]
}

// measure takes all figures, round by round, the servers in turns: whatever else
// the machine does meanwhile meets all of them.
func (b *bench) measure(ctx context.Context) error {
	for _, how := range settings {
		if err := b.inTurns(ctx, "clicks", how, b.clickShots, b.clicks, func(*server) bool { return true }); err != nil {
			return err
		}
		if err := b.inTurns(ctx, "postbacks", how, b.postbackShots, b.postbacks, func(s *server) bool { return s.postbacks }); err != nil {
			return err
		}
	}
	if err := b.measurePaced(ctx); err != nil {
		return err
	}
	if err := b.measureShakes(ctx); err != nil {
		return err
	}
	return b.measureBusy(ctx)
}

// inTurns asks each server in each round.
func (b *bench) inTurns(ctx context.Context, what string, how setting, into map[setting]series,
	ask func(context.Context, *server, setting) (shot, error), of func(*server) bool) error {
	b.progress.Begin("%s, connections: %s", what, how)
	into[how] = series{}
	for round := range b.o.rounds {
		for i := range b.servers {
			s := b.servers[(i+round)%len(b.servers)]
			if !of(s) {
				continue
			}
			before := writtenBy(ctx, s)
			taken, err := ask(ctx, s, how)
			if err != nil {
				return err
			}
			taken.together = writtenBy(ctx, s).since(before, what)
			into[how][s.name] = append(into[how][s.name], taken)
		}
		b.progress.At(int64(round+1), int64(b.o.rounds))
	}
	return nil
}
