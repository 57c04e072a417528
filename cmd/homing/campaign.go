package main

import (
	"fmt"
	"io"
	"strings"

	"homing"
	"homing/internal/desk/control"
)

type campaignCmd struct {
	Create campaignCreateCmd `cmd:"" help:"Make a campaign with its click URL."`
	Update campaignUpdateCmd `cmd:"" help:"Change a campaign. What is not given stays."`
	List   campaignListCmd   `cmd:"" help:"List the campaigns."`
}

type campaignCreateCmd struct {
	Account      homing.AccountID `required:"" help:"The account it belongs to." placeholder:"ID"`
	Name         string           `required:"" help:"What the campaign is called."`
	URL          string           `name:"url" required:"" help:"Where visitors are sent, with {click_id} and other macros in it." placeholder:"TEMPLATE"`
	Ref          *string          `help:"Your own reference."`
	Window       *length          `help:"How long after the click a postback counts (30d)." placeholder:"TIME"`
	DefaultValue *amount          `help:"What a conversion is worth that brings no value." placeholder:"AMOUNT"`
	Hold         *bool            `negatable:"" help:"Conversions begin pending instead of approved."`
	Goal         []goal           `sep:"none" help:"A goal that goalid tells apart, such as 1=Install. May be given several times." placeholder:"NUMBER=NAME"`
	oneFormat
}

// Run makes the campaign.
func (c *campaignCreateCmd) Run(s *session) error {
	edit := control.CampaignEdit{
		Account: c.Account, Name: &c.Name, URL: &c.URL, Ref: c.Ref, Window: c.Window.text(), Hold: c.Hold, Goals: goalsOf(c.Goal),
	}
	if c.DefaultValue != nil && c.DefaultValue.Given {
		edit.DefaultValue = &c.DefaultValue.Value
	}
	return s.ask(func(client *control.Client) error {
		made, err := client.CreateCampaign(s.ctx, edit)
		if err != nil {
			return err
		}
		s.warn(made)
		return printOne(s.out, c.Format, made, func(w io.Writer) {
			fmt.Fprintf(w, "Campaign %s, %s, was created.\n", made.ID, printable(made.Name))
			fmt.Fprintf(w, "  click URL  %s\n", made.ClickURL)
			fmt.Fprintf(w, "Next: put the click URL into the ad server. What it knows goes behind it: ?site_id=…&cost=…&sub1=…\n")
		})
	})
}

// warn tells what a person should look at in the campaign's URL.
func (s *session) warn(c control.Campaign) {
	for _, text := range c.Warnings {
		fmt.Fprintf(s.err, "%s\n", printable(text))
	}
}

type campaignUpdateCmd struct {
	ID           homing.CampaignID      `arg:"" help:"The campaign's number."`
	Name         *string                `help:"What the campaign is called."`
	URL          *string                `name:"url" help:"Where visitors are sent." placeholder:"TEMPLATE"`
	Status       *homing.CampaignStatus `help:"active, or paused: no more clicks; postbacks of earlier ones still count." placeholder:"STATUS"`
	Ref          *string                `help:"Your own reference; empty removes it."`
	Window       *length                `help:"How long after the click a postback counts." placeholder:"TIME"`
	DefaultValue *amount                `help:"What a conversion is worth that brings no value; empty removes it." placeholder:"AMOUNT"`
	Hold         *bool                  `negatable:"" help:"Conversions begin pending instead of approved."`
	Goal         []goal                 `sep:"none" xor:"goals" help:"The goals; replaces those there are. May be given several times." placeholder:"NUMBER=NAME"`
	NoGoals      bool                   `xor:"goals" help:"Remove the goals."`
	oneFormat
}

func (c *campaignUpdateCmd) edit() (edit control.CampaignEdit, nothing bool) {
	edit = control.CampaignEdit{
		Name: c.Name, URL: c.URL, Status: c.Status, Ref: c.Ref, Window: c.Window.text(), Hold: c.Hold, Goals: goalsOf(c.Goal),
	}
	switch {
	case c.DefaultValue == nil:
	case c.DefaultValue.Given:
		edit.DefaultValue = &c.DefaultValue.Value
	default:
		edit.Clear = append(edit.Clear, "default_value")
	}
	if c.NoGoals {
		edit.Clear = append(edit.Clear, "goals")
	}
	nothing = c.Name == nil && c.URL == nil && c.Status == nil && c.Ref == nil && c.Window == nil && c.Hold == nil &&
		c.DefaultValue == nil && len(c.Goal) == 0 && !c.NoGoals
	return edit, nothing
}

// Run changes the campaign.
func (c *campaignUpdateCmd) Run(s *session) error {
	edit, nothing := c.edit()
	if nothing {
		return usagef("nothing to change: give --name, --url, --status, --ref, --window, --default-value, --hold, --no-hold, --goal or --no-goals")
	}
	return s.ask(func(client *control.Client) error {
		changed, err := client.UpdateCampaign(s.ctx, c.ID, edit)
		if err != nil {
			return err
		}
		if c.URL != nil {
			s.warn(changed)
		}
		return printOne(s.out, c.Format, changed, func(w io.Writer) {
			fmt.Fprintf(w, "Campaign %s, %s, is now:\n", changed.ID, printable(changed.Name))
			printTable(w, campaignColumns, seqOf([]control.Campaign{changed}), 1)
		})
	})
}

type campaignListCmd struct {
	Account homing.AccountID `help:"Only this account's." placeholder:"ID"`
	listFormat
}

var campaignColumns = []column[control.Campaign]{
	{head: "ID", right: true, cell: func(c *control.Campaign) string { return c.ID.String() }},
	{head: "ACCOUNT", right: true, cell: func(c *control.Campaign) string { return c.Account.String() }},
	{head: "STATUS", cell: func(c *control.Campaign) string { return c.Status.String() }},
	{head: "NAME", cell: func(c *control.Campaign) string { return c.Name }},
	{head: "REF", cell: func(c *control.Campaign) string { return c.Ref }},
	{head: "WINDOW", right: true, cell: func(c *control.Campaign) string { return c.Window }},
	{head: "DEFAULT", right: true, cell: func(c *control.Campaign) string { return c.DefaultValue.String() }},
	{head: "HOLD", cell: func(c *control.Campaign) string { return yesNo(c.Hold) }},
	{head: "GOALS", cell: goalsText},
	{head: "CLICK URL", cell: func(c *control.Campaign) string { return c.ClickURL }},
	{head: "URL", cell: func(c *control.Campaign) string { return c.URL }},
}

func goalsText(c *control.Campaign) string {
	var texts []string
	for _, g := range c.Goals {
		texts = append(texts, g.ID.String()+"="+g.Name)
	}
	return strings.Join(texts, ", ")
}

// Run lists the campaigns.
func (c *campaignListCmd) Run(s *session) error {
	return s.ask(func(client *control.Client) error {
		list, err := client.Campaigns(s.ctx, c.Account)
		if err != nil {
			return err
		}
		return printList(s.out, c.Format, campaignColumns, seqOf(list))
	})
}
