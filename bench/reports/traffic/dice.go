package traffic

import (
	"math"
	"math/bits"
)

// dice is a small fast source of random numbers (wyrand): a row draws some
// twenty of them, and is to take less than a microsecond. The same seed throws
// the same numbers for ever, which the standard library does not promise of all
// its sources. It is for one goroutine.
type dice struct{ state uint64 }

func (d *dice) next() uint64 {
	d.state += 0xa0761d6478bd642f
	hi, lo := bits.Mul64(d.state, d.state^0xe7037ed1a0b428db)
	return hi ^ lo
}

// mix makes a seed of several numbers.
func mix(parts ...uint64) uint64 {
	d := dice{state: 0x9e3779b97f4a7c15}
	for _, p := range parts {
		d.state ^= p * 0xff51afd7ed558ccd
		d.state = d.next()
	}
	return d.next()
}

// below draws from 0 to n-1.
func (d *dice) below(n int) int {
	hi, _ := bits.Mul64(d.next(), uint64(n))
	return int(hi)
}

// between draws from low to high, both included.
func (d *dice) between(low, high int) int { return low + d.below(high-low+1) }

// part draws a number in [0, 1).
func (d *dice) part() float64 { return float64(d.next()>>11) / (1 << 53) }

// in tells true in share of all cases.
func (d *dice) in(share float64) bool { return d.part() < share }

// normal draws from the standard normal distribution.
func (d *dice) normal() float64 {
	return math.Sqrt(-2*math.Log(1-d.part())) * math.Cos(2*math.Pi*d.part())
}

// rank draws from 0 to n-1 such that the chance of rank r falls as 1/(r+1), as
// publishers, hosts and words do; logN is the natural logarithm of n+1.
func (d *dice) rank(logN float64) int { return int(math.Exp(d.part()*logN)) - 1 }

func logRanks(n int) float64 { return math.Log(float64(n + 1)) }

// wheel draws numbers with given chances in one throw (Walker's alias method).
type wheel struct {
	keep  []uint32 // of 2^32
	other []uint32
}

func newWheel(weights []float64) wheel {
	n := len(weights)
	w := wheel{keep: make([]uint32, n), other: make([]uint32, n)}
	sum := 0.0
	for _, x := range weights {
		sum += x
	}
	scaled := make([]float64, n)
	var poor, rich []int
	for i, x := range weights {
		scaled[i] = x / sum * float64(n)
		if scaled[i] < 1 {
			poor = append(poor, i)
		} else {
			rich = append(rich, i)
		}
	}
	for len(poor) > 0 && len(rich) > 0 {
		p, r := poor[len(poor)-1], rich[len(rich)-1]
		poor = poor[:len(poor)-1]
		w.keep[p], w.other[p] = uint32(scaled[p]*(1<<32-1)), uint32(r)
		scaled[r] -= 1 - scaled[p]
		if scaled[r] < 1 {
			rich = rich[:len(rich)-1]
			poor = append(poor, r)
		}
	}
	for _, i := range append(poor, rich...) { // what rounding left over
		w.keep[i], w.other[i] = math.MaxUint32, uint32(i)
	}
	return w
}

func (w *wheel) spin(d *dice) int {
	throw := d.next()
	i, _ := bits.Mul64(throw, uint64(len(w.keep)))
	if uint32(throw) <= w.keep[i] {
		return int(i)
	}
	return int(w.other[i])
}

// zipf gives the weights of n things whose share falls as 1/rank^s.
func zipf(n int, s float64) []float64 {
	weights := make([]float64, n)
	for i := range weights {
		weights[i] = math.Pow(float64(i+1), -s)
	}
	return weights
}
