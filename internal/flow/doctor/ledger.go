package doctor

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/flow/disk"
)

// ledger checks that the ledger holds together.
func (e *examination) ledger() error {
	how := "not read through"
	if !e.o.Quick {
		how = "every row was checked"
		e.tell(Progress{What: "checking the ledger"})
		if err := e.Ledger.Check(e.ctx); err != nil {
			if e.ctx.Err() != nil || errors.Is(err, homing.ErrUnavailable) {
				return fmt.Errorf("couldn't check the ledger: %w", err)
			}
			for _, f := range LedgerFaults(err) {
				e.Found(f)
			}
		}
	}
	for _, text := range e.Ledger.Damage() {
		e.foundOnce(ledgerFault(text))
	}
	size, err := e.Ledger.Size()
	if err != nil {
		return fmt.Errorf("couldn't measure the ledger: %w", err)
	}
	e.Looked("ledger: %s, %s", disk.Size(size), how)
	return e.loans()
}

// foundOnce notes a finding unless the same was found already.
func (e *examination) foundOnce(f Finding) {
	for i := range e.Findings {
		if e.Findings[i].What == f.What {
			return
		}
	}
	e.Found(f)
}

// LedgerFaults takes an error of Check apart: a finding for each line of it.
func LedgerFaults(err error) (list []Finding) {
	for line := range strings.Lines(err.Error()) {
		text := strings.TrimPrefix(strings.TrimSpace(line), homing.ErrDamaged.Error()+": ")
		list = append(list, ledgerFault(text))
	}
	return list
}

// meanings tell by what the ledger says of a fault what it means and what helps;
// the first that fits. "^" stands for the beginning.
var meanings = []struct{ words, kind, means, do string }{
	{"was turned back", BitMended,
		"A checksum told which bit it was, so nothing is wrong or missing. A second one on the same page could not be turned back.",
		"Have the disk and the memory tested. A backup that is restored (homing backup, homing restore) is written anew, without it."},
	{"has no receipt", "ledger.receipt",
		"The conversion counts as it stands. How it was asked for cannot be shown any more, and the postback log lacks a line.",
		"Nothing has to be done; a backup from before still has it."},
	{"^receipt", "ledger.receipt",
		"A line of the postback log is wrong or cannot be read. Conversions and their sums are not touched.",
		"Nothing has to be done; a backup from before still has it."},
	{"is not that of its last change", "ledger.status",
		"The conversion may be counted though it was rejected, or the other way round: totals may be wrong by its value.",
		"Look at its history (homing trace) and set it right by homing conversions approve or reject."},
	{"has no first change", "ledger.history",
		"Reports follow the changes: the conversion may be missing in them though it counts here.",
		"Bring the ledger back from a backup (homing restore); what came since then is to be sent again by the advertisers."},
	{"changes are numbered", "ledger.history",
		"Reports follow the changes by number: conversions, or what became of them, may be missing in reports.",
		"Bring the ledger back from a backup (homing restore); what came since then is to be sent again by the advertisers."},
	{"^of changes", "ledger.history",
		"Reports follow the changes by number: conversions, or what became of them, may be missing in reports.",
		"Bring the ledger back from a backup (homing restore); what came since then is to be sent again by the advertisers."},
	{"is unfinished", "ledger.erasure",
		"What somebody has a right to have forgotten is not wholly forgotten yet. No sum is touched.",
		"Erase the account again: homing account delete."},
	{"index", "ledger.index",
		"A repeated postback may be counted a second time, or a conversion not be found.",
		"Stop homing, keep a copy of ledger.db, and run REINDEX on it with sqlite3, as the text says; then run the doctor again."},
	{"damaged log of an earlier run", "ledger.log",
		"Verdicts that had been answered with 200 right before a crash may be missing, so the advertiser believes them counted.",
		"Compare the last minutes before that crash with what advertisers sent (Compare in the panel), then remove the file it names."},
	{"wal", "ledger.log",
		"Verdicts that had been answered with 200 right before a crash are missing, so the advertiser believes them counted.",
		"Keep the file it names. Compare the last minutes before the crash with what advertisers sent (Compare in the panel)."},
}

func ledgerFault(text string) Finding {
	f := Finding{
		Kind: "ledger.damaged", Severity: Damage, Where: whereInLedger(text), What: sentence(text),
		Means: "The ledger decides what counts. What cannot be read there is missing in lists and reports, and a repeat of it may be counted once more.",
		Do: "Stop homing, put all ledger.db files aside and bring the ledger back from the newest backup (homing restore). " +
			"Postbacks that came since then are to be sent again; repeats count only once.",
	}
	for _, m := range meanings {
		if strings.Contains("^"+text, m.words) {
			f.Kind, f.Means, f.Do = m.kind, m.means, m.do
			break
		}
	}
	if f.Kind == "ledger.erasure" || f.Kind == BitMended {
		f.Severity = Warning
	}
	return f
}

// BitMended is the finding of a single flipped bit, which the ledger's checksums
// turn back whenever the page is read. It can be opened, and everything in it is
// right.
const BitMended = "ledger.bit"

var pageOf = regexp.MustCompile(`\bpage (\d+) of `)

// whereInLedger names the page, if the ledger does.
func whereInLedger(text string) string {
	if found := pageOf.FindStringSubmatch(text); found != nil {
		return "ledger.db, page " + found[1]
	}
	return "ledger.db"
}

// sentence makes one of what an engine says.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if strings.HasSuffix(text, ".") {
		return text
	}
	return text + "."
}

// farAhead is how far ahead of the clock a number's mark may lie: a loan is taken
// ahead by seconds, by an hour if visitors are sent on without a disk.
const farAhead homing.Millis = 2 * 60 * 60 * 1000

// loans looks for node numbers that a wrong clock has used up.
func (e *examination) loans() error {
	loans, err := e.Ledger.Loans(e.ctx)
	if err != nil {
		return fmt.Errorf("couldn't list the node numbers: %w", err)
	}
	for _, l := range loans {
		if l.Mark > e.now()+farAhead+e.LoansAhead {
			e.Found(loanFinding(l, e.now()))
		}
	}
	return nil
}

func loanFinding(l ledger.Loan, now homing.Millis) Finding {
	return Finding{
		Kind: "clock.loan", Severity: Warning,
		Where: fmt.Sprintf("ledger.db, node number %d", l.Node),
		What:  fmt.Sprintf("It may have been used up to %s, which is %s ahead of this clock.", l.Mark, inWords(l.Mark-now)),
		Means: "A clock was far ahead, or this one is behind. Clicks of that time carry wrong days, and with them fall out of their windows. " +
			"The number is not lent again before that moment, so that no two clicks share an id.",
		Do: "Compare the clock with a time server. Nothing else has to be done: there are 1,000 numbers.",
	}
}
