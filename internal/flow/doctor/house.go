package doctor

import (
	"fmt"
	"io/fs"

	"homing"
	"homing/internal/flow/disk"
)

// What is found around the engines, in a directory that only the wiring knows.
// The facts are handed in; here they get their words.

// Readable tells of a secret file that others may read.
func Readable(path, what string, mode fs.FileMode) Finding {
	return Finding{
		Kind: "file.permissions", Severity: Warning, Where: path,
		What:   fmt.Sprintf("Others than the owner may open it (its mode is %04o).", mode.Perm()),
		Means:  what,
		Do:     "homing doctor --repair lets only the owner read and write it (chmod 600).",
		Remedy: Remedy{Kind: Tighten, Path: path},
	}
}

// Stale tells of a file that a crash left behind and that nobody needs.
func Stale(path string) Finding {
	return Finding{
		Kind: "file.stale", Severity: Warning, Where: path,
		What:   "It was being written when a process ended, and is no part of anything.",
		Means:  "Nothing: what it was to replace stands.",
		Do:     "homing doctor --repair removes it.",
		Remedy: Remedy{Kind: Remove, Path: path},
	}
}

// Aside tells of a file that was kept aside.
func Aside(path, why string, bytes int64) Finding {
	return Finding{
		Kind: "file.aside", Severity: Note, Where: path,
		What:  fmt.Sprintf("It was put aside and takes %s: %s.", disk.Size(bytes), why),
		Means: "Nothing for what counts. Somebody may still want to get something out of it.",
		Do:    "Remove it when nobody does.",
	}
}

// Missing tells of a part without which nothing can be opened.
func Missing(name, what string) Finding {
	return Finding{
		Kind: "house.missing", Severity: Damage, Where: name,
		What:  "It is missing: " + what + ".",
		Means: "homing serve refuses to start, so that nothing is counted against an empty ledger and no click id on its way home is disowned.",
		Do:    "Bring it back from the newest backup (homing restore), all parts of the same backup. Do not let anything make it anew.",
	}
}

// NoVersion tells of a directory that does not say that it is whole.
func NoVersion(whole bool) Finding {
	f := Finding{
		Kind: "house.version", Severity: Damage, Where: "VERSION", What: "It is missing, though the directory is in use.",
		Means: "A part of the directory that is missing would be made anew in silence: an empty ledger would count everything once more, new keys would disown every click id.",
		Do:    "Bring the missing parts back from the newest backup (homing restore), and only then start homing.",
	}
	if whole {
		f.Do = "Nothing else is missing: homing doctor --repair writes it again, and so does the next start."
		f.Remedy = Remedy{Kind: Open}
	}
	return f
}

// Refused tells of a part that cannot be opened.
func Refused(where string, err error) Finding {
	return Finding{
		Kind: "house.refused", Severity: Damage, Where: where, What: sentence(err.Error()),
		Means: "homing serve refuses to start: no visitor is redirected and no postback is counted.",
		Do:    "If a newer homing has worked on the directory, run that one. Else bring this part back from the newest backup (homing restore), beside the others of the same backup.",
	}
}

// Torn tells that a start would have to leave something behind.
func Torn(where, what string) Finding {
	return Finding{
		Kind: "house.torn", Severity: Damage, Where: where, What: sentence(what),
		Means: "The last end was not clean, and what was being written then is damaged. The next start goes on with what verifies and keeps the damaged file aside.",
		Do:    "Keep a copy of the file as it is now. If a backup has it whole, bring it back before the next start; else start homing.",
	}
}

// NotCompared tells what could not be looked at because a part cannot be opened.
func NotCompared(why string) Finding {
	return Finding{
		Kind: "house.closed", Severity: Note, Where: "the house", What: "It was not opened, because " + why + "; its files were only read.",
		Means: "Whether spool, ledger and warehouse agree is not known.",
		Do:    "See to the other findings first, then run the doctor again.",
	}
}

// NoWarehouse tells of a warehouse that is not there, though there is something
// to report.
func NoWarehouse(path string) Finding {
	return Finding{
		Kind: "warehouse.missing", Severity: Note, Where: path, What: "The warehouse's file is not there: it is being rebuilt at the next start, 0 % done.",
		Means:  "There are no reports until then. Nothing is lost by it: it is made from sealed days, spool and ledger. So it is after every restore.",
		Do:     "Nothing has to be done: the next start of homing serve makes it, and so does homing doctor --repair.",
		Remedy: Remedy{Kind: Rebuild},
	}
}

// DiskFull tells of a disk that has little room left.
func DiskFull(path string, s disk.State) Finding {
	return Finding{
		Kind: "disk.low", Severity: Warning, Where: path,
		What:  fmt.Sprintf("%s are free of %s.", disk.Size(s.Free), disk.Size(s.Total)),
		Means: "When nothing is left, visitors and postbacks are answered with 503 until there is room again. Nothing that was acknowledged is lost.",
		Do:    "Make room, or let less be kept: --keep-clicks, --keep-postbacks.",
	}
}

// Certificate is one that a listener serves.
type Certificate struct {
	File         string
	Begins, Ends homing.Millis
	Ours         bool // made and renewed by homing
}

// certSoon is how long before its end a certificate is told of.
const certSoon homing.Millis = 14 * 24 * 60 * 60 * 1000

// Dates looks at how long a certificate is good for.
func (c Certificate) Dates(now homing.Millis) (f Finding, wrong bool) {
	f = Finding{
		Kind: "certificate.dates", Severity: Warning, Where: c.File,
		Means: "Browsers and advertisers' servers refuse https then: those clicks are not redirected, and lead codes cannot be sent.",
		Do:    "Put a new certificate and its key in the place of the files; a running server takes them over within seconds.",
	}
	switch {
	case c.Ends <= now:
		f.Severity, f.What = Damage, fmt.Sprintf("The certificate expired on %s.", c.Ends)
	case c.Begins > now:
		f.Severity, f.What = Damage, fmt.Sprintf("The certificate is good from %s on only. Is the clock right?", c.Begins)
	case c.Ends < now+certSoon && !c.Ours:
		f.What = fmt.Sprintf("The certificate expires on %s.", c.Ends)
	default:
		return Finding{}, false
	}
	return f, true
}

// BadCertificate tells of files that cannot be used.
func BadCertificate(where string, err error, ours bool) Finding {
	f := Finding{
		Kind: "certificate.files", Severity: Warning, Where: where, What: sentence(err.Error()),
		Means: "A running server goes on with what it has read before. The next start fails.",
		Do:    "Put a certificate and the key that belongs to it in the place of the files.",
	}
	if ours {
		f.Means, f.Do = "It is homing's own, to try https with. The next start makes it anew.", "Nothing has to be done."
		f.Severity = Note
	}
	return f
}

// BadPlaces tells of a file of places that cannot be read.
func BadPlaces(path, problem string) Finding {
	return Finding{
		Kind: "places.file", Severity: Warning, Where: path, What: sentence(problem),
		Means: "New clicks are under no country, region or carrier, or under those of the file that was read before. Nothing that counts depends on it.",
		Do:    "Put a whole mmdb file in its place; it is taken over within seconds.",
	}
}

// ReportsBehind tells of reports that do not have the newest yet; refilling: they
// are being made again, which ends by itself.
func ReportsBehind(text string, refilling bool) Finding {
	f := Finding{
		Kind: "reports.behind", Severity: Warning, Where: "warehouse", What: sentence(text),
		Means: "Reports lack the newest clicks and conversions. Nothing is lost: they are counted, and loaded when this is over.",
		Do:    "If it lasts, see homing warehouse status for what keeps it.",
	}
	if refilling {
		f.Severity, f.Do = Note, "Nothing has to be done: reports are being made again. homing warehouse status tells how far they are."
	}
	return f
}
