package doctor

import (
	"fmt"

	"homing/internal/engine/warehouse"
)

// Finding is something that was found, in words for whoever runs the house.
type Finding struct {
	// Kind is a stable name for programs: "spool.damaged".
	Kind     string
	Severity Severity
	Where    string // the file and offset, the table and day, the position
	What     string // is the matter
	Means    string // for money and reports
	Do       string // what helps
	Remedy   Remedy // what the doctor can do himself
}

// Severity tells how bad something is.
type Severity uint8

const (
	// Note is worth knowing; nothing has to be done, and the house is healthy.
	Note Severity = iota + 1
	// Warning should be seen to, before it becomes worse.
	Warning
	// Damage: something is lost, or wrong.
	Damage
)

var severities = [...]string{Note: "note", Warning: "warning", Damage: "damage"}

func (s Severity) String() string { return severities[s] }

// Remedy is what the doctor can do himself. The zero Remedy is nothing.
type Remedy struct {
	Kind RemedyKind
	Path string        // of Tighten and Remove
	Day  warehouse.Day // of Seal
}

// RemedyKind tells what a remedy does.
type RemedyKind uint8

const (
	// Tighten lets only the owner read and write a file.
	Tighten RemedyKind = iota + 1
	// Remove removes a file that nobody needs.
	Remove
	// Seal writes a day's sealed files again from the rows that are stored.
	Seal
	// Rebuild makes the warehouse again from sealed days, spool and ledger.
	Rebuild
	// Open lets the ordinary start do what it does by itself.
	Open
)

// Repairable tells whether the doctor can do something about it.
func (f *Finding) Repairable() bool { return f.Remedy.Kind != 0 }

// String says what the remedy does, for a list of what was done.
func (r Remedy) String() string {
	switch r.Kind {
	case Tighten:
		return fmt.Sprintf("%s can now be read by its owner only", r.Path)
	case Remove:
		return fmt.Sprintf("%s was removed", r.Path)
	case Seal:
		return fmt.Sprintf("%s was sealed again from the rows that are stored", r.Day)
	case Rebuild:
		return "the warehouse was made again from sealed days, spool and ledger"
	case Open:
		return "the house was opened and is marked as whole"
	}
	return ""
}
