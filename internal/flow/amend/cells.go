package amend

import (
	"bytes"
	"strings"
)

// separator is what stands between the cells of a list: the first that does. The
// first cell is an id, or a name, which has none of them in it.
func separator(text []byte) byte {
	if i := bytes.IndexAny(text, ",;\t"); i >= 0 {
		return text[i]
	}
	return ','
}

// cellsOf cuts a line into cells, without blanks around them. A cell may stand
// in quotation marks, which are doubled within it; it ends with its line
// whatever is quoted, so that one stray mark does not swallow the rest of a list.
// A line without separators may have blanks behind the id.
func cellsOf(line string, between byte) (cells []string) {
	blank := " "
	if between != '\t' {
		blank = " \t"
	}
	for rest := strings.Trim(line, blank); ; {
		cell, after, more := nextCell(rest, blank, between)
		cells = append(cells, strings.TrimSpace(cell))
		if !more {
			break
		}
		rest = after
	}
	if len(cells) == 1 {
		if head, tail, ok := strings.Cut(cells[0], " "); ok {
			return []string{head, strings.TrimSpace(tail)}
		}
	}
	return cells
}

func nextCell(rest, blank string, between byte) (cell, after string, more bool) {
	if quoted := strings.TrimLeft(rest, blank); strings.HasPrefix(quoted, `"`) {
		if cell, after, ok := unquote(quoted[1:]); ok {
			after = strings.TrimLeft(after, blank)
			if after == "" {
				return cell, "", false
			}
			if after[0] == between {
				return cell, after[1:], true
			}
		} // else the mark is part of the text
	}
	return strings.Cut(rest, string(between))
}

// unquote reads up to the closing mark.
func unquote(text string) (cell, after string, ok bool) {
	var b strings.Builder
	for {
		i := strings.IndexByte(text, '"')
		if i < 0 {
			return "", "", false
		}
		b.WriteString(text[:i])
		text = text[i+1:]
		if !strings.HasPrefix(text, `"`) {
			return b.String(), text, true
		}
		b.WriteByte('"')
		text = text[1:]
	}
}
