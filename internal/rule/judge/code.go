package judge

import (
	"bytes"

	"homing"
	"homing/internal/rule/target"
)

// diagnoseCode tells why a code is no genuine click id. The wire says "invalid
// code" to all of it; the log says what to mend. What is certain is tried
// before what is likely.
func diagnoseCode(code, raw []byte) homing.Reason {
	trimmed := bytes.Trim(code, " \t\r\n\v\f'\"`")
	switch {
	case len(trimmed) == 0:
		return homing.ReasonCodeEmpty
	case isID(code):
		return homing.ReasonCodeNotMinted
	case isPlaceholder(trimmed):
		return homing.ReasonCodePlaceholder
	case isMacro(trimmed) || isMacro(raw):
		return homing.ReasonCodeMacro
	case isID(trimmed):
		return homing.ReasonCodeSpaces
	}
	again := target.Unescape(code)
	if isID(again) {
		return homing.ReasonCodeEncodedTwice
	}
	if reason := diagnoseHex(trimmed); reason != homing.ReasonNone {
		return reason
	}
	switch {
	case isTrackerID(trimmed):
		return homing.ReasonCodeOtherTracker
	case !bytes.Equal(again, code):
		return homing.ReasonCodeEncodedTwice
	}
	return homing.ReasonCodeFormat
}

// diagnoseHex tells what is wrong with hex that is not an id.
func diagnoseHex(code []byte) homing.Reason {
	hex := hexPrefix(code)
	switch {
	case hex == len(code) && hex <= maxTrackerIDLen && isDigits(code):
		return homing.ReasonNone // hex has letters: this is somebody else's number
	case hex == len(code) && hex < homing.ClickIDLen:
		return homing.ReasonCodeCut
	case hex == len(code) && hex > homing.ClickIDLen:
		return homing.ReasonCodeLong
	case hex == len(code):
		return homing.ReasonCodeUpperCase
	case hex >= homing.ClickIDLen:
		return homing.ReasonCodeTrailing
	}
	return homing.ReasonNone
}

func isID(text []byte) bool {
	_, ok := homing.ParseClickID(text)
	return ok
}

// hexPrefix is how many hex digits of either case text begins with.
func hexPrefix(text []byte) int {
	for i, c := range text {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
			return i
		}
	}
	return len(text)
}

func isDigits(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// maxTrackerIDLen is the length of a UUID, and of most trackers' longest ids.
const maxTrackerIDLen = 36

// isTrackerID tells whether text looks like what trackers make their own ids
// of: a UUID, a long number, or 20 to 36 letters and digits.
func isTrackerID(text []byte) bool {
	if isDigits(text) {
		return len(text) >= 10 && len(text) <= maxTrackerIDLen
	}
	if len(text) < 20 || len(text) > maxTrackerIDLen {
		return false
	}
	digits := 0
	for _, c := range text {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case !homing.IsAlnum(c) && c != '-' && c != '_':
			return false
		}
	}
	return digits > 0 // else it is words
}
