package macro

import (
	"net/netip"
	"strconv"

	"homing"
)

// maxSourceLen is how many bytes of a header or a name go into a URL. Servers
// refuse URLs of more than about 8 KiB, and three bytes may stand for one.
const maxSourceLen = 1024

// appendField appends the percent-encoded value of a field other than the click
// id.
func appendField(dst []byte, f field, v *Values) []byte {
	switch f {
	case fieldCampaign:
		return appendEscaped(dst, v.CampaignName)
	case fieldCampaignID:
		return strconv.AppendUint(dst, uint64(v.Click.Origin.Campaign), 10)
	case fieldIP:
		return appendAddr(dst, v.Addr)
	case fieldTimestamp:
		return strconv.AppendInt(dst, int64(v.Click.Origin.Time)/1000, 10)
	case fieldUserAgent:
		return appendEscaped(dst, v.Click.UserAgent)
	case fieldRandom:
		return strconv.AppendUint(dst, uint64(v.Random), 10)
	}
	p := homing.Param(f)
	if given := v.Click.Params[p]; len(given) != 0 {
		return appendEscaped(dst, given)
	}
	return appendDerived(dst, p, v)
}

// appendDerived appends what the request tells in place of a parameter that
// was not given.
func appendDerived(dst []byte, p homing.Param, v *Values) []byte {
	switch p {
	case homing.ParamDeviceType:
		return appendEscaped(dst, v.Device)
	case homing.ParamOS:
		return appendEscaped(dst, v.OS)
	case homing.ParamBrowser:
		return appendEscaped(dst, v.Browser)
	case homing.ParamReferrer:
		return appendEscaped(dst, v.Click.Referrer)
	case homing.ParamGeo:
		return appendCountry(dst, v.Click.Params[homing.ParamCountry], v)
	case homing.ParamCountry:
		return appendCountry(dst, v.Click.Params[homing.ParamGeo], v)
	case homing.ParamRegion:
		return appendEscaped(dst, v.Region)
	case homing.ParamCity:
		return appendEscaped(dst, v.City)
	case homing.ParamCarrier:
		return appendEscaped(dst, v.Carrier)
	case homing.ParamLang:
		return appendLang(dst, v.Click.Language)
	}
	return dst
}

// appendCountry appends the other of geo and country, else what the address
// tells.
func appendCountry(dst, other []byte, v *Values) []byte {
	if len(other) != 0 {
		return appendEscaped(dst, other)
	}
	return appendEscaped(dst, v.Country)
}

// appendLang appends the primary tag of the first language of an
// Accept-Language header, in lower case: "de" of "de-AT,de;q=0.9". What is no
// such tag (2 to 8 letters) is left out.
func appendLang(dst, header []byte) []byte {
	start := len(dst)
	for _, c := range header {
		c |= 'a' - 'A'
		if c < 'a' || c > 'z' || len(dst)-start > 8 {
			break
		}
		dst = append(dst, c)
	}
	if n := len(dst) - start; n < 2 || n > 8 {
		return dst[:start]
	}
	return dst
}

func appendAddr(dst []byte, addr netip.Addr) []byte {
	if !addr.IsValid() {
		return dst
	}
	var buf [64]byte
	return appendEscaped(dst, addr.Unmap().WithZone("").AppendTo(buf[:0]))
}

// unreserved are the bytes that mean the same in every part of every URL
// (RFC 3986, 2.3).
var unreserved = func() (t [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") {
		t[c] = true
	}
	return t
}()

// appendEscaped appends the first maxSourceLen bytes of s with everything but
// unreserved bytes percent-encoded; a letter that does not fit whole is left out.
func appendEscaped[T string | []byte](dst []byte, s T) []byte {
	if len(s) > maxSourceLen {
		s = s[:wholeLetters(s, maxSourceLen)]
	}
	from := 0
	for i := 0; i < len(s); i++ {
		if unreserved[s[i]] {
			continue
		}
		dst = append(dst, s[from:i]...)
		dst = append(dst, '%', upperHex[s[i]>>4], upperHex[s[i]&0xf])
		from = i + 1
	}
	return append(dst, s[from:]...)
}

const upperHex = "0123456789ABCDEF"

// wholeLetters returns the largest cut up to n that does not fall into a UTF-8
// sequence. Of bytes that are no UTF-8, at most three are lost.
func wholeLetters[T string | []byte](s T, n int) int {
	for back := 0; back < 4 && n-back > 0; back++ {
		if s[n-back]&0xc0 != 0x80 {
			return n - back
		}
	}
	return n
}

// asciiOnly percent-encodes the bytes outside ASCII of a template's own text.
func asciiOnly(s string) string {
	var out []byte
	for i := 0; i < len(s); i++ {
		if s[i] < 0x80 {
			out = append(out, s[i])
			continue
		}
		out = append(out, '%', upperHex[s[i]>>4], upperHex[s[i]&0xf])
	}
	return string(out)
}
