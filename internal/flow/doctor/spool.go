package doctor

import (
	"fmt"
	"path/filepath"

	"homing/internal/engine/spool"
)

// spool reads the files of the spool, block by block.
func (e *examination) spool() error {
	if !e.o.Quick {
		err := e.Spool.Verify(e.ctx, func(done, total int64) {
			e.tell(Progress{What: "reading the spool", Done: done, Total: total, Bytes: true})
		})
		if err != nil {
			return fmt.Errorf("couldn't read the spool: %w", err)
		}
	}
	how := "every block was read"
	if e.o.Quick {
		how = "not read through"
	}
	e.Looked("spool: records %s to %s, %s", e.Spool.Oldest(), e.Spool.Durable(), how)
	for _, d := range e.Spool.Damage() {
		e.Found(SpoolDamage(d))
	}
	return nil
}

// SpoolDamage tells of a stretch of the spool that cannot be read.
func SpoolDamage(d spool.Damage) Finding {
	f := Finding{
		Kind: "spool.damaged", Severity: Damage,
		Where: fmt.Sprintf("%s, byte %d, %d bytes", filepath.Join("spool", filepath.Base(d.File)), d.Offset, d.Bytes),
		What:  fmt.Sprintf("Records %s up to %s cannot be read (%s).", d.First, d.Next-1, d.Cause),
		Means: "These clicks, and repeated or refused postbacks, are missing in reports, unless they had been loaded before. " +
			"What was counted is in the ledger and stays counted; the visitors' click ids go on working.",
		Do: "Keep a copy of the file. If a backup has it whole, stop homing, put that file in its place and run the doctor again; " +
			"else nothing can be done, and the file goes by itself when its days are sealed. Have the disk looked at.",
	}
	if d.First == d.Next {
		f.Kind, f.Severity = "spool.page", Warning
		f.What = fmt.Sprintf("A piece of the file is damaged (%s). No record is lost by it.", d.Cause)
		f.Means = "Nothing, for money and reports: what is damaged is there twice, holds no record, or could be mended."
		f.Do = "Have the disk looked at: a disk that turns one bit turns others."
	}
	return f
}

// span is a stretch of positions.
type span struct{ first, next spool.Position }

// unexplained are the gaps between records that no damage tells of.
func unexplained(gaps []span, damage []spool.Damage) (left []span) {
	for _, g := range gaps {
		at := g.first
		for moved := true; moved && at < g.next; {
			moved = false
			for _, d := range damage {
				if d.First <= at && at < d.Next {
					at, moved = d.Next, true
				}
			}
		}
		if at < g.next {
			left = append(left, span{at, g.next})
		}
	}
	return left
}

func gapFinding(g span) Finding {
	return Finding{
		Kind: "spool.gap", Severity: Damage,
		Where: fmt.Sprintf("spool, positions %s to %s", g.first, g.next-1),
		What:  "These records are not there, and nothing says what became of them.",
		Means: "Clicks, or repeated or refused postbacks, may be missing in reports. What was counted is in the ledger.",
		Do:    "See whether files of spool/ are missing beside a backup of it.",
	}
}

func unreadFinding(n int64, first spool.Position, cause error) Finding {
	return Finding{
		Kind: "spool.unread", Severity: Damage,
		Where: fmt.Sprintf("spool, position %s", first),
		What:  fmt.Sprintf("%d records are whole but cannot be understood, this one first: %v.", n, cause),
		Means: "They are in no report.",
		Do:    "If a newer homing has worked on this directory, run that one. Else tell the makers of homing.",
	}
}
