package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"homing/internal/desk/control"
)

type backupCmd struct {
	Dir string `arg:"" name:"dir" help:"Where the backup goes: a directory that is new or empty, on another disk."`
	oneFormat
}

// Help says what is in a backup, and that it is a secret.
func (c *backupCmd) Help() string {
	return `Redirects and postbacks go on meanwhile. If a server runs, it writes the files, as its user; else this command does.

A backup holds the ledger (accounts, campaigns, keys, conversions), the clicks, the archive of past days, the self-signed certificate and THE MASTER KEYS. Whoever has it can make click ids and read everything, and without the master keys no click id can be read: keep backups secret, and keep them on another machine. The files can be read by their owner only.

It is whole when backup.json is there. If the command fails or is interrupted, what was made is removed; what cannot be removed has no backup.json and is refused by homing restore.

Every backup needs a directory of its own: homing backup /backups/$(date +%F). Verify one with homing restore DIR --verify.`
}

// Run makes the backup.
func (c *backupCmd) Run(s *session) error {
	dir, err := filepath.Abs(c.Dir) // the server works elsewhere
	if err != nil {
		return fmt.Errorf("couldn't tell where %s is: %w", c.Dir, err)
	}
	return s.ask(func(client *control.Client) error {
		var made *control.BackupMade
		steps := s.steps()
		for p, err := range client.Backup(s.ctx, dir) {
			if err != nil {
				steps.end()
				return wrongly(err)
			}
			if made = p.Made; made == nil {
				steps.tell(p.What, p.Done, p.Total)
			}
		}
		steps.end()
		if made == nil {
			return errors.New("the server did not say that the backup is whole; it is not, unless backup.json is there")
		}
		return printOne(s.out, c.Format, made, func(w io.Writer) { printBackup(w, made) })
	})
}

func printBackup(w io.Writer, m *control.BackupMade) {
	fmt.Fprintf(w, "Backup made: %s (%s in %d files, %.0f s)\n", printable(m.Dir), megabytes(m.Bytes), m.Files, m.Seconds)
	fmt.Fprintf(w, "It holds %d conversions, %d clicks and calls of the last days, and %d archived days: all that was answered before %s UTC.\n",
		m.Conversions, m.Records, m.Days, shortTime(m.Begun))
	fmt.Fprintln(w, "It holds the MASTER KEYS: whoever has it can make click ids. Keep it secret, and on another machine.")
	for _, n := range m.Notes {
		fmt.Fprintln(w, "note: "+printable(n))
	}
}

// steps shows how far something long is: one line written over and over on a
// terminal, a line for each new thing elsewhere.
type steps struct {
	s    *session
	last string
}

func (s *session) steps() *steps { return &steps{s: s} }

func (p *steps) tell(what string, done, total int64) {
	line := what
	if total > 0 {
		line = fmt.Sprintf("%s  %s of %s (%d %%)", what, megabytes(done), megabytes(total), min(done*100/total, 100))
	}
	switch {
	case p.s.watched:
		fmt.Fprint(p.s.err, "\r\x1b[K"+printable(line))
	case what != p.last:
		fmt.Fprintln(p.s.err, printable(what))
	}
	p.last = what
}

func (p *steps) end() {
	if p.s.watched {
		fmt.Fprint(p.s.err, "\r\x1b[K")
	}
}
