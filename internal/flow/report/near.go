package report

import "strings"

// nearest finds the known name that somebody may have meant, or "".
func nearest(name string, known []string) string {
	plain := plainName(name)
	if plain == "" || len(plain) > 40 {
		return ""
	}
	best, bestAt := "", typos(plain)+1
	for _, k := range known {
		other := plainName(k)
		d := distance(plain, other)
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

// typos is how many typing errors a name of this length may have before it is
// another name.
func typos(name string) int {
	switch {
	case len(name) < 3:
		return 0
	case len(name) < 7:
		return 1
	}
	return 2
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

// distance counts insertions, deletions, replacements and swaps of neighbours
// between two short ASCII words.
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
