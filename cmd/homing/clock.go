package main

import (
	"fmt"
	"os"
	"time"
)

// clockOffset is for tests: it moves the program's clock, and that of the
// servers it starts, by a length of time, so that a run can be laid over a
// daylight-saving change.
const clockOffset = "HOMING_TEST_CLOCK_OFFSET"

// clock tells the time.
func clock() (func() time.Time, error) {
	text := os.Getenv(clockOffset)
	if text == "" {
		return time.Now, nil
	}
	offset, err := time.ParseDuration(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", clockOffset, err)
	}
	return func() time.Time { return time.Now().Add(offset) }, nil
}
