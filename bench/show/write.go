package show

import (
	"fmt"
	"os"
	"strings"
	"unicode/utf8"
)

// Text is the result for a terminal.
func (r *Result) Text() string {
	var b strings.Builder
	for _, line := range r.Head {
		b.WriteString(line + "\n")
	}
	for i := range r.Tables {
		b.WriteString("\n")
		r.Tables[i].text(&b)
	}
	b.WriteString("\n")
	for _, line := range r.Notes {
		b.WriteString("- " + line + "\n")
	}
	for _, line := range r.Errors {
		b.WriteString("WRONG: " + line + "\n")
	}
	if r.Missed() {
		fmt.Fprintf(&b, "\n%d limits missed, %d errors.\n", r.misses, len(r.Errors))
	} else {
		b.WriteString("\nAll limits met.\n")
	}
	return b.String()
}

func (t *Table) text(b *strings.Builder) {
	widths := make([]int, len(t.Head))
	all := append([][]string{t.Head}, t.Rows...)
	for _, row := range all {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range all {
		var line strings.Builder
		for i, cell := range row {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i <= 1 {
				line.WriteString(cell + space + "  ")
			} else {
				line.WriteString(space + cell + "  ")
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// markdown is the result for a document.
func (r *Result) markdown() string {
	var b strings.Builder
	if r.Title != "" {
		b.WriteString("## " + r.Title + "\n\n" + r.Intro + "\n\n")
	}
	b.WriteString(strings.Join(r.Head, " ") + "\n")
	for i := range r.Tables {
		b.WriteString("\n")
		r.Tables[i].markdown(&b)
	}
	b.WriteString("\n")
	for _, p := range r.Pictures {
		b.WriteString("![" + p.Tells + "](" + p.Path + ")\n\n")
	}
	for _, line := range r.Notes {
		b.WriteString("- " + line + "\n")
	}
	for _, line := range r.Errors {
		b.WriteString("- **Wrong:** " + line + "\n")
	}
	return b.String()
}

func (t *Table) markdown(b *strings.Builder) {
	row := func(cells []string) {
		b.WriteString("|")
		for _, cell := range cells {
			b.WriteString(" " + strings.ReplaceAll(cell, "|", "\\|") + " |")
		}
		b.WriteString("\n")
	}
	row(t.Head)
	b.WriteString("|---|---|" + strings.Repeat("---:|", len(t.Head)-2) + "\n")
	for _, cells := range t.Rows {
		row(cells)
	}
}

// Write puts the result into the document, between the marks of its section. A
// document without them gets them at its end; a missing one is made.
func (r *Result) Write(path string) error {
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.WriteFile(path, []byte(insert(string(text), r.Section, r.markdown())), 0o644)
}

// insert replaces a section of the document; what is around it stays.
func insert(document, name, section string) string {
	beginMark, endMark := "<!-- "+name+": begin -->", "<!-- "+name+": end -->"
	section = beginMark + "\n" + section + endMark + "\n"
	before, rest, found := strings.Cut(document, beginMark)
	if _, after, ended := strings.Cut(rest, endMark); found && ended {
		return before + section + strings.TrimPrefix(after, "\n")
	}
	if document != "" {
		document = strings.TrimRight(document, "\n") + "\n\n"
	}
	return document + section
}
