package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"homing/internal/desk/control"
)

type eraseCmd struct {
	Click eraseClickCmd `cmd:"" help:"Forget what is known of a click's visitor, for good."`
	List  eraseListCmd  `cmd:"" help:"List what was ever erased; homing restore takes the list."`
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
			fmt.Fprintf(w, "Click %s was erased. What it is worth stays counted. The spool gives its copy up within a few days; backups keep theirs: see homing erase list.\n", done.ClickID)
		})
	})
}

type eraseListCmd struct{ listFormat }

// Help says what the list is for.
func (c *eraseListCmd) Help() string {
	return `Clicks and advertisers, in the order in which they were erased. A backup holds what was erased after it was made. Keep this list somewhere else, and give it to homing restore --erasures.`
}

var erasedColumns = []column[control.Erased]{
	{head: "NUMBER", cell: func(e *control.Erased) string { return strconv.FormatInt(e.Number, 10) }, right: true},
	{head: "AT (UTC)", cell: func(e *control.Erased) string { return shortTime(e.At) }},
	{head: "WHAT", cell: func(e *control.Erased) string {
		if e.Account != 0 {
			return "advertiser " + e.Account.String()
		}
		return "click " + e.ClickID
	}},
}

// Run lists the erasures.
func (c *eraseListCmd) Run(s *session) error {
	return s.ask(func(client *control.Client) error {
		return printList(s.out, c.Format, erasedColumns, client.Erasures(s.ctx))
	})
}
