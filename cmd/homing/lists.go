package main

import (
	"fmt"
	"strings"

	"homing"
	"homing/internal/desk/control"
)

// between is the flags of lists that are narrowed by time.
type between struct {
	Since moment `help:"From then on: so long ago (24h, 7d), a day, or a moment (RFC 3339)." placeholder:"TIME"`
	Until moment `help:"Before then." placeholder:"TIME"`
}

// withDemo is the flag of lists that leave demo accounts out.
type withDemo struct {
	Demo bool `help:"With the made-up records of demo accounts, which are left out unless one is named."`
}

type postbacksCmd struct {
	Tail    bool             `help:"Go on with what comes, until Ctrl-C. A server must be running."`
	Account homing.AccountID `help:"Only this account's." placeholder:"ID"`
	Result  homing.Outcome   `help:"Only counted, duplicate, late, ignored or refused." placeholder:"RESULT"`
	Limit   uint32           `help:"Only the newest so many (at most 100000)." placeholder:"N"`
	withDemo
	between
	listFormat
}

var postbackColumns = []column[control.Postback]{
	{head: "AT (UTC)", width: 19, cell: func(p *control.Postback) string { return shortTime(p.At) }},
	{head: "RESULT", width: 9, cell: resultText},
	{head: "REASON", width: 18, cell: func(p *control.Postback) string { return p.Reason.String() }},
	{head: "ANSWER", right: true, cell: func(p *control.Postback) string { return fmt.Sprint(p.Status) }},
	{head: "ACCOUNT", right: true, cell: func(p *control.Postback) string { return orDash(p.Account) }},
	{head: "VALUE", right: true, width: 7, cell: func(p *control.Postback) string { return p.Value.String() }},
	{head: "FROM", width: 13, cell: func(p *control.Postback) string { return p.Addr }},
	{head: "FLAGS", cell: func(p *control.Postback) string { return strings.Join(p.Flags, ",") }},
	{head: "CALL", cell: func(p *control.Postback) string { return p.Target }},
}

func resultText(p *control.Postback) string {
	if p.Count > 1 {
		return fmt.Sprintf("%s ×%d", p.Result, p.Count)
	}
	return p.Result.String()
}

// Run lists the log, and follows it if asked.
func (c *postbacksCmd) Run(s *session) error {
	if c.Tail && c.Format == formatJSON {
		return usagef("--tail has no end, so it is no JSON document; use --format jsonl")
	}
	return s.ask(func(client *control.Client) error {
		now := s.now()
		list := client.Postbacks(s.ctx, control.PostbackFilter{
			Account: c.Account, Result: c.Result, Since: c.Since.millis(now), Until: c.Until.millis(now),
			Limit: int(c.Limit), Tail: c.Tail, Demo: c.Demo,
		})
		if !c.Tail {
			return printList(s.out, c.Format, postbackColumns, list)
		}
		err := printLive(s.out, c.Format, postbackColumns, list)
		if s.ctx.Err() != nil {
			return nil // Ctrl-C is how it ends
		}
		return err
	})
}

type clicksCmd struct {
	Campaign homing.CampaignID `help:"Only this campaign's." placeholder:"ID"`
	Limit    uint32            `help:"Only the newest so many (at most 100000)." placeholder:"N"`
	withDemo
	between
	listFormat
}

var clickColumns = []column[control.Click]{
	{head: "AT (UTC)", cell: func(c *control.Click) string { return shortTime(c.At) }},
	{head: "CAMPAIGN", right: true, cell: func(c *control.Click) string { return c.Campaign.String() }},
	{head: "CLASS", cell: func(c *control.Click) string { return c.Class.String() }},
	{head: "CLICK ID", cell: func(c *control.Click) string { return c.ClickID.String() }},
	{head: "FROM", cell: func(c *control.Click) string { return c.Addr }},
	{head: "USER AGENT", cell: func(c *control.Click) string { return c.UserAgent }},
}

// Run lists the clicks.
func (c *clicksCmd) Run(s *session) error {
	return s.ask(func(client *control.Client) error {
		now := s.now()
		return printList(s.out, c.Format, clickColumns, client.Clicks(s.ctx, control.ClickFilter{
			Campaign: c.Campaign, Since: c.Since.millis(now), Until: c.Until.millis(now), Limit: int(c.Limit), Demo: c.Demo,
		}))
	})
}

type conversionListCmd struct {
	Account  homing.AccountID  `help:"Only this account's." placeholder:"ID"`
	Campaign homing.CampaignID `help:"Only this campaign's." placeholder:"ID"`
	Status   homing.Status     `help:"Only pending, approved, rejected or late." placeholder:"STATUS"`
	Limit    uint32            `help:"Only the newest so many (at most 100000)." placeholder:"N"`
	withDemo
	between
	Format string `enum:"table,json,jsonl,csv" default:"table" help:"table is for people; json is one document, jsonl one object a line, csv has a header and is safe for spreadsheets."`
}

var conversionColumns = []column[control.Conversion]{
	{head: "ID", right: true, cell: func(c *control.Conversion) string { return c.ID.String() }},
	{head: "AT (UTC)", cell: func(c *control.Conversion) string { return shortTime(c.At) }},
	{head: "STATUS", cell: func(c *control.Conversion) string { return c.Status.String() }},
	{head: "ACCOUNT", right: true, cell: func(c *control.Conversion) string { return c.Account.String() }},
	{head: "CAMPAIGN", right: true, cell: func(c *control.Conversion) string { return c.Campaign.String() }},
	{head: "GOAL", right: true, cell: func(c *control.Conversion) string { return c.Goal.String() }},
	{head: "VALUE", right: true, cell: func(c *control.Conversion) string { return c.Value.String() }},
	{head: "CLICK ID", cell: func(c *control.Conversion) string { return c.ClickID.String() }},
	{head: "LEAD CODE", cell: func(c *control.Conversion) string { return c.LeadCode }},
	{head: "FLAGS", cell: func(c *control.Conversion) string { return strings.Join(c.Flags, ",") }},
}

// conversionCSV has the fields of the JSON, in an order that stays; new ones
// come last.
var conversionCSV = []column[control.Conversion]{
	{head: "id", cell: func(c *control.Conversion) string { return c.ID.String() }},
	{head: "click_id", cell: func(c *control.Conversion) string { return c.ClickID.String() }},
	{head: "account", cell: func(c *control.Conversion) string { return c.Account.String() }},
	{head: "campaign", cell: func(c *control.Conversion) string { return c.Campaign.String() }},
	{head: "goal", cell: func(c *control.Conversion) string { return c.Goal.String() }},
	{head: "lead_code", cell: func(c *control.Conversion) string { return c.LeadCode }},
	{head: "status", cell: func(c *control.Conversion) string { return c.Status.String() }},
	{head: "value", cell: func(c *control.Conversion) string { return c.Value.String() }},
	{head: "price", cell: func(c *control.Conversion) string { return c.Price.String() }},
	{head: "currency", cell: func(c *control.Conversion) string { return c.Currency }},
	{head: "at", cell: func(c *control.Conversion) string { return c.At }},
	{head: "click_at", cell: func(c *control.Conversion) string { return c.ClickAt }},
	{head: "test", cell: func(c *control.Conversion) string { return fmt.Sprint(c.Test) }},
	{head: "flags", cell: func(c *control.Conversion) string { return strings.Join(c.Flags, " ") }},
	{head: "request_id", cell: func(c *control.Conversion) string { return c.Request.String() }},
}

// Run lists the conversions.
func (c *conversionListCmd) Run(s *session) error {
	columns := conversionColumns
	if c.Format == formatCSV {
		columns = conversionCSV
	}
	return s.ask(func(client *control.Client) error {
		now := s.now()
		return printList(s.out, c.Format, columns, client.Conversions(s.ctx, control.ConversionFilter{
			Account: c.Account, Campaign: c.Campaign, Status: c.Status,
			Since: c.Since.millis(now), Until: c.Until.millis(now), Limit: int(c.Limit), Demo: c.Demo,
		}))
	})
}
