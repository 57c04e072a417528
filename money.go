package homing

import (
	"fmt"
	"strconv"
	"strings"
)

// Money is an amount in micro-units (millionths) of the account's currency.
// Money never passes through a float, from the first byte to the last.
type Money int64

// Unit is one whole unit of a currency.
const Unit Money = 1_000_000

// MaxMoney bounds every amount taken from outside: a hundred billion units. It
// leaves room for one more digit, and for sums, in an int64.
const MaxMoney = 100_000_000_000 * Unit

// MaxDecimalLen is how many bytes a decimal number on the wire may have.
const MaxDecimalLen = 64

// Decimal is a decimal number as it was written, cut to micro-units without
// forgetting what was cut off, so that bounds can be compared exactly.
type Decimal struct {
	Micros   Money // toward zero; ±MaxMoney if the number is larger
	Cut      bool  // digits other than 0 followed the sixth decimal
	Negative bool  // a minus sign before a number other than 0
}

// ParseDecimal reads [+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?, at most 64 bytes.
// The error completes the wire's "invalid price value: '…'"; it quotes at most
// 15 bytes of the text, fewer than the shortest key has.
func ParseDecimal[T string | []byte](text T) (Decimal, error) {
	if len(text) > MaxDecimalLen {
		return Decimal{}, fmt.Errorf("parsing %s: longer than %d bytes", quoteShort(text), MaxDecimalLen)
	}
	n, ok := scanNumber(text)
	if !ok {
		return Decimal{}, fmt.Errorf("parsing %s: invalid syntax", quoteShort(text))
	}
	d := n.micros()
	d.Negative = n.minus && (d.Micros != 0 || d.Cut)
	if d.Negative {
		d.Micros = -d.Micros
	}
	return d, nil
}

func quoteShort[T string | []byte](text T) string {
	const most = MinKeyLen - 1
	if len(text) <= most {
		return strconv.Quote(string(text))
	}
	return strconv.Quote(string(text[:most])) + "…"
}

// number is a scanned decimal: up to 64 significant digits and the power of
// ten of the last of them.
type number struct {
	minus  bool
	digits [MaxDecimalLen]byte
	len    int
	exp    int // saturated at ±maxExp, far beyond what matters
}

const maxExp = 10_000

func scanNumber[T string | []byte](text T) (n number, ok bool) {
	i := 0
	if i < len(text) && (text[i] == '+' || text[i] == '-') {
		n.minus = text[i] == '-'
		i++
	}
	seen, point := false, false
	for ; i < len(text); i++ {
		c := text[i]
		if c == '.' && !point {
			point = true
			continue
		}
		if c < '0' || c > '9' {
			break
		}
		seen = true
		n.digits[n.len] = c - '0'
		n.len++
		if point {
			n.exp--
		}
	}
	if !seen {
		return n, false
	}
	if i < len(text) && (text[i] == 'e' || text[i] == 'E') {
		exp, rest, ok := scanExp(text[i+1:])
		if !ok {
			return n, false
		}
		n.exp += exp
		i = len(text) - rest
	}
	return n, i == len(text)
}

func scanExp[T string | []byte](text T) (exp, rest int, ok bool) {
	i, minus := 0, false
	if i < len(text) && (text[i] == '+' || text[i] == '-') {
		minus = text[i] == '-'
		i++
	}
	first := i
	for ; i < len(text) && text[i] >= '0' && text[i] <= '9'; i++ {
		exp = min(exp*10+int(text[i]-'0'), maxExp)
	}
	if minus {
		exp = -exp
	}
	return exp, len(text) - i, i > first
}

// micros cuts the number to millionths.
func (n *number) micros() (d Decimal) {
	// The digit at index i stands for digits[i] × 10^(exp+len-1-i) units, so
	// for 10^(that+6) micro-units.
	for i := range n.len {
		if n.digits[i] == 0 && d.Micros == 0 && !d.Cut {
			continue // leading zeros weigh nothing, whatever the exponent
		}
		if n.exp+n.len-1-i+6 < 0 {
			d.Cut = d.Cut || n.digits[i] != 0
			continue
		}
		d.Micros = d.Micros*10 + Money(n.digits[i])
		if d.Micros > MaxMoney {
			return Decimal{Micros: MaxMoney, Cut: true}
		}
	}
	for zeros := n.exp + 6; zeros > 0 && d.Micros != 0; zeros-- {
		d.Micros *= 10
		if d.Micros > MaxMoney {
			return Decimal{Micros: MaxMoney, Cut: true}
		}
	}
	return d
}

// Below tells whether the number as written is smaller than bound.
func (d Decimal) Below(bound Money) bool {
	return d.Micros < bound || d.Micros == bound && d.Cut && d.Negative
}

// Above tells whether the number as written is larger than bound.
func (d Decimal) Above(bound Money) bool {
	return d.Micros > bound || d.Micros == bound && d.Cut && !d.Negative
}

// ParseMoney reads an amount from a setting or a form: a decimal number of at
// most six decimals, not negative, at most MaxMoney.
func ParseMoney(text string) (Money, error) {
	d, err := ParseDecimal(text)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%w amount: %w", ErrInvalid, err)
	case d.Negative:
		return 0, fmt.Errorf("%w amount %q: it is negative", ErrInvalid, text)
	case d.Above(MaxMoney):
		return 0, fmt.Errorf("%w amount %q: the largest is %s", ErrInvalid, text, MaxMoney)
	case d.Cut:
		return 0, fmt.Errorf("%w amount %q: at most six decimals", ErrInvalid, text)
	}
	return d.Micros, nil
}

// String writes m exactly, with at least two decimals: "1.50", "0.009".
func (m Money) String() string {
	s := m.fixed(6)
	for strings.HasSuffix(s, "0") && s[len(s)-3] != '.' {
		s = s[:len(s)-1]
	}
	return s
}

// Thousandths writes m as the wire's %.3f: "0.010". What lies beyond the third
// decimal is rounded half away from zero.
func (m Money) Thousandths() string {
	const step = 1000
	if m < 0 {
		return ((m - step/2) / step * step).fixed(3)
	}
	return ((m + step/2) / step * step).fixed(3)
}

// fixed writes m with the given number of decimals, cutting the rest.
func (m Money) fixed(decimals int) string {
	sign, u := "", uint64(m)
	if m < 0 {
		sign, u = "-", -u
	}
	frac := fmt.Sprintf("%06d", u%uint64(Unit))
	return sign + strconv.FormatUint(u/uint64(Unit), 10) + "." + frac[:decimals]
}

// MarshalText writes m as String does: money in JSON is a decimal string.
func (m Money) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalJSON reads a decimal string, or a JSON number by its text; neither
// passes through a float.
func (m *Money) UnmarshalJSON(text []byte) (err error) {
	s := string(text)
	if strings.HasPrefix(s, `"`) {
		if s, err = strconv.Unquote(s); err != nil {
			return fmt.Errorf("%w amount %s: want a string like \"1.50\"", ErrInvalid, text)
		}
	}
	*m, err = ParseMoney(s)
	return err
}

// UnmarshalText reads what MarshalText wrote, if it is not negative: negative
// amounts are results (a loss), never settings.
func (m *Money) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMoney(string(text))
	return err
}

// Value is what a conversion is worth to the advertiser. The zero Value is
// empty: nobody said, which is not 0.
type Value struct {
	Money Money
	Given bool
}

// ValueOf returns the given value m.
func ValueOf(m Money) Value { return Value{Money: m, Given: true} }

// String writes the amount, or nothing if it is empty.
func (v Value) String() string {
	if !v.Given {
		return ""
	}
	return v.Money.String()
}

// MarshalJSON writes a decimal string, or null if v is empty.
func (v Value) MarshalJSON() ([]byte, error) {
	if !v.Given {
		return []byte("null"), nil
	}
	return []byte(`"` + v.Money.String() + `"`), nil
}

// UnmarshalJSON reads what MarshalJSON wrote, or a number.
func (v *Value) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*v = Value{}
		return nil
	}
	var m Money
	err := m.UnmarshalJSON(text)
	*v = Value{Money: m, Given: err == nil}
	return err
}
