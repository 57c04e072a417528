package judge

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"homing"
	"homing/internal/rule/target"
)

// checkAmounts checks value and price, the syntax of both before the range of
// either, and notes what they say.
func (r *Ruling) checkAmounts(p *target.Params, account *homing.Account) homing.Reason {
	value, err := parse(p.Value)
	if err != nil {
		r.Detail[0] = err.Error()
		return diagnoseAmount(p.Value)
	}
	price, err := parse(p.Price)
	if err != nil {
		r.Detail[0] = err.Error()
		return homing.ReasonPriceSyntax
	}
	if len(p.Value) > 0 {
		if reason := r.checkValueRange(value, account); reason != homing.ReasonNone {
			return reason
		}
		r.Value = homing.ValueOf(value.Micros)
	}
	if price.Below(0) || price.Above(account.PriceMax) {
		r.bounds(0, account.PriceMax)
		return homing.ReasonPriceRange
	}
	r.Price = price.Micros
	r.Verdict.Flags |= flag(value.Cut || price.Cut, homing.FlagValueCut)
	return homing.ReasonNone
}

// parse reads an amount; one that was not given is 0.
func parse(text []byte) (homing.Decimal, error) {
	if len(text) == 0 {
		return homing.Decimal{}, nil
	}
	return homing.ParseDecimal(text)
}

// checkValueRange compares the number as it was written, before anything is
// cut off.
func (r *Ruling) checkValueRange(d homing.Decimal, account *homing.Account) homing.Reason {
	below, above := d.Below(account.PriceMin), d.Above(account.PriceMax)
	if !below && !above {
		return homing.ReasonNone
	}
	r.bounds(account.PriceMin, account.PriceMax)
	switch {
	case d.Negative:
		return homing.ReasonValueNegative
	case d.Micros == 0 && !d.Cut:
		return homing.ReasonValueZero
	case below:
		return homing.ReasonValueBelow
	}
	return homing.ReasonValueAbove
}

func (r *Ruling) bounds(low, high homing.Money) {
	r.Detail = [2]string{low.Thousandths(), high.Thousandths()}
}

// diagnoseAmount tells why a text is not a decimal number.
func diagnoseAmount(text []byte) homing.Reason {
	trimmed := bytes.TrimSpace(text)
	switch {
	case len(text) > homing.MaxDecimalLen:
		return homing.ReasonValueTooLong
	case unreplaced(trimmed):
		return homing.ReasonValueMacro
	case isDecimal(trimmed) || len(trimmed) == 0:
		return homing.ReasonValueSpaces
	case isFormatted(trimmed):
		return homing.ReasonValueComma
	case hasCurrency(trimmed):
		return homing.ReasonValueCurrency
	}
	return homing.ReasonValueSyntax
}

func isDecimal(text []byte) bool {
	_, err := homing.ParseDecimal(text)
	return err == nil
}

// isFormatted tells whether text is a number with a comma in it, as decimal
// point or between thousands.
func isFormatted(text []byte) bool {
	digits := false
	for _, c := range text {
		switch {
		case c >= '0' && c <= '9':
			digits = true
		case c != ',' && c != '.' && c != '-' && c != '+' && c != ' ' && c != '\'':
			return false
		}
	}
	return digits && bytes.IndexByte(text, ',') >= 0
}

// hasCurrency tells whether text is a number with a currency's sign or its
// three-letter name before or behind it: $2.1, 2,10 €, 10USD, R$5.
func hasCurrency(text []byte) bool {
	inCurrency := func(r rune) bool { return unicode.IsLetter(r) || unicode.Is(unicode.Sc, r) || r == ' ' }
	number := bytes.TrimFunc(text, inCurrency)
	if !isDecimal(number) && !isFormatted(number) {
		return false
	}
	at := bytes.Index(text, number)
	before, behind := bytes.TrimSpace(text[:at]), bytes.TrimSpace(text[at+len(number):])
	named := func(affix []byte) bool {
		n := utf8.RuneCount(affix)
		return n == 3 || n > 0 && n < 3 && bytes.ContainsFunc(affix, func(r rune) bool { return unicode.Is(unicode.Sc, r) })
	}
	return named(before) && len(behind) == 0 || named(behind) && len(before) == 0
}
