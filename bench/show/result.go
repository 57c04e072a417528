// Package show is what a benchmark tells, and to whom: tables on standard output
// and in a document, times, limits and whether they were met, what is going on
// meanwhile.
package show

// Result is what is shown: tables of text. Section names its part of a document.
type Result struct {
	Section string
	// Title and Intro, if given, begin the section of the document.
	Title, Intro string
	Head         []string // what was measured, and on what
	Tables       []Table
	Pictures     []Picture // for the document
	Notes        []string
	Errors       []string
	misses       int
}

// Picture is one that the document shows; Path is from where the document is.
type Picture struct {
	Path, Tells string
}

// Table is one of them; its first two columns are words, the others figures.
type Table struct {
	Head []string
	Rows [][]string
}

// Verdicts on limits.
const (
	Met    = "met"
	Missed = "MISSED"
	Quoted = "" // there is no limit
)

// Missed tells whether a limit was, or something is wrong.
func (r *Result) Missed() bool { return r.misses > 0 || len(r.Errors) > 0 }

// Judge says whether a limit was met.
func (r *Result) Judge(ok bool) string {
	if ok {
		return Met
	}
	r.misses++
	return Missed
}
