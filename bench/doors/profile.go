package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"homing/bench/show"
)

// profile is where homing's processor time goes, and what its garbage collector
// makes of it.
type profile struct {
	shots   map[string]series // by what is asked, of servers by how they collect
	tallies map[string]tally  // by what is asked
	memory  map[string]int64  // at the end, by how they collect
	litter  map[string]map[string]litter
}

// collecting is a way for the garbage collector to work.
type collecting struct {
	name        string
	environment []string
}

// collectings are compared; the first is how homing comes.
var collectings = []collecting{
	{"as it comes (GOGC=100)", nil},
	{"GOGC=50", []string{"GOGC=50"}},
	{"GOGC=200", []string{"GOGC=200"}},
	{"GOGC=400", []string{"GOGC=400"}},
	{"GOMEMLIMIT=205MiB", []string{"GOMEMLIMIT=205MiB"}},
	{"GOGC=off, GOMEMLIMIT=205MiB", []string{"GOGC=off", "GOMEMLIMIT=205MiB"}},
}

// profileRounds are enough to tell ways to collect apart.
const profileRounds = 3

// briefly is how they are asked.
var briefly = setting{connections: 64, brief: true}

// litter is what the garbage collector did while a server was asked.
type litter struct {
	requests int64
	took     time.Duration
	runs     float64
	paused   float64 // seconds, of everything
	cpu      float64 // seconds
	bytes    float64 // that were allocated
	objects  float64
	longest  float64 // pause so far, seconds
}

// paths are what is asked of each.
var paths = []string{"click", "postback"}

// measureProfile asks homings that collect garbage in different ways, in turns,
// then looks at what the first one does.
func (b *bench) measureProfile(ctx context.Context) error {
	p := &b.profile
	p.shots, p.tallies, p.memory = map[string]series{}, map[string]tally{}, map[string]int64{}
	p.litter = map[string]map[string]litter{}
	for _, c := range collectings {
		s, err := startHoming(ctx, &b.o, "homing "+c.name, false, c.environment...)
		if err := b.add(ctx, b.o.clicks/2, s, err); err != nil {
			return err
		}
	}
	for _, what := range paths {
		b.progress.Begin("%ss, by how garbage is collected", what)
		p.shots[what], p.litter[what] = series{}, map[string]litter{}
		rounds := min(b.o.rounds, profileRounds)
		for round := range rounds {
			for i := range b.servers {
				s := b.servers[(i+round)%len(b.servers)]
				before := litterOf(ctx, s)
				taken, err := b.ask(ctx, s, what, briefly)
				if err != nil {
					return err
				}
				p.shots[what][s.name] = append(p.shots[what][s.name], taken)
				p.litter[what][s.name] = p.litter[what][s.name].plus(litterOf(ctx, s).minus(before), taken)
			}
			b.progress.At(int64(round+1), int64(rounds))
		}
	}
	for _, s := range b.servers {
		p.memory[s.name] = show.Resident(s.pids[0])
	}
	for _, what := range paths {
		b.progress.Begin("looking at what %ss do", what)
		var err error
		if p.tallies[what], err = b.sample(ctx, b.servers[0], what); err != nil {
			return err
		}
	}
	return nil
}

// ask asks a server for clicks, or postbacks.
func (b *bench) ask(ctx context.Context, s *server, what string, how setting) (shot, error) {
	if what == "click" {
		return b.clicks(ctx, s, how)
	}
	return b.postbacks(ctx, s, how)
}

// litterOf tells how it stands.
func litterOf(ctx context.Context, s *server) litter {
	m := samplesOf(ctx, s)
	return litter{
		runs: m["go_gc_duration_seconds_count"], paused: m["go_gc_duration_seconds_sum"], cpu: m["go_gc_cpu_seconds_total"],
		bytes: m["go_memstats_alloc_bytes_total"], objects: m["go_memstats_mallocs_total"], longest: m[`go_gc_duration_seconds{quantile="1"}`],
	}
}

func (l litter) minus(before litter) litter {
	l.runs -= before.runs
	l.paused -= before.paused
	l.cpu -= before.cpu
	l.bytes -= before.bytes
	l.objects -= before.objects
	return l
}

// plus adds what was done during a shot.
func (l litter) plus(more litter, s shot) litter {
	l.requests += s.requests
	l.took += time.Duration(float64(s.requests) / s.rate * float64(time.Second))
	l.runs += more.runs
	l.paused += more.paused
	l.cpu += more.cpu
	l.bytes += more.bytes
	l.objects += more.objects
	l.longest = max(l.longest, more.longest)
	return l
}

// sample has perf look at a server, some hundred times a second of processor
// time, while it is asked.
func (b *bench) sample(ctx context.Context, s *server, what string) (tally, error) {
	file := filepath.Join(b.o.dir, what+".perf")
	said := new(bytes.Buffer)
	perf := exec.Command("perf", "record", "-q", "-e", "cpu-clock", "-F", "997", "--call-graph", "fp", "-p", fmt.Sprint(s.pids[0]), "-o", file)
	perf.Stdout, perf.Stderr = said, said
	perf.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := perf.Start(); err != nil {
		return tally{}, err
	}
	time.Sleep(settle) // it begins
	var failed error
	for range 2 {
		if _, err := b.ask(ctx, s, what, settings[0]); err != nil {
			failed = err
		}
	}
	_ = perf.Process.Signal(os.Interrupt) // or it has ended, which Wait tells
	if err := perf.Wait(); err != nil && !interrupted(perf) {
		failed = errors.Join(failed, fmt.Errorf("perf record: %w: %s", err, said))
	}
	if failed != nil {
		return tally{}, failed
	}
	script := exec.CommandContext(ctx, "perf", "script", "-i", file, "--no-inline", "-F", "comm,tid,ip,sym")
	out, err := script.StdoutPipe()
	if err != nil {
		return tally{}, err
	}
	if err := script.Start(); err != nil {
		return tally{}, err
	}
	t, err := readStacks(out)
	if err := errors.Join(err, script.Wait()); err != nil {
		return tally{}, fmt.Errorf("perf script: %w", err)
	}
	if t.all < 100 {
		return tally{}, fmt.Errorf("perf saw %d moments only: %s", t.all, said)
	}
	return t, nil
}

// interrupted tells whether a program ended because we asked it to.
func interrupted(c *exec.Cmd) bool {
	status, ok := c.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGINT
}

// profileResult puts the tables together.
func (b *bench) profileResult() *show.Result {
	r := &show.Result{
		Section: "profile", Title: "Where each microsecond goes",
		Intro: "`make bench` has perf look at homing a thousand times a second of processor time while wrk asks for clicks, then for postbacks, at 64 connections. Each moment " +
			"belongs to the part of the way that was at work; the shares are those of the processor time that a request takes without perf.",
		Head: []string{fmt.Sprintf("%d moments of clicks, %d of postbacks. %s.", b.profile.tallies["click"].all, b.profile.tallies["postback"].all, b.circumstances())},
		Notes: []string{
			"What is done for a request behind its answer, and in the kernel for its packets, is in it. The loader stands still.",
			"Pauses are those in which the collector stops everything. Memory is of the whole process at the end, with a batch that the loader holds ready.",
			b.cheapest("click") + " " + b.cheapest("postback"),
			"Objects allocated: what wakes a goroutine, prepares files or keeps time is in it, divided by the requests.",
		},
	}
	r.Tables = append(r.Tables, b.roomTable(), b.functionTable(), b.collectingTable())
	return r
}

// cost is the processor time of a request, as homing comes, in microseconds.
func (b *bench) cost(what string) float64 {
	return median(b.profile.shots[what]["homing "+collectings[0].name], cpuOf)
}

// roomTable has the rooms, the largest of both paths first.
func (b *bench) roomTable() show.Table {
	t := show.Table{Head: []string{"", "processor time goes into", "µs a click", "%", "µs a postback", "%"}}
	part := func(what, name string) float64 {
		all := b.profile.tallies[what]
		return float64(all.rooms[name]) / float64(max(all.all, 1))
	}
	names := map[string]bool{}
	for _, what := range paths {
		for name := range b.profile.tallies[what].rooms {
			names[name] = true
		}
	}
	var sorted []string
	for name := range names {
		sorted = append(sorted, name)
	}
	slices.SortFunc(sorted, func(x, y string) int {
		weight := func(name string) float64 {
			return part("click", name)*b.cost("click") + part("postback", name)*b.cost("postback")
		}
		return cmp.Or(cmp.Compare(weight(y), weight(x)), strings.Compare(x, y))
	})
	for _, name := range sorted {
		row := []string{"", name}
		for _, what := range paths {
			row = append(row, fmt.Sprintf("%.2f", part(what, name)*b.cost(what)), fmt.Sprintf("%.1f", 100*part(what, name)))
		}
		t.Rows = append(t.Rows, row)
	}
	t.Rows = append(t.Rows, []string{"", "in all", fmt.Sprintf("%.2f", b.cost("click")), "100", fmt.Sprintf("%.2f", b.cost("postback")), "100"})
	return t
}

// mostFunctions are shown for each path.
const mostFunctions = 15

// functionTable has the functions that most time is spent in, without what they
// call.
func (b *bench) functionTable() show.Table {
	t := show.Table{Head: []string{"", "most time in one function", "µs", "%"}}
	for _, what := range paths {
		all := b.profile.tallies[what]
		var shares []share
		for name, count := range all.own {
			shares = append(shares, share{name, count})
		}
		slices.SortFunc(shares, func(x, y share) int {
			return cmp.Or(cmp.Compare(y.count, x.count), strings.Compare(x.name, y.name))
		})
		label := what
		for _, s := range shares[:min(len(shares), mostFunctions)] {
			part := float64(s.count) / float64(all.all)
			t.Rows = append(t.Rows, []string{label, "`" + s.name + "`", fmt.Sprintf("%.2f", part*b.cost(what)), fmt.Sprintf("%.1f", 100*part)})
			label = ""
		}
	}
	return t
}

// cheapest says which way to collect takes least processor time.
func (b *bench) cheapest(what string) string {
	shots := b.profile.shots[what]
	cost := func(c collecting) float64 { return median(shots["homing "+c.name], cpuOf) }
	best := slices.MinFunc(collectings, func(x, y collecting) int { return cmp.Compare(cost(x), cost(y)) })
	if best.name == collectings[0].name {
		return fmt.Sprintf("A %s costs least with the collector as it comes.", what)
	}
	return fmt.Sprintf("A %s costs least with %s: %.0f %% less than as it comes, for %+d MiB.", what, best.name,
		100*(1-cost(best)/max(cost(collectings[0]), 1e-9)), (b.profile.memory["homing "+best.name]-b.profile.memory["homing "+collectings[0].name])>>20)
}

// collectingTable compares ways to collect garbage.
func (b *bench) collectingTable() show.Table {
	t := show.Table{Head: []string{"", "garbage collector", "µs processor each", "p99 ms", "runs a second", "longest pause ms", "paused ‰", "its processor time %", "bytes allocated each", "objects each", "memory MiB"}}
	for _, what := range paths {
		label := what
		for _, c := range collectings {
			name := "homing " + c.name
			shots, l := b.profile.shots[what][name], b.profile.litter[what][name]
			seconds := max(l.took.Seconds(), 1e-9)
			requests := float64(max(l.requests, 1))
			busy := 0.0
			for _, s := range shots {
				busy += s.cpu.Seconds() * float64(s.requests)
			}
			memory := ""
			if what == paths[len(paths)-1] {
				memory = show.Grouped(b.profile.memory[name] >> 20)
			}
			t.Rows = append(t.Rows, []string{
				label, c.name, fmt.Sprintf("%.1f", median(shots, cpuOf)), fmt.Sprintf("%.2f", median(shots, p99Of)),
				fmt.Sprintf("%.2f", l.runs/seconds), fmt.Sprintf("%.3f", 1000*l.longest), fmt.Sprintf("%.3f", 1000*l.paused/seconds),
				fmt.Sprintf("%.2f", 100*l.cpu/max(busy, 1e-9)), fmt.Sprintf("%.0f", l.bytes/requests), fmt.Sprintf("%.2f", l.objects/requests), memory,
			})
			label = ""
		}
	}
	return t
}
