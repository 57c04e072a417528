package homing

import (
	"fmt"
	"sort"
	"strings"
)

// nameOf and valueOf tie the values of a small enumeration to their stable
// names; the names stand in tables, JSON and the command line.
func nameOf[T ~uint8](names map[string]T, v T) string {
	for name, w := range names {
		if w == v {
			return name
		}
	}
	return fmt.Sprintf("unknown(%d)", v) // not %v, which would come back here
}

func valueOf[T ~uint8](names map[string]T, what, name string) (T, error) {
	v, ok := names[name]
	if !ok {
		var all []string
		for n := range names {
			all = append(all, n)
		}
		sort.Strings(all)
		return v, fmt.Errorf("%w %s %q: want one of %s", ErrInvalid, what, name, strings.Join(all, ", "))
	}
	return v, nil
}
