// Package homing holds the words of the house and their rules as values: what a
// click id is, what money is, what a verdict can be. It does no I/O, starts no
// goroutine and reads no clock.
//
// A Click leaves through an advertiser's URL with a [ClickID]. A [Postback]
// brings the id home. The verdict on it is an [Outcome] with a [Reason]; the
// row it leaves is a [Conversion], worth a [Value], in [Money] of micro-units.
//
// Everything else in the program is arranged around these words, and depends
// on this package; this package depends on nothing of the program.
package homing

import "time"

// Clock tells the time. The program has one, handed in at the top, so that
// tests can move it; nothing below cmd calls time.Now.
type Clock func() time.Time

// Millis is a moment as milliseconds since 1970-01-01 UTC: the resolution of
// click ids, and of every stored time.
type Millis int64

// MillisOf converts a time to the moment it is stored as.
func MillisOf(t time.Time) Millis { return Millis(t.UnixMilli()) }

// MillisIn converts a length of time, cutting what is finer.
func MillisIn(d time.Duration) Millis { return Millis(d.Milliseconds()) }

// Time returns m in UTC.
func (m Millis) Time() time.Time { return time.UnixMilli(int64(m)).UTC() }

// String writes m as RFC 3339 with milliseconds, in UTC.
func (m Millis) String() string { return m.Time().Format("2006-01-02T15:04:05.000Z") }
