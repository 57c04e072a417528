package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"homing/bench/show"
	"homing/internal/torture"
	"homing/internal/torture/clusters"
	"homing/internal/torture/done"
	"homing/internal/torture/mistake"
)

// state is what is done, kept in a file so that the next run goes on from it.
type state struct {
	Seed    uint64            `json:"seed"`
	Rounds  []clusters.Round  `json:"rounds"`
	Took    time.Duration     `json:"took"` // starts of clusters among it
	Date    string            `json:"date"`
	Machine string            `json:"machine"`
	Sources string            `json:"sources"`          // what the program was built from
	Caught  map[string]string `json:"caught,omitempty"` // by mistake, what was said first; "" = it was not noticed
}

const stateFile = "done.json"

func readState(dir string) (*state, error) {
	s := &state{}
	return s, done.Read(filepath.Join(dir, stateFile), s)
}

func (s *state) write(dir string) error { return done.Write(filepath.Join(dir, stateFile), s) }

// atLast stands for a fault where something was found when all rounds were over.
const atLast = "at the end"

// kind sums the rounds of one kind of fault.
type kind struct {
	name                string
	rounds              int
	clicks, conversions int
	tally               torture.Tally
	caughtUp            []time.Duration
	failed              bool
}

func (k *kind) add(r *clusters.Round) {
	k.rounds++
	k.clicks += r.Clicks
	k.conversions += r.Conversions
	k.tally.Lost += r.Lost
	k.tally.Double += r.Double
	k.tally.Other += r.Other
	k.caughtUp = append(k.caughtUp, r.CaughtUp)
	k.failed = k.failed || r.Failed()
}

func (k *kind) row(r *show.Result) []string {
	n := func(n int) string { return show.Grouped(int64(n)) }
	slices.Sort(k.caughtUp)
	return []string{k.name, n(k.rounds), n(k.clicks), n(k.conversions), n(k.tally.Lost), n(k.tally.Double), n(k.tally.Other),
		show.Duration(k.caughtUp[len(k.caughtUp)/2]), show.Duration(k.caughtUp[len(k.caughtUp)-1]), r.Judge(!k.failed)}
}

// result is the table of everything that is done; of a trial, only that.
func (s *state) result(trial bool) *show.Result {
	r := &show.Result{Section: "torture-cluster"}
	table := show.Table{Head: []string{"fault", "times", "clicks", "conversions", "lost", "double", "other", "caught up, median", "worst", "verdict"}}
	all := kind{name: "all"}
	for _, f := range append(clusters.Faults[:len(clusters.Faults):len(clusters.Faults)], clusters.Fault{Name: atLast}) {
		k := kind{name: f.Name}
		for i := range s.Rounds {
			if s.Rounds[i].Fault == f.Name {
				k.add(&s.Rounds[i])
				all.add(&s.Rounds[i])
			}
		}
		if k.rounds > 0 {
			table.Rows = append(table.Rows, k.row(r))
		}
		if f.How != "" && !trial {
			r.Notes = append(r.Notes, "**"+f.Name+"**: "+f.How+".")
		}
	}
	if all.rounds > 0 {
		summed := *r // the sum is no limit of its own
		table.Rows = append(table.Rows, all.row(&summed))
		r.Head = append(r.Head, fmt.Sprintf("On %s; %s, sources %s, seed %d, %s.", s.Machine, s.Date, s.Sources, s.Seed, s.Took.Round(time.Second)))
	}
	r.Tables = append(r.Tables, table)
	if !trial {
		r.Tables = append(r.Tables, s.mistakes(r))
		if len(s.Rounds) < wholeRounds {
			r.Errors = append(r.Errors, fmt.Sprintf("%d of %d rounds were run", len(s.Rounds), wholeRounds))
		}
	}
	for i := range s.Rounds {
		for _, text := range s.Rounds[i].First {
			r.Errors = append(r.Errors, fmt.Sprintf("round %d, %s: %s", s.Rounds[i].Number, s.Rounds[i].Fault, done.Brief(text)))
		}
	}
	return r
}

// mistakes tells which of them were caught.
func (s *state) mistakes(r *show.Result) show.Table {
	table := show.Table{Head: []string{"deliberate mistake", "what it does", "caught"}}
	for _, t := range clusters.Trials {
		m, err := mistake.Find(t.Mistake)
		if err != nil {
			r.Errors = append(r.Errors, err.Error())
			continue
		}
		said, tried := s.Caught[m.Name]
		switch {
		case said != "":
			table.Rows = append(table.Rows, []string{m.Name, m.What, "yes"})
		case tried:
			r.Errors = append(r.Errors, "nobody notices the mistake: "+m.Name)
		default:
			r.Errors = append(r.Errors, "the mistake was not tried yet: "+m.Name)
		}
	}
	return table
}
