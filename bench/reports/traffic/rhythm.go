package traffic

import (
	"math"

	"homing"
)

// rhythm says how many clicks each minute of a period has: more in the evening
// than at night, fewer at weekends, never smooth, and now and then a burst when
// a campaign is let loose.
type rhythm struct {
	from  homing.Millis
	until []int64 // clicks up to the end of each minute
}

func newRhythm(d *dice, from, until homing.Millis, clicks int64) rhythm {
	minutes := int((until - from + minute - 1) / minute)
	sums, sum, burst := make([]float64, minutes), 0.0, 0.0
	for i := range sums {
		if d.below(2000) == 0 {
			burst = 1.5
		}
		sum += dayCurve(from+homing.Millis(i)*minute) * (0.9 + 0.2*d.part()) * (1 + burst)
		burst *= 0.95
		sums[i] = sum
	}
	r := rhythm{from: from, until: make([]int64, minutes)}
	for i := range sums {
		r.until[i] = int64(math.Round(sums[i] / sum * float64(clicks)))
	}
	return r
}

// dayCurve is the traffic at a moment as a share of the mean: a network of the
// whole world has its top towards the evening of Europe.
func dayCurve(at homing.Millis) float64 {
	hours := float64(at%day) / float64(hour)
	level := 1 + 0.45*math.Cos(2*math.Pi*(hours-18)/24) + 0.12*math.Cos(4*math.Pi*(hours-13)/24)
	if weekday := (at/day + 3) % 7; weekday >= 5 {
		level *= 0.88
	}
	return level
}
