package main

import (
	"fmt"
	"io"
	"strconv"

	"homing"
	"homing/internal/desk/control"
)

type keyCmd struct {
	Rotate keyRotateCmd `cmd:"" help:"Give an account a new key; the present ones go on for the overlap."`
	List   keyListCmd   `cmd:"" help:"List an account's keys, without their text."`
	Revoke keyRevokeCmd `cmd:"" help:"End a key at once."`
}

type keyRotateCmd struct {
	Account homing.AccountID `arg:"" help:"The account's number."`
	Overlap overlap          `default:"30d" help:"How long the present keys go on beside the new one; 0 ends them at once." placeholder:"TIME"`
	Name    string           `help:"What the key is called."`
	oneFormat
}

// Run makes the key.
func (c *keyRotateCmd) Run(s *session) error {
	return s.ask(func(client *control.Client) error {
		made, err := client.RotateKey(s.ctx, c.Account, control.Rotation{Name: c.Name, Overlap: string(c.Overlap)})
		if err != nil {
			return err
		}
		return printOne(s.out, c.Format, made, func(w io.Writer) {
			fmt.Fprintf(w, "Key %s of account %s was created.\n", made.ID, made.Account)
			fmt.Fprintf(w, "  key  %s\n", made.Key)
			fmt.Fprintf(w, "It is a secret between you and the advertiser's server; it is not shown here again.\n")
			if c.Overlap == "0" {
				fmt.Fprintf(w, "The keys from before have ended.\n")
				return
			}
			fmt.Fprintf(w, "The keys from before end in %s. Next: have the advertiser put in the new one until then.\n", c.Overlap)
		})
	})
}

type keyListCmd struct {
	Account homing.AccountID `arg:"" help:"The account's number."`
	listFormat
}

var keyColumns = []column[control.Key]{
	{head: "ID", right: true, cell: func(k *control.Key) string { return k.ID.String() }},
	{head: "STATE", cell: func(k *control.Key) string { return k.State }},
	{head: "NAME", cell: func(k *control.Key) string { return k.Name }},
	{head: "CREATED (UTC)", cell: func(k *control.Key) string { return shortTime(k.Created) }},
	{head: "EXPIRES (UTC)", cell: func(k *control.Key) string { return shortTime(k.Expires) }},
	{head: "USES", right: true, cell: func(k *control.Key) string { return strconv.FormatInt(k.Uses, 10) }},
	{head: "OVER HTTP", right: true, cell: func(k *control.Key) string { return strconv.FormatInt(k.OverHTTP, 10) }},
	{head: "LAST USED (UTC)", cell: func(k *control.Key) string { return shortTime(k.LastUsed) }},
}

// Run lists the keys.
func (c *keyListCmd) Run(s *session) error {
	return s.ask(func(client *control.Client) error {
		list, err := client.Keys(s.ctx, c.Account)
		if err != nil {
			return err
		}
		return printList(s.out, c.Format, keyColumns, seqOf(list))
	})
}

type keyRevokeCmd struct {
	Account homing.AccountID `arg:"" help:"The account's number."`
	Key     homing.KeyID     `arg:"" help:"The key's number, see key list."`
	oneFormat
}

// Run ends the key.
func (c *keyRevokeCmd) Run(s *session) error {
	return s.ask(func(client *control.Client) error {
		ended, err := client.RevokeKey(s.ctx, c.Account, c.Key)
		if err != nil {
			return err
		}
		return printOne(s.out, c.Format, ended, func(w io.Writer) {
			fmt.Fprintf(w, "Key %s of account %s has ended. Postbacks with it are refused.\n", ended.ID, ended.Account)
		})
	})
}
