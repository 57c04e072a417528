// Package device tells from a User-Agent what kind of visitor it is: a person
// with a device, a declared robot, or a messenger fetching a link preview.
//
// [Class] is for the door: it only takes a visitor for no person if the
// User-Agent says so itself, because a robot that is counted costs a little and
// a person who is not counted costs an advertiser's trust. In-app browsers name
// their messenger too ("… Safari/604.1 WhatsApp/2.24"); what tells them from
// the messenger's own fetching is that they begin as a browser.
//
// [Parse] is for reports and the macros device_type, os and browser. Its words
// come from short closed lists, so that no User-Agent can add a word to a report.
package device

import "homing"

// maxLen is how much of a User-Agent is looked at. Real ones end before it.
const maxLen = 1024

// Class tells, in well under a microsecond and without allocating, whether a
// User-Agent declares itself a robot (homing.BotClick) or a link preview
// (homing.PreviewClick); otherwise homing.Billable. An empty one is billable.
//
// HTTP libraries of apps (okhttp, Dalvik, CFNetwork) are billable: they name
// an app on a person's device.
func Class(userAgent []byte) homing.ClickClass {
	if len(userAgent) > maxLen {
		userAgent = userAgent[:maxLen]
	}
	class := byOpening(userAgent)
	if class == homing.PreviewClick {
		return class
	}
	r := reader{text: userAgent}
	for r.next() {
		switch r.judge() {
		case homing.PreviewClick:
			// Previews often name a crawler or a library besides.
			return homing.PreviewClick
		case homing.BotClick:
			class = homing.BotClick
		}
	}
	if r.link {
		return homing.BotClick
	}
	return class
}

// maxWord is the longest name looked up.
const maxWord = 24

// reader cuts a User-Agent into words of letters and digits, in lower case.
type reader struct {
	text []byte
	at   int
	// buf holds the word, and n its length; 0 if it was longer than buf. A slice
	// of buf in here would send every reader to the heap.
	buf [maxWord]byte
	n   int
	// device tells that the word stands in a comment like (Linux; Android 10;
	// CUBOT X20), where a model's name may be anything.
	device bool
	// linkWord tells that the last word was link, url, uri or page.
	linkWord bool
	// link tells that a "+http" was passed: only robots say where to read about
	// them.
	link bool
}

// lower maps letters and digits to lower case and all else to 0.
var lower = func() (t [256]byte) {
	for c := byte('0'); c <= '9'; c++ {
		t[c] = c
	}
	for c := byte('a'); c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = c, c
	}
	return t
}()

// next goes on to the next word.
func (r *reader) next() bool {
	for ; r.at < len(r.text) && lower[r.text[r.at]] == 0; r.at++ {
		switch r.text[r.at] {
		case ')':
			r.device = false
		case '+':
			if openingIs(r.text[r.at+1:], "http") {
				r.link = true
			}
		}
	}
	start := r.at
	for ; r.at < len(r.text); r.at++ {
		c := lower[r.text[r.at]]
		if c == 0 {
			break
		}
		if n := r.at - start; n < maxWord {
			r.buf[n] = c
		}
	}
	n := r.at - start
	r.n = n
	if n > maxWord {
		r.n = 0
	}
	return n > 0
}

// judge tells what the word at hand says of the visitor.
func (r *reader) judge() homing.ClickClass {
	if r.n < 3 {
		return homing.Billable
	}
	word := r.buf[:r.n]
	afterLink := r.linkWord
	r.linkWord = false
	switch class, known := lookUp(word); {
	case class == wordAndroid:
		r.device = true
	case class == wordLink:
		r.linkWord = true
	case class == wordPreview:
		if afterLink {
			return homing.PreviewClick
		}
	case class == wordPerson:
	case r.device && !r.version():
	case class == wordPreviewer:
		return homing.PreviewClick
	case known || generic(word):
		return homing.BotClick
	}
	return homing.Billable
}

// version tells whether a version follows the word: "Bot/1", not "Robot Build/".
func (r *reader) version() bool {
	return r.at+1 < len(r.text) && r.text[r.at] == '/' && '0' <= r.text[r.at+1] && r.text[r.at+1] <= '9'
}

// generic tells whether a word is built as robots' names are.
func generic(word []byte) bool {
	for _, end := range genericEnds[word[len(word)-1]] {
		if len(word) >= len(end) && string(word[len(word)-len(end):]) == end {
			return true
		}
	}
	return false
}

// byOpening judges what only counts at the beginning of a User-Agent.
func byOpening(userAgent []byte) homing.ClickClass {
	if len(userAgent) == 0 {
		return homing.Billable
	}
	for _, o := range openings[lower[userAgent[0]]] {
		if openingIs(userAgent, o.text) {
			return o.class
		}
	}
	return homing.Billable
}

// openingIs compares without regard to case; opening is in lower case.
func openingIs(text []byte, opening string) bool {
	if len(text) < len(opening) {
		return false
	}
	for i := range len(opening) {
		c := lower[text[i]]
		if c == 0 {
			c = text[i]
		}
		if c != opening[i] {
			return false
		}
	}
	return true
}
