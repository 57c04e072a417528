package main

import (
	"fmt"
	"os"
	"strings"
	"unicode/utf8"
)

// text is the result for a terminal.
func (r *result) text() string {
	var b strings.Builder
	for _, line := range r.head {
		b.WriteString(line + "\n")
	}
	for i := range r.tables {
		b.WriteString("\n")
		r.tables[i].text(&b)
	}
	b.WriteString("\n")
	for _, line := range r.notes {
		b.WriteString("- " + line + "\n")
	}
	for _, line := range r.errors {
		b.WriteString("WRONG: " + line + "\n")
	}
	if r.missed() {
		fmt.Fprintf(&b, "\n%d limits missed, %d errors.\n", r.misses, len(r.errors))
	} else {
		b.WriteString("\nAll limits met.\n")
	}
	return b.String()
}

func (t *table) text(b *strings.Builder) {
	widths := make([]int, len(t.head))
	all := append([][]string{t.head}, t.rows...)
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
func (r *result) markdown() string {
	var b strings.Builder
	b.WriteString(strings.Join(r.head, " ") + "\n")
	for i := range r.tables {
		b.WriteString("\n")
		r.tables[i].markdown(&b)
	}
	b.WriteString("\n")
	for _, line := range r.notes {
		b.WriteString("- " + line + "\n")
	}
	for _, line := range r.errors {
		b.WriteString("- **Wrong:** " + line + "\n")
	}
	return b.String()
}

func (t *table) markdown(b *strings.Builder) {
	row := func(cells []string) {
		b.WriteString("|")
		for _, cell := range cells {
			b.WriteString(" " + strings.ReplaceAll(cell, "|", "\\|") + " |")
		}
		b.WriteString("\n")
	}
	row(t.head)
	b.WriteString("|---|---|" + strings.Repeat("---:|", len(t.head)-2) + "\n")
	for _, cells := range t.rows {
		row(cells)
	}
}

// The section of the document that is written; what is around it stays.
const (
	beginMark = "<!-- reports: begin -->"
	endMark   = "<!-- reports: end -->"
)

// write puts the result into the document, between the marks. A document
// without them gets them at its end; a missing one is made.
func (r *result) write(path string) error {
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.WriteFile(path, []byte(insert(string(text), r.markdown())), 0o644)
}

func insert(document, section string) string {
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
