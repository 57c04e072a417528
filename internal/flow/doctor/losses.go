package doctor

import (
	"context"
	"fmt"

	"homing"
	"homing/internal/engine/ledger"
)

// What was acknowledged and is gone leaves no trace once reports have been made
// again from what there is: the newest file of the spool that was lost, an older
// copy of the ledger that was brought back. So who notices writes it into the
// audit log, and it stays a finding until somebody says that it was seen.
//
//	loader, or a repair ──► NoteLoss ──► audit log ──► finding
//	homing doctor --acknowledge ──► Acknowledge ──► no finding any more

// What the audit log calls them.
const (
	lossAction = "records.lost"
	seenAction = "records.seen"
	ofRecords  = "records"
)

// sameLoss is for how long the same part is not noted once more: who starts the
// server and who repairs may notice one after the other.
const sameLoss homing.Millis = 10 * 60 * 1000

// NoteLoss writes down that a part of the house, "spool" or "ledger", no longer
// has what was acknowledged.
func NoteLoss(ctx context.Context, l ledger.Ledger, part, text string, now homing.Millis) error {
	open, err := openLosses(ctx, l)
	if err != nil {
		return fmt.Errorf("couldn't note a loss: %w", err)
	}
	for _, loss := range open {
		if loss.Object == part && now-loss.At < sameLoss && loss.At <= now {
			return nil
		}
	}
	if err := l.Apply(ctx, ledger.Actor{Name: "homing", At: now}, ledger.Note{Action: lossAction, Object: part, Detail: text}); err != nil {
		return fmt.Errorf("couldn't note a loss: %w", err)
	}
	return nil
}

// Acknowledge notes that somebody has seen what was lost, and tells how much.
func Acknowledge(ctx context.Context, l ledger.Ledger, by string, now homing.Millis) (seen int, err error) {
	open, err := openLosses(ctx, l)
	if err == nil && len(open) > 0 {
		err = l.Apply(ctx, ledger.Actor{Name: by, At: now},
			ledger.Note{Action: seenAction, Object: "losses", Detail: fmt.Sprintf("%d losses that homing doctor told of", len(open))})
	}
	if err != nil {
		return 0, fmt.Errorf("couldn't acknowledge what was lost: %w", err)
	}
	return len(open), nil
}

// mostLosses is how many are looked at; more are told as so many.
const mostLosses = 100

// openLosses lists what was lost since somebody last acknowledged, the newest
// first.
func openLosses(ctx context.Context, l ledger.Ledger) (open []ledger.AuditEntry, err error) {
	entries, err := l.Audit(ctx, ledger.AuditQuery{Action: ofRecords, Limit: mostLosses})
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if entry.Action == seenAction {
			break
		}
		open = append(open, entry)
	}
	return open, nil
}

// losses tells of what was lost and has not been acknowledged.
func (e *examination) losses() error {
	open, err := openLosses(e.ctx, e.Ledger)
	if err != nil {
		return e.unlessDamaged("look for losses", err)
	}
	for i, loss := range open {
		if i == mostTold {
			e.Found(more("losses", len(open)-mostTold))
			break
		}
		e.Found(lossFinding(loss))
	}
	return nil
}

func lossFinding(loss ledger.AuditEntry) Finding {
	f := Finding{
		Kind: "records.lost", Severity: Damage, Where: fmt.Sprintf("%s, noticed on %s", loss.Object, loss.At), What: sentence(loss.Detail),
		Means: "What is gone is gone from reports as well, which were made again from what there is. ",
		Do: "If there is a copy with what is missing, stop homing, bring it back and run homing warehouse rebuild. " +
			"Then, or if there is none, homing doctor --acknowledge has this told no more.",
	}
	if loss.Object == "ledger" {
		f.Means += "Conversions that were answered with 200 are unknown: a repeat of one counts. Ask advertisers to send that time's again."
	} else {
		f.Means += "These clicks, and repeated or refused postbacks, cannot be shown; their click ids go on converting."
	}
	return f
}

// lossOf tells what part of the house has lost something, if a finding says that.
func lossOf(f *Finding) (part string) {
	if f.Kind != aheadKind {
		return ""
	}
	if f.Where == aheadOfSpool {
		return "spool"
	}
	return "ledger"
}

// NoteLosses writes down those of the findings that a repair would let be
// forgotten.
func NoteLosses(ctx context.Context, l ledger.Ledger, findings []Finding, now homing.Millis) error {
	for i := range findings {
		if part := lossOf(&findings[i]); part != "" {
			if err := NoteLoss(ctx, l, part, findings[i].What, now); err != nil {
				return err
			}
		}
	}
	return nil
}
