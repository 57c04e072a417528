package homing

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// ParseWindow reads a length of time as people write it: days ("30d"), or what
// time.ParseDuration reads ("36h", "1s"), or both ("1d12h"). It must be
// positive and at most MaxWindow.
func ParseWindow(text string) (time.Duration, error) {
	d, err := parseDays(text)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%w length of time %q: write it like 30d, 12h or 90s", ErrInvalid, text)
	case d <= 0:
		return 0, fmt.Errorf("%w length of time %q: it must be longer than nothing", ErrInvalid, text)
	case d > MaxWindow:
		return 0, fmt.Errorf("%w length of time %q: the longest is %s", ErrInvalid, text, FormatWindow(MaxWindow))
	}
	return d, nil
}

// MaxWindow is the longest window: click ids must verify for as long.
const MaxWindow = 5 * 365 * 24 * time.Hour

const day = 24 * time.Hour

func parseDays(text string) (time.Duration, error) {
	days, rest, found := strings.Cut(text, "d")
	if !found {
		return time.ParseDuration(text)
	}
	n, err := strconv.ParseUint(days, 10, 32)
	if err != nil || n > uint64(math.MaxInt64/day) {
		return 0, ErrInvalid
	}
	d := time.Duration(n) * day
	if rest == "" {
		return d, nil
	}
	more, err := time.ParseDuration(rest)
	if more < 0 || d+more < d {
		return 0, ErrInvalid
	}
	return d + more, err
}

// FormatWindow writes a length of time as ParseWindow reads it, in days if it
// is whole days.
func FormatWindow(d time.Duration) string {
	if d >= day && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	s := d.String() // 36h0m0s
	s = strings.TrimSuffix(s, "m0s")
	if s != d.String() {
		s += "m"
	}
	if t, ok := strings.CutSuffix(s, "h0m"); ok {
		s = t + "h"
	}
	return s
}
