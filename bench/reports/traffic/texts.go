package traffic

import (
	"strconv"
	"strings"
)

// Texts are made once, when the world is made; rows only point at them.

var syllables = strings.Fields("al an ar bel bor cas dan del dor el en er fal gar hal il ka kor lan lin lo mar mer mon na nor ol or pal per ra ren ro sal sen sol tan tor ul va ver vin wal win zar zen")

// coin makes a name of two to four syllables.
func coin(d *dice) string {
	var b strings.Builder
	for range d.between(2, 4) {
		b.WriteString(syllables[d.below(len(syllables))])
	}
	name := b.String()
	return strings.ToUpper(name[:1]) + name[1:]
}

// several makes n texts.
func several(n int, text func(i int) string) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = text(i)
	}
	return all
}

func padded(n, width int) string {
	s := strconv.Itoa(n)
	return strings.Repeat("0", max(0, width-len(s))) + s
}

const alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// appendToken appends n characters that look like other networks' click ids.
func appendToken(dst []byte, d *dice, n, letters int) []byte {
	var throw uint64
	for i := range n {
		if i%8 == 0 {
			throw = d.next()
		}
		dst = append(dst, alphabet[int(throw&0xff)*letters>>8])
		throw >>= 8
	}
	return dst
}

// subs are publishers' zones as networks write them: numbers, publisher and
// zone, and hexadecimal names.
func subs(d *dice, n int) []string {
	return several(n, func(i int) string {
		switch throw := d.below(100); {
		case throw < 60:
			return strconv.Itoa(1_000_000 + d.below(9_000_000))
		case throw < 85:
			return "pub" + strconv.Itoa(d.below(5000)) + "_zone" + strconv.Itoa(100_000+i)
		}
		return string(appendToken(nil, d, d.between(8, 16), 16))
	})
}

func hosts(d *dice, n int) []string {
	ends := []string{".com", ".com", ".com", ".net", ".org", ".de", ".co.uk", ".info", ".ru", ".br", ".in", ".io"}
	return several(n, func(i int) string {
		name := strings.ToLower(coin(d))
		switch d.below(4) {
		case 0:
			name += strconv.Itoa(i)
		case 1:
			name += "-" + strings.ToLower(coin(d))
		}
		if d.in(0.4) {
			name = "www." + name
		}
		return name + ends[d.below(len(ends))]
	})
}
