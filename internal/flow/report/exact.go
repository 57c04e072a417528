package report

import (
	"math/big"
	"strconv"
	"strings"

	"homing"
	"homing/internal/engine/warehouse"
)

// Figures are made here. Sums are whole numbers; what is divided is kept as an
// exact fraction and rounded once, when it is written, so that differences of
// fractions are not differences of rounded ones.

var null = Cell{Null: true}

func numberCell(n int64) Cell { return Cell{Text: strconv.FormatInt(n, 10), Number: n} }

func textCell(text string) Cell { return Cell{Text: text} }

func moneyCell(m homing.Money) Cell { return Cell{Text: m.String(), Number: int64(m)} }

func boolCell(b bool) Cell {
	if b {
		return Cell{Text: "true", Number: 1}
	}
	return Cell{Text: "false"}
}

func timeCell(at homing.Millis) Cell {
	if at == 0 {
		return null
	}
	return Cell{Text: at.String(), Number: int64(at)}
}

// exactCell is a fraction, written with at most six decimals.
func exactCell(r *big.Rat) Cell {
	micros := roundSix(r)
	c := Cell{exact: r, Text: microText(micros)}
	if micros.IsInt64() {
		c.Number = micros.Int64()
	}
	return c
}

var million = big.NewInt(int64(homing.Unit))

// roundSix is r in millionths, rounded half to even.
func roundSix(r *big.Rat) *big.Int { return round(r, million) }

// round is r times scale, rounded half to even.
func round(r *big.Rat, scale *big.Int) *big.Int {
	whole, rest := new(big.Int).QuoRem(new(big.Int).Mul(r.Num(), scale), r.Denom(), new(big.Int))
	// whole is cut toward zero; what was cut has the sign of r.
	switch rest.Abs(rest).Lsh(rest, 1).Cmp(r.Denom()) {
	case 0:
		if whole.Bit(0) == 0 {
			return whole
		}
	case -1:
		return whole
	}
	return whole.Add(whole, big.NewInt(int64(r.Sign())))
}

// microText writes millionths as homing.Money does: exactly, with two decimals
// at least.
func microText(micros *big.Int) string {
	if micros.IsInt64() {
		return homing.Money(micros.Int64()).String()
	}
	return decimalText(micros, 6)
}

// decimalText writes n / 10^places, with two decimals at least.
func decimalText(n *big.Int, places int) string {
	digits := new(big.Int).Abs(n).String()
	if len(digits) <= places {
		digits = strings.Repeat("0", places+1-len(digits)) + digits
	}
	text := digits[:len(digits)-places] + "." + digits[len(digits)-places:]
	for strings.HasSuffix(text, "0") && text[len(text)-3] != '.' {
		text = text[:len(text)-1]
	}
	if n.Sign() < 0 {
		return "-" + text
	}
	return text
}

// figures are the measures of a group.
type figures = [warehouse.MeasureCount]int64

// cell works out a metric of a group.
func (m Metric) cell(f *figures) Cell {
	if !m.derived() {
		n := f[m]
		switch {
		case m.Kind() == Money:
			return moneyCell(homing.Money(n))
		case m.Kind() == Duration && n < 0: // warehouse.NoTime
			return null
		}
		return numberCell(n)
	}
	over, under := f[metricFacts[m].over], f[metricFacts[m].under]
	if m == Acceptance {
		over = under - over
	}
	if under == 0 {
		return null
	}
	r := big.NewRat(over, under)
	if m.Kind() == Money {
		r.Quo(r, new(big.Rat).SetInt(million))
	}
	return exactCell(r)
}

// rat is the cell's figure as an exact fraction.
func (c *Cell) rat() *big.Rat {
	if c.exact != nil {
		return c.exact
	}
	return new(big.Rat).SetInt64(c.Number)
}

// difference is now less before.
func difference(m Metric, now, before Cell) Cell {
	switch {
	case now.Null || before.Null:
		return null
	case m.derived():
		return exactCell(new(big.Rat).Sub(now.rat(), before.rat()))
	case m.Kind() == Money:
		return moneyCell(homing.Money(now.Number - before.Number))
	}
	return numberCell(now.Number - before.Number)
}

// change is the difference per what was before, whose sign does not count: a
// smaller loss is a rise.
func change(now, before Cell) Cell {
	if now.Null || before.Null || before.rat().Sign() == 0 {
		return null
	}
	r := new(big.Rat).Sub(now.rat(), before.rat())
	return exactCell(r.Quo(r, new(big.Rat).Abs(before.rat())))
}
