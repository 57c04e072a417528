package homing

import (
	"encoding/json"
	"errors"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseDecimal(t *testing.T) {
	for _, c := range []struct {
		text string
		want Decimal
	}{
		{"2.10", Decimal{Micros: 2_100_000}},
		{"0.01", Decimal{Micros: 10_000}},
		{"+5.", Decimal{Micros: 5 * Unit}},
		{".5", Decimal{Micros: 500_000}},
		{"-0", Decimal{}},
		{"-1.5", Decimal{Micros: -1_500_000, Negative: true}},
		{"2E2", Decimal{Micros: 200 * Unit}},
		{"1e-2", Decimal{Micros: 10_000}},
		{"1e-400", Decimal{Cut: true}},
		{"-1e-400", Decimal{Cut: true, Negative: true}},
		{"1.2345678", Decimal{Micros: 1_234_567, Cut: true}},
		{"1.2345670", Decimal{Micros: 1_234_567}},
		{"0.000000000000000000000000000001e30", Decimal{Micros: Unit}},
		{"9999999999999999999999", Decimal{Micros: MaxMoney, Cut: true}},
		{"-1e9999999999999999999", Decimal{Micros: -MaxMoney, Cut: true, Negative: true}},
		{"0e9999999999999999999", Decimal{}},
		{"100000000000", Decimal{Micros: MaxMoney}},
		{strings.Repeat("0", 64), Decimal{}},
	} {
		got, err := ParseDecimal(c.text)
		if err != nil || got != c.want {
			t.Errorf("ParseDecimal(%q) = %+v, %v; want %+v", c.text, got, err, c.want)
		}
	}
}

func TestParseDecimalRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     `parsing "": invalid syntax`,
		"abc":                                  `parsing "abc": invalid syntax`,
		"NaN":                                  `parsing "NaN": invalid syntax`,
		"Inf":                                  `parsing "Inf": invalid syntax`,
		"1_0":                                  `parsing "1_0": invalid syntax`,
		"0x10":                                 `parsing "0x10": invalid syntax`,
		"1,50":                                 `parsing "1,50": invalid syntax`,
		" 1":                                   `parsing " 1": invalid syntax`,
		"1 ":                                   `parsing "1 ": invalid syntax`,
		"1\x00":                                `parsing "1\x00": invalid syntax`,
		"--1":                                  `parsing "--1": invalid syntax`,
		"1.5.2":                                `parsing "1.5.2": invalid syntax`,
		".":                                    `parsing ".": invalid syntax`,
		"+":                                    `parsing "+": invalid syntax`,
		"1e":                                   `parsing "1e": invalid syntax`,
		"1e+":                                  `parsing "1e+": invalid syntax`,
		"e5":                                   `parsing "e5": invalid syntax`,
		"1e5.0":                                `parsing "1e5.0": invalid syntax`,
		"１.5":                                  `parsing "１.5": invalid syntax`,
		"1\"},\"ok":                            `parsing "1\"},\"ok": invalid syntax`,
		"123456789012345678901234567890abcdef": `parsing "123456789012345"…: invalid syntax`,
		strings.Repeat("1", 65):                `parsing "111111111111111"…: longer than 64 bytes`,
	} {
		if _, err := ParseDecimal([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("ParseDecimal(%q): %v, want %s", text, err, want)
		}
	}
}

// The error goes to the sender and into logs, so it must never hold a key that
// was sent in the wrong place.
func TestParseDecimalErrorHoldsNoKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.StringMatching(`[a-zA-Z][0-9A-Za-z]{15,63}`).Draw(t, "key")
		if _, err := ParseDecimal(key); err == nil || strings.Contains(err.Error(), key) {
			t.Fatalf("the error %v holds the key", err)
		}
	})
}

var decimalSyntax = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$`)

// FuzzDecimal holds ParseDecimal against exact rational arithmetic.
func FuzzDecimal(f *testing.F) {
	for _, s := range []string{"2.10", "0.0099999999999999999", "200.00000000000001", "-0.000001", "1e-400", "5.", ".5e1", "2E2", "1_0", "NaN", "9999999999999999999999", "100000000000.0000001"} {
		f.Add(s, int64(10_000))
		f.Add(s, int64(200*Unit))
		f.Add(s, int64(0))
	}
	f.Fuzz(func(t *testing.T, text string, bound int64) {
		d, err := ParseDecimal(text)
		if valid := len(text) <= MaxDecimalLen && decimalSyntax.MatchString(text); valid != (err == nil) {
			t.Fatalf("ParseDecimal(%q): %v, but valid is %v", text, err, valid)
		}
		if err != nil || !exponentFits(text) {
			return
		}
		exact, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("big.Rat does not read %q", text)
		}
		exact.Mul(exact, big.NewRat(int64(Unit), 1))
		checkCut(t, text, d, exact)
		b := Money(bound) % (MaxMoney + 1)
		cmp := exact.Cmp(new(big.Rat).SetInt64(int64(b)))
		if d.Below(b) != (cmp < 0) || d.Above(b) != (cmp > 0) {
			t.Errorf("%q against %s: below %v, above %v, but exactly %d", text, b, d.Below(b), d.Above(b), cmp)
		}
	})
}

// exponentFits keeps big.Rat from computing 10^999999999.
func exponentFits(text string) bool {
	i := strings.IndexAny(text, "eE")
	return i < 0 || len(strings.TrimLeft(text[i+1:], "+-0")) <= 3
}

func checkCut(t *testing.T, text string, d Decimal, exact *big.Rat) {
	t.Helper()
	whole := new(big.Int).Quo(exact.Num(), exact.Denom()) // toward zero
	cut := !exact.IsInt()
	if limit := big.NewInt(int64(MaxMoney)); whole.CmpAbs(limit) > 0 {
		whole.Mul(limit, big.NewInt(int64(exact.Sign())))
		cut = true
	}
	if want := (Decimal{Micros: Money(whole.Int64()), Cut: cut, Negative: exact.Sign() < 0}); d != want {
		t.Errorf("ParseDecimal(%q) = %+v, want %+v", text, d, want)
	}
}

func TestMoneyStrings(t *testing.T) {
	for m, want := range map[Money][2]string{
		0:                  {"0.00", "0.000"},
		1:                  {"0.000001", "0.000"},
		499:                {"0.000499", "0.000"},
		500:                {"0.0005", "0.001"},
		9_000:              {"0.009", "0.009"},
		10_000:             {"0.01", "0.010"},
		1_500_000:          {"1.50", "1.500"},
		1_234_567:          {"1.234567", "1.235"},
		200 * Unit:         {"200.00", "200.000"},
		-1:                 {"-0.000001", "0.000"},
		-1_500_500:         {"-1.5005", "-1.501"},
		MaxMoney:           {"100000000000.00", "100000000000.000"},
		-1 << 63:           {"-9223372036854.775808", ""},
		1_999_999_999_999:  {"1999999.999999", "2000000.000"},
		-1_999_999_999_999: {"-1999999.999999", "-2000000.000"},
	} {
		if m.String() != want[0] {
			t.Errorf("Money(%d) = %s, want %s", int64(m), m, want[0])
		}
		if got := m.Thousandths(); want[1] != "" && got != want[1] {
			t.Errorf("Money(%d) in thousandths = %s, want %s", int64(m), got, want[1])
		}
	}
}

func TestMoneyIsReadAsItIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Money(rapid.Int64Range(0, int64(MaxMoney)).Draw(t, "m"))
		if got, err := ParseMoney(m.String()); err != nil || got != m {
			t.Fatalf("%s is read as %s, %v", m, got, err)
		}
		v := Value{Given: rapid.Bool().Draw(t, "given")}
		if v.Given {
			v.Money = m
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		back := ValueOf(7)
		if err := json.Unmarshal(text, &back); err != nil || back != v {
			t.Fatalf("%s is read as %+v, %v", text, back, err)
		}
	})
}

func TestParseMoneyRefuses(t *testing.T) {
	for _, text := range []string{"", "-1", "-0.0000001", "1.2345678", "100000000000.000001", "1e30", "abc"} {
		if _, err := ParseMoney(text); !errors.Is(err, ErrInvalid) {
			t.Errorf("ParseMoney(%q): %v", text, err)
		}
	}
}

func TestEmptyValueIsNotZero(t *testing.T) {
	if (Value{}).String() != "" || ValueOf(0).String() != "0.00" || (Value{}) == ValueOf(0) {
		t.Error("an empty value and 0 are the same")
	}
}

func TestValueFromJSON(t *testing.T) {
	for text, want := range map[string]Value{
		`null`:                {},
		`"1.50"`:              ValueOf(1_500_000),
		`1.5`:                 ValueOf(1_500_000),
		`0`:                   ValueOf(0),
		`99999999999.999999`:  ValueOf(99_999_999_999_999_999), // a float would round it up
		`"0.100000000000000"`: ValueOf(100_000),
	} {
		var v Value
		if err := json.Unmarshal([]byte(text), &v); err != nil || v != want {
			t.Errorf("%s is read as %+v, %v", text, v, err)
		}
	}
	for _, text := range []string{`""`, `"abc"`, `true`, `{}`, `-1`, `"1.2345678"`, `[1]`} {
		var v Value
		if err := json.Unmarshal([]byte(text), &v); !errors.Is(err, ErrInvalid) || v.Given {
			t.Errorf("%s is read as %+v, %v", text, v, err)
		}
	}
}

func BenchmarkParseDecimal(b *testing.B) {
	text := []byte("123.456789")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseDecimal(text); err != nil {
			b.Fatal(err)
		}
	}
}
