package device

import "testing"

func TestNamed(t *testing.T) {
	for _, c := range []struct{ text, kind, system, browser string }{
		{"mobile", "mobile", "", ""}, {"Smart TV", "tv", "", ""}, {"PHONE", "mobile", "", ""}, {"connected_tv", "tv", "", ""},
		{"", "", "", ""}, {"fridge", "", "", ""}, {"\xff", "", "", ""}, {"{device_type}", "", "", ""},
		{"android", "", "Android", ""}, {"ios", "", "iOS", ""}, {"MACOS", "", "macOS", ""}, {"windows phone", "", "Windows Phone", ""},
		{"CHROME", "", "", "Chrome"}, {"samsung internet", "", "", "Samsung Internet"}, {"other", "", "", "Other"},
		{"a text that is far longer than any word on any list can be", "", "", ""},
	} {
		text := []byte(c.text)
		if k, s, b := KindNamed(text), SystemNamed(text), BrowserNamed(text); k != c.kind || s != c.system || b != c.browser {
			t.Errorf("%q: %q, %q, %q", c.text, k, s, b)
		}
	}
	for _, list := range [][]string{Systems(), Browsers()} {
		for _, word := range list {
			if SystemNamed([]byte(word)) != word && BrowserNamed([]byte(word)) != word {
				t.Errorf("%s is not found under its own name", word)
			}
		}
	}
	if n := testing.AllocsPerRun(100, func() { KindNamed([]byte("Smart TV")) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
