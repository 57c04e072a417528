package main

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// clockOffset is for tests: it moves the program's clock, and that of the
// servers it starts, by a length of time, so that a run can be laid over a
// daylight-saving change. @FILE names a file that holds it, which is read again
// all the time: the clock of a running server steps when it changes.
const clockOffset = "HOMING_TEST_CLOCK_OFFSET"

// clockWatch is how often the file is read.
const clockWatch = 2 * time.Millisecond

// clock tells the time.
func clock() (func() time.Time, error) {
	text := os.Getenv(clockOffset)
	if text == "" {
		return time.Now, nil
	}
	if file, ok := strings.CutPrefix(text, "@"); ok {
		return steppingClock(file)
	}
	offset, err := time.ParseDuration(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", clockOffset, err)
	}
	return func() time.Time { return time.Now().Add(offset) }, nil
}

// steppingClock is a clock that is as far off as a file says, until the process
// ends. Its times have no monotonic reading, which would hide the steps.
func steppingClock(file string) (func() time.Time, error) {
	var offset atomic.Int64
	read := func() error {
		text, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("%s: %w", clockOffset, err)
		}
		d, err := time.ParseDuration(strings.TrimSpace(string(text)))
		if err == nil {
			offset.Store(int64(d))
		}
		return nil // half written: once more
	}
	if err := read(); err != nil {
		return nil, err
	}
	go func() {
		for range time.Tick(clockWatch) {
			_ = read() // as it was, while the file is away
		}
	}()
	return func() time.Time { return time.Now().Round(0).Add(time.Duration(offset.Load())) }, nil
}
