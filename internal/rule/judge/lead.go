package judge

import (
	"unicode"
	"unicode/utf8"

	"homing"
)

// MaxLeadLen is how many bytes a lead code may have. A longer one is refused
// and never cut: cutting would make two leads one.
const MaxLeadLen = 255

// checkLead checks a lead code. It is kept byte by byte, so it must be text
// that no log, export or page has to change.
func checkLead(lead []byte) homing.Reason {
	if len(lead) > MaxLeadLen {
		return homing.ReasonLeadTooLong
	}
	for i := 0; i < len(lead); {
		r, size := utf8.DecodeRune(lead[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return homing.ReasonLeadEncoding
		case unicode.IsControl(r): // C0, DEL and C1
			return homing.ReasonLeadControl
		}
		i += size
	}
	return homing.ReasonNone
}
