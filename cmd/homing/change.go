package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"homing/internal/desk/control"
)

// conversionsCmd lists conversions, or changes where they stand.
type conversionsCmd struct {
	List    conversionListCmd `cmd:"" default:"withargs" help:"List them; so does homing conversions alone."`
	Approve approveCmd        `cmd:"" help:"Approve pending ones."`
	Reject  rejectCmd         `cmd:"" help:"Take them out of the totals. They stay listed, and can be restored."`
	Restore restoreCmd        `cmd:"" help:"Take rejections back."`
	Accept  acceptCmd         `cmd:"" help:"Let late ones into the totals."`
}

// changing is the flags of commands that change conversions.
type changing struct {
	IDs    []string `arg:"" optional:"" name:"id" help:"Numbers of conversions, or click ids; click-id,lead-code where a click has several."`
	File   string   `help:"A list: a click id or a conversion's number a line, as pasted or out of a spreadsheet (CSV). - is standard input." placeholder:"FILE"`
	Reason string   `help:"Why. It stands in the history, and the advertiser sees it." placeholder:"TEXT"`
	DryRun bool     `help:"Change nothing; tell what would become of each."`
	Format string   `enum:"table,json,jsonl,csv" default:"table" help:"table is for people; json is one document, jsonl one object a line, csv has a header and is safe for spreadsheets."`
}

type approveCmd struct{ changing }

type rejectCmd struct{ changing }

type restoreCmd struct {
	Pending bool `help:"Make them pending instead of approved."`
	changing
}

type acceptCmd struct {
	Pending bool `help:"Make them pending instead of approved."`
	changing
}

// Run approves conversions.
func (c *approveCmd) Run(s *session) error { return c.run(s, "approve", false) }

// Run rejects conversions.
func (c *rejectCmd) Run(s *session) error { return c.run(s, "reject", false) }

// Run restores conversions.
func (c *restoreCmd) Run(s *session) error { return c.run(s, "restore", c.Pending) }

// Run accepts late conversions.
func (c *acceptCmd) Run(s *session) error { return c.run(s, "accept", c.Pending) }

// run changes what the arguments or the file name. It fails if any of them was
// not to be changed; what stands there already is no failure.
func (c *changing) run(s *session, verb string, pending bool) error {
	list, done, err := c.list(s)
	if err != nil {
		return err
	}
	defer done()
	return s.ask(func(client *control.Client) error {
		told, err := client.ChangeConversions(s.ctx, control.Change{
			Verb: verb, Pending: pending, Reason: c.Reason, DryRun: c.DryRun, List: list,
		})
		if err != nil {
			return wrongly(err)
		}
		if err := c.print(s.out, &told); err != nil {
			return err
		}
		if n := len(told.Rows) - told.Counts["ready"] - told.Counts["changed"] - told.Counts["unchanged"]; n > 0 {
			return fmt.Errorf("%d of %d can't be changed, or were not; see PROBLEM", n, len(told.Rows))
		}
		return nil
	})
}

// list is the conversions to change, and what to do when they are read.
func (c *changing) list(s *session) (io.Reader, func(), error) {
	nothing := func() {}
	switch {
	case c.File == "" && len(c.IDs) == 0:
		return nil, nothing, usagef("name the conversions, or a list of them with --file")
	case c.File != "" && len(c.IDs) > 0:
		return nil, nothing, usagef("give either ids or --file")
	case c.File == "":
		return strings.NewReader(strings.Join(c.IDs, "\n")), nothing, nil
	case c.File == "-":
		return s.in, nothing, nil
	}
	file, err := os.Open(c.File)
	if err != nil {
		return nil, nothing, fmt.Errorf("couldn't read the list: %w", err)
	}
	return file, func() { file.Close() }, nil
}

var changedColumns = []column[control.Changed]{
	{head: "LINE", right: true, cell: func(c *control.Changed) string { return fmt.Sprint(c.Line) }},
	{head: "ID", right: true, cell: func(c *control.Changed) string { return orNothing(c.ID) }},
	{head: "CLICK ID", cell: func(c *control.Changed) string { return c.ClickID }},
	{head: "LEAD CODE", cell: func(c *control.Changed) string { return c.LeadCode }},
	{head: "FROM", cell: fromText},
	{head: "TO", cell: toText},
	{head: "RESULT", cell: func(c *control.Changed) string { return c.Result }},
	{head: "PROBLEM", cell: func(c *control.Changed) string { return c.Problem }},
}

var changedCSV = []column[control.Changed]{
	{head: "line", cell: func(c *control.Changed) string { return fmt.Sprint(c.Line) }},
	{head: "id", cell: func(c *control.Changed) string { return orNothing(c.ID) }},
	{head: "click_id", cell: func(c *control.Changed) string { return c.ClickID }},
	{head: "lead_code", cell: func(c *control.Changed) string { return c.LeadCode }},
	{head: "from", cell: fromText},
	{head: "to", cell: toText},
	{head: "result", cell: func(c *control.Changed) string { return c.Result }},
	{head: "problem", cell: func(c *control.Changed) string { return c.Problem }},
	{head: "reason", cell: func(c *control.Changed) string { return c.Reason }},
}

func fromText(c *control.Changed) string {
	if c.From == 0 {
		return ""
	}
	return c.From.String()
}

func toText(c *control.Changed) string {
	if c.To == 0 {
		return ""
	}
	return c.To.String()
}

// orNothing is a number; none is empty.
func orNothing[T ~int64](n T) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// few is how many lines people are shown one by one; of more, only those with a
// problem.
const few = 50

func (c *changing) print(w io.Writer, told *control.Changes) error {
	switch c.Format {
	case formatTable:
	case formatCSV:
		return printList(w, c.Format, changedCSV, seqOf(told.Rows))
	default:
		return printList(w, c.Format, changedColumns, seqOf(told.Rows))
	}
	var shown []control.Changed
	for _, row := range told.Rows {
		if len(told.Rows) <= few || row.Problem != "" && row.Result != "unchanged" {
			shown = append(shown, row)
		}
	}
	if len(shown) > 0 {
		if err := printList(w, c.Format, changedColumns, seqOf(shown)); err != nil {
			return err
		}
	}
	for _, result := range []struct{ name, says string }{
		{"changed", "changed"}, {"ready", "would be changed"}, {"unchanged", "stood there already"}, {"refused", "can't be changed"},
		{"overtaken", "were changed by somebody else meanwhile and left alone"}, {"failed", "could not be stored"},
	} {
		if n := told.Counts[result.name]; n > 0 {
			fmt.Fprintf(w, "%d %s.\n", n, result.says)
		}
	}
	return nil
}
