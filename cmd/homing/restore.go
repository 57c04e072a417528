package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"homing/internal/app"
)

type putBackCmd struct {
	Dir      string `arg:"" name:"dir" help:"The backup."`
	Verify   bool   `help:"Only read every byte of the backup and compare it with its checksums; --data-dir is not looked at."`
	Erasures string `help:"What was erased after the backup was made, to be erased again: a file with lines of homing erase list --format jsonl." placeholder:"FILE"`
	oneFormat
}

// Help says what a restore means.
func (c *putBackCmd) Help() string {
	return `The backup goes into --data-dir, which must be new or empty: nothing is ever written over. First every byte is verified; a backup that is damaged, was not finished or was made by a newer homing is refused with the place, and nothing is written.

What was answered after the backup was made is not in it: clicks, conversions, settings, erasures. Click ids made since go on verifying, and their postbacks count, if master key and campaign are older than the backup. What came after it is never mistaken for what comes from now on: numbers of advertisers, campaigns and users jump ahead, and so do node numbers. Everybody has to sign in again.

Never run the old data directory and a restored one side by side. Should a restore be cut short, the directory is refused; remove it and begin again.`
}

// Run restores or verifies a backup.
func (c *putBackCmd) Run(s *session) (err error) {
	what := app.Restoration{Backup: c.Dir, DataDir: s.dataDir, Verify: c.Verify, Clock: s.now}
	if c.Erasures != "" {
		file, err := os.Open(c.Erasures)
		if err != nil {
			return fmt.Errorf("couldn't read --erasures: %w", err)
		}
		defer file.Close()
		what.Erasures = file
	}
	steps := s.steps()
	var next time.Time
	last := ""
	what.Progress = func(text string, done, total int64) {
		if now := s.now(); text != last || now.After(next) {
			last, next = text, now.Add(time.Second/4)
			steps.tell(text, done, total)
		}
	}
	done, err := app.Restore(s.ctx, what)
	steps.end()
	if err != nil {
		return err
	}
	return printOne(s.out, c.Format, done, func(w io.Writer) {
		if c.Verify {
			printVerified(w, &done)
		} else {
			printRestored(w, &done)
		}
	})
}

func printVerified(w io.Writer, d *app.Restored) {
	fmt.Fprintf(w, "The backup %s is whole: %s in %d files, made by homing %s.\n", printable(d.Backup), megabytes(d.Bytes), d.Files, d.Homing)
	tellContent(w, d)
}

func tellContent(w io.Writer, d *app.Restored) {
	fmt.Fprintf(w, "It holds %d conversions, %d clicks and calls of the last days, and %d archived days: all that was answered before %s UTC, and nothing from after %s UTC.\n",
		d.Conversions, d.Records, d.Days, shortTime(d.Begun), shortTime(d.Made))
	for _, n := range d.Notes {
		fmt.Fprintln(w, "note: "+printable(n))
	}
}

func printRestored(w io.Writer, d *app.Restored) {
	fmt.Fprintf(w, "The backup %s was restored into %s (%s in %d files).\n", printable(d.Backup), printable(d.DataDir), megabytes(d.Bytes), d.Files)
	tellContent(w, d)
	if d.Erased > 0 || d.Unknown > 0 {
		fmt.Fprintf(w, "%d erasures were carried out again; of %d more there was nothing in the backup.\n", d.Erased, d.Unknown)
	}
	fmt.Fprintf(w, `
Next:
  homing serve --data-dir %s
Reports are made again from the archive, the clicks and the ledger; homing warehouse status tells how far that is.
Clicks and conversions from after the backup are not there. Their click ids still verify: have advertisers send again
what they sent since %s UTC; nothing counts twice. Make campaigns, keys and changes of settings from after it again,
and revoke again what was revoked.
Never run the old data directory beside this one.
`, printable(d.DataDir), shortTime(d.Begun))
}
