package main

// Runs of a question: first some that do not count, which bring what is read
// into memory, then the ones that count.
const (
	warmRuns  = 2
	quietRuns = 9
	liveRuns  = 15
)
