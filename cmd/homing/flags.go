package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"homing"
)

// moment is a point in time on the command line: so long ago, or a date.
type moment struct {
	ago time.Duration
	at  homing.Millis
}

// UnmarshalText reads 24h, 7d, 2026-01-31 or RFC 3339.
func (m *moment) UnmarshalText(text []byte) error {
	s := string(text)
	if ago, err := homing.ParseWindow(s); err == nil {
		*m = moment{ago: ago}
		return nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if at, err := time.Parse(layout, s); err == nil {
			*m = moment{at: homing.MillisOf(at)}
			return nil
		}
	}
	return fmt.Errorf("want so long ago (24h, 7d), a day (2026-01-31, UTC) or a moment (2026-01-31T12:00:00Z), not %q", s)
}

// millis is the moment; 0 if none was given.
func (m moment) millis(now time.Time) homing.Millis {
	if m.ago != 0 {
		return homing.MillisOf(now.Add(-m.ago))
	}
	return m.at
}

// length is a length of time as the server takes it.
type length string

// UnmarshalText checks it.
func (l *length) UnmarshalText(text []byte) error {
	if _, err := homing.ParseWindow(string(text)); err != nil {
		return err
	}
	*l = length(text)
	return nil
}

func (l *length) text() *string { return (*string)(l) }

// overlap is a length of time that may be 0.
type overlap string

// UnmarshalText checks it.
func (o *overlap) UnmarshalText(text []byte) error {
	if s := string(text); s != "0" {
		if _, err := homing.ParseWindow(s); err != nil {
			return fmt.Errorf("%w, or 0", err)
		}
	}
	*o = overlap(text)
	return nil
}

// amount is a value that may be empty.
type amount struct{ homing.Value }

// UnmarshalText reads an amount, or nothing.
func (a *amount) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		a.Value = homing.Value{}
		return nil
	}
	m, err := homing.ParseMoney(string(text))
	a.Value = homing.ValueOf(m)
	return err
}

// goal is a goal of a campaign: 1=Install.
type goal struct{ homing.Goal }

// UnmarshalText reads NUMBER=NAME.
func (g *goal) UnmarshalText(text []byte) error {
	number, name, found := strings.Cut(string(text), "=")
	id, err := strconv.ParseUint(number, 10, 32)
	if !found || err != nil || id == 0 || name == "" {
		return fmt.Errorf("want NUMBER=NAME, such as 1=Install, not %q", text)
	}
	g.Goal = homing.Goal{ID: homing.GoalID(id), Name: name}
	return nil
}

func goalsOf(flags []goal) (goals []homing.Goal) {
	for _, g := range flags {
		goals = append(goals, g.Goal)
	}
	return goals
}
