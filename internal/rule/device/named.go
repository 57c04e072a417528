package device

import "strings"

// KindNamed reads what an ad server calls a kind of device and returns our word
// for it, "" if it is none. It allocates nothing.
func KindNamed(text []byte) string { return wordNamed(kindNames, text) }

// SystemNamed returns our spelling of an operating system, "" if it is not on
// the list.
func SystemNamed(text []byte) string { return wordNamed(systemNames, text) }

// BrowserNamed returns our spelling of a browser, "" if it is not on the list.
func BrowserNamed(text []byte) string { return wordNamed(browserNames, text) }

// kindNames are the words the field uses, in lower case.
var kindNames = func() map[string]string {
	names := map[string]string{}
	for ours, theirs := range map[string]string{
		"desktop": "desktop pc computer laptop web",
		"mobile":  "mobile phone smartphone featurephone cellphone handset",
		"tablet":  "tablet ipad pad",
		"tv":      "tv ctv smarttv connectedtv settopbox console",
		"bot":     "bot",
	} {
		for _, word := range strings.Fields(theirs) {
			names[word] = ours
		}
	}
	return names
}()

var systemNames, browserNames = byLower(Systems()), byLower(append(Browsers(), Other))

func byLower(words []string) map[string]string {
	names := make(map[string]string, len(words))
	for _, word := range words {
		names[folded([]byte(word), new([maxNamed]byte))] = word
	}
	return names
}

// maxNamed is longer than any word on a list.
const maxNamed = 32

func wordNamed(names map[string]string, text []byte) string {
	if len(text) > maxNamed {
		return ""
	}
	var buf [maxNamed]byte
	n := fold(&buf, text)
	return names[string(buf[:n])]
}

func folded(text []byte, buf *[maxNamed]byte) string { return string(buf[:fold(buf, text)]) }

// fold writes a text's letters and digits in lower case: "Smart TV", "smart_tv"
// and "SmartTV" are one.
func fold(buf *[maxNamed]byte, text []byte) (n int) {
	for _, c := range text {
		switch {
		case lower[c] != 0:
			buf[n] = lower[c]
		case c == ' ', c == '-', c == '_':
			continue
		default:
			buf[n] = c
		}
		n++
	}
	return n
}
