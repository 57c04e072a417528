package torture

// When the power of a Disk is cut, Linux tells an fsync that is under way that
// it succeeded, now and then, though the journal never reached the disk: plain
// files that are appended to and synced show it, at one cut in fifteen. An fsync
// that begins afterwards fails. A machine that loses its power tells nobody
// anything any more; so what was under way at the cut, and was acknowledged
// after it had begun, is a doubt. What was sent after the cut has no such
// excuse.

// cutMark is the moment of a cut.
type cutMark struct {
	moment       uint64 // of the books
	clicks       int    // of those acknowledged since the last comparison
	acknowledged int64  // when it was over, by the driver's count
}

// markCut is called when a cut begins.
func (d *Driver) markCut() cutMark {
	b := d.Books
	b.mu.Lock()
	defer b.mu.Unlock()
	b.moment++
	return cutMark{moment: b.moment, clicks: len(b.recent)}
}

func (d *Driver) acknowledged() int64 {
	return d.sent.Redirected.Load() + d.sent.Counted.Load() + d.sent.Repeated.Load()
}

// doubt makes doubts of what was acknowledged after a cut had begun. Every one of
// so many workers had one call under way then, at most; the others were sent
// after the cut, and must not have been acknowledged. The load is over.
func (d *Driver) doubt(m cutMark, workers int) {
	if late := d.acknowledged() - m.acknowledged; late > int64(workers) {
		d.Books.Wrong(Other, "%d calls were acknowledged after the cut, and only %d can have been under way", late, workers)
	}
	b := d.Books
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range b.recent[m.clicks:] {
		delete(b.serials, b.clicks[id].serial)
		delete(b.clicks, id)
	}
	b.recent = b.recent[:m.clicks]
	for k := range b.touched {
		if c := b.claims[k]; c != nil && c.settled > m.moment {
			delete(b.claims, k)
			delete(b.touched, k)
		}
	}
}
