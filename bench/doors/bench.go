package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"homing/bench/restart"
	"homing/bench/show"
	"homing/internal/simulate/openloop"
	"homing/internal/simulate/wire"
)

// bench is a run.
type bench struct {
	o        options
	progress *show.Progress
	busy     float64 // see show.Busy, before it began
	took     time.Duration
	servers  []*server

	clickShots    map[setting]series
	postbackShots map[setting]series
	paced         map[string]map[string][]openloop.Percentiles // by what is asked and server
	beside        map[string]series                            // by what is asked: reports running, and not
	shakes        map[shake]series
	weights       [2]restart.Weight // of the server, after its first requests and after all of them

	stored  *restart.Result
	disk    disk
	profile profile
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

// has tells whether a part was asked for.
func (b *bench) has(part string) bool { return slices.Contains(b.o.parts, part) }

// measureAll takes the figures of all parts, one after the other.
func measureAll(ctx context.Context, o options) (_ *bench, err error) {
	b := &bench{
		o: o, progress: show.NewProgress(o.now), busy: show.Busy(time.Second), clickShots: map[setting]series{}, postbackShots: map[setting]series{},
		paced: map[string]map[string][]openloop.Percentiles{}, beside: map[string]series{}, shakes: map[shake]series{},
	}
	defer b.progress.End()
	if err := os.RemoveAll(o.dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.dir)) }()
	b.progress.Begin("installing what is missing")
	if err := install(ctx); err != nil {
		return nil, err
	}
	if err := scripts(o.dir); err != nil {
		return nil, err
	}
	for _, part := range []struct {
		name    string
		measure func(context.Context) error
	}{{partDoors, b.measureDoors}, {partStored, b.measureStored}, {partProfile, b.measureProfile}} {
		if !b.has(part.name) {
			continue
		}
		err := part.measure(ctx)
		b.stop()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	b.took = o.now().Sub(o.began)
	return b, nil
}

// stop ends all servers.
func (b *bench) stop() {
	for _, s := range b.servers {
		s.stop()
	}
	b.servers = nil
}

// add takes a server on that was started, or tells why it was not. It is ended with
// the others. If it takes postbacks, so many clicks are got of it.
func (b *bench) add(ctx context.Context, clicks int, s *server, err error) error {
	if err != nil {
		return err
	}
	b.servers = append(b.servers, s)
	if !s.postbacks {
		return nil
	}
	b.progress.Begin("%s: getting %s clicks to report leads of", s.name, show.Grouped(int64(clicks)))
	return b.mint(ctx, s, clicks)
}

// mint gets clicks of a server and writes their ids into a file.
func (b *bench) mint(ctx context.Context, s *server, clicks int) error {
	var mu sync.Mutex
	ids := make([]string, 0, clicks)
	var failed error
	workers := 64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			line := wire.Line{Clock: b.o.now, Address: func() string { return s.address }}
			defer line.Close()
			text := wire.Request(nil, "GET", s.path+"?sub1=a", s.address, "User-Agent: Mozilla/5.0\r\n")
			for range clicks / workers {
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

// measureDoors takes the figures of the doors, round by round, the servers in
// turns: whatever else the machine does meanwhile meets all of them.
func (b *bench) measureDoors(ctx context.Context) error {
	b.progress.Begin("starting the servers")
	for _, start := range []func() (*server, error){
		func() (*server, error) { return startHoming(ctx, &b.o, ours, false) },
		func() (*server, error) { return startNginx(ctx, &b.o) },
		func() (*server, error) { return startRedis(ctx, &b.o, "always") },
		func() (*server, error) { return startRedis(ctx, &b.o, "everysec") },
	} {
		s, err := start()
		if err := b.add(ctx, b.o.clicks, s, err); err != nil {
			return err
		}
	}
	b.weights[0] = b.weigh(ctx)
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
	b.weights[1] = b.weigh(ctx)
	return b.measureBeside(ctx)
}

// weigh tells what homing has stored so far, and its memory.
func (b *bench) weigh(ctx context.Context) restart.Weight {
	s := b.named(ours)
	return restart.Weight{Clicks: int64(samplesOf(ctx, s)["homing_spool_records_total"]), Resident: show.Resident(s.pids[0])}
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
