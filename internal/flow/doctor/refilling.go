package doctor

import (
	"fmt"

	"homing/internal/flow/loader"
)

// A warehouse that is being made again, after a restore or after damage, has its
// sealed days before its marks have passed them, and lacks the rest. That is no
// fault: it is told how far it is, and nothing is compared.

// lookForRefilling tells whether the warehouse has days from seals whose records
// the loader has yet to pass over.
func (e *examination) lookForRefilling() error {
	seals, err := e.Warehouse.Seals(e.ctx)
	if err != nil {
		return err
	}
	durable := uint64(e.Spool.Durable())
	for _, s := range seals {
		ofSpool, ofLedger := s.Through[e.Source], s.Through[loader.LedgerSource]
		if ofSpool > e.spoolMark && ofSpool <= durable || e.spoolMark == 0 && ofLedger > e.ledgerMark {
			e.refilled(e.filled())
			return nil
		}
	}
	return nil
}

// filled is how much of the spool has been loaded, in percent.
func (e *examination) filled() uint64 {
	oldest, durable := uint64(e.Spool.Oldest()), uint64(e.Spool.Durable())
	if e.spoolMark <= oldest || durable <= oldest {
		return 0
	}
	return min((e.spoolMark-oldest)*100/(durable-oldest), 99)
}

// refilled tells that the warehouse is being made again, and has it compared with
// nothing.
func (e *examination) refilled(percent uint64) {
	e.asked = false
	e.foundOnce(Finding{
		Kind: "warehouse.rebuilding", Severity: Note, Where: "warehouse",
		What:  fmt.Sprintf("It is being made again from sealed days, spool and ledger: being rebuilt, %d %% done.", percent),
		Means: "Reports lack what has not been loaded yet, and say so. Nothing is lost: it is counted. Whether reports agree with spool and ledger is not known until then.",
		Do:    "Nothing has to be done while homing serve runs. Run the doctor again when reports have caught up (homing warehouse status).",
	})
}

// wentBack tells whether a mark lies before where it was when the look began: the
// warehouse is being made again meanwhile, and what it answered is of two.
func (e *examination) wentBack(source string, was uint64) (bool, error) {
	mark, err := e.Warehouse.Mark(e.ctx, source)
	if err != nil || mark.Next >= was {
		return false, err
	}
	if source == e.Source {
		e.spoolMark = mark.Next
	}
	e.refilled(e.filled())
	return true, nil
}
