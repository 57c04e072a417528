package mask

import "homing"

// InRun tells whether a key may be written with the byte, percent-encoded or
// not.
func InRun(c byte) bool { return runByte[c] }

// runByte are the bytes that InRun tells.
var runByte = func() (t [256]bool) {
	for c := range t {
		t[c] = homing.IsAlnum(byte(c)) || c == '%'
	}
	return t
}()

// HasRun tells whether text has a run that could be a key. It looks at every
// sixteenth byte, and back from there only if that could be in a run.
func HasRun(text []byte) bool {
	end := homing.MinKeyLen - 1 // last byte of the run that is looked for
	for end < len(text) {
		i := end
		for i > end-homing.MinKeyLen && runByte[text[i]] {
			i--
		}
		if i == end-homing.MinKeyLen {
			return true
		}
		end = i + homing.MinKeyLen
	}
	return false
}

// ClickHasRun tells whether anything in a click is long enough to be a key.
func ClickHasRun(c *homing.Click) bool {
	if HasRun(c.UserAgent) || HasRun(c.Referrer) || HasRun(c.Language) {
		return true
	}
	for _, value := range c.Params {
		if HasRun(value) {
			return true
		}
	}
	return false
}

// Click masks the known keys in the texts of a click: before it is recorded, and
// once more when it is shown, like Postback. What must be masked is written
// behind buf, which belongs to the click from then on; it returns buf as it has
// grown.
func (m *Masker) Click(c *homing.Click, buf []byte) []byte {
	masked := func(text []byte) []byte {
		if !HasRun(text) {
			return text
		}
		start := len(buf)
		buf = m.Append(buf, text, false)
		return buf[start:len(buf):len(buf)]
	}
	c.UserAgent = masked(c.UserAgent)
	c.Referrer = masked(c.Referrer)
	c.Language = masked(c.Language)
	for p, value := range c.Params {
		if value != nil {
			c.Params[p] = masked(value)
		}
	}
	return buf
}
