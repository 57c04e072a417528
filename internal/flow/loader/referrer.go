package loader

import (
	"bytes"
	"net/netip"
	"unicode"
	"unicode/utf8"
)

// maxHost is the longest host name there is.
const maxHost = 253

// appendReferrer appends the host of a referrer: of a URL, or of a bare host
// with a dot in it, as ad servers send. It is in lower case, without port,
// user name, "www." and the dot at its end; punycode stays as it is. What has
// no such host appends nothing.
//
// "www." goes because a site with and without it is one line of a report.
func appendReferrer(dst, text []byte) []byte {
	host, whole := hostOf(text)
	if len(host) == 0 || len(host) > maxHost {
		return dst
	}
	if host[0] == '[' || bytes.Count(host, colon) > 1 {
		return appendAddress(dst, host)
	}
	if i := bytes.IndexByte(host, ':'); i >= 0 {
		if !digits(host[i+1:]) {
			return dst
		}
		host = host[:i]
	}
	host = bytes.TrimSuffix(host, dot)
	if !whole && bytes.IndexByte(host, '.') < 1 {
		return dst // "null", "undefined", a word
	}
	start := len(dst)
	dst, ok := appendHost(dst, host)
	if !ok {
		return dst[:start]
	}
	if name, found := bytes.CutPrefix(dst[start:], www); found && bytes.IndexByte(name, '.') > 0 {
		n := copy(dst[start:], name)
		dst = dst[:start+n]
	}
	return dst
}

var (
	colon, dot, www = []byte(":"), []byte("."), []byte("www.")
	slashes         = []byte("//")
)

// hostOf finds the host in a URL, with its port. whole tells that it was marked
// as one, by a scheme or slashes.
func hostOf(text []byte) (host []byte, whole bool) {
	host = bytes.TrimSpace(text)
	if i := bytes.Index(host, slashes); i == 0 || i > 0 && host[i-1] == ':' && scheme(host[:i-1]) {
		host, whole = host[i+2:], true
	}
	if i := bytes.IndexAny(host, "/?#\\"); i >= 0 {
		host = host[:i]
	}
	if i := bytes.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	return host, whole
}

func scheme(text []byte) bool {
	for _, c := range text {
		if !alnum(c) && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return len(text) > 0
}

func digits(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) <= 5
}

func alnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// appendHost appends a host name in lower case, if it is one.
func appendHost(dst, host []byte) ([]byte, bool) {
	last := byte('.')
	for i := 0; i < len(host); {
		c := host[i]
		switch {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRune(host[i:])
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) || r == utf8.RuneError {
				return dst, false
			}
			dst = utf8.AppendRune(dst, unicode.ToLower(r))
			i += size
			last = c
			continue
		case 'A' <= c && c <= 'Z':
			c |= 0x20
		case alnum(c), c == '-', c == '_':
		case c == '.' && last != '.':
		default:
			return dst, false
		}
		dst = append(dst, c)
		last = c
		i++
	}
	return dst, last != '.'
}

// appendAddress appends an IPv6 address as it is written, without port.
func appendAddress(dst, host []byte) []byte {
	text := host
	if host[0] == '[' {
		end := bytes.IndexByte(host, ']')
		if end < 0 {
			return dst
		}
		text = host[1:end]
	}
	addr, err := netip.ParseAddr(string(text))
	if err != nil || addr.Zone() != "" {
		return dst
	}
	return addr.AppendTo(dst)
}
