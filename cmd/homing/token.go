package main

import (
	"fmt"
	"io"
	"strings"

	"homing"
	"homing/internal/desk/control"
)

type tokenCmd struct {
	Create tokenCreateCmd `cmd:"" help:"Make a token; its text is shown once."`
	List   tokenListCmd   `cmd:"" help:"List the tokens, without their text."`
	Revoke tokenRevokeCmd `cmd:"" help:"End a token at once."`
}

type tokenCreateCmd struct {
	Name    string           `required:"" help:"What the token is called: who uses it."`
	Account homing.AccountID `help:"Only this account's; without it, every account's." placeholder:"ID"`
	Scopes  []string         `required:"" help:"What it may do: all, or some of reports:read, clicks:read, postbacks:read, conversions:read, conversions:write, settings:read, settings:write." placeholder:"SCOPES"`
	Expires length           `help:"When it ends, such as 90d; without it, never." placeholder:"TIME"`
	oneFormat
}

// Run makes the token.
func (c *tokenCreateCmd) Run(s *session) error {
	if _, err := homing.ParseScopes(c.Scopes...); err != nil {
		return usagef("--scopes: %w", err)
	}
	return s.ask(func(client *control.Client) error {
		made, err := client.MakeToken(s.ctx, control.TokenRequest{
			Name: c.Name, Account: c.Account, Scopes: c.Scopes, Expires: string(c.Expires),
		})
		if err != nil {
			return wrongly(err)
		}
		return printOne(s.out, c.Format, made, func(w io.Writer) {
			fmt.Fprintf(w, "Token %d, %s, was created.\n", made.ID, printable(made.Name))
			fmt.Fprintf(w, "  token   %s\n", made.Token)
			fmt.Fprintf(w, "  scopes  %s\n", strings.Join(made.Scopes, ", "))
			if made.Expires != "" {
				fmt.Fprintf(w, "  until   %s UTC\n", shortTime(made.Expires))
			}
			fmt.Fprintf(w, "It is shown this once; only a hash of it is kept. Send it as: Authorization: Bearer …\n")
		})
	})
}

type tokenListCmd struct{ listFormat }

var tokenColumns = []column[control.Token]{
	{head: "ID", right: true, cell: func(t *control.Token) string { return fmt.Sprint(t.ID) }},
	{head: "STATE", cell: func(t *control.Token) string { return t.State }},
	{head: "NAME", cell: func(t *control.Token) string { return t.Name }},
	{head: "ACCOUNT", right: true, cell: func(t *control.Token) string { return orDash(t.Account) }},
	{head: "SCOPES", cell: func(t *control.Token) string { return strings.Join(t.Scopes, ",") }},
	{head: "CREATED (UTC)", cell: func(t *control.Token) string { return shortTime(t.Created) }},
	{head: "EXPIRES (UTC)", cell: func(t *control.Token) string { return shortTime(t.Expires) }},
	{head: "LAST USED (UTC)", cell: func(t *control.Token) string { return shortTime(t.LastUsed) }},
}

// Run lists the tokens.
func (c *tokenListCmd) Run(s *session) error {
	return s.ask(func(client *control.Client) error {
		list, err := client.Tokens(s.ctx)
		if err != nil {
			return err
		}
		return printList(s.out, c.Format, tokenColumns, seqOf(list))
	})
}

type tokenRevokeCmd struct {
	Token homing.TokenID `arg:"" help:"The token's number, see token list."`
	oneFormat
}

// Run ends the token.
func (c *tokenRevokeCmd) Run(s *session) error {
	return s.ask(func(client *control.Client) error {
		ended, err := client.RevokeToken(s.ctx, c.Token)
		if err != nil {
			return err
		}
		return printOne(s.out, c.Format, ended, func(w io.Writer) {
			fmt.Fprintf(w, "Token %d, %s, has ended. Requests with it are refused.\n", ended.ID, printable(ended.Name))
		})
	})
}
