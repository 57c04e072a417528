package main

import (
	"fmt"
	"io"

	"homing"
	"homing/internal/desk/control"
)

type userCmd struct {
	Create userCreateCmd `cmd:"" help:"Make a user, and a one-time link to choose a password over."`
	Reset  userResetCmd  `cmd:"" help:"Make a one-time link for a user to choose a new password over."`
	List   userListCmd   `cmd:"" help:"List the users."`
}

type userCreateCmd struct {
	Email   string           `arg:"" help:"How the user signs in."`
	Role    homing.Role      `help:"operator, or advertiser with --account (advertiser if an account is given, else operator)." placeholder:"ROLE"`
	Account homing.AccountID `help:"The account an advertiser's user belongs to." placeholder:"ID"`
	Level   homing.Level     `help:"What the user may do: read-only, manager or owner." default:"owner" placeholder:"LEVEL"`
	Hide    bool             `name:"hide-money" help:"Leave amounts out of all that the user sees; not for owners."`
	oneFormat
}

// Run makes the user.
func (c *userCreateCmd) Run(s *session) error {
	switch {
	case c.Role == homing.RoleAdvertiser && c.Account == 0:
		return usagef("--role advertiser: give the account too, with --account ID")
	case c.Role == homing.RoleOperator && c.Account != 0:
		return usagef("--role operator: operators see every account; leave out --account")
	case c.Hide && c.Level == homing.Owner:
		return usagef("--hide-money: not for owners; give --level manager or --level read-only too")
	}
	return s.askFirst(func(client *control.Client) error {
		link, err := client.InviteUser(s.ctx, control.UserRequest{
			Email: c.Email, Role: c.Role, Account: c.Account, Level: c.Level, HideMoney: c.Hide,
		})
		if err != nil {
			return err
		}
		return c.print(s, "was created", link)
	})
}

type userResetCmd struct {
	Email        string `arg:"" help:"The user's e-mail address."`
	SecondFactor bool   `help:"Take the second factor away, too: for somebody who lost the telephone and the recovery codes."`
	oneFormat
}

// Run makes a new link.
func (c *userResetCmd) Run(s *session) error {
	return s.ask(func(client *control.Client) error {
		link, err := client.ResetUser(s.ctx, c.Email, c.SecondFactor)
		if err != nil {
			return err
		}
		what := "may choose a new password"
		if link.SecondFactorRemoved {
			what = "has no second factor any more, and " + what
		}
		return c.print(s, what, link)
	})
}

func (f oneFormat) print(s *session, what string, link control.UserLink) error {
	return printOne(s.out, f.Format, link, func(w io.Writer) {
		fmt.Fprintf(w, "User %s %s.\n", printable(link.Email), what)
		fmt.Fprintf(w, "  link   %s\n", link.Link)
		fmt.Fprintf(w, "  until  %s UTC\n", shortTime(link.Expires))
		fmt.Fprintf(w, "Send the link to that person only: it works once, for whoever opens it first.\n")
	})
}

type userListCmd struct{ listFormat }

var userColumns = []column[control.User]{
	{head: "ID", right: true, cell: func(u *control.User) string { return u.ID.String() }},
	{head: "EMAIL", cell: func(u *control.User) string { return u.Email }},
	{head: "ROLE", cell: func(u *control.User) string { return u.Role.String() }},
	{head: "LEVEL", cell: func(u *control.User) string { return u.Level.String() }},
	{head: "ACCOUNT", right: true, cell: func(u *control.User) string { return orDash(u.Account) }},
	{head: "STATE", cell: userState},
	{head: "CREATED (UTC)", cell: func(u *control.User) string { return shortTime(u.Created) }},
}

func userState(u *control.User) string {
	switch {
	case u.Disabled:
		return "disabled"
	case u.Invited:
		return "invited"
	}
	return "active"
}

// orDash writes the number of something; 0 is none.
func orDash[T interface {
	~uint32
	fmt.Stringer
}](id T) string {
	if id == 0 {
		return "-"
	}
	return id.String()
}

// Run lists the users.
func (c *userListCmd) Run(s *session) error {
	return s.ask(func(client *control.Client) error {
		list, err := client.Users(s.ctx)
		if err != nil {
			return err
		}
		return printList(s.out, c.Format, userColumns, seqOf(list))
	})
}
