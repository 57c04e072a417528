package compare

import (
	"strings"
	"unicode"

	"homing"
)

// ParseAmount reads an amount as people and their spreadsheets write it:
// "2.10", "2,10 €", "1,234.50", "1.234,50". ok is false if it is none, or could
// be two: "1,234" is a thousand to some and about one to others. What follows the
// sixth decimal is cut, as it is of a postback's value.
func ParseAmount(text string) (v homing.Value, ok bool) {
	digits := bareAmount(text)
	if digits == "" {
		return v, false
	}
	plain, ok := withPoint(digits)
	if !ok {
		return v, false
	}
	d, err := homing.ParseDecimal(plain)
	if err != nil || d.Above(homing.MaxMoney) || d.Below(-homing.MaxMoney) {
		return v, false
	}
	return homing.ValueOf(d.Micros), true
}

// currencies are taken away when they stand before or behind an amount. Three
// letters alone would be too little: TXN123 is no amount.
var currencies = strings.Fields(`USD EUR GBP CHF JPY CNY AUD CAD NZD SEK NOK DKK PLN CZK HUF RON BGN RUB UAH KZT TRY
	INR IDR THB VND PHP MYR SGD HKD KRW BRL MXN ARS CLP COP PEN ZAR NGN KES EGP AED SAR ILS USDT`)

// bareAmount takes the currency's sign or name and spaces away; "" if what is
// left is no number.
func bareAmount(text string) string {
	if len(text) > 2*homing.MaxDecimalLen {
		return ""
	}
	aside := func(c rune) bool { return unicode.IsSpace(c) || unicode.Is(unicode.Sc, c) }
	text = strings.TrimFunc(text, aside)
	for _, name := range currencies {
		if bare, ok := strings.CutPrefix(text, name); ok {
			text = bare
			break
		}
		if bare, ok := strings.CutSuffix(text, name); ok {
			text = bare
			break
		}
	}
	text = strings.TrimFunc(text, aside)
	// Spaces and apostrophes part thousands in some countries.
	text = strings.Map(func(c rune) rune {
		if c == ' ' || c == '\u00a0' || c == '\u202f' || c == '\'' || c == '’' {
			return -1
		}
		return c
	}, text)
	if len(text) > homing.MaxDecimalLen || strings.Trim(text, "+-.,0123456789") != "" {
		return ""
	}
	return text
}

// withPoint writes the decimal separator as a point and takes the others away.
func withPoint(text string) (string, bool) {
	comma, point := strings.LastIndexByte(text, ','), strings.LastIndexByte(text, '.')
	switch {
	case comma < 0 && strings.Count(text, ".") <= 1:
		return text, true
	case comma < 0: // 1.234.567
		return strings.ReplaceAll(text, ".", ""), groupsOfThree(text, '.')
	case point < 0 && strings.Count(text, ",") > 1: // 1,234,567
		return strings.ReplaceAll(text, ",", ""), groupsOfThree(text, ',')
	case point < 0 && len(text)-comma-1 == 3 && strings.Trim(text[:comma], "+-0") != "":
		return "", false // 1,234
	case point < 0:
		return strings.Replace(text, ",", ".", 1), true
	case comma > point: // 1.234,50
		return strings.Replace(strings.ReplaceAll(text, ".", ""), ",", ".", 1), groupsOfThree(text[:comma], '.')
	}
	return strings.ReplaceAll(text, ",", ""), groupsOfThree(text[:point], ',') // 1,234.50
}

// groupsOfThree tells whether the separator stands before every three digits.
func groupsOfThree(text string, separator byte) bool {
	groups := strings.Split(strings.TrimLeft(text, "+-"), string(separator))
	if len(groups[0]) == 0 || len(groups[0]) > 3 {
		return false
	}
	for _, g := range groups[1:] {
		if len(g) != 3 || strings.Trim(g, "0123456789") != "" {
			return false
		}
	}
	return true
}
