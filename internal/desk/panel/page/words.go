package page

import (
	"fmt"
	"html/template"
	"net/netip"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"homing"
)

// functions are what templates may call.
func functions(a *assets) template.FuncMap {
	return template.FuncMap{
		"asset": a.url, "bundled": a.bundled, "field": fieldOf, "pieces": pieces, "plain": Plain, "window": homing.FormatWindow,
		"moment": moment, "date": date, "zones": func() []string { return zoneList }, "zone": zoneOf, "zoneAt": zoneAt, "stamp": stamp, "ago": ago,
		"figure": Figure, "count": count, "part": pair, "short": shortened, "network": networkOf,
		"words": func(name string) string { return strings.ReplaceAll(name, "_", " ") },
	}
}

// Plain shows text of a stranger as it is: characters that would be invisible,
// or would turn the text around, are shown by name.
func Plain(text string) string {
	odd := func(c rune) bool {
		return unicode.Is(unicode.C, c) && c != '\n' || c == utf8.RuneError || c == '\u2028' || c == '\u2029'
	}
	if strings.IndexFunc(text, odd) < 0 {
		return text
	}
	var b strings.Builder
	for i, c := range text {
		switch {
		case c == utf8.RuneError:
			fmt.Fprintf(&b, "⟨%02X⟩", text[i])
		case odd(c):
			fmt.Fprintf(&b, "⟨U+%04X⟩", c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// stamp is a time as machines read it.
func stamp(m homing.Millis) string { return m.String() }

// ago tells how long before now a moment was, or how far ahead of it. What is made
// for a page is some milliseconds ahead of it: the page's moment is the request's.
func ago(m homing.Millis, now any) string {
	d := time.Duration(presentOf(now).At-m) * time.Millisecond
	switch {
	case d <= -time.Second:
		return "in " + Length(-d)
	case d < 5*time.Second:
		return "just now"
	}
	return Length(d) + " ago"
}

// Length is a length of time for people.
func Length(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

// shortened cuts a long text for a table; the whole stands on its own page.
func shortened(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most]) + "…"
}

// networkOf is an address as it is kept: of its network only.
func networkOf(addr netip.Addr) string {
	bits := homing.KeptBits6
	if addr.Is4() {
		bits = homing.KeptBits4
	}
	return netip.PrefixFrom(addr, bits).String()
}

// pair hands two things to a part.
type pairOf struct{ A, B any }

func pair(a, b any) pairOf { return pairOf{a, b} }

// Piece is a part of a URL: literal text, or a macro.
type Piece struct{ Text, Kind string }

// pieces is the template function for a URL with places to fill in, {name}:
// those are the pieces of kind "known".
func pieces(url string) (list []Piece) {
	for url != "" {
		open := strings.IndexByte(url, '{')
		end := strings.IndexByte(url, '}')
		if open < 0 || end < open {
			return append(list, Piece{url, "literal"})
		}
		if open > 0 {
			list = append(list, Piece{url[:open], "literal"})
		}
		list = append(list, Piece{url[open : end+1], "known"})
		url = url[end+1:]
	}
	return list
}
