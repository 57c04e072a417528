package loader

import (
	"fmt"
	"time"

	"homing"
)

// noticeKind is what a notice is about.
type noticeKind uint8

const (
	noticeLate    noticeKind = iota // reports were behind
	noticeUnread                    // records that cannot be understood
	noticePoison                    // rows that the warehouse refuses
	noticeMissing                   // what is lost in spool or ledger
	noticeUnknown                   // campaigns that are nowhere
	noticeReset                     // the warehouse was made anew
	noticeDays                      // sealing, giving up, trimming
	noticeClock                     // a clock that is not believed
	noticeKinds
)

// What is over is told for a day; of each kind the newest few.
const (
	keepNotice homing.Millis = 24 * 60 * 60 * 1000
	mostOfKind               = 5
)

// noticeBook holds what operators should know. It is guarded by Loader.mu.
type noticeBook struct{ notes [noticeKinds][]note }

type note struct {
	at   homing.Millis
	text string
}

func (b *noticeBook) add(kind noticeKind, text string, now homing.Millis) {
	list := append(b.notes[kind], note{now, text})
	b.notes[kind] = list[max(0, len(list)-mostOfKind):]
}

// tell notes and logs something operators should know.
func (l *Loader) tell(kind noticeKind, text string) {
	now := l.now()
	l.mu.Lock()
	list := l.book.notes[kind]
	again := len(list) > 0 && list[len(list)-1].text == text
	if again {
		list[len(list)-1].at = now
	} else {
		l.book.add(kind, text, now)
	}
	l.mu.Unlock()
	if !again {
		l.log.Warn(text)
	}
}

// tellOnce is tell for what counts up: only the newest text of its kind stays.
func (l *Loader) tellOnce(kind noticeKind, text string) {
	l.mu.Lock()
	l.book.notes[kind] = nil
	l.mu.Unlock()
	l.tell(kind, text)
}

// quiet takes back what was told of a kind.
func (l *Loader) quiet(kind noticeKind) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.book.notes[kind] = nil
}

// Notices tells operators, in words, what is wrong with the loading, and what
// was in the last day.
func (l *Loader) Notices() []string {
	durable, now := l.spool.Durable(), l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []string
	if text := l.present(l.lag(durable, now), now); text != "" {
		list = append(list, text)
	}
	for kind := range l.book.notes {
		for _, n := range l.book.notes[kind] {
			if now-n.at < keepNotice {
				list = append(list, fmt.Sprintf("%s (%s UTC)", n.text, n.at.Time().Format("2006-01-02 15:04")))
			}
		}
	}
	return list
}

// Trouble says in words how reports are behind now; empty if they are not.
func (l *Loader) Trouble() string {
	durable, now := l.spool.Durable(), l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.present(l.lag(durable, now), now)
}

// present tells of being behind now. It needs l.mu.
func (l *Loader) present(lag Lag, now homing.Millis) string {
	s := &l.state
	bad := s.since != 0 && now-s.since >= homing.MillisIn(badAfter)
	if s.late.from == 0 && lag.Behind < lateAfter && !bad {
		return ""
	}
	cause := lag.Error
	switch {
	case cause == "" && s.late.cause != "":
		cause = s.late.cause
	case cause == "":
		cause = "there is much to load"
	}
	text := fmt.Sprintf("reports are %s behind: %s", inWords(lag.Behind), cause)
	if lag.Records > 0 {
		text += fmt.Sprintf("; %d records are waiting, %d a second are loaded", lag.Records, lag.Rate)
	}
	return text
}

// inWords writes a length of time in the largest unit that has two of it.
func inWords(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d minutes", d/time.Minute)
	}
	return fmt.Sprintf("%d seconds", d/time.Second)
}

func clockTime(at homing.Millis) string { return at.Time().Format("15:04") }
