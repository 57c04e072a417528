package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"homing"
	"homing/internal/desk/control"
)

type accountCmd struct {
	Create accountCreateCmd `cmd:"" help:"Make an account with its first key."`
	Update accountUpdateCmd `cmd:"" help:"Change an account. What is not given stays."`
	Delete accountDeleteCmd `cmd:"" help:"Erase an account for good: name, keys, users, campaigns' URLs. Its postbacks are ignored from then on."`
	List   accountListCmd   `cmd:"" help:"List the accounts."`
}

type accountCreateCmd struct {
	Name      string        `required:"" help:"What the account is called."`
	Ref       *string       `help:"Your own reference."`
	MultiLead *bool         `negatable:"" help:"May send lead_code: several conversions for one click."`
	PriceMin  *homing.Money `help:"Smallest value a postback may bring (0.01)." placeholder:"AMOUNT"`
	PriceMax  *homing.Money `help:"Largest value a postback may bring (200)." placeholder:"AMOUNT"`
	Currency  *string       `help:"ISO 4217 (USD)." placeholder:"CODE"`
	oneFormat
}

// Run makes the account.
func (c *accountCreateCmd) Run(s *session) error {
	return s.askFirst(func(client *control.Client) error {
		made, err := client.CreateAccount(s.ctx, control.AccountEdit{
			Name: &c.Name, Ref: c.Ref, MultiLead: c.MultiLead, PriceMin: c.PriceMin, PriceMax: c.PriceMax, Currency: c.Currency,
		})
		if err != nil {
			return err
		}
		return printOne(s.out, c.Format, made, func(w io.Writer) {
			fmt.Fprintf(w, "Account %s, %s, was created.\n", made.ID, printable(made.Name))
			fmt.Fprintf(w, "  key        %s\n", made.Key)
			fmt.Fprintf(w, "  public id  %s\n", made.PublicID)
			fmt.Fprintf(w, "The key is a secret between you and the advertiser's server; it is not shown here again.\n")
			fmt.Fprintf(w, "Next: homing campaign create --account %s --name NAME --url 'https://…?clickid={click_id}'\n", made.ID)
		})
	})
}

type accountUpdateCmd struct {
	ID        homing.AccountID `arg:"" help:"The account's number."`
	Name      *string          `help:"What the account is called."`
	Ref       *string          `help:"Your own reference; empty removes it."`
	MultiLead *bool            `negatable:"" help:"May send lead_code: several conversions for one click."`
	PriceMin  *homing.Money    `help:"Smallest value a postback may bring." placeholder:"AMOUNT"`
	PriceMax  *homing.Money    `help:"Largest value a postback may bring." placeholder:"AMOUNT"`
	Currency  *string          `help:"ISO 4217." placeholder:"CODE"`
	Senders   *string          `help:"Networks that postbacks may come from, separated by commas; others are refused. Empty: from everywhere." placeholder:"CIDR,…"`
	oneFormat
}

// Run changes the account.
func (c *accountUpdateCmd) Run(s *session) error {
	edit := control.AccountEdit{
		Name: c.Name, Ref: c.Ref, MultiLead: c.MultiLead, PriceMin: c.PriceMin, PriceMax: c.PriceMax, Currency: c.Currency,
	}
	if c.Senders != nil {
		networks := strings.Split(*c.Senders, ",")
		edit.Senders = &networks
	}
	if edit == (control.AccountEdit{}) {
		return usagef("nothing to change: give --name, --ref, --multi-lead, --no-multi-lead, --price-min, --price-max, --currency or --senders")
	}
	return s.ask(func(client *control.Client) error {
		changed, err := client.UpdateAccount(s.ctx, c.ID, edit)
		if err != nil {
			return err
		}
		return printOne(s.out, c.Format, changed, func(w io.Writer) {
			fmt.Fprintf(w, "Account %s, %s, is now:\n", changed.ID, printable(changed.Name))
			printTable(w, accountColumns, seqOf([]control.Account{changed}), 1)
		})
	})
}

type accountDeleteCmd struct {
	ID  homing.AccountID `arg:"" help:"The account's number."`
	Yes bool             `help:"Do not ask."`
	oneFormat
}

// Run erases the account, if that is really meant.
func (c *accountDeleteCmd) Run(s *session) error {
	if !c.Yes && !s.terminal {
		return usagef("account %s: erasing cannot be undone; give --yes if you mean it", c.ID)
	}
	return s.ask(func(client *control.Client) error {
		if !c.Yes && !s.confirm(fmt.Sprintf("Erase account %s for good? This cannot be undone. Type yes: ", c.ID)) {
			return fmt.Errorf("account %s was not erased", c.ID)
		}
		erased, err := client.EraseAccount(s.ctx, c.ID)
		if err != nil {
			return err
		}
		return printOne(s.out, c.Format, erased, func(w io.Writer) {
			fmt.Fprintf(w, "Account %s was erased. Its conversions stay counted, without anything that names it.\n", c.ID)
		})
	})
}

// confirm asks whoever sits at the terminal.
func (s *session) confirm(question string) bool {
	fmt.Fprint(s.err, question)
	answer, _ := bufio.NewReader(s.in).ReadString('\n') // no answer is no
	return strings.EqualFold(strings.TrimSpace(answer), "yes")
}

type accountListCmd struct{ listFormat }

var accountColumns = []column[control.Account]{
	{head: "ID", right: true, cell: func(a *control.Account) string { return a.ID.String() }},
	{head: "NAME", cell: func(a *control.Account) string { return a.Name }},
	{head: "PUBLIC ID", cell: func(a *control.Account) string { return a.PublicID }},
	{head: "REF", cell: func(a *control.Account) string { return a.Ref }},
	{head: "MULTI LEAD", cell: func(a *control.Account) string { return yesNo(a.MultiLead) }},
	{head: "PRICE RANGE", cell: func(a *control.Account) string {
		return fmt.Sprintf("%s to %s %s", a.PriceMin, a.PriceMax, a.Currency)
	}},
	{head: "CREATED (UTC)", cell: func(a *control.Account) string { return shortTime(a.Created) }},
}

// Run lists the accounts.
func (c *accountListCmd) Run(s *session) error {
	return s.ask(func(client *control.Client) error {
		list, err := client.Accounts(s.ctx)
		if err != nil {
			return err
		}
		return printList(s.out, c.Format, accountColumns, seqOf(list))
	})
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// shortTime writes an RFC 3339 time in UTC for people: to the second.
func shortTime(at string) string {
	if len(at) < len("2006-01-02T15:04:05") {
		return at
	}
	return at[:10] + " " + at[11:19]
}
