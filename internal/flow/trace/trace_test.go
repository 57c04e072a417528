package trace

import (
	"strings"
	"testing"

	"homing"
)

const id = "c86b8a88b91228911e723b93c65a5900bb49bc99"

func TestFindID(t *testing.T) {
	for text, want := range map[string]bool{
		id:              true,
		" " + id + "\n": true,
		"https://t.example/api/v1/cpa/action/" + id + "?value=2.1":        true,
		"https://adv.example/lp?some=1&t=" + id + "&s=abc#x":              true,
		"https://x.example/?u=https%3A%2F%2Fadv.example%2Flp%3Ft%3D" + id: true,
		"click_id:" + id + ";":                             true,
		"key=123456789012345678901234567890abcdef&t=" + id: true,
		strings.ToUpper(id):                                false,
		id[:39]:                                            false,
		id + "0":                                           false,
		"x" + id:                                           false,
		id + id:                                            false,
		"":                                                 false,
		"https://adv.example/lp?t={click_id}":              false,
	} {
		got, ok := FindID(text)
		if ok != want || ok && got.String() != id {
			t.Errorf("%q: %s %t, want %t", text, got, ok, want)
		}
	}
}

func FuzzFindID(f *testing.F) {
	f.Add("https://adv.example/lp?t=" + id)
	f.Add("%3D" + id + "%")
	f.Fuzz(func(t *testing.T, text string) {
		if found, ok := FindID(text); ok && !strings.Contains(text, found.String()) {
			t.Errorf("%q does not contain %s", text, found)
		}
	})
}

func TestStrangersIDIsToldApart(t *testing.T) {
	s := Story{}
	s.ClickID, _ = homing.ParseClickID(id)
	s.Found = true
	told := strings.Join(s.Lines(), "\n")
	if !strings.Contains(told, "not ours") || !strings.Contains(told, id) {
		t.Errorf("told:\n%s", told)
	}
}

func TestShortIsSafeOnATerminal(t *testing.T) {
	if got := short("a\x1b[31m\r\nb\xff", 40); strings.ContainsAny(got, "\x1b\r\n") {
		t.Errorf("%q", got)
	}
	if got := short(strings.Repeat("é", 50), 10); got != strings.Repeat("é", 10)+"…" {
		t.Errorf("%q", got)
	}
}
