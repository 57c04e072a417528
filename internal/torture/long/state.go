package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"homing/bench/show"
	"homing/internal/torture"
	"homing/internal/torture/done"
	"homing/internal/torture/mistake"
)

// state is what is done, kept in a file so that the next run goes on from it.
type state struct {
	Rows   map[string]*entry `json:"rows"`
	Caught torture.Caught    `json:"-"` // of make torture-mistakes
}

// entry is a row that was run, or why it was not.
type entry struct {
	Result  torture.Result `json:"result"`
	Skipped string         `json:"skipped,omitempty"`
	Seed    uint64         `json:"seed"`
	Took    time.Duration  `json:"took"`
	Date    string         `json:"date"`
	Machine string         `json:"machine"`
	Sources string         `json:"sources"` // what the program was built from
}

const stateFile = "done.json"

func readState(dir string) (*state, error) {
	s := &state{}
	for name, into := range map[string]any{stateFile: s, torture.CaughtFile: &s.Caught} {
		if err := done.Read(filepath.Join(dir, name), into); err != nil {
			return nil, err
		}
	}
	if s.Rows == nil {
		s.Rows = map[string]*entry{}
	}
	return s, nil
}

func (s *state) write(dir string) error { return done.Write(filepath.Join(dir, stateFile), s) }

// result is the table of everything that is done; of a trial, only that.
func (s *state) result(trial bool) *show.Result {
	r := &show.Result{Section: "torture"}
	faults := show.Table{Head: []string{"row", "rounds", "clicks", "conversions", "lost", "double", "other", "took", "verdict"}}
	seeds := show.Table{Head: []string{"row", "deliberate mistakes it caught", "seed", "date", "sources"}}
	figures := show.Table{Head: []string{"row", "measured", "value", "limit", "verdict"}}
	machines := map[string]bool{}
	for _, row := range torture.Rows() {
		e := s.Rows[row.Name]
		if e == nil && trial {
			continue
		}
		r.Notes = append(r.Notes, "**"+row.Name+"**: "+row.How+". It must hold: "+row.Proof+".")
		if e == nil {
			r.Errors = append(r.Errors, row.Name+" was not run yet")
			continue
		}
		if e.Skipped != "" {
			r.Errors = append(r.Errors, row.Name+" was not run: "+e.Skipped)
			continue
		}
		machines[e.Machine] = true
		n := func(n int) string { return show.Grouped(int64(n)) }
		faults.Rows = append(faults.Rows, []string{row.Name, n(e.Result.Rounds) + " " + row.Unit, n(e.Result.Clicks), n(e.Result.Conversions),
			n(e.Result.Lost), n(e.Result.Double), n(e.Result.Other), e.Took.Round(time.Second).String(), r.Judge(!e.Result.Failed())})
		for _, f := range e.Result.Figures {
			verdict := show.Quoted
			if f.Limit != "" {
				verdict = r.Judge(!f.Missed)
			}
			figures.Rows = append(figures.Rows, []string{row.Name, f.Name, f.Value, f.Limit, verdict})
		}
		for _, text := range e.Result.First {
			r.Errors = append(r.Errors, row.Name+": "+done.Brief(text))
		}
		seeds.Rows = append(seeds.Rows, []string{row.Name, s.caught(&row, r, trial), fmt.Sprint(e.Seed), e.Date, e.Sources})
	}
	for _, m := range mistake.All {
		if m.Test.Name != "" {
			r.Notes = append(r.Notes, fmt.Sprintf("No row, but `%s` of `%s` catches the mistake **%s**: %s.", m.Test.Name, m.Test.Package, m.Name, m.Why))
		}
	}
	for machine := range machines {
		r.Head = append(r.Head, "On "+machine+".")
	}
	r.Tables = []show.Table{faults, seeds, figures}
	return r
}

// caught lists the mistakes that a row caught; one that it did not is an error.
func (s *state) caught(row *torture.Row, r *show.Result, trial bool) string {
	var names []string
	for _, name := range row.Mistakes {
		said, tried := s.Caught[row.Name][name]
		switch {
		case said != "":
			names = append(names, name)
		case tried:
			r.Errors = append(r.Errors, row.Name+" does not notice the mistake: "+name)
		case !trial:
			r.Errors = append(r.Errors, row.Name+" was not tried with the mistake yet: "+name)
		}
	}
	return strings.Join(names, ", ")
}
