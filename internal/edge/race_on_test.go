//go:build race

package edge

// raceDetector makes pools forget on purpose, so that nothing can be said of
// allocations.
const raceDetector = true
