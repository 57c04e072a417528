package doctor

import (
	"fmt"
	"time"

	"homing"
)

// skew is how far the newest record may lie ahead of the clock.
const skew homing.Millis = 60 * 1000

// clock compares the newest of all that is stored with the clock.
func (e *examination) clock() error {
	e.Looked("clock: %s; the newest record is of %s", e.now(), orNone(e.newest))
	if now := e.now(); e.newest > now+skew {
		e.Found(ClockBehind(e.newest, now))
	}
	return nil
}

func orNone(at homing.Millis) string {
	if at == 0 {
		return "no time"
	}
	return at.String()
}

// ClockBehind tells of a record from the future.
func ClockBehind(newest, now homing.Millis) Finding {
	return Finding{
		Kind: "clock.behind", Severity: Warning, Where: "this machine's clock",
		What:  fmt.Sprintf("The newest record is of %s, which is %s ahead of the clock (%s).", newest, inWords(newest-now), now),
		Means: "The clock was ahead and has been set back, or is behind now. Clicks of that time stand under wrong days in reports, and windows are counted from there.",
		Do:    "Compare the clock with a time server (timedatectl). What has a wrong time keeps it.",
	}
}

// inWords writes a length of time in the largest unit that has two of it.
func inWords(length homing.Millis) string {
	d := time.Duration(length) * time.Millisecond
	switch {
	case d >= 2*365*24*time.Hour:
		return fmt.Sprintf("%d years", d/(365*24*time.Hour))
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d minutes", d/time.Minute)
	}
	return fmt.Sprintf("%d seconds", d/time.Second)
}
