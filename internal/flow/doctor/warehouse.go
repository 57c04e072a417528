package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/disk"
)

// upPatience is how long is waited for a warehouse that is starting.
const upPatience = 30 * time.Second

// warehouse checks that the warehouse holds together, and is not ahead of what it
// is made from.
func (e *examination) warehouse() error {
	if e.Warehouse == nil {
		return nil
	}
	e.tell(Progress{What: "waiting for the warehouse"})
	ofSpool, ofLedger, err := e.awaitMarks()
	if err != nil {
		return e.away(err)
	}
	e.asked, e.spoolMark, e.ledgerMark = true, ofSpool.Next, ofLedger.Next
	if err := e.lookForRefilling(); err != nil {
		return e.away(err)
	}
	status := e.Warehouse.Status()
	e.Looked("warehouse: DuckDB %s, %s; loaded up to position %d of the spool and change %d of the ledger",
		strings.TrimPrefix(status.Version, "v"), disk.Size(status.Bytes), ofSpool.Next, max(ofLedger.Next, 1)-1)
	lost := strings.Contains(status.Trouble, "lost")
	if status.Trouble != "" && lost {
		e.Found(lostFinding(status.Trouble))
	}
	if err := e.ahead(); err != nil {
		return err
	}
	if e.o.Quick {
		if status.Trouble != "" && !lost {
			e.Found(warehouseTrouble(status.Trouble))
		}
		return nil
	}
	return e.verify()
}

// awaitMarks waits until the warehouse answers.
func (e *examination) awaitMarks() (ofSpool, ofLedger warehouse.Mark, err error) {
	ctx, cancel := context.WithTimeout(e.ctx, upPatience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if ofSpool, ofLedger, err = e.marks(); !errors.Is(err, homing.ErrUnavailable) {
			return ofSpool, ofLedger, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ofSpool, ofLedger, err
		}
	}
}

// away tells of a warehouse that does not answer, or makes it an error.
func (e *examination) away(err error) error {
	switch {
	case e.ctx.Err() != nil:
		return e.ctx.Err()
	case errors.Is(err, homing.ErrDamaged):
		e.Found(fileDamaged(err.Error()))
	case e.Warehouse.Status().Rebuilding:
		e.refilled(0)
	default:
		text := e.Warehouse.Status().Trouble
		if text == "" {
			text = err.Error()
		}
		e.Found(Finding{
			Kind: "warehouse.away", Severity: Damage, Where: "warehouse", What: "It does not answer: " + sentence(text),
			Means: "There are no reports. Clicks and postbacks are taken and counted all the same, and nothing is lost.",
			Do:    "See homing warehouse status. If it does not come back by itself, homing warehouse rebuild makes it again.",
		})
	}
	return nil
}

func fileDamaged(text string) Finding {
	return Finding{
		Kind: "warehouse.damaged", Severity: Damage, Where: "warehouse/warehouse.duckdb", What: "The file is damaged: " + sentence(text),
		Means:  "Reports are wrong or missing until it is made again. Nothing is lost by it: it is made from sealed days, spool and ledger.",
		Do:     "homing doctor --repair makes it again; homing serve does so by itself when it meets the damage.",
		Remedy: Remedy{Kind: Rebuild},
	}
}

func warehouseTrouble(text string) Finding {
	return Finding{
		Kind: "warehouse.trouble", Severity: Warning, Where: "warehouse", What: sentence(text),
		Means: "Reports may lack something. The counting goes on without the warehouse.",
		Do:    "Run the doctor without --quick: it tells what can be made again.",
	}
}

func lostFinding(text string) Finding {
	return Finding{
		Kind: "warehouse.lost", Severity: Damage, Where: "warehouse", What: sentence(text),
		Means: "Single clicks and refused postbacks of these days cannot be shown or broken down any more. Conversions are whole: they are in the ledger. " +
			"Sums of clicks are, too, as far as the day's quarter-hour totals were kept.",
		Do: "If a backup has the files of these days in warehouse/archive, stop homing, put them back, start it and run homing warehouse rebuild.",
	}
}

// aheadKind is the finding of a mark that lies beyond what there is, and
// aheadOfSpool where it is found if it is the spool's.
const (
	aheadKind    = "warehouse.ahead"
	aheadOfSpool = "warehouse, mark of the spool"
)

// ahead looks for marks that lie beyond what there is: then what comes next is
// passed over.
func (e *examination) ahead() error {
	f := Finding{
		Severity: Damage,
		Means: "A spool or ledger was brought back that is older than the warehouse. What is taken from now on is counted, " +
			"but stays out of reports until its number is beyond what is noted.",
		Do:     "homing doctor --repair, or homing warehouse rebuild, makes the warehouse again from what there is.",
		Remedy: Remedy{Kind: Rebuild},
	}
	if durable := e.Spool.Durable(); e.spoolMark > uint64(durable) {
		f.Kind, f.Where = aheadKind, aheadOfSpool
		f.What = fmt.Sprintf("It is noted that the spool is loaded up to position %d, but it ends at %s.", e.spoolMark, durable)
		f.Means += " Clicks, and repeated or refused postbacks, that the spool has lost by this and whose day is not sealed stand in the warehouse's present file only."
		f.Do = "See first whether files of spool/ are missing, and bring the newest ones back. Then homing doctor --repair, or homing warehouse rebuild, " +
			"makes the warehouse again from what there is, and puts the present file aside."
		e.Found(f)
	}
	if e.ledgerMark < 2 {
		return nil
	}
	last, err := e.Ledger.Changes(e.ctx, int64(e.ledgerMark)-2, 1)
	if err != nil {
		return e.unlessDamaged("read the ledger's changes", err)
	}
	if len(last) == 0 {
		f.Kind, f.Where = aheadKind, "warehouse, mark of the ledger"
		f.What = fmt.Sprintf("It is noted that the ledger is loaded up to change %d, but it has fewer.", e.ledgerMark-1)
		e.Found(f)
	}
	return nil
}

// unlessDamaged passes damage of the ledger over, which its check has told.
func (e *examination) unlessDamaged(doing string, err error) error {
	if errors.Is(err, homing.ErrDamaged) {
		return nil
	}
	return fmt.Errorf("couldn't %s: %w", doing, err)
}

func (e *examination) verify() error {
	flaws, err := e.Warehouse.Verify(e.ctx, func(what string, done, total int64) {
		e.tell(Progress{What: "reading " + what, Done: done, Total: total})
	})
	for _, f := range flaws {
		e.Found(WarehouseFlaw(f))
		if f.Kind == warehouse.RowsDamaged {
			e.asked = false // what it says is worth nothing
		}
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, homing.ErrDamaged):
		e.asked = false
		e.Found(fileDamaged(err.Error()))
		return nil
	case errors.Is(err, homing.ErrUnavailable) && e.ctx.Err() == nil:
		e.asked = false
		return e.away(err)
	}
	return fmt.Errorf("couldn't read the warehouse: %w", err)
}

// WarehouseFlaw tells of what a warehouse found wrong with itself.
func WarehouseFlaw(w warehouse.Flaw) Finding {
	where := "warehouse/warehouse.duckdb"
	if w.File != "" {
		where = "warehouse/" + w.File
	}
	if w.Day != 0 {
		where += ", day " + w.Day.String()
	}
	f := Finding{Severity: Damage, Where: where, What: sentence(w.What), Remedy: Remedy{Kind: Rebuild},
		Do: "homing doctor --repair makes the warehouse again from sealed days, spool and ledger."}
	switch w.Kind {
	case warehouse.SealDamaged:
		f.Kind, f.Remedy = "archive.damaged", Remedy{Kind: Seal, Day: w.Day}
		f.Means = "Reports are right as they are: the day's rows are in the warehouse. But if the warehouse's file were lost now, the clicks of that day would be lost with it."
		f.Do = "homing doctor --repair seals the day again from the rows that are stored. Have the disk looked at."
		if w.Day == 0 {
			f.Remedy = Remedy{}
			f.Do = "Bring the file back from a backup, or remove it if its name is of no day."
		}
	case warehouse.RowsDamaged:
		return fileDamaged(w.What)
	case warehouse.RowsDiffer:
		f.Kind = "warehouse.rows"
		f.Means = "Reports of that day's clicks and postbacks may be wrong: either rows were changed, or some are missing. Conversions are compared with the ledger on their own."
	case warehouse.RowsTwice:
		f.Kind = "warehouse.twice"
		f.Means = "Reports count them more than once: clicks, costs or conversions of that day are too high. The ledger has each conversion once."
	case warehouse.TotalsDiffer:
		f.Kind = "warehouse.totals"
		f.Means = "Reports of longer times are answered from these totals and are wrong for that day; single rows are right."
	case warehouse.FacetsDiffer:
		f.Kind = "agreement.facets"
		f.Means = "These conversions stand under a wrong country, device or sub parameter in reports. All sums are right, and so is what is paid: the ledger knows no facets."
	}
	return f
}
