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
	switch complete = max(0, homing.MillisOf(j.clock())-fillFrom); {
	case len(r.ring) == keepRecent: // the oldest were overwritten
		return max(complete, r.ring[r.next].At)
	case len(r.older) == keepRecent:
		return max(complete, r.older[0].At)
	}
	return complete
}
