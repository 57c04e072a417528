package notice

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"homing"
)

// clean makes one harmless line of a text that somebody else wrote: no line
// breaks, nothing that is invisible or turns text around, not too long.
func clean(text string, most int) string {
	text = strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c), c == '\u2028', c == '\u2029':
			return ' '
		case unicode.Is(unicode.C, c):
			return -1
		}
		return c
	}, strings.ToValidUTF8(text, "?"))
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(runes)
}

// mostName is how much of a name is told.
const mostName = 80

// nameOf is a name as it is told.
func nameOf(text string) string { return clean(text, mostName) }

// lengthOf writes a length of time for people.
func lengthOf(ms homing.Millis) string {
	d := time.Duration(ms) * time.Millisecond
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d seconds", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

// grouped writes a number with a comma between thousands.
func grouped(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// clockOf writes moments in the installation's zone.
func (w *Watch) clockOf(at homing.Millis) string {
	return at.Time().In(w.zone()).Format("15:04 MST on 2 January")
}

func (w *Watch) zone() *time.Location {
	if w.o.Zone == nil {
		return time.UTC
	}
	return w.o.Zone()
}
