package main

import (
	"errors"
	"fmt"
	"io"

	"homing/internal/desk/control"
)

type eraseCmd struct {
	Click eraseClickCmd `cmd:"" help:"Forget what is known of a click's visitor, for good."`
}

type eraseClickCmd struct {
	Click string `arg:"" name:"click" help:"A click id, or a URL that holds one."`
	Yes   bool   `help:"Do not ask."`
	oneFormat
}

// Run erases the click.
func (c *eraseClickCmd) Run(s *session) error {
	if !c.Yes && !s.terminal {
		return usagef("erasing a click cannot be undone; give --yes if you mean it")
	}
	return s.ask(func(client *control.Client) error {
		if !c.Yes && !s.confirm("Erase what is known of the click's visitor, its parameters and its lead codes? This cannot be undone. Type yes: ") {
			return errors.New("the click was not erased")
		}
		done, err := client.EraseClick(s.ctx, c.Click)
		if err != nil {
			return wrongly(err)
		}
		return printOne(s.out, c.Format, done, func(w io.Writer) {
			fmt.Fprintf(w, "Click %s was erased. What it is worth stays counted. The spool gives its copy up within a few days; backups keep theirs.\n", done.ClickID)
		})
	})
}
