package page

import (
	"testing"

	"homing"
)

func TestPlainShowsTheInvisible(t *testing.T) {
	for text, want := range map[string]string{
		"ordinary, größer, 日本": "ordinary, größer, 日本",
		"a\u202eb":             "a⟨U+202E⟩b",
		"a\x00b":               "a⟨U+0000⟩b",
		"a\xffb":               "a⟨FF⟩b",
		"a\u200bb\u2028":       "a⟨U+200B⟩b⟨U+2028⟩",
	} {
		if got := Plain(text); got != want {
			t.Errorf("Plain(%q) is %q, want %q", text, got, want)
		}
	}
}

func TestTimesAndNumbers(t *testing.T) {
	for millis, want := range map[homing.Millis]string{
		0: "just now", -1: "just now", -2_000: "in 2 s", 59_000: "59 s ago", 61_000: "1 min ago", 7_200_000: "2 h ago", 172_800_000: "2 days ago", -3_600_000: "in 1 h",
	} {
		if got := ago(1_000_000_000-millis, homing.Millis(1_000_000_000)); got != want {
			t.Errorf("%d ms: %q, want %q", millis, got, want)
		}
	}
	for n, want := range map[int]string{0: "0 keys", 1: "1 key", 999: "999 keys", 1234567: "1,234,567 keys"} {
		if got := count(n, "key"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
