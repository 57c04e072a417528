package rulebook

import (
	"fmt"
	"strings"

	"homing"
)

// field is one field of a thing before and after an edit, as text. Secrets are
// never passed in: they are told as "replaced".
type field struct{ name, before, after string }

func fieldOf[T any](name string, before, after T) field {
	return field{name, fmt.Sprint(before), fmt.Sprint(after)}
}

// differences tells what an edit changed, in words; nothing if nothing. Of a
// new thing it names what is set.
func differences(fields ...field) string {
	var b strings.Builder
	for _, f := range fields {
		if f.before == f.after {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		if f.before == "" {
			fmt.Fprintf(&b, "%s %q", f.name, f.after)
		} else {
			fmt.Fprintf(&b, "%s %q → %q", f.name, f.before, f.after)
		}
	}
	return b.String()
}

// moment is a time for the audit log; 0, which means never, is empty.
func moment(m homing.Millis) string {
	if m == 0 {
		return ""
	}
	return m.String()
}
