package doctor

import (
	"context"
	"fmt"

	"homing/internal/engine/warehouse"
)

// Healer carries remedies out. It never touches a record of the spool, a row of
// the ledger, or a master key.
type Healer struct {
	// Tighten lets only the owner read and write a file; Remove removes one.
	Tighten, Remove func(path string) error
	// Seal writes a day's sealed files again, Rebuild makes the warehouse again.
	// They are nil while nobody can.
	Seal    func(ctx context.Context, day warehouse.Day) error
	Rebuild func(ctx context.Context, progress warehouse.Progress) error
}

// Heal carries out the remedies of findings, each once, and tells what was done.
// What failed is told by the error; the rest is tried all the same.
func (h *Healer) Heal(ctx context.Context, findings []Finding, tell func(Progress)) (done []string, failed []error) {
	rebuild := Needs(findings, Rebuild)
	seen := map[Remedy]bool{}
	try := func(r Remedy, err error) {
		if err != nil {
			failed = append(failed, fmt.Errorf("couldn't repair %s: %w", r.object(), err))
			return
		}
		done = append(done, r.String())
	}
	for i := range findings {
		r := findings[i].Remedy
		if seen[r] {
			continue
		}
		seen[r] = true
		switch {
		case r.Kind == Tighten:
			try(r, h.Tighten(r.Path))
		case r.Kind == Remove:
			try(r, h.Remove(r.Path))
		case r.Kind == Open:
			try(r, nil) // the examination before this one has opened it
		case r.Kind == Seal && !rebuild: // making the warehouse again seals what is not sound before
			tell(Progress{What: "sealing " + r.Day.String()})
			try(r, h.Seal(ctx, r.Day))
		}
	}
	if rebuild {
		try(Remedy{Kind: Rebuild}, h.Rebuild(ctx, func(what string, done, total int64) {
			tell(Progress{What: "making the warehouse again: " + what, Done: done, Total: total})
		}))
	}
	return done, failed
}

// Needs tells whether a remedy of a kind is asked for.
func Needs(findings []Finding, kind RemedyKind) bool {
	for i := range findings {
		if findings[i].Remedy.Kind == kind {
			return true
		}
	}
	return false
}

// object is what the remedy is for.
func (r Remedy) object() string {
	switch r.Kind {
	case Seal:
		return "the seal of " + r.Day.String()
	case Rebuild:
		return "the warehouse"
	}
	return r.Path
}
