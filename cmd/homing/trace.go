package main

import (
	"fmt"
	"io"

	"homing/internal/desk/control"
)

type traceCmd struct {
	Click string `arg:"" name:"click" help:"A click id, or a URL that holds one: a destination, or a postback."`
	oneFormat
}

// Run tells the story of the click.
func (c *traceCmd) Run(s *session) error {
	return s.ask(func(client *control.Client) error {
		t, err := client.Trace(s.ctx, c.Click)
		if err != nil {
			return err
		}
		return printOne(s.out, c.Format, t.Story, func(w io.Writer) {
			for _, line := range t.Lines {
				fmt.Fprintln(w, printable(line))
			}
		})
	})
}
