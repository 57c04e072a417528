package page

import (
	"fmt"
	"strings"
)

// Figures are written with a comma between thousands and a point before
// decimals, and stand at the right (class "number"). Amounts have two decimals
// at least, as homing.Money writes them, and their currency behind.

// Figure writes a number, an amount or a decimal text for people: "12,345.50".
func Figure(n any) string {
	text := fmt.Sprint(n)
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "−", text[1:]
	}
	whole, rest, decimal := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if decimal {
		whole += "." + rest
	}
	return sign + whole
}

// count is a number with its noun: "1 key", "12,345 keys".
func count(n any, noun string) string {
	digits := Figure(n)
	if digits != "1" {
		noun += "s"
	}
	return digits + " " + noun
}
