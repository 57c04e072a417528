package macro

import (
	"fmt"
	"net/netip"
	neturl "net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"homing"
)

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w URL: "+format, append([]any{homing.ErrInvalid}, args...)...)
}

// checkShape checks everything up to the end of the host, and the bytes of the
// whole. It returns where the host ends.
func checkShape(url string) (hostEnd int, err error) {
	if err := checkBytes(url); err != nil {
		return 0, err
	}
	start, end := authority(url)
	if start == 0 {
		return 0, invalid("begin it with https:// (or http://)")
	}
	return end, checkHost(url[start:end])
}

func checkBytes(url string) error {
	switch {
	case url == "":
		return invalid("it is empty; give the address visitors are sent to, with {click_id} in it")
	case len(url) > MaxTemplateLen:
		return invalid("it has %d bytes; shorten it to at most %d", len(url), MaxTemplateLen)
	case !utf8.ValidString(url):
		return invalid("it is not UTF-8; percent-encode the letters outside ASCII")
	}
	for i, r := range url {
		switch {
		case r == ' ':
			return invalid("there is a space at byte %d; remove it or write %%20", i+1)
		case r < ' ' || r >= 0x7f && r < 0xa0:
			return invalid("there is a line break or another control character at byte %d; remove it", i+1)
		}
	}
	return nil
}

// authority returns where the authority begins and ends: from behind :// up to
// the first of / ? #. start is 0 if url is no absolute http or https URL.
func authority(url string) (start, end int) {
	for _, scheme := range []string{"https://", "http://"} {
		if !hasPrefixFold(url, scheme) {
			continue
		}
		start = len(scheme)
		if n := strings.IndexAny(url[start:], "/?#"); n >= 0 {
			return start, start + n
		}
		return start, len(url)
	}
	return 0, 0
}

// checkHost is stricter than a browser: a host that a browser would mend or
// read in another way than we do is refused.
func checkHost(auth string) error {
	if strings.Contains(auth, "@") {
		return invalid("remove the user name (everything up to @) before the host")
	}
	host, port := auth, ""
	if i := strings.LastIndexByte(auth, ':'); i > strings.LastIndexByte(auth, ']') {
		host, port = auth[:i], auth[i+1:]
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return invalid("the port must be a number from 1 to 65535; macros are not replaced there")
		}
	}
	if host == "" {
		return invalid("the host is missing after ://")
	}
	if addr, ok := strings.CutPrefix(host, "["); ok {
		a, err := netip.ParseAddr(strings.TrimSuffix(addr, "]"))
		if err == nil && a.Is6() && a.Zone() == "" && strings.HasSuffix(addr, "]") {
			return nil
		}
	}
	for _, c := range host {
		switch {
		case c == '-' || c == '.' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
		case c >= utf8.RuneSelf:
			return invalid("write the host in its ASCII form (xn--…)")
		case strings.ContainsRune("{}[]$%", c):
			return invalid("nothing is replaced in the host; write the host out and move the macro behind it")
		default:
			return invalid("the host must not contain %q; is a / missing behind the host?", c)
		}
	}
	return nil
}

// checkBefore refuses a percent sign of an escape that a value would complete:
// behind "%" or "%4", a value beginning with a digit would change its meaning.
func checkBefore(literal, tok string) error {
	for n := 1; n <= 2 && n <= len(literal); n++ {
		tail := literal[len(literal)-n:]
		if tail[0] == '%' {
			return invalid("there is a lone %% before %s; write %%25 for a percent sign", tok)
		}
	}
	return nil
}

// checkResult asks net/url for the last word on a filled template. That one
// sample speaks for all values, because values are made of unreserved bytes and
// whole escapes, and both may stand wherever the empty value may.
func checkResult(t *Template) error {
	sample := t.Append(nil, &Values{Click: &homing.Click{}})
	_, err := neturl.Parse(string(sample))
	if err == nil {
		return nil
	}
	if _, bad, ok := strings.Cut(err.Error(), "invalid URL escape "); ok {
		return invalid("%s is no escape; write %%25 for a percent sign", bad)
	}
	return invalid("it does not parse as a URL; percent-encode the special characters in it")
}
