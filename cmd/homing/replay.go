package main

import (
	"fmt"
	"io"

	"homing"
	"homing/internal/desk/control"
)

type replayCmd struct {
	Request string `arg:"" name:"request" help:"The call's request id, as homing postbacks tells it."`
	Commit  bool   `help:"Count it. Without this it is only told what would come of it."`
	Reason  string `help:"Why; stands in the conversion's history." placeholder:"TEXT"`
	oneFormat
}

// Run judges the call once more.
func (c *replayCmd) Run(s *session) error {
	id, err := homing.ParseRequestID(c.Request)
	switch {
	case err != nil:
		return usage{err}
	case c.Commit && c.Reason == "":
		return usagef("--commit needs --reason: say why the call is replayed")
	case !c.Commit && c.Reason != "":
		return usagef("--reason is for --commit: without it nothing is counted")
	}
	return s.ask(func(client *control.Client) error {
		told, err := client.Replay(s.ctx, control.ReplayRequest{Request: id, Commit: c.Commit, Reason: c.Reason})
		if err != nil {
			return err
		}
		return printOne(s.out, c.Format, told, func(w io.Writer) { tellReplay(w, &told) })
	})
}

func tellReplay(w io.Writer, r *control.Replay) {
	info := r.Reason.Info()
	if r.Committed {
		fmt.Fprintf(w, "Replayed: %s. %s\nConversion %s stands at %s. The replay is request %s of the log.\n", r.Result, info.Title, r.Conversion, r.At, r.Replay)
		return
	}
	fmt.Fprintf(w, "It would be %s. %s\n", r.Result, info.Title)
	for _, step := range r.Steps {
		if step.State != "unreached" {
			fmt.Fprintf(w, "  %-9s %-18s %s\n", step.State, step.Name, printable(step.Text))
		}
	}
	for _, note := range r.Notes {
		fmt.Fprintln(w, note)
	}
	if r.Result == homing.Counted || r.Result == homing.Late {
		fmt.Fprintln(w, "Nothing was counted. To count it, add --commit --reason.")
	} else {
		fmt.Fprintln(w, info.Fix)
	}
}
