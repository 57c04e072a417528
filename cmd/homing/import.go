package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"homing/internal/desk/control"
)

type importCmd struct {
	File string `arg:"" help:"One JSON object a line: accounts (ref, name, keys, …) and campaigns (ref, account, name, url, …). - is standard input."`
	oneFormat
}

// Help tells the format.
func (c *importCmd) Help() string {
	return `All of the file is carried out, or nothing. Repeating it changes nothing: things are known by your own ref. Accounts stand before their campaigns:

  {"ref":"adv-17","name":"Acme","keys":["…present key…"],"multi_lead":true}
  {"ref":"cmp-204","account":"adv-17","name":"Spring","url":"https://…{click_id}"}`
}

// Run takes the file over.
func (c *importCmd) Run(s *session) error {
	file := s.in
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return fmt.Errorf("couldn't read the import: %w", err)
		}
		defer f.Close()
		file = f
	}
	return s.askFirst(func(client *control.Client) error {
		done, err := client.Import(s.ctx, &progress{from: file, to: s.err, now: s.now, next: s.now().Add(time.Second)})
		if err != nil {
			return err
		}
		return printOne(s.out, c.Format, done, func(w io.Writer) { printImported(w, done) })
	})
}

func printImported(w io.Writer, done control.Imported) {
	columns := []column[importedRow]{
		{head: "", cell: func(r *importedRow) string { return r.what }},
		{head: "CREATED", right: true, cell: func(r *importedRow) string { return fmt.Sprint(r.Created) }},
		{head: "CHANGED", right: true, cell: func(r *importedRow) string { return fmt.Sprint(r.Changed) }},
		{head: "UNCHANGED", right: true, cell: func(r *importedRow) string { return fmt.Sprint(r.Unchanged) }},
	}
	rows := []importedRow{{"accounts", done.Accounts}, {"campaigns", done.Campaigns}}
	printTable(w, columns, seqOf(rows), len(rows))
	fmt.Fprintf(w, "%d keys were added. The click URLs are in homing campaign list.\n", done.KeysAdded)
}

type importedRow struct {
	what string
	control.ImportCount
}

// progress tells once a second how much of a long file was read.
type progress struct {
	from io.Reader
	to   io.Writer
	now  func() time.Time
	next time.Time
	read int64
}

// Read passes on what it reads.
func (p *progress) Read(b []byte) (int, error) {
	n, err := p.from.Read(b)
	p.read += int64(n)
	if now := p.now(); now.After(p.next) {
		p.next = now.Add(time.Second)
		fmt.Fprintf(p.to, "read %d MB\n", p.read/1_000_000)
	}
	return n, err
}
