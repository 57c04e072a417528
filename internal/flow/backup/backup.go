// Package backup makes copies of a data directory while it is in use, checks them
// and puts them back.
//
//	Make     archive ─► ledger ─► spool ─► master keys, certificate ─► manifest
//	Open     manifest ─► Verify ─► every byte of every file
//	Restore  Open ─► Verify ─► files ─► (app readies the ledger, then VERSION)
//
// # Order
//
// Whatever points at something is copied before what it points at, so that in a
// copy nothing points at what is not there:
//
//	archive   a seal tells up to which change of the ledger and which record of the
//	          spool it goes: both are copied later, and go further.
//	ledger    a conversion names its click, which was durable in the spool before
//	          anybody knew its id. The spool is copied up to what is durable after
//	          the ledger's moment.
//	spool     its clicks' ids are made under the master keys. A key is written before
//	          it is used, so the file as it is after the spool has all of them.
//
// A day must not be in neither archive nor spool because it was sealed after the
// one was copied and trimmed before the other was. So the spool is held from the
// beginning: what is trimmed goes when the backup is done.
//
// What may be seen after a restore for this reason, of the moments between ledger
// and spool: clicks without their conversions, and repeats of postbacks whose first
// call is missing. Their senders were answered; what comes after the ledger's
// moment is what a backup does not have.
//
// # Whole or not
//
// Every file is fsynced before it counts, then every directory, and only then the
// manifest is written, fsynced and renamed. Its presence says that the backup is
// whole; a backup that was cut short, by whatever, has none. Until then a file
// named UNFINISHED says so in words.
//
// # Damage
//
// The manifest has each file's length and SHA-256, and the CRC-32C of each
// quarter of a MiB, so that damage is told with its place. It closes with a
// checksum of itself.
//
// # Whom it disturbs
//
// Copying works on a thread of low priority, rests as long as it works, has what
// it wrote brought to the disk in small pieces, and gives the pages back that it
// read, so that the doors' fsyncs do not stand behind it. It leaves room on the
// target's disk, which may be the server's own.
package backup

import (
	"fmt"
	"strings"

	"homing"
)

// ManifestName is the file whose presence makes a backup whole.
const ManifestName = "backup.json"

// unfinishedName is there while a backup is made.
const unfinishedName = "UNFINISHED"

const unfinishedText = `This backup was not finished and cannot be restored. Remove the whole directory and make another one.
`

// Layout names the places of a data directory, which are the same in a backup.
type Layout struct {
	Version int // of the data directory's layout
	// Files, and directories that hold files only.
	Keys, Ledger                 string
	Spool, Archive, Certificates string
}

// holds tells whether a backup of this layout may hold a file of that name: a
// manifest must not lead anywhere else.
func (l *Layout) holds(name string) bool {
	if name == l.Keys || name == l.Ledger {
		return true
	}
	for _, dir := range l.dirs() {
		base, ok := strings.CutPrefix(name, dir+"/")
		if ok && base != "" && base != "." && base != ".." && !strings.ContainsAny(base, "/\\\x00") {
			return true
		}
	}
	return false
}

func (l *Layout) dirs() []string { return []string{l.Spool, l.Archive, l.Certificates} }

// Progress is told how far something has come: done of total, in bytes. Total is
// 0 while it is unknown.
type Progress func(what string, done, total int64)

// Place is where a backup is damaged.
type Place struct {
	File   string // as in the manifest
	Offset int64  // where the damage begins or lies behind; -1 = all of it
	What   string
}

func (p Place) String() string {
	if p.Offset < 0 {
		return fmt.Sprintf("%s: %s", p.File, p.What)
	}
	return fmt.Sprintf("%s, at byte %d: %s", p.File, p.Offset, p.What)
}

// mostPlaces is how many are told; one is as bad as a thousand.
const mostPlaces = 20

// damaged is the error of a backup with damage. It is homing.ErrDamaged.
func damaged(dir string, places []Place) error {
	lines := make([]string, 0, len(places))
	for i, p := range places {
		if i == mostPlaces {
			lines = append(lines, fmt.Sprintf("and %d more", len(places)-i))
			break
		}
		lines = append(lines, p.String())
	}
	return fmt.Errorf("the backup %s is %w: %s", dir, homing.ErrDamaged, strings.Join(lines, "; "))
}

// incomplete is the error of a directory that is no backup, or not a whole one.
func incomplete(dir, why string) error {
	return &said{fmt.Sprintf("%s is no whole backup: %s", dir, why), homing.ErrInvalid}
}

// said is an error whose text is whole without the name of its kind.
type said struct {
	text string
	kind error
}

func (s *said) Error() string { return s.text }
func (s *said) Unwrap() error { return s.kind }
