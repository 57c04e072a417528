package main

import (
	"fmt"
	"io"

	"homing/internal/desk/control"
)

type masterkeyCmd struct {
	List   masterkeyListCmd   `cmd:"" help:"List the master keys, without their secrets."`
	Rotate masterkeyRotateCmd `cmd:"" help:"Make a new master key before its time; ids made under the old ones go on verifying."`
}

type masterkeyListCmd struct{ listFormat }

var masterkeyColumns = []column[control.MasterKey]{
	{head: "ID", cell: func(k *control.MasterKey) string { return k.ID }},
	{head: "STATE", cell: func(k *control.MasterKey) string { return k.State }},
	{head: "FROM (UTC)", cell: func(k *control.MasterKey) string { return shortTime(k.From) }},
	{head: "VERIFIES UNTIL (UTC)", cell: func(k *control.MasterKey) string { return shortTime(k.Until) }},
	{head: "RENEWED (UTC)", cell: func(k *control.MasterKey) string { return shortTime(k.Renewal) }},
}

// Run lists the master keys.
func (c *masterkeyListCmd) Run(s *session) error {
	return s.ask(func(client *control.Client) error {
		list, err := client.MasterKeys(s.ctx)
		if err != nil {
			return err
		}
		return printList(s.out, c.Format, masterkeyColumns, seqOf(list))
	})
}

type masterkeyRotateCmd struct{ oneFormat }

// Run makes a master key.
func (c *masterkeyRotateCmd) Run(s *session) error {
	return s.ask(func(client *control.Client) error {
		made, err := client.RotateMasterKey(s.ctx)
		if err != nil {
			return err
		}
		return printOne(s.out, c.Format, made, func(w io.Writer) {
			fmt.Fprintf(w, "Master key %s was made. New click ids are made under it from %s UTC on, without a restart.\n", made.ID, shortTime(made.From))
			fmt.Fprintf(w, "Ids made under the old keys go on verifying. Next: make a backup; the new key belongs into it.\n")
		})
	})
}
