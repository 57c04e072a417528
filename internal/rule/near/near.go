// Package near tells which of the known names somebody may have meant.
package near

// Distance counts insertions, deletions, replacements and swaps of neighbours
// between two short ASCII words.
func Distance(a, b string) int {
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

// Typos is how many typing errors a name of this length may have before it is
// another name; names shorter than shortest have to be right.
func Typos(name string, shortest int) int {
	switch {
	case len(name) < shortest:
		return 0
	case len(name) < 7:
		return 1
	}
	return 2
}
