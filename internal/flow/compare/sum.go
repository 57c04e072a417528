package compare

import (
	"math/big"

	"homing"
)

// Sum adds amounts up exactly, however many: ten thousand of the largest do not
// fit a homing.Money. The zero Sum is nothing. It is not to be copied once it was
// added to.
type Sum struct {
	micros big.Int
	given  bool
}

// Add adds a value; an empty one adds nothing.
func (s *Sum) Add(v homing.Value) {
	if v.Given {
		s.given = true
		s.micros.Add(&s.micros, big.NewInt(int64(v.Money)))
	}
}

// Given tells whether any value was added.
func (s *Sum) Given() bool { return s.given }

// Sign is -1, 0 or 1.
func (s *Sum) Sign() int { return s.micros.Sign() }

// Less is the sum less another, which need not have been given.
func (s *Sum) Less(other *Sum) *Sum {
	d := &Sum{given: s.given || other.given}
	d.micros.Sub(&s.micros, &other.micros)
	return d
}

// String writes the sum exactly; nothing if no value was added.
func (s *Sum) String() string {
	if !s.given {
		return ""
	}
	if s.micros.IsInt64() {
		return homing.Money(s.micros.Int64()).String()
	}
	whole, rest := new(big.Int).QuoRem(new(big.Int).Abs(&s.micros), big.NewInt(int64(homing.Unit)), new(big.Int))
	sign := ""
	if s.micros.Sign() < 0 {
		sign = "-"
	}
	return sign + whole.String() + homing.Money(rest.Int64()).String()[1:]
}
