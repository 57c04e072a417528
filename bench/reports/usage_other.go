//go:build !linux

package main

import (
	"math"
	"time"
)

// usage is told on Linux only.
type usage struct {
	parent, child         time.Duration
	parentPeak, childPeak int64
	pid                   int
}

func used() usage { return usage{} }

func freeBytes(string) int64 { return math.MaxInt64 }
