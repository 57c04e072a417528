package torture

import (
	"fmt"
	"time"
)

// worst keeps the worst of each thing that was measured over all rounds, and
// makes figures of them.
type worst struct{ list []measured }

// measured is the worst of one thing so far.
type measured struct {
	name   string
	value  int64
	limit  int64 // 0 = none
	format func(int64) string
}

func (w *worst) note(name string, value, limit int64, format func(int64) string) {
	for i := range w.list {
		if m := &w.list[i]; m.name == name {
			m.value = max(m.value, value)
			return
		}
	}
	w.list = append(w.list, measured{name, value, limit, format})
}

// time notes how long something took, which must not be over a limit; 0 = there
// is none.
func (w *worst) time(name string, took, limit time.Duration) {
	w.note(name, int64(took), int64(limit), func(n int64) string { return time.Duration(n).Round(time.Millisecond).String() })
}

// megabytes notes how many bytes something took.
func (w *worst) megabytes(name string, size, limit int64) {
	w.note(name, size, limit, func(n int64) string { return fmt.Sprintf("%d MB", n>>20) })
}

// figures are the worst of everything, in the order it was first noted in.
func (w *worst) figures() (list []Figure) {
	for _, m := range w.list {
		f := Figure{Name: m.name, Value: m.format(m.value)}
		if m.limit > 0 {
			f.Limit = "at most " + m.format(m.limit)
			f.Missed = m.value > m.limit
		}
		list = append(list, f)
	}
	return list
}
