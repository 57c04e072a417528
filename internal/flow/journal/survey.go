package journal

import "homing"

// Survey goes over the entries in memory that fit, in no order, and returns
// since when it has all of them: a busy installation's memory holds less than a
// day. What see is given is not masked by today's keys, so nothing of it may be
// shown; it may not be kept, and see may not wait.
func (j *Journal) Survey(f Filter, see func(*Entry)) (complete homing.Millis) {
	r := &j.recent
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, list := range [][]Entry{r.older, r.ring} {
		for i := range list {
			if f.Match(&list[i]) {
				see(&list[i])
			}
		}
	}
	complete = max(0, homing.MillisOf(j.clock())-fillFrom)
	if r.lost != 0 {
		complete = max(complete, r.lost+1)
	}
	return complete
}
