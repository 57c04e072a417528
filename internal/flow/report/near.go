package report

import (
	"strings"

	"homing/internal/rule/near"
)

// nearest finds the known name that somebody may have meant, or "".
func nearest(name string, known []string) string {
	plain := plainName(name)
	if plain == "" || len(plain) > 40 {
		return ""
	}
	best, bestAt := "", near.Typos(plain, 3)+1
	for _, k := range known {
		other := plainName(k)
		d := near.Distance(plain, other)
		// "click" and "campaign_id" are more than typing errors away.
		if d > 1 && len(plain) > 3 && (strings.HasPrefix(other, plain) || strings.HasPrefix(plain, other) && len(other) > 3) {
			d = 1
		}
		if d < bestAt {
			best, bestAt = k, d
		}
	}
	return best
}

// plainName drops what people write differently: case, _ and -.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '+' || r == '/':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return -1
	}, name)
}
