package postbacks

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/journal"
)

const (
	liveAtOnce  = 100
	livePerUser = 6
	// lifetime bounds a stream: the browser comes back at once, and has to show
	// again who it is.
	lifetime = 5 * time.Minute
	// heartbeat keeps proxies from taking a quiet stream for a dead one.
	heartbeat = 15 * time.Second
	// tick is how often rows are sent, mostRows how many at a time: nobody reads
	// more, and the others are told by number.
	tick     = 500 * time.Millisecond
	mostRows = 50
)

// streams are the live views that are open.
type streams struct{ places *page.Places }

// stream sends the rows that fit the URL's filters as they are logged, as
// server-sent events:
//
//	call    a row of the table, as HTML; its id is the request's
//	missed  how many calls were not sent, because there were too many
//	end     the server goes; there is no use in coming back at once
//
// A browser that comes back says which row it had last, and gets those since.
func (s streams) stream(v *page.Visit) error {
	f := readFilters(v)
	if f.list == nil {
		return fmt.Errorf("%w filter", homing.ErrInvalid)
	}
	leave, ok := s.places.Enter(v.Who.ID)
	if !ok {
		return v.Full()
	}
	defer leave()
	filter := journal.Filter{Account: f.account, Also: f.entry}
	if f.scope.Account != 0 {
		filter.Account = f.scope.Account
	}
	// The watch begins before the look at what is there, so that nothing falls
	// between the two.
	watch := v.Journal.Watch(filter)
	defer watch.Close()
	out := v.Events()
	if v.R.Method == http.MethodHead {
		return nil
	}
	l := &live{v: v, t: f.table(v), watch: watch, out: out}
	l.catchUp(filter)
	l.run()
	return nil
}

// live is one stream.
type live struct {
	v       *page.Visit
	t       table
	watch   *journal.Watcher
	out     *page.Paced
	waiting []journal.Entry // newest last
	missed  uint64
	told    map[homing.RequestID]bool // by catchUp
	err     error                     // of writing: the client has gone
}

// catchUp begins with what came since the row that the browser had last.
func (l *live) catchUp(f journal.Filter) {
	l.write("retry: 3000\n\n")
	l.told = map[homing.RequestID]bool{}
	last, err := homing.ParseRequestID(l.v.R.Header.Get("Last-Event-ID"))
	if err == nil {
		f.Since = max(1, last.Time())
		also := f.Also
		f.Also = func(e *journal.Entry) bool { return e.Request != last && also(e) }
		l.waiting = l.v.Journal.Recent(f, mostRows)
		slices.Reverse(l.waiting)
		for _, e := range l.waiting {
			l.told[e.Request] = true
		}
	}
	delete(l.told, homing.RequestID{})
	l.send()
}

// run sends until the client goes, the server ends, or it is time to come back.
func (l *live) run() {
	end, beat, next := time.NewTimer(lifetime), time.NewTicker(heartbeat), time.NewTicker(tick)
	defer end.Stop()
	defer beat.Stop()
	defer next.Stop()
	for l.err == nil {
		select {
		case <-l.v.R.Context().Done():
			return
		case <-end.C:
			return
		case <-l.v.Stopping:
			l.write("event: end\ndata: stopping\n\n")
			return
		case <-beat.C:
			l.write(": still here\n\n")
		case e := <-l.watch.C:
			l.take(e)
		case <-next.C:
			l.send()
		}
	}
}

// take keeps an entry until the next tick, and lets the oldest go if there are
// too many.
func (l *live) take(e journal.Entry) {
	if l.told[e.Request] {
		delete(l.told, e.Request)
		return
	}
	if l.waiting = append(l.waiting, e); len(l.waiting) > mostRows {
		l.waiting = l.waiting[1:]
		l.missed++
	}
}

// send sends what waits.
func (l *live) send() {
	if l.missed += l.watch.Missed(); l.missed > 0 {
		l.write(fmt.Sprintf("event: missed\ndata: %d\n\n", l.missed))
		l.missed = 0
	}
	if len(l.waiting) == 0 {
		return
	}
	l.v.Now, l.v.View = homing.MillisOf(l.v.Clock()), l.v.Catalog.View()
	l.t.Now = l.v.Present()
	var out bytes.Buffer
	for i := range l.waiting {
		l.append(&out, &l.waiting[i])
	}
	l.waiting = l.waiting[:0]
	l.write(out.String())
}

func (l *live) append(out *bytes.Buffer, e *journal.Entry) {
	if a := l.v.View.Account(e.Account); a != nil && a.Erased {
		return
	}
	row := l.t.ofEntry(l.v, e)
	html, err := l.v.Fragment("postbacks", "postback-row", row)
	if err != nil {
		l.v.Log.Error("a row couldn't be made", "error", err)
		return
	}
	fmt.Fprintf(out, "event: call\n")
	if row.Request != "" {
		fmt.Fprintf(out, "id: %s\n", row.Request)
	}
	// An event's data is lines; a carriage return would end one, too.
	for line := range bytes.SplitSeq(bytes.ReplaceAll(html, []byte("\r"), nil), []byte("\n")) {
		fmt.Fprintf(out, "data: %s\n", line)
	}
	out.WriteByte('\n')
}

func (l *live) write(text string) {
	if l.err != nil || text == "" {
		return
	}
	if _, l.err = l.out.Write([]byte(text)); l.err == nil {
		l.err = l.out.Flush()
	}
}
